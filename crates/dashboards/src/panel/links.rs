//! The panel with links to all dashboards.

use serde_json::{Value, json};

use crate::dashboard::Dashboard;
use crate::saved_objects::Reference;

/// `embeddableConfig` of the panel, and its references, whose names lack the panel's prefix.
pub(crate) fn links(dashboards: &[Dashboard]) -> (Value, Vec<Reference>) {
    let name = |dashboard: &Dashboard| format!("link_{}_dashboard", dashboard.name);
    let link = |(order, dashboard): (usize, &Dashboard)| {
        json!({
            "id": dashboard.name, "order": order, "label": dashboard.title, "type": "dashboardLink",
            "destinationRefName": name(dashboard),
            "options": {"openInNewTab": false, "useCurrentDateRange": true, "useCurrentFilters": true},
        })
    };
    let links: Vec<Value> = dashboards.iter().enumerate().map(link).collect();
    let references = dashboards.iter().map(|to| Reference::new("dashboard", to.id(), name(to))).collect();
    (json!({"enhancements": {}, "attributes": {"layout": "horizontal", "links": links}}), references)
}
