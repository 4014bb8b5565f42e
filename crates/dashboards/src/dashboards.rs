//! The dashboards, a file each, in the order of their links.

mod alerts;
mod attack;
mod collection_health;
mod common;
mod incident_investigation;
mod incident_operations;
mod overview;

use crate::dashboard::Dashboard;

/// All dashboards.
pub fn all() -> Vec<Dashboard> {
    vec![
        overview::overview(),
        incident_operations::incident_operations(),
        incident_investigation::incident_investigation(),
        alerts::alerts_dashboard(),
        attack::attack(),
        collection_health::collection_health(),
    ]
}
