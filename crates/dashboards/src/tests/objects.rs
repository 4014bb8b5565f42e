//! The objects as files and as lines for an import.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::sample::sample;
use crate::saved_objects::{self, encode};

/// Texts that hold JSON as objects again, by the names that Kibana gives them.
fn decode(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if let (true, Some(text)) = (key.ends_with("JSON"), value.as_str()) {
                    *value = serde_json::from_str(text).unwrap();
                }
                decode(value);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(decode),
        _ => {}
    }
}

/// A key that ends in `JSON` and holds something else than text.
fn undecoded(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            if key.ends_with("JSON") && !value.is_string() { Some(key.clone()) } else { undecoded(value) }
        }),
        Value::Array(list) => list.iter().find_map(undecoded),
        _ => None,
    }
}

#[test]
fn encoding_turns_every_part_into_text_and_loses_nothing() {
    let all: Vec<_> = crate::all().into_iter().chain([sample()]).collect();
    for object in saved_objects::dashboards(&all).iter().chain(&saved_objects::searches(&all)) {
        let (decoded, encoded) = (object.decoded(), object.encoded());
        assert_eq!(undecoded(&encoded), None, "{}", object.id);
        assert_ne!(undecoded(&decoded), None, "{}: the test would see nothing", object.id);
        assert_eq!(encode(encoded.clone()), encoded, "{}: encoding twice", object.id);
        let mut again = encoded;
        // Panels are objects within a text within a text.
        decode(&mut again);
        assert_eq!(again, decoded, "{}", object.id);
    }
}

#[test]
fn an_import_holds_everything_that_is_referred_to() {
    let text = saved_objects::ndjson(&crate::all());
    let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let key = |object: &Value| (object["type"].as_str().unwrap().to_owned(), object["id"].as_str().unwrap().to_owned());
    let present: BTreeSet<_> = objects.iter().map(key).collect();
    assert_eq!(present.len(), objects.len(), "an object is there twice");
    for object in &objects {
        for reference in object["references"].as_array().unwrap() {
            assert!(present.contains(&key(reference)), "{} refers to {reference}", object["id"]);
        }
        let tagged = object["references"].as_array().unwrap().iter().any(|reference| reference["type"] == "tag");
        let listed = ["dashboard", "search"].contains(&object["type"].as_str().unwrap());
        assert_eq!(tagged, listed, "{}", object["id"]);
        assert_eq!(object["coreMigrationVersion"], json!("8.8.0"));
    }
}
