//! A document with the values that a search can find.

use std::collections::HashMap;

use schema::ecs::Type;
use serde_json::Value;

use super::values::Datum;
use crate::lens::Fields;

#[derive(Debug)]
pub(super) struct Document {
    pub(super) index: String,
    pub(super) source: Value,
    values: HashMap<String, Vec<Datum>>,
}

impl Document {
    pub(super) fn new(index: &str, mut source: Value, fields: &Fields) -> Self {
        name_data_stream(index, &mut source);
        let mut values = HashMap::new();
        collect(&source, "", None, fields, &mut values);
        for list in values.values_mut() {
            if list.first().is_some_and(Datum::is_of_a_set) {
                list.sort();
                list.dedup();
            }
        }
        Self { index: index.to_owned(), source, values }
    }

    /// The values of the field; none if it has none, or is not mapped.
    pub(super) fn values(&self, field: &str) -> &[Datum] {
        self.values.get(field).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether any field of this object has a value.
    pub(super) fn has_below(&self, object: &str) -> bool {
        self.values.keys().any(|name| name.strip_prefix(object).is_some_and(|rest| rest.starts_with('.')))
    }
}

/// What a data stream's template says of its documents: parts of its name.
fn name_data_stream(index: &str, source: &mut Value) {
    let parts: Vec<&str> = index.splitn(3, '-').collect();
    if let ([kind @ ("logs" | "metrics"), dataset, namespace], true) = (parts.as_slice(), source.is_object()) {
        let stream = &mut source["data_stream"];
        if stream.is_null() || stream.is_object() {
            stream["type"] = (*kind).into();
            stream["dataset"] = (*dataset).into();
            stream["namespace"] = (*namespace).into();
        }
    }
}

/// Adds the values below `path`. Those below a `flattened` field are values of that field, too.
fn collect(value: &Value, path: &str, root: Option<&str>, fields: &Fields, values: &mut HashMap<String, Vec<Datum>>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, path, root, fields, values)),
        Value::Object(object) if fields.kind(path) != Some(Type::GeoPoint) => {
            let root = root.or_else(|| (fields.kind(path) == Some(Type::Flattened)).then_some(path));
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(value, &path, root, fields, values);
            }
        }
        Value::Null => {}
        _ => {
            let kind = if root.is_some() { Some(Type::Keyword) } else { fields.kind(path) };
            let Some(datum) = kind.and_then(|kind| Datum::of(kind, value)) else { return };
            if let Some(root) = root.filter(|root| *root != path) {
                values.entry(root.to_owned()).or_default().push(datum.clone());
            }
            values.entry(path.to_owned()).or_default().push(datum);
        }
    }
}
