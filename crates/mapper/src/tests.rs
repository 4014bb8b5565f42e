//! Laws of the mapper; each file of the folder holds one group of them.

mod content;
mod hostile;
mod identity;
mod json;
mod lenient;
mod mapping;
mod ops;
mod rollup;
mod row;
mod split;
mod things;
mod timestamp;
mod values;

use serde_json::Value;

use crate::{DocId, Mapper, Reject, Row};

/// A fresh mapper of the dataset.
fn mapper(dataset: &str) -> Mapper {
    Mapper::new(schema::dataset(dataset).expect("dataset"))
}

/// Maps one row with a fresh mapper.
fn map(dataset: &str, row: &str) -> Result<(DocId, Value), Reject> {
    let mut out = Vec::new();
    let id = mapper(dataset).map(row.as_bytes(), &mut out)?;
    Ok((id, json::strict(&out)))
}

/// The document of a row that must have one.
fn document(dataset: &str, row: &str) -> Value {
    map(dataset, row).unwrap_or_else(|reject| panic!("{reject}: {row}")).1
}

/// Holds the value at each JSON pointer of the document to what is expected; null stands for nothing there.
fn check(document: &Value, expected: &[(&str, Value)]) {
    for (pointer, value) in expected {
        assert_eq!(document.pointer(pointer).unwrap_or(&Value::Null), value, "{pointer} of {document:#}");
    }
}

/// All documents of a row.
fn items(mapper: &mut Mapper, row: &[u8]) -> Vec<Result<(DocId, Vec<u8>), Reject>> {
    let mut all = Vec::new();
    let row = Row::parse(row).expect("row");
    mapper.map_items(&row, &mut |result| all.push(result.map(|(id, document)| (id, document.to_vec()))));
    all
}

/// An alert with what every alert needs, and these members.
fn alert(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"id":"a1","tenantId":"t1","lastUpdateDateTime":"2026-03-02T09:40:01Z"{comma}{members}}}"#)
}

/// A row of the dataset `evidence`: the alert with one item.
fn evidence(item: &str) -> String {
    alert(&format!(r#""evidence":{item}"#))
}
