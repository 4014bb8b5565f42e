//! A Microsoft 365 tenant in a box, for tests, demonstrations and benchmarks.
//!
//! [`Simulator`] plays the sign-in service and the [`lists`] of Microsoft's APIs on one address, with the rules of the real
//! services: page caps, filters, skip tokens, error bodies, records that change and incidents that merge. A list is a file
//! of `lists/`. All content is a pure function of a [`Tenant`], an index and a version, so that tenants of any size need no
//! memory, and [`Simulator::census`] can say what a complete collection must have seen.
//!
//! Two kinds of content tell one story: the attack, its alerts and the noise around it are code; records of all other lists
//! are made of fixtures, with people, machines and addresses of the same incidents.
//!
//! The content is invented. Names belong to the fictional company Contoso, addresses to ranges reserved for documentation.

// Choices are drawn from 64-bit hashes: cutting them to the size needed is the point.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod cast;
mod catalogue;
mod census;
mod clock;
mod content;
mod encode;
mod entities;
mod evidence;
mod faults;
mod files;
mod filetime;
mod json;
mod list;
mod listing;
mod query;
mod rng;
mod scenario;
mod server;
mod templates;
mod tenant;
#[cfg(test)]
mod tests;
mod timeline;

pub use census::{Census, LogRow, Seen};
pub use clock::Clock;
pub use content::{alert_count, alert_json, incident_json, incident_versions, legacy_incident_json};
pub use evidence::evidence_name;
pub use faults::{Endpoint, Fault, Faults, Manner};
pub use list::{List, lists};
pub use server::Simulator;
pub use tenant::{AlertsPerIncident, Federated, Tenant};
