//! Links: panels of them, and the drill-downs of other panels.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::page::markdown::is_web;
use crate::page::read;

/// Columns of Kibana's grid.
const WIDTH: u64 = 48;

/// Whether a panel is what the page's own navigation is: a row of links to all dashboards.
pub(super) fn is_navigation(panel: &Value, object: &Value, known: &BTreeSet<&str>) -> bool {
    let targets: BTreeSet<&str> = links(panel).into_iter().filter_map(|link| target(link, panel, object)).collect();
    let is_row = panel["type"] == "links" && panel["gridData"]["w"].as_u64() == Some(WIDTH);
    is_row && targets.len() == links(panel).len() && targets.is_superset(known)
}

fn links(panel: &Value) -> Vec<&Value> {
    read::in_order(read::list(panel, "/embeddableConfig/attributes/links").iter())
}

fn target<'a>(link: &Value, panel: &Value, object: &'a Value) -> Option<&'a str> {
    let name = read::some_text(link, "/destinationRefName")?;
    read::reference(object, &format!("{}:{name}", read::text(panel, "/panelIndex")))
}

/// A panel of links.
pub(super) fn view(panel: &Value, object: &Value) -> Value {
    let link = |link: &Value| {
        let mut shown = json!({"label": read::text(link, "/label")});
        if let Some(id) = target(link, panel, object) {
            shown["dashboard"] = json!(id);
        } else if let Some(address) = read::some_text(link, "/destination").filter(|address| is_web(address)) {
            shown["href"] = json!(address);
        }
        shown
    };
    let vertical = read::text(panel, "/embeddableConfig/attributes/layout") == "vertical";
    json!({"kind": "links", "vertical": vertical, "links": links(panel).into_iter().map(link).collect::<Vec<_>>()})
}

/// Dashboards that a click in the panel opens in Kibana.
pub(super) fn drilldowns(panel: &Value, object: &Value) -> Vec<Value> {
    let id = read::text(panel, "/panelIndex");
    let events = read::list(panel, "/embeddableConfig/enhancements/dynamicActions/events").iter();
    let drilldown = |event: &Value| {
        let (factory, event_id) = (read::text(event, "/action/factoryId"), read::text(event, "/eventId"));
        let target = read::reference(object, &format!("{id}:drilldown:{factory}:{event_id}:dashboardId"))?;
        Some(json!({"label": read::text(event, "/action/name"), "dashboard": target}))
    };
    events.filter_map(drilldown).collect()
}
