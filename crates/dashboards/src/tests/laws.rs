//! What saved objects of dashboards must keep to: each law is a function that tells what breaks it, and is seen failing.

mod fields;
mod filters;
mod grid;
mod layers;
mod references;
mod shape;

use serde_json::{Value, json};

use super::sample::sample;
use crate::{Dashboard, saved_objects};

/// A law: what is wrong in a decoded dashboard, given all decoded objects.
type Law = fn(&Value, &[Value]) -> Vec<String>;

const LAWS: &[(&str, Law)] = &[
    ("references", references::law),
    ("layers", layers::law),
    ("grid", grid::law),
    ("fields", fields::law),
    ("filters", filters::law),
    ("shape", shape::law),
];

/// Dashboards, and everything that they may refer to.
fn objects(all: &[Dashboard]) -> (Vec<Value>, Vec<Value>) {
    let dashboards: Vec<Value> =
        saved_objects::dashboards(all).iter().map(saved_objects::SavedObject::decoded).collect();
    let others =
        saved_objects::searches(all).into_iter().chain(saved_objects::data_views()).chain([saved_objects::history()]);
    let library = others.map(|object| object.decoded()).chain(dashboards.iter().cloned()).collect();
    (dashboards, library)
}

#[test]
fn every_dashboard_keeps_the_laws() {
    let (dashboards, library) = objects(&crate::all());
    let mut broken = Vec::new();
    for dashboard in &dashboards {
        for (name, law) in LAWS {
            broken.extend(
                law(dashboard, &library).into_iter().map(|what| format!("{}: {name}: {what}", dashboard["id"])),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The law must find the change of the sample, and only after it.
fn assert_seen(law: Law, what: &str, change: impl FnOnce(&mut Value)) {
    let (mut dashboards, library) = objects(&[sample()]);
    let mut dashboard = dashboards.remove(0);
    assert_eq!(law(&dashboard, &library), Vec::<String>::new());
    change(&mut dashboard);
    let seen = law(&dashboard, &library);
    assert!(seen.iter().any(|one| one.contains(what)), "{what:?} was not seen: {seen:?}");
}

/// Panels of a dashboard.
fn panels(dashboard: &Value) -> &[Value] {
    dashboard["attributes"]["panelsJSON"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The panel whose title begins so.
fn panel<'a>(dashboard: &'a mut Value, title: &str) -> &'a mut Value {
    let panels = dashboard["attributes"]["panelsJSON"].as_array_mut().unwrap();
    let is_it = |panel: &Value| panel["embeddableConfig"]["title"].as_str().is_some_and(|text| text.starts_with(title));
    panels.iter_mut().find(|panel| is_it(panel)).unwrap()
}

/// Lens layers of a panel, by id.
fn layers(panel: &Value) -> Vec<(&str, &Value)> {
    let layers = &panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"]["layers"];
    layers.as_object().into_iter().flatten().map(|(id, layer)| (id.as_str(), layer)).collect()
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn a_dashboard_without_panels_is_seen() {
    assert_seen(shape::law, "no panel", |dashboard| dashboard["attributes"]["panelsJSON"] = json!([]));
}
