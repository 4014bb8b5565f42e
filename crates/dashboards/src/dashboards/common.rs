//! What several dashboards ask for in the same words.

use crate::fields::{alert, ecs, incident};
use crate::panel::{Panel, columns, panel};
use crate::{Control, Filter, Metric, Source, by_severity, choose, count, over_time, unique};

/// Incidents that still want work.
pub(super) fn open_incident() -> Filter {
    !incident::STATUS.any_of(&["resolved", "redirected"])
}

/// Alerts that still want work.
pub(super) fn open_alert() -> Filter {
    !alert::STATUS.is("resolved")
}

/// Number of incidents in the current state, which has each once.
pub(super) fn incidents() -> Metric {
    count("Incidents")
}

/// Number of alerts in the current state, which has each once.
pub(super) fn alerts() -> Metric {
    count("Alerts")
}

/// Number of incidents in the history, which has a document for each version. Their ids are those of their tenant, so that
/// two tenants can have the same; the page in the portal names the tenant too.
pub(super) fn distinct_incidents(label: &str) -> Metric {
    unique(label, ecs::EVENT_URL)
}

/// Number of alerts in the history, or of alerts whose evidence is there.
pub(super) fn distinct_alerts(label: &str) -> Metric {
    unique(label, ecs::EVENT_ID)
}

/// Alerts over time by severity: what most dashboards begin with.
pub(super) fn alerts_over_time(title: &'static str, source: Source) -> Panel {
    let time = over_time("Time", ecs::TIMESTAMP);
    panel(title, source, columns(time, distinct_alerts("Alerts")).split(by_severity(alert::SEVERITY)))
}

/// Choice of tenants, on every dashboard.
pub(super) fn tenant() -> Control {
    choose("Tenant", Source::Incident, ecs::CLOUD_ACCOUNT_ID)
}

/// Items of evidence of these kinds: the part of `@odata.type` between `#microsoft.graph.security.` and `Evidence`.
pub(super) fn is_evidence(kinds: &[&str]) -> Filter {
    let names: Vec<String> = kinds.iter().map(|kind| format!("#microsoft.graph.security.{kind}Evidence")).collect();
    alert::EVIDENCE_ODATA_TYPE.any_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}
