//! What an agent sends: configurations from a policy's maps, lists in parts.

use agent::messages::{CheckinExpected, DataStream, Meta, Package, Stream, UnitExpectedConfig};
use prost::Message;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Timestamp, Value as Protobuf};
use serde_json::{Map, Value};

/// A map of the policy on the wire: every number is a double.
pub(super) fn structure(object: &Map<String, Value>) -> Struct {
    Struct { fields: object.iter().map(|(name, value)| (name.clone(), protobuf(value))).collect() }
}

fn protobuf(value: &Value) -> Protobuf {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(*flag),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(items) => Kind::ListValue(ListValue { values: items.iter().map(protobuf).collect() }),
        Value::Object(inner) => Kind::StructValue(structure(inner)),
    };
    Protobuf { kind: Some(kind) }
}

fn text(object: &Map<String, Value>, name: &str) -> String {
    match object.get(name) {
        Some(Value::String(text)) => text.clone(),
        // A numeric id arrives as a text in the typed copy.
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A part that is written nested or with dots.
fn nested(object: &Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
    let mut found = object.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let prefix = format!("{name}.");
    for (key, value) in object {
        if let Some(inner) = key.strip_prefix(&prefix) {
            found.insert(inner.to_owned(), value.clone());
        }
    }
    Some(found).filter(|found| !found.is_empty())
}

fn data_stream(object: &Map<String, Value>) -> Option<DataStream> {
    nested(object, "data_stream").map(|inner| DataStream {
        source: Some(structure(&inner)),
        dataset: text(&inner, "dataset"),
        r#type: text(&inner, "type"),
        namespace: text(&inner, "namespace"),
    })
}

fn meta(object: &Map<String, Value>) -> Option<Meta> {
    nested(object, "meta").map(|inner| Meta {
        source: Some(structure(&inner)),
        package: nested(&inner, "package").map(|package| Package {
            source: Some(structure(&package)),
            name: text(&package, "name"),
            version: text(&package, "version"),
        }),
    })
}

/// The configuration of a unit from its map in the policy, with the copies that an agent makes.
pub(super) fn config(source: &Map<String, Value>) -> UnitExpectedConfig {
    let streams = source.get("streams").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    UnitExpectedConfig {
        source: Some(structure(source)),
        id: text(source, "id"),
        r#type: text(source, "type"),
        name: text(source, "name"),
        revision: source.get("revision").and_then(Value::as_u64).unwrap_or_default(),
        meta: meta(source),
        data_stream: data_stream(source),
        streams: streams
            .map(|stream| Stream {
                source: Some(structure(stream)),
                id: text(stream, "id"),
                data_stream: data_stream(stream),
            })
            .collect(),
    }
}

/// The message, in parts if it is too long. A unit that no message holds is an error of the agent.
pub(super) fn split(mut whole: CheckinExpected, limit: usize, now: Timestamp) -> Vec<CheckinExpected> {
    if whole.encoded_len() <= limit {
        return vec![whole];
    }
    let units = std::mem::take(&mut whole.units);
    whole.units_timestamp = Some(now);
    let end = CheckinExpected { units_timestamp: Some(now), ..CheckinExpected::default() };
    let mut parts = vec![whole];
    for unit in units {
        let last = parts
            .last_mut()
            .filter(|part| part.units.is_empty() || part.encoded_len() + unit.encoded_len() + 8 <= limit);
        match last {
            Some(part) => part.units.push(unit),
            None => parts.push(CheckinExpected { units: vec![unit], ..end.clone() }),
        }
    }
    parts.push(end);
    parts
}
