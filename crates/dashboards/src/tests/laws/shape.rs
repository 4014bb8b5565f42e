//! Titles, ids, numbers of panels, and keys that Kibana or its reviewers refuse.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{assert_seen, panel, panels, text};

/// Most panels of a dashboard, the one with links apart.
const MOST: usize = 20;

/// Keys that must be nowhere: they make an import fail, are written by Kibana itself, or name a person.
const REFUSED: [&str; 9] = [
    "savedObjectId",
    "created_at",
    "updated_at",
    "created_by",
    "updated_by",
    "namespaces",
    "migrationVersion",
    "tabs",
    "pinned_panels",
];

pub(super) fn law(dashboard: &Value, _: &[Value]) -> Vec<String> {
    let mut broken = Vec::new();
    let shown: Vec<&Value> = panels(dashboard).iter().filter(|panel| panel["type"] != "links").collect();
    if shown.is_empty() {
        broken.push("no panel".to_owned());
    }
    if shown.len() > MOST {
        broken.push(format!("{} panels", shown.len()));
    }
    let mut seen = BTreeSet::new();
    for panel in panels(dashboard) {
        let (id, title) = (text(panel, "/panelIndex"), text(panel, "/embeddableConfig/title"));
        if id.is_empty() || !seen.insert(id) {
            broken.push(format!("{id:?} is the id of two panels"));
        }
        if panel["type"] != "links" && (title.is_empty() || title.contains("M365") || title.contains("m365")) {
            broken.push(format!("{id}: the title must be there, without the product's name"));
        }
        if title.ends_with('?') != ["lens", "map", "search"].contains(&text(panel, "/type")) {
            broken.push(format!("{id}: the title is the question that the panel answers"));
        }
        if panel.get("title").is_some() || panel.get("version").is_some() {
            broken.push(format!("{id}: `title` and `version` of a panel are those of older Kibanas"));
        }
        if panel.pointer("/embeddableConfig/attributes/version").is_some() {
            broken.push(format!("{id}: attributes.version"));
        }
    }
    controls(dashboard, &mut broken);
    if dashboard["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]["filter"]
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        broken.push("no filter of the product".to_owned());
    }
    if dashboard["typeMigrationVersion"] != "10.2.0" || dashboard["coreMigrationVersion"] != "8.8.0" {
        broken.push("Kibana 8.19 must know the versions".to_owned());
    }
    refused(dashboard, &mut broken);
    broken
}

fn controls(dashboard: &Value, broken: &mut Vec<String>) {
    let mut orders = BTreeSet::new();
    let controls = dashboard["attributes"]["controlGroupInput"]["panelsJSON"].as_object();
    for (id, control) in controls.into_iter().flatten() {
        if control["explicitInput"]["id"] != json!(id) {
            broken.push(format!("the control {id} has another id inside"));
        }
        if control["order"].as_u64().is_none_or(|order| !orders.insert(order)) {
            broken.push(format!("the control {id} has the order of another"));
        }
    }
}

fn refused(value: &Value, broken: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            if REFUSED.contains(&key.as_str()) {
                broken.push(format!("{key} must not be there"));
            }
            refused(value, broken);
        }),
        Value::Array(list) => list.iter().for_each(|value| refused(value, broken)),
        _ => {}
    }
}

#[test]
fn refused_keys_are_seen() {
    assert_seen(law, "must not be there", |dashboard| dashboard["attributes"]["updated_by"] = json!("u_1"));
    assert_seen(law, "must not be there", |dashboard| {
        panel(dashboard, "Which hosts")["embeddableConfig"]["savedObjectId"] = json!("x");
    });
    assert_seen(law, "attributes.version", |dashboard| {
        panel(dashboard, "Which hosts")["embeddableConfig"]["attributes"]["version"] = json!(2);
    });
    assert_seen(law, "older Kibanas", |dashboard| panel(dashboard, "Which hosts")["title"] = json!("x"));
}

#[test]
fn titles_and_ids_of_others_are_seen() {
    assert_seen(law, "id of two panels", |dashboard| {
        let id = panel(dashboard, "Which users")["panelIndex"].clone();
        panel(dashboard, "Which hosts")["panelIndex"] = id;
    });
    assert_seen(law, "without the product's name", |dashboard| {
        panel(dashboard, "Which hosts")["embeddableConfig"]["title"] = json!("[Logs M365] Hosts?");
    });
    assert_seen(law, "is the question", |dashboard| {
        panel(dashboard, "Which hosts")["embeddableConfig"]["title"] = json!("Top hosts");
    });
}

#[test]
fn too_many_panels_are_seen() {
    assert_seen(law, "panels", |dashboard| {
        let one = panel(dashboard, "Which hosts").clone();
        let list = dashboard["attributes"]["panelsJSON"].as_array_mut().unwrap();
        list.resize(22, one);
    });
}

#[test]
fn controls_that_share_a_place_are_seen() {
    assert_seen(law, "order of another", |dashboard| {
        let controls = &mut dashboard["attributes"]["controlGroupInput"]["panelsJSON"];
        let mut one = controls["tenant"].clone();
        one["explicitInput"]["id"] = json!("second");
        controls["second"] = one;
    });
    assert_seen(law, "another id inside", |dashboard| {
        dashboard["attributes"]["controlGroupInput"]["panelsJSON"]["tenant"]["explicitInput"]["id"] = json!("x");
    });
}

#[test]
fn other_versions_and_no_filter_are_seen() {
    assert_seen(law, "must know the versions", |dashboard| dashboard["typeMigrationVersion"] = json!("10.4.0"));
    assert_seen(law, "no filter", |dashboard| {
        dashboard["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]["filter"] = json!([]);
    });
}
