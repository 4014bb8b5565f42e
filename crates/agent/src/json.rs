//! `google.protobuf.Struct`, in which configurations arrive and payloads leave, as JSON.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Protobuf};
use serde_json::{Map, Number, Value};

/// Whole numbers up to here are told apart by a double: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// An object. Every number arrives as a double; whole ones become integers, as the policy had them.
pub(crate) fn object(source: Struct) -> Map<String, Value> {
    source.fields.into_iter().map(|(name, value)| (name, json(value))).collect()
}

fn json(value: Protobuf) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::NumberValue(number)) => self::number(number),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::BoolValue(flag)) => Value::Bool(flag),
        Some(Kind::StructValue(inner)) => Value::Object(object(inner)),
        Some(Kind::ListValue(list)) => Value::Array(list.values.into_iter().map(json).collect()),
    }
}

/// What is no number in JSON (infinite, not a number) is null.
#[expect(clippy::cast_possible_truncation, reason = "only where the double is a whole number below 2^53")]
fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= EXACT {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// The way back, for payloads. An integer above 2^53 loses digits: there are doubles only.
pub(crate) fn structure(object: &Map<String, Value>) -> Struct {
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
