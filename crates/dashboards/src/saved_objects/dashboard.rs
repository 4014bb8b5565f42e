//! A dashboard as a saved object.

use serde_json::{Value, json};

use super::{Reference, SavedObject};
use crate::control;
use crate::dashboard::{Dashboard, Grid, LINKS, WIDTH};
use crate::filter::Filter;
use crate::panel::{self, Body, Chart, Panel};
use crate::source::{HISTORY, PACKAGE, Source};

/// Newer versions differ in what we do not use; Kibana 8.19 refuses versions newer than its own.
const VERSION: &str = "10.2.0";

pub(super) fn saved_object(dashboard: &Dashboard, all: &[Dashboard]) -> SavedObject {
    let (filter, reference) = of_the_product();
    let mut references = vec![reference];
    let mut panels = Vec::new();
    let mut add = |title: &str, kind: &str, grid: Grid, (config, of_panel): (Value, Vec<Reference>)| {
        let id = crate::slug(title);
        let mut panel = json!({
            "type": kind, "panelIndex": id, "embeddableConfig": config,
            "gridData": {"x": grid.x, "y": grid.y, "w": grid.w, "h": grid.h, "i": id},
        });
        if kind == "search" {
            panel["panelRefName"] = json!(format!("panel_{id}"));
        }
        references.extend(of_panel.into_iter().map(|reference| reference.of_panel(&id)));
        panels.push(panel);
    };
    let (links, of_links) = panel::links(all);
    add("Dashboards", "links", Grid { x: 0, y: 0, w: WIDTH, h: LINKS }, (titled(links, None, None), of_links));
    for (grid, panel) in &dashboard.placed {
        let (kind, rendered) = render(panel, all);
        add(panel.title, kind, *grid, rendered);
    }
    let (controls, of_controls) = control::group(&dashboard.controls);
    references.extend(of_controls);
    let attributes = json!({
        "title": format!("[M365 Security] {}", dashboard.title),
        "description": dashboard.description,
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": {"filter": [filter], "query": {"language": "kuery", "query": ""}},
        },
        "optionsJSON": {
            "useMargins": true, "hidePanelTitles": false, "syncColors": false, "syncCursor": true, "syncTooltips": false,
        },
        "panelsJSON": panels,
        "controlGroupInput": controls,
        "timeRestore": true,
        "timeFrom": dashboard.from,
        "timeTo": "now",
        "refreshInterval": {"pause": true, "value": 60000},
    });
    SavedObject { kind: "dashboard", id: dashboard.id(), version: VERSION, attributes, references }
}

/// The filter that all dashboards share, so that it means the same where a link or a drill-down carries it to.
fn of_the_product() -> (Value, Reference) {
    let (field, value) = ("event.module", PACKAGE);
    let name = "kibanaSavedObjectMeta.searchSourceJSON.filter[0].meta.index";
    let filter = json!({
        "$state": {"store": "appState"},
        "meta": {
            "alias": Value::Null, "disabled": false, "negate": false, "type": "phrase", "key": field, "field": field,
            "params": {"query": value}, "indexRefName": name,
        },
        "query": {"match_phrase": {field: value}},
    });
    (filter, Reference::new("index-pattern", HISTORY.to_owned(), name.to_owned()))
}

/// Type of a panel, its `embeddableConfig`, and its references without the panel's prefix.
fn render(panel: &Panel, all: &[Dashboard]) -> (&'static str, (Value, Vec<Reference>)) {
    let (kind, (config, mut references)) = match &panel.body {
        Body::Lens { source, filter, chart } => ("lens", lens(*source, filter.as_ref(), chart)),
        Body::Map { source, filter, map } => {
            let condition = Filter::all(source.condition(), filter.as_ref());
            ("map", panel::map_panel(map, *source, condition.as_ref()))
        }
        Body::Search(search) => ("search", search.panel(&crate::slug(panel.title))),
        Body::Text(text) => ("visualization", (panel::markdown(text), Vec::new())),
    };
    let mut config = titled(config, Some(panel.title), panel.description());
    if !panel.opens.is_empty() {
        let (events, targets) = drill_downs(panel, all);
        config["enhancements"] = json!({"dynamicActions": {"events": events}});
        references.extend(targets);
    }
    (kind, (config, references))
}

fn titled(mut config: Value, title: Option<&str>, note: Option<String>) -> Value {
    match title {
        Some(title) => config["title"] = json!(title),
        None => config["hidePanelTitles"] = json!(true),
    }
    if let Some(note) = note {
        config["description"] = json!(note);
    }
    config
}

fn lens(source: Source, filter: Option<&Filter>, chart: &Chart) -> (Value, Vec<Reference>) {
    let rendered = chart.render();
    let condition = Filter::all(source.condition(), filter);
    let layers: serde_json::Map<String, Value> =
        rendered.layers.iter().map(|layer| (layer.id.to_owned(), layer.value())).collect();
    let reference =
        |id: &str| Reference::new("index-pattern", source.data_view(), format!("indexpattern-datasource-layer-{id}"));
    let references: Vec<Reference> = rendered.layers.iter().map(|layer| reference(layer.id)).collect();
    let config = json!({
        "attributes": {
            "title": "", "type": "lens", "visualizationType": rendered.kind,
            "references": references.iter().map(Reference::value).collect::<Vec<_>>(),
            "state": {
                "datasourceStates": {
                    "formBased": {"layers": layers}, "indexpattern": {"layers": {}}, "textBased": {"layers": {}},
                },
                "visualization": rendered.visualization,
                "query": Filter::query(condition.as_ref()),
                "filters": [], "internalReferences": [], "adHocDataViews": {},
            },
        },
        "enhancements": {}, "syncColors": false, "syncCursor": true, "syncTooltips": false, "filters": [],
        "query": {"language": "kuery", "query": ""},
    });
    (config, references)
}

fn drill_downs(panel: &Panel, all: &[Dashboard]) -> (Vec<Value>, Vec<Reference>) {
    let title =
        |name: &str| all.iter().find(|dashboard| dashboard.name == name).map_or("", |dashboard| dashboard.title);
    let event = |name: &&'static str| {
        json!({
            "eventId": name, "triggers": ["FILTER_TRIGGER"],
            "action": {
                "factoryId": "DASHBOARD_TO_DASHBOARD_DRILLDOWN",
                "name": format!("Open {}", title(name)),
                "config": {"useCurrentFilters": true, "useCurrentDateRange": true, "openInNewTab": false},
            },
        })
    };
    let reference = |name: &&'static str| {
        let of_event = format!("drilldown:DASHBOARD_TO_DASHBOARD_DRILLDOWN:{name}:dashboardId");
        Reference::new("dashboard", format!("{PACKAGE}-{name}"), of_event)
    };
    (panel.opens.iter().map(event).collect(), panel.opens.iter().map(reference).collect())
}
