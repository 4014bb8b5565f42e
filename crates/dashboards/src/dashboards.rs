//! The dashboards, a file each, in the order of their links.

mod alerts;
mod attack;
mod cloud;
mod collection_health;
mod common;
mod devices;
mod email;
mod evidence;
mod files;
mod incident_investigation;
mod incident_operations;
mod legacy_log;
mod network;
mod overview;
mod users;

use crate::dashboard::Dashboard;

/// All dashboards.
pub fn all() -> Vec<Dashboard> {
    vec![
        overview::overview(),
        incident_operations::incident_operations(),
        incident_investigation::incident_investigation(),
        alerts::alerts_dashboard(),
        attack::attack(),
        devices::devices(),
        users::users(),
        files::files(),
        network::network(),
        email::email(),
        cloud::cloud(),
        legacy_log::legacy_log(),
        collection_health::collection_health(),
    ]
}
