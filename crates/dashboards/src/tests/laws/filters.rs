//! What is filtered by is a field of the documents that are filtered, else panels are empty: of all of them for a control,
//! of most of them for a click that leads to another dashboard, because an incident does not name what its evidence names.

use serde_json::{Value, json};

use super::fields::{Known, known};
use super::{assert_seen, layers, panel, panels, text};

/// Fields of the documents behind each panel of a dashboard that shows documents, by the panel's title.
fn shown<'a>(dashboard: &'a Value, library: &[Value]) -> Vec<(&'a str, Known)> {
    let mut shown = Vec::new();
    let id_of = |references: &Value, prefix: &str, kind: &str| {
        let mut found = references.as_array().into_iter().flatten();
        let found = found.find(|one| one["type"] == kind && text(one, "/name").starts_with(prefix));
        found.map(|one| text(one, "/id").to_owned()).unwrap_or_default()
    };
    for panel in panels(dashboard) {
        let prefix = format!("{}:", text(panel, "/panelIndex"));
        let attributes = &panel["embeddableConfig"]["attributes"];
        let view = id_of(&dashboard["references"], &prefix, "index-pattern");
        let fields = match text(panel, "/type") {
            "lens" => known(&view, text(attributes, "/state/query/query")),
            "map" => known(&view, text(attributes, "/mapStateJSON/query/query")),
            "search" => {
                let id = id_of(&dashboard["references"], &prefix, "search");
                let Some(search) = library.iter().find(|one| one["type"] == "search" && text(one, "/id") == id) else {
                    continue;
                };
                let query = text(search, "/attributes/kibanaSavedObjectMeta/searchSourceJSON/query/query");
                known(&id_of(&search["references"], "", "index-pattern"), query)
            }
            _ => continue,
        };
        shown.push((text(panel, "/embeddableConfig/title"), fields));
    }
    shown
}

pub(super) fn law(dashboard: &Value, library: &[Value]) -> Vec<String> {
    let mut broken = Vec::new();
    let own = shown(dashboard, library);
    let controls = dashboard["attributes"]["controlGroupInput"]["panelsJSON"].as_object();
    for (id, control) in controls.into_iter().flatten() {
        let field = text(control, "/explicitInput/fieldName");
        let without: Vec<&str> =
            own.iter().filter(|(_, known)| !known.contains_key(field)).map(|(title, _)| *title).collect();
        if !without.is_empty() {
            broken.push(format!("the control {id} empties {} of {}: {without:?}", without.len(), own.len()));
        }
    }
    for panel in panels(dashboard) {
        let id = text(panel, "/panelIndex");
        for reference in dashboard["references"].as_array().into_iter().flatten() {
            if !text(reference, "/name").starts_with(&format!("{id}:drilldown:")) {
                continue;
            }
            let Some(target) = library.iter().find(|one| one["type"] == "dashboard" && one["id"] == reference["id"])
            else {
                continue;
            };
            let target = (text(target, "/id"), shown(target, library));
            for field in clicked(panel) {
                let with = target.1.iter().filter(|(_, known)| known.contains_key(field)).count();
                if with * 2 <= target.1.len() {
                    broken.push(format!(
                        "a click on {field} in {id} leaves {with} of {} in {}",
                        target.1.len(),
                        target.0
                    ));
                }
            }
        }
    }
    broken
}

/// Fields whose values a click in a panel filters by.
fn clicked(panel: &Value) -> Vec<&str> {
    let layers = layers(panel);
    let columns = layers.iter().flat_map(|(_, layer)| layer["columns"].as_object().into_iter().flatten());
    columns
        .filter(|(_, column)| column["operationType"] == "terms")
        .map(|(_, column)| text(column, "/sourceField"))
        .collect()
}

#[test]
fn a_control_that_empties_panels_is_seen() {
    assert_seen(law, "the control tenant empties", |dashboard| {
        let control = &mut dashboard["attributes"]["controlGroupInput"]["panelsJSON"]["tenant"];
        control["explicitInput"]["fieldName"] = json!("m365_defender.incident.severity");
    });
}

#[test]
fn a_click_that_leaves_little_is_seen() {
    assert_seen(law, "a click on m365_security.health.dataset", |dashboard| {
        let columns = "/embeddableConfig/attributes/state/datasourceStates/formBased/layers/main/columns";
        let panel = panel(dashboard, "Which hosts");
        panel.pointer_mut(columns).unwrap()["host"]["sourceField"] = json!("m365_security.health.dataset");
    });
}
