//! Saved objects and tables for tests.
#![expect(clippy::needless_pass_by_value, reason = "parts are written where they are used")]

use serde_json::{Value, json};

use crate::page::Outcome;
use panels::table::{Kind, Table, TableColumn};

/// A dashboard in its decoded form.
pub(super) fn dashboard(id: &str, panels: Vec<Value>) -> Value {
    json!({
        "id": id, "type": "dashboard", "references": [],
        "attributes": {"title": format!("[M365 Security] {id}"), "description": "What is going on", "panelsJSON": panels},
    })
}

/// A Lens panel with these attributes.
pub(super) fn panel(id: &str, title: &str, attributes: Value) -> Value {
    json!({
        "type": "lens", "panelIndex": id, "gridData": {"x": 0, "y": 0, "w": 24, "h": 10, "i": id},
        "embeddableConfig": {"title": title, "attributes": attributes},
    })
}

/// The panel, so many rows further down.
pub(super) fn below(rows: u64, mut panel: Value) -> Value {
    panel["gridData"]["y"] = json!(rows);
    panel
}

/// Attributes of a Lens panel.
pub(super) fn lens(kind: &str, visualization: Value) -> Value {
    json!({
        "type": "lens", "visualizationType": kind,
        "state": {"visualization": visualization, "datasourceStates": {"formBased": {"layers": {"main": {"columns": {}}}}}},
    })
}

/// A row of links at the top of a dashboard.
pub(super) fn links_panel(targets: &[(&str, &str)]) -> Value {
    let link = |(order, (name, _)): (usize, &(&str, &str))| json!({"id": name, "order": order, "label": name, "type": "dashboardLink", "destinationRefName": format!("link_{name}_dashboard")});
    let links: Vec<Value> = targets.iter().enumerate().map(link).collect();
    json!({
        "type": "links", "panelIndex": "nav", "gridData": {"x": 0, "y": 0, "w": 48, "h": 4, "i": "nav"},
        "embeddableConfig": {"hidePanelTitles": true, "attributes": {"layout": "horizontal", "links": links}},
    })
}

/// The references that a row of links needs.
pub(super) fn links(dashboard: &mut Value, targets: &[(&str, &str)]) {
    let reference = |(name, id): &(&str, &str)| json!({"name": format!("nav:link_{name}_dashboard"), "type": "dashboard", "id": id});
    dashboard["references"] = targets.iter().map(reference).collect();
}

pub(super) fn column(id: &str, label: &str, kind: Kind) -> TableColumn {
    TableColumn { id: id.to_owned(), label: label.to_owned(), kind, format: Value::Null }
}

pub(super) fn table(columns: Vec<TableColumn>, rows: Vec<Vec<Value>>) -> Table {
    Table { columns, total_hits: rows.len() as u64, rows }
}

pub(super) fn outcome(panel: &str, layer: &str, table: Table) -> Outcome {
    Outcome { panel: panel.to_owned(), layer: layer.to_owned(), table: Ok(table) }
}
