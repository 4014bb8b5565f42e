//! The published JSON Schema of a row: what fixtures are checked against.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::attr::{COLUMN, KIND};
use crate::dataset::Definition;
use crate::types::KEY;

/// JSON Schema (2020-12) of a dataset's rows. Every property may be absent or null, because Microsoft's services omit
/// and null them at will.
pub fn row_schema(definition: &Definition) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let root = (definition.row)(&mut generator);
    let mut schema = root.to_value();
    let mut definitions = Value::Object(generator.take_definitions(true));
    clean(&mut schema);
    clean(&mut definitions);
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        map.insert("$defs".into(), definitions);
    }
    schema
}

/// Takes our annotations out and lets every property be null.
fn clean(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for key in [COLUMN, KIND, KEY] {
                map.remove(key);
            }
            if map.get("required").is_some_and(Value::is_array) {
                map.remove("required");
            }
            map.values_mut().for_each(clean);
            for property in
                map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(|m| m.values_mut())
            {
                if property.get("$ref").is_some() || property.get("type") == Some(&"array".into()) {
                    *property = json!({ "anyOf": [property.take(), { "type": "null" }] });
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        _ => {}
    }
}
