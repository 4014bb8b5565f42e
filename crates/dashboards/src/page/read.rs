//! Reading saved objects: what is absent or of another type is nothing.

use serde_json::{Map, Value};

/// The text at a JSON pointer; empty if there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The text at a JSON pointer, if there is one that says something.
pub(super) fn some_text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    Some(text(value, pointer)).filter(|text| !text.is_empty())
}

/// Whether true stands at a JSON pointer.
pub(super) fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The items at a JSON pointer.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The entries at a JSON pointer.
pub(super) fn entries<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// Items sorted by their `order`.
pub(super) fn in_order<'a>(items: impl Iterator<Item = &'a Value>) -> Vec<&'a Value> {
    let mut items: Vec<&Value> = items.collect();
    items.sort_by_key(|item| item["order"].as_i64().unwrap_or_default());
    items
}

/// Id of what a saved object refers to by that name.
pub(super) fn reference<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    let named = |reference: &&Value| reference["name"] == name;
    list(object, "/references").iter().find(named).and_then(|reference| reference["id"].as_str())
}
