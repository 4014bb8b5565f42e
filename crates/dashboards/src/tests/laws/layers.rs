//! Columns of Lens layers: order, accessors, what orders a bucket.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{assert_seen, layers, panel, panels, text};

/// Keys of a visualization whose value is the id of a column, or a list of such.
const ACCESSORS: [&str; 20] = [
    "metricAccessor",
    "secondaryMetricAccessor",
    "breakdownByAccessor",
    "maxAccessor",
    "minAccessor",
    "goalAccessor",
    "xAccessor",
    "yAccessor",
    "valueAccessor",
    "tagAccessor",
    "splitAccessor",
    "accessors",
    "forAccessor",
    "metrics",
    "primaryGroups",
    "secondaryGroups",
    "columnId",
    "trendlineTimeAccessor",
    "trendlineMetricAccessor",
    "accessor",
];

/// All ids of columns that a visualization names, with the layer that they should be of.
fn named<'a>(state: &'a Value, layer: &'a str, found: &mut Vec<(&'a str, &'a str)>) {
    match state {
        Value::Object(map) => {
            let layer = map.get("layerId").and_then(Value::as_str).unwrap_or(layer);
            for (key, value) in map {
                let layer = if key.starts_with("trendline") { text(state, "/trendlineLayerId") } else { layer };
                if ACCESSORS.contains(&key.as_str()) {
                    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                    found.extend(list.iter().filter_map(Value::as_str).map(|id| (layer, id)));
                }
                named(value, layer, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| named(value, layer, found)),
        _ => {}
    }
}

pub(super) fn law(dashboard: &Value, _: &[Value]) -> Vec<String> {
    panels(dashboard).iter().filter(|panel| panel["type"] == "lens").flat_map(of_panel).collect()
}

fn of_panel(panel: &Value) -> Vec<String> {
    let id = text(panel, "/panelIndex");
    let mut broken = Vec::new();
    let visualization = &panel["embeddableConfig"]["attributes"]["state"]["visualization"];
    let mut named_columns = Vec::new();
    named(visualization, "", &mut named_columns);
    for (layer, column) in &named_columns {
        if !layers(panel).iter().any(|(name, value)| name == layer && value["columns"].get(*column).is_some()) {
            broken.push(format!("{id}: the layer {layer:?} has no column {column:?}"));
        }
    }
    let layers = layers(panel);
    let ids: Vec<&String> = layers
        .iter()
        .flat_map(|(_, layer)| layer["columns"].as_object().into_iter().flatten())
        .map(|(id, _)| id)
        .collect();
    if ids.len() != ids.iter().collect::<BTreeSet<_>>().len() {
        broken.push(format!("{id}: two layers have a column of one id"));
    }
    if layers.is_empty() {
        broken.push(format!("{id}: no layer"));
    }
    for (name, layer) in layers {
        broken.extend(of_layer(layer).into_iter().map(|what| format!("{id}: {name}: {what}")));
        for column in layer["columns"].as_object().into_iter().flatten().map(|(column, _)| column.as_str()) {
            if !named_columns.contains(&(name, column)) {
                broken.push(format!("{id}: the column {column:?} is shown nowhere"));
            }
        }
    }
    if visualization.get("columns").is_some() {
        let shown = named_columns.iter().filter(|(_, column)| *column != text(visualization, "/sorting/columnId"));
        let (all, once): (Vec<_>, BTreeSet<_>) = (shown.clone().collect(), shown.collect());
        if all.len() != once.len() {
            broken.push(format!("{id}: a table shows a column twice"));
        }
    }
    broken
}

fn of_layer(layer: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let columns = layer["columns"].as_object().cloned().unwrap_or_default();
    let order: Vec<&str> = layer["columnOrder"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (as_ordered, as_named): (BTreeSet<&str>, BTreeSet<&str>) =
        (order.iter().copied().collect(), columns.keys().map(String::as_str).collect());
    if as_ordered != as_named || order.len() != columns.len() {
        broken.push("columnOrder and columns differ".to_owned());
        return broken;
    }
    let bucketed: Vec<bool> = order.iter().map(|id| columns[*id]["isBucketed"] == true).collect();
    if bucketed.windows(2).any(|pair| !pair[0] && pair[1]) {
        broken.push("a bucket stands behind a metric".to_owned());
    }
    if bucketed.iter().all(|bucket| *bucket) {
        broken.push("no metric".to_owned());
    }
    for (id, column) in &columns {
        if text(column, "/label").is_empty() {
            broken.push(format!("the column {id:?} has no label"));
        }
        if text(column, "/params/orderBy/type") == "column" {
            let by = text(column, "/params/orderBy/columnId");
            let orders =
                columns.get(by).is_some_and(|by| by["isBucketed"] == false && by["operationType"] != "last_value");
            if !orders {
                broken.push(format!("{id:?} is ordered by {by:?}, which is no metric of the layer that orders"));
            }
        }
    }
    broken
}

const MAIN: &str = "/embeddableConfig/attributes/state/datasourceStates/formBased/layers/main";

#[test]
fn an_accessor_of_no_column_is_seen() {
    assert_seen(law, "has no column", |dashboard| {
        let panel = panel(dashboard, "Which hosts");
        let path = "/embeddableConfig/attributes/state/visualization/layers/0/xAccessor";
        *panel.pointer_mut(path).unwrap() = json!("elsewhere");
    });
}

#[test]
fn a_column_that_is_not_shown_is_seen() {
    assert_seen(law, "shown nowhere", |dashboard| {
        let layer = panel(dashboard, "Which hosts").pointer_mut(MAIN).unwrap();
        layer["columns"]["more"] = json!({"label": "More", "isBucketed": false, "operationType": "count"});
        layer["columnOrder"].as_array_mut().unwrap().push(json!("more"));
    });
}

#[test]
fn another_order_is_seen() {
    assert_seen(law, "columnOrder and columns differ", |dashboard| {
        panel(dashboard, "Which hosts").pointer_mut(MAIN).unwrap()["columnOrder"].as_array_mut().unwrap().pop();
    });
    assert_seen(law, "a bucket stands behind a metric", |dashboard| {
        panel(dashboard, "Which hosts").pointer_mut(MAIN).unwrap()["columnOrder"].as_array_mut().unwrap().reverse();
    });
}

#[test]
fn an_order_by_what_cannot_order_is_seen() {
    assert_seen(law, "is no metric of the layer", |dashboard| {
        let layer = panel(dashboard, "Which hosts").pointer_mut(MAIN).unwrap();
        layer["columns"]["host"]["params"]["orderBy"]["columnId"] = json!("host");
    });
}

#[test]
fn columns_of_two_layers_with_one_id_are_seen() {
    assert_seen(law, "column of one id", |dashboard| {
        let path = "/embeddableConfig/attributes/state/datasourceStates/formBased/layers";
        let layers = panel(dashboard, "How many incidents changed").pointer_mut(path).unwrap();
        layers["trend"]["columns"]["incidents"] = layers["main"]["columns"]["incidents"].clone();
        layers["trend"]["columnOrder"].as_array_mut().unwrap().push(json!("incidents"));
    });
}

#[test]
fn a_table_with_a_column_twice_is_seen() {
    assert_seen(law, "shows a column twice", |dashboard| {
        let panel = panel(dashboard, "What are the newest");
        let columns = panel.pointer_mut("/embeddableConfig/attributes/state/visualization/columns").unwrap();
        let one = columns[1].clone();
        columns.as_array_mut().unwrap().push(one);
    });
}
