//! Structures of the wire as JSON, and back.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Protobuf};
use serde_json::{Value, json};

use crate::json::{object, structure};

fn read(kind: Kind) -> Value {
    let fields = [("it".to_owned(), Protobuf { kind: Some(kind) })].into();
    object(Struct { fields })["it"].clone()
}

#[test]
fn whole_doubles_are_integers_again() {
    for (double, expected) in [
        (0.0, json!(0)),
        (-0.0, json!(0)),
        (1000.0, json!(1000)),
        (-3.0, json!(-3)),
        (0.5, json!(0.5)),
        (9_007_199_254_740_992.0, json!(9_007_199_254_740_992_i64)),
        (1e300, json!(1e300)),
        (f64::NAN, Value::Null),
        (f64::INFINITY, Value::Null),
    ] {
        assert_eq!(read(Kind::NumberValue(double)), expected, "{double}");
    }
}

#[test]
fn every_kind_arrives() {
    assert_eq!(read(Kind::NullValue(0)), Value::Null);
    assert_eq!(read(Kind::BoolValue(true)), json!(true));
    assert_eq!(read(Kind::StringValue("id:key".to_owned())), json!("id:key"));
    let empty = Protobuf { kind: None };
    assert_eq!(read(Kind::ListValue(ListValue { values: vec![empty] })), json!([null]));
    assert_eq!(read(Kind::StructValue(Struct::default())), json!({}));
}

#[test]
fn a_payload_goes_there_and_back() {
    let value = json!({"streams": {"a": {"status": "HEALTHY", "error": ""}}, "n": 7, "list": [1.5, null, true]});
    assert_eq!(Value::Object(object(structure(value.as_object().unwrap()))), value);
}
