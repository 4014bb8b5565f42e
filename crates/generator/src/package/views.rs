//! ES|QL views, for stacks that know them (9.4 and newer): questions that people ask daily, by a name.

use anyhow::Result;
use serde_json::json;

use crate::tree::Tree;
use crate::{names, render};

/// Name after the package's, and query.
pub(crate) const VIEWS: &[(&str, &str)] = &[
    (
        "open_incidents",
        "FROM m365_security_latest.incident\n\
         | WHERE m365_defender.incident.status NOT IN (\"resolved\", \"redirected\")\n\
         | EVAL age_hours = DATE_DIFF(\"hours\", event.created, NOW())\n\
         | KEEP @timestamp, age_hours, m365_defender.incident.id, m365_defender.incident.display_name,\n\
         \x20 m365_defender.incident.severity, m365_defender.incident.status, m365_defender.incident.assigned_to,\n\
         \x20 m365_defender.incident.tenant_id, event.url\n",
    ),
    (
        "open_alerts",
        "FROM m365_security_latest.alert\n\
         | WHERE m365_defender.alert.status != \"resolved\"\n\
         | KEEP @timestamp, m365_defender.alert.id, m365_defender.alert.title, m365_defender.alert.severity,\n\
         \x20 m365_defender.alert.service_source, m365_defender.alert.incident_id, m365_defender.alert.tenant_id, event.url\n",
    ),
    (
        "freshness",
        "FROM logs-m365_security.*\n\
         | STATS documents = COUNT(*), newest = MAX(@timestamp), ingested = MAX(event.ingested)\n\
         \x20 BY cloud.account.id, data_stream.dataset\n\
         | EVAL silent_minutes = DATE_DIFF(\"minutes\", ingested, NOW())\n",
    ),
];

/// Files of the package.
///
/// # Errors
/// If a path is taken.
pub(super) fn add(tree: &mut Tree) -> Result<()> {
    for (name, query) in VIEWS {
        let name = format!("{}_{name}", names::PACKAGE);
        let view = render::yaml(&json!({ "name": name, "query": query }))?;
        tree.add(format!("package/elasticsearch/esql_view/{name}.yml"), view)?;
    }
    Ok(())
}
