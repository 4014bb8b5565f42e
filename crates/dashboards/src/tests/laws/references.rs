//! References are complete in both places, none dangles, none is left over.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{assert_seen, layers, panel, panels, text};

/// Names by which the attributes speak of other objects, with the other object's type.
fn spoken(dashboard: &Value) -> BTreeMap<String, &'static str> {
    let mut names = BTreeMap::new();
    let attributes = &dashboard["attributes"];
    let filters = &attributes["kibanaSavedObjectMeta"]["searchSourceJSON"]["filter"];
    for filter in filters.as_array().into_iter().flatten() {
        names.insert(text(filter, "/meta/indexRefName").to_owned(), "index-pattern");
    }
    for (id, control) in attributes["controlGroupInput"]["panelsJSON"].as_object().into_iter().flatten() {
        let what = if control["type"] == "rangeSliderControl" { "rangeSliderDataView" } else { "optionsListDataView" };
        names.insert(format!("controlGroup_{id}:{what}"), "index-pattern");
    }
    for panel in panels(dashboard) {
        let (id, config) = (text(panel, "/panelIndex"), &panel["embeddableConfig"]);
        let mut add = |name: &str, kind| names.insert(format!("{id}:{name}"), kind);
        for (layer, _) in layers(panel) {
            add(&format!("indexpattern-datasource-layer-{layer}"), "index-pattern");
        }
        for layer in config["attributes"]["layerListJSON"].as_array().into_iter().flatten() {
            if let Some(name) = layer["sourceDescriptor"]["indexPatternRefName"].as_str() {
                add(name, "index-pattern");
            }
        }
        if let Some(name) = panel["panelRefName"].as_str() {
            add(name, "search");
        }
        for link in config["attributes"]["links"].as_array().into_iter().flatten() {
            add(text(link, "/destinationRefName"), "dashboard");
        }
        for event in config["enhancements"]["dynamicActions"]["events"].as_array().into_iter().flatten() {
            let factory = text(event, "/action/factoryId");
            add(&format!("drilldown:{factory}:{}:dashboardId", text(event, "/eventId")), "dashboard");
        }
    }
    names
}

pub(super) fn law(dashboard: &Value, library: &[Value]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut spoken = spoken(dashboard);
    for reference in dashboard["references"].as_array().into_iter().flatten() {
        let (name, kind) = (text(reference, "/name"), text(reference, "/type"));
        match spoken.remove(name) {
            None => broken.push(format!("{name} is not spoken of, or there twice")),
            Some(expected) if expected != kind => broken.push(format!("{name} is of type {kind}, not {expected}")),
            Some(_) => {}
        }
        if !library.iter().any(|object| object["id"] == reference["id"] && object["type"] == reference["type"]) {
            broken.push(format!("{name} dangles: there is no {kind} {}", reference["id"]));
        }
    }
    broken.extend(spoken.keys().map(|name| format!("{name} lacks its reference")));
    for panel in panels(dashboard).iter().filter(|panel| ["lens", "map"].contains(&text(panel, "/type"))) {
        let prefix = format!("{}:", text(panel, "/panelIndex"));
        let of_index = |reference: &&Value| reference["type"] == "index-pattern";
        let bare = |reference: &Value| {
            let name = text(reference, "/name");
            json!({"type": reference["type"], "id": reference["id"], "name": name.strip_prefix(&prefix).unwrap_or(name)})
        };
        let all = dashboard["references"].as_array().into_iter().flatten().filter(of_index);
        let outer: Vec<Value> = all.filter(|one| text(one, "/name").starts_with(&prefix)).map(bare).collect();
        let inner = panel["embeddableConfig"]["attributes"]["references"].as_array().cloned().unwrap_or_default();
        if outer != inner {
            broken.push(format!("the panel {prefix} has other references than the dashboard has for it"));
        }
    }
    broken
}

#[test]
fn a_dangling_reference_is_seen() {
    assert_seen(law, "dangles", |dashboard| {
        let references = dashboard["references"].as_array_mut().unwrap();
        references.iter_mut().find(|one| one["type"] == "dashboard").unwrap()["id"] = json!("m365_security-nowhere");
    });
}

#[test]
fn a_missing_reference_is_seen() {
    for kind in ["index-pattern", "dashboard"] {
        assert_seen(law, "lacks its reference", |dashboard| {
            let references = dashboard["references"].as_array_mut().unwrap();
            let at = references.iter().position(|one| one["type"] == kind).unwrap();
            references.remove(at);
        });
    }
}

#[test]
fn a_reference_of_nothing_is_seen() {
    assert_seen(law, "not spoken of", |dashboard| {
        let one = dashboard["references"][0].clone();
        dashboard["references"].as_array_mut().unwrap().push(one);
    });
}

#[test]
fn another_data_view_within_the_panel_is_seen() {
    assert_seen(law, "other references", |dashboard| {
        let panel = panel(dashboard, "Which hosts");
        panel["embeddableConfig"]["attributes"]["references"][0]["id"] = json!("logs-*");
    });
}
