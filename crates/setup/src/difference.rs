//! Whether what a cluster stores is what was put: Elasticsearch gives bodies back in a form of its own, with defaults.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::plan::Kind;

/// What newer versions add to everything that is stored.
const DATES: [&str; 4] = ["created_date", "created_date_millis", "modified_date", "modified_date_millis"];

/// Parts of the artefact that differ from what is stored; none where it is the same.
pub(crate) fn parts(kind: Kind, ours: &Value, stored: &Value) -> Vec<String> {
    if kind == Kind::Transform {
        let ours = ours.as_object().into_iter().flatten();
        let differing = ours.filter(|(part, value)| !holds(&stored[part.as_str()], value));
        return differing.map(|(part, _)| part.clone()).collect();
    }
    let (ours, stored) = (flat_parts(ours), flat_parts(stored));
    let names = ours.keys().chain(stored.keys().filter(|name| !ours.contains_key(*name)));
    names.filter(|name| ours.get(*name) != stored.get(*name)).cloned().collect()
}

/// Whether a value is there as it was put, whatever stands beside it: a cluster adds defaults to a transform, Kibana adds
/// what a newer version knows to a saved object.
pub(crate) fn holds(stored: &Value, ours: &Value) -> bool {
    match (stored, ours) {
        (Value::Object(stored), Value::Object(ours)) => {
            ours.iter().all(|(name, value)| stored.get(name).is_some_and(|stored| holds(stored, value)))
        }
        (Value::Array(stored), Value::Array(ours)) => {
            stored.len() == ours.len() && stored.iter().zip(ours).all(|(stored, ours)| holds(stored, ours))
        }
        // One name may stand for a list of one.
        (Value::Array(stored), ours) => stored.len() == 1 && holds(&stored[0], ours),
        // Saved objects hold JSON texts.
        (Value::String(stored), Value::String(ours)) if stored != ours => match (json(stored), json(ours)) {
            (Some(stored), Some(ours)) => holds(&stored, &ours),
            _ => false,
        },
        (stored, ours) => stored == ours || is_same_scalar(stored, ours),
    }
}

fn json(text: &str) -> Option<Value> {
    text.starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

/// `1000` and `"1000"`, `1` and `1.0`.
fn is_same_scalar(one: &Value, other: &Value) -> bool {
    one.as_f64().is_some() && one.as_f64() == other.as_f64()
        || matches!((one, other), (Value::String(text), other) | (other, Value::String(text))
            if !other.is_object() && !other.is_array() && serde_json::to_string(other).is_ok_and(|other| other == *text))
}

/// Top-level parts in one form; `template` is divided into its own parts.
fn flat_parts(body: &Value) -> BTreeMap<String, Value> {
    let mut parts = BTreeMap::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        match name.as_str() {
            "template" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    parts.insert(name.clone(), template_part(name, value));
                }
            }
            "data_stream" => drop(parts.insert(name.clone(), without_false(value))),
            "index_patterns" if value.is_string() => drop(parts.insert(name.clone(), Value::from(vec![value.clone()]))),
            name if DATES.contains(&name) => {}
            _ => drop(parts.insert(name.clone(), value.clone())),
        }
    }
    // Elasticsearch gives back an empty list of component templates where none was put.
    parts.retain(|name, value| {
        *value != Value::Object(Map::new()) && !(name == "composed_of" && *value == Value::Array(Vec::new()))
    });
    parts
}

fn template_part(name: &str, value: &Value) -> Value {
    match name {
        "settings" => {
            let mut flat = Map::new();
            flatten("", value, &mut flat);
            Value::Object(flat)
        }
        "lifecycle" => {
            let mut lifecycle = value.clone();
            if let Some(lifecycle) = lifecycle.as_object_mut() {
                lifecycle.retain(|name, value| name != "enabled" || *value == false);
            }
            lifecycle
        }
        _ => value.clone(),
    }
}

/// Settings by their full names, with the texts that Elasticsearch makes of their values.
fn flatten(prefix: &str, value: &Value, into: &mut Map<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&name, value, into);
            }
        }
        value => {
            let name = if prefix.starts_with("index.") { prefix.to_owned() } else { format!("index.{prefix}") };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            into.insert(name, text.into());
        }
    }
}

/// Defaults of an index template's `data_stream` are all false.
fn without_false(value: &Value) -> Value {
    let members = value.as_object().into_iter().flatten().filter(|(_, value)| **value != false);
    // That it makes data streams at all is what matters.
    let mut kept: Map<String, Value> = members.map(|(name, value)| (name.clone(), value.clone())).collect();
    kept.insert("is_data_stream".to_owned(), true.into());
    Value::Object(kept)
}
