//! Colours of saved objects: `colorMapping` by value, `palette` by number.

use serde_json::{Map, Value, json};

use super::read;

/// Colours of values by name; values that take turns have none. The rest has the name of the rest bucket.
pub(super) fn mapping(mapping: &Value) -> Value {
    let mut colors = Map::new();
    for assignment in read::list(mapping, "/assignments") {
        let Some(color) = read::some_text(assignment, "/color/colorCode") else { continue };
        // The older form has one rule with values, the newer one rules with a value each.
        let old = read::list(assignment, "/rule/values").iter();
        let new = read::list(assignment, "/rules").iter().filter_map(|rule| rule.get("value"));
        for value in old.chain(new).filter_map(Value::as_str) {
            colors.insert(value.to_owned(), json!(color));
        }
    }
    let special = read::list(mapping, "/specialAssignments").first();
    if let Some(color) = special.and_then(|assignment| read::some_text(assignment, "/color/colorCode")) {
        colors.insert(panels::table::OTHER.to_owned(), json!(color));
    }
    Value::Object(colors)
}

/// Bands of a palette: upper bounds with colours; the last one is open. `null` without bands.
pub(super) fn bands(palette: &Value) -> Value {
    let stops = read::list(palette, "/params/stops");
    let last = stops.len().saturating_sub(1);
    let band = |(at, stop): (usize, &Value)| {
        let bound = if at == last { Value::Null } else { stop["stop"].clone() };
        json!([bound, stop["color"]])
    };
    if stops.is_empty() {
        return Value::Null;
    }
    let bounds: Vec<Value> = stops.iter().enumerate().map(band).collect();
    json!({"bounds": bounds, "percent": read::text(palette, "/params/rangeType") == "percent"})
}
