//! What the page shows of a dashboard: places, titles, controls, and how each panel is drawn.

mod lens;
mod links;
mod xy;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::panel::QUIET;

use super::{Outcome, Page, Shown, data, markdown, read};

/// A dashboard as the front end reads it (`Dashboard` in `page/src/model.ts`).
pub(super) fn dashboard(shown: &Shown<'_>, page: &Page<'_>) -> Value {
    let object = shown.dashboard;
    let known: BTreeSet<&str> = page.dashboards.iter().map(|shown| read::text(shown.dashboard, "/id")).collect();
    let all = read::list(object, "/attributes/panelsJSON");
    let is_drawn = |panel: &&Value| !links::is_navigation(panel, object, &known);
    let top = all.iter().filter(is_drawn).map(|panel| number(&panel["gridData"]["y"])).min().unwrap_or_default();
    let panels: Vec<Value> = all.iter().filter(is_drawn).map(|one| panel(one, shown, top)).collect();
    json!({
        "id": read::text(object, "/id"),
        "title": short(read::text(object, "/attributes/title")),
        "description": read::text(object, "/attributes/description"),
        "from": shown.range.0,
        "to": shown.range.1,
        "controls": controls(object),
        "panels": panels,
    })
}

/// A title without the name of the product in brackets, which is in the page's head.
fn short(title: &str) -> &str {
    title.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(title, |(_, short)| short)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn controls(object: &Value) -> Vec<Value> {
    let controls = read::entries(object, "/attributes/controlGroupInput/panelsJSON").map(|(_, control)| control);
    let control = |control: &Value| {
        let input = &control["explicitInput"];
        let chosen = read::list(input, "/selectedOptions").iter().chain(read::list(input, "/value"));
        let selected: Vec<String> =
            chosen.map(|value| value.as_str().map_or(value.to_string(), str::to_owned)).collect();
        json!({"title": read::text(input, "/title"), "selected": selected})
    };
    read::in_order(controls).into_iter().map(control).collect()
}

/// A panel as the front end reads it; rows of the grid are counted from `top`.
fn panel(panel: &Value, shown: &Shown<'_>, top: u64) -> Value {
    let id = read::text(panel, "/panelIndex");
    let config = &panel["embeddableConfig"];
    let results: Vec<&Outcome> = shown.results.iter().filter(|outcome| outcome.panel == id).collect();
    let failure = results.iter().find_map(|outcome| outcome.table.as_ref().err());
    let view = match failure {
        Some(message) => json!({"kind": "failed", "message": message}),
        None => view(panel, shown, &results),
    };
    let tables: Vec<Value> =
        results.iter().filter_map(|outcome| outcome.table.as_ref().ok()).map(data::table).collect();
    let grid = &panel["gridData"];
    let title = read::some_text(config, "/title").unwrap_or(read::text(config, "/attributes/title"));
    let mut shown = json!({
        "id": id,
        "title": if read::flag(config, "/hidePanelTitles") { "" } else { title },
        "description": read::text(config, "/description"),
        "grid": [number(&grid["x"]), number(&grid["y"]) - top, number(&grid["w"]).max(1), number(&grid["h"]).max(1)],
        "drilldowns": links::drilldowns(panel, shown.dashboard),
        "view": view,
        "tables": tables,
    });
    if let Some((_, news)) = read::text(config, "/description").split_once(QUIET) {
        shown["quiet"] = json!(news);
    }
    shown
}

/// How a panel is drawn (`View` in `page/src/model.ts`).
fn view(panel: &Value, shown: &Shown<'_>, results: &[&Outcome]) -> Value {
    let config = &panel["embeddableConfig"];
    let kind = read::text(panel, "/type");
    match kind {
        "links" => links::view(panel, shown.dashboard),
        "visualization" if read::text(config, "/savedVis/type") == "markdown" => {
            json!({"kind": "text", "html": markdown::render(read::text(config, "/savedVis/params/markdown"))})
        }
        "lens" | "search" | "map" if results.is_empty() => failed("its search was not run"),
        "lens" => lens::view(&config["attributes"], results),
        "search" => every_column(results),
        "map" => map(config, results),
        _ => failed(&format!("panels of type `{kind}` are not part of this page")),
    }
}

fn failed(message: &str) -> Value {
    json!({"kind": "failed", "message": message})
}

/// A table of all columns of the first result: of saved searches, and of charts that the page has no drawing for.
fn every_column(results: &[&Outcome]) -> Value {
    let columns = results.iter().find_map(|outcome| outcome.table.as_ref().ok()).map(|table| &table.columns);
    let columns: Vec<Value> =
        columns.into_iter().flatten().map(|column| json!({"id": column.id, "color": "none", "colors": {}})).collect();
    json!({"kind": "table", "columns": columns})
}

fn map(config: &Value, results: &[&Outcome]) -> Value {
    let label = |id: &str| {
        let layers = read::list(config, "/attributes/layerListJSON");
        layers.iter().find(|layer| layer["id"] == id).map(|layer| read::text(layer, "/label")).unwrap_or_default()
    };
    let layers: Vec<Value> =
        results.iter().enumerate().map(|(at, outcome)| json!({"table": at, "label": label(&outcome.layer)})).collect();
    json!({"kind": "map", "layers": layers})
}
