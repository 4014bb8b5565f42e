//! A Microsoft 365 tenant in a box, for tests, demonstrations and benchmarks.
//!
//! [`Simulator`] plays the sign-in service, Graph's `security/incidents` and `security/alerts_v2` and the Defender API's
//! `/api/incidents` on one address, with the rules of the real services: page caps, filters, skip tokens, error bodies,
//! records that change and incidents that merge. All content is a pure function of a [`Tenant`], an index and a version, so
//! that tenants of any size need no memory, and [`Simulator::census`] can say what a complete collection must have seen.
//!
//! The content is invented. Names belong to the fictional company Contoso, addresses to ranges reserved for documentation.

// Choices are drawn from 64-bit hashes: cutting them to the size needed is the point.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

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
mod listing;
mod query;
mod rng;
mod scenario;
mod server;
mod tenant;
#[cfg(test)]
mod tests;
mod timeline;

pub use census::{Census, LogRow, Seen};
pub use clock::Clock;
pub use content::{alert_count, alert_json, incident_json, incident_versions, legacy_incident_json};
pub use faults::{Endpoint, Fault, Faults, Manner};
pub use server::Simulator;
pub use tenant::{AlertsPerIncident, Federated, Tenant};
