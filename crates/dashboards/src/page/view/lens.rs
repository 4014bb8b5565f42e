//! Drawings of Lens panels, from `visualizationType` and `state.visualization`.

use serde_json::{Value, json};

use super::{every_column, xy};
use crate::page::{Outcome, color, read};

/// How a Lens panel is drawn; as a table where the page has no drawing for it.
pub(super) fn view(attributes: &Value, results: &[&Outcome]) -> Value {
    let shown = &attributes["state"]["visualization"];
    match read::text(attributes, "/visualizationType") {
        "lnsMetric" => metric(shown, results),
        "lnsXY" => xy::view(attributes, results),
        "lnsPie" => partition(shown).unwrap_or_else(|| every_column(results)),
        "lnsHeatmap" => heatmap(shown),
        "lnsDatatable" => table(shown),
        "lnsTagcloud" => cloud(shown),
        "lnsGauge" => gauge(shown),
        _ => every_column(results),
    }
}

/// Place of a layer's result among the panel's tables.
pub(super) fn place(results: &[&Outcome], layer: &str) -> Option<usize> {
    results.iter().position(|outcome| outcome.layer == layer)
}

fn metric(shown: &Value, results: &[&Outcome]) -> Value {
    let trend = read::some_text(shown, "/trendlineLayerId").and_then(|layer| place(results, layer)).map(|table| {
        json!({"table": table, "time": shown["trendlineTimeAccessor"], "metric": shown["trendlineMetricAccessor"]})
    });
    present(json!({
        "kind": "metric",
        "metric": shown["metricAccessor"],
        "secondary": shown["secondaryMetricAccessor"],
        "by": shown["breakdownByAccessor"],
        "max": shown["maxAccessor"],
        "subtitle": shown["subtitle"],
        "color": shown["color"],
        "stops": color::bands(&shown["palette"]),
        "trend": trend,
    }))
}

fn partition(shown: &Value) -> Option<Value> {
    let kind = read::text(shown, "/shape");
    if !["pie", "donut", "treemap"].contains(&kind) {
        return None;
    }
    let layer = shown.pointer("/layers/0")?;
    Some(json!({
        "kind": kind,
        "groups": layer["primaryGroups"],
        "metric": read::list(layer, "/metrics").first()?,
        "colors": color::mapping(&layer["colorMapping"]),
        "numbers": read::some_text(layer, "/numberDisplay").unwrap_or("percent"),
        "legend": {
            "show": read::text(layer, "/legendDisplay") != "hide",
            "position": read::some_text(layer, "/legendPosition").unwrap_or("right"),
        },
    }))
}

fn heatmap(shown: &Value) -> Value {
    present(json!({
        "kind": "heatmap",
        "x": shown["xAccessor"],
        "y": shown["yAccessor"],
        "value": shown["valueAccessor"],
        "stops": color::bands(&shown["palette"]),
        "labels": true,
    }))
}

fn table(shown: &Value) -> Value {
    let visible = read::list(shown, "/columns").iter().filter(|column| !read::flag(column, "/hidden"));
    let column = |column: &Value| {
        present(json!({
            "id": column["columnId"],
            "align": column["alignment"],
            "width": column["width"],
            "color": read::some_text(column, "/colorMode").unwrap_or("none"),
            "colors": color::mapping(&column["colorMapping"]),
            "stops": color::bands(&column["palette"]),
        }))
    };
    let sort = read::some_text(shown, "/sorting/columnId")
        .map(|id| json!({"id": id, "descending": read::text(shown, "/sorting/direction") == "desc"}));
    present(json!({"kind": "table", "columns": visible.map(column).collect::<Vec<_>>(), "sort": sort}))
}

fn cloud(shown: &Value) -> Value {
    json!({
        "kind": "cloud",
        "tag": shown["tagAccessor"],
        "value": shown["valueAccessor"],
        "sizes": [shown["minFontSize"].as_u64().unwrap_or(12), shown["maxFontSize"].as_u64().unwrap_or(36)],
        "colors": color::mapping(&shown["colorMapping"]),
    })
}

fn gauge(shown: &Value) -> Value {
    let is_round = ["arc", "circle"].contains(&read::text(shown, "/shape"));
    present(json!({
        "kind": "gauge",
        "shape": if is_round { "arc" } else { "half" },
        "value": shown["metricAccessor"],
        "min": shown["minAccessor"],
        "max": shown["maxAccessor"],
        "goal": shown["goalAccessor"],
        "stops": color::bands(&shown["palette"]),
    }))
}

/// Without the entries that say nothing: what is absent is written in one way.
pub(super) fn present(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    value
}
