//! Drawings of bars, lines and areas (`lnsXY`).

use serde_json::{Value, json};

use super::lens::{place, present};
use crate::page::{Outcome, color, read};

pub(super) fn view(attributes: &Value, results: &[&Outcome]) -> Value {
    let shown = &attributes["state"]["visualization"];
    let of = |kind: &'static str| {
        read::list(shown, "/layers")
            .iter()
            .filter(move |layer| read::some_text(layer, "/layerType").unwrap_or("data") == kind)
    };
    let layers: Vec<Value> = of("data").filter_map(|layer| data(layer, results)).collect();
    let lines: Vec<Value> = of("referenceLine").flat_map(|layer| lines(layer, attributes)).collect();
    let series = |layer: &Value| !layer["splitAccessor"].is_null() || read::list(layer, "/accessors").len() > 1;
    let several = of("data").count() > 1 || of("data").any(series);
    json!({
        "kind": "xy",
        "horizontal": of("data").any(|layer| read::text(layer, "/seriesType").contains("horizontal")),
        "layers": layers,
        "lines": lines,
        "legend": {
            "show": read::flag(shown, "/legend/isVisible") && (several || read::flag(shown, "/legend/showSingleSeries")),
            "position": read::some_text(shown, "/legend/position").unwrap_or("right"),
        },
        "curve": match read::text(shown, "/curveType") {
            "CURVE_MONOTONE_X" => "smooth",
            "CURVE_STEP_AFTER" => "step",
            _ => "linear",
        },
        "zero": read::text(shown, "/fittingFunction") == "Zero",
        "log": read::text(shown, "/yLeftScale") == "log",
        "values": read::text(shown, "/valueLabels") == "show",
    })
}

fn data(layer: &Value, results: &[&Outcome]) -> Option<Value> {
    let series = read::text(layer, "/seriesType");
    let configured = |id: &Value| read::list(layer, "/yConfig").iter().find(|config| config["forAccessor"] == *id);
    let axis = |id: &Value| {
        let config = configured(id).unwrap_or(&Value::Null);
        present(json!({"id": id, "color": config["color"], "right": (config["axisMode"] == "right").then_some(true)}))
    };
    let kind = ["line", "area"].into_iter().find(|kind| series.starts_with(kind)).unwrap_or("bar");
    Some(present(json!({
        "table": place(results, read::text(layer, "/layerId"))?,
        "series": kind,
        "stack": if series.contains("percentage") { "percent" } else if series.contains("stacked") { "stacked" } else { "none" },
        "x": layer["xAccessor"],
        "split": layer["splitAccessor"],
        "ys": read::list(layer, "/accessors").iter().map(axis).collect::<Vec<_>>(),
        "colors": color::mapping(&layer["colorMapping"]),
    })))
}

/// Lines at constants. Their values are in the layer's columns.
fn lines(layer: &Value, attributes: &Value) -> Vec<Value> {
    let id = read::text(layer, "/layerId");
    let line = |accessor: &Value| {
        let column =
            &attributes["state"]["datasourceStates"]["formBased"]["layers"][id]["columns"][accessor.as_str()?];
        let config = read::list(layer, "/yConfig").iter().find(|config| config["forAccessor"] == *accessor);
        let config = config.unwrap_or(&Value::Null);
        // Kibana writes the number as text.
        let value = column["params"]["value"].as_str().and_then(|text| text.parse::<f64>().ok());
        Some(present(json!({
            "value": value.or(column["params"]["value"].as_f64())?,
            "label": read::text(column, "/label"),
            "color": config["color"],
            "dash": read::some_text(config, "/lineStyle").unwrap_or("solid"),
        })))
    };
    read::list(layer, "/accessors").iter().filter_map(line).collect()
}
