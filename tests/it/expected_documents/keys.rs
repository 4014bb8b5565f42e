//! What names a document, told from a record of the simulator, and from the document. How the rows of a dataset lie in
//! its records says what that is.

use std::collections::{BTreeSet, HashSet};

use schema::{Dataset, Rows};
use serde_json::Value;
use simulator::{List, evidence_name};

use crate::it::sources;

/// What of a document tells which record and version it is of.
pub(crate) const FIELDS: &str = "@timestamp,event.id,event.original";

/// Documents of a dataset that a version of a record makes, and the item that each is made of. Items that have the same
/// names and state are one, as are inner items that are alike in every word.
pub(super) fn of_record(dataset: &Dataset, list: &List, record: &Value) -> Vec<(String, String)> {
    let name = dataset.definition.name;
    let (id, version) = (text(at(record, list.id())), version_of(dataset, list, record));
    let mut documents = match dataset.definition.rows {
        Rows::Elements | Rows::Rollup { .. } => vec![(key([name, &id, &version], ""), String::new())],
        Rows::Items(items) => {
            let items = array(record, items).iter();
            items.map(|item| (key([name, &id, &version], &evidence_name(item)), item.to_string())).collect()
        }
        Rows::Outer { outer, inner } => {
            let mut rows: Vec<_> = array(record, outer).iter().flat_map(|one| inner_rows(one, inner)).collect();
            if rows.is_empty() {
                rows.push(Value::Null);
            }
            rows.iter().map(|row| (key([name, &id, &version], &said(row)), row.to_string())).collect()
        }
    };
    let mut seen = HashSet::new();
    documents.retain(|(key, _)| seen.insert(key.clone()));
    documents
}

/// What a document is of, in the same words.
pub(crate) fn of_document(dataset: &Dataset, document: &Value) -> String {
    let name = dataset.definition.name;
    let list = sources::list_of(dataset);
    let row = without_odd_members(document["event"]["original"].as_str().unwrap_or_default());
    let row: Value = serde_json::from_str(&row).unwrap();
    let is_versioned = dataset.definition.identity.contains(&list.version());
    let version = if is_versioned { text(&document["@timestamp"]) } else { String::new() };
    let (id, rest) = match dataset.definition.rows {
        Rows::Elements | Rows::Rollup { .. } => (named(document, &row, list), String::new()),
        Rows::Items(items) => (named(document, &row, list), evidence_name(&row[items])),
        Rows::Outer { outer, .. } => (text(at(&row, list.id())), said(&row[outer])),
    };
    // The collector writes into every row whose it is.
    format!("{} of {}", key([name, &id, &version], &rest), text(&row["tenantId"]))
}

/// The record's id where the document tells it, or as the row does.
fn named(document: &Value, row: &Value, list: &List) -> String {
    let told = &document["event"]["id"];
    text(if told.is_null() { at(row, list.id()) } else { told })
}

/// The version that the documents of a dataset carry.
fn version_of(dataset: &Dataset, list: &List, record: &Value) -> String {
    let is_versioned = dataset.definition.identity.contains(&list.version());
    if is_versioned { text(at(record, list.time())) } else { String::new() }
}

/// The rows of an outer item: itself with each of its inner items in place of them all.
fn inner_rows(outer: &Value, inner: &str) -> Vec<Value> {
    let with = |item: &Value| {
        let mut row = outer.clone();
        row[inner] = item.clone();
        row
    };
    let rows: Vec<_> = array(outer, inner).iter().map(with).collect();
    if rows.is_empty() { vec![with(&Value::Null)] } else { rows }
}

/// All that an outer item says, in an order of its own: members without a value are as good as none.
fn said(outer: &Value) -> String {
    let members = outer.as_object().into_iter().flatten();
    let filled = members.filter(|(_, value)| !value.is_null() && **value != Value::Array(Vec::new()));
    filled.map(|(name, value)| format!("{name}={value}")).collect::<BTreeSet<_>>().into_iter().collect()
}

fn array<'v>(of: &'v Value, name: &str) -> &'v [Value] {
    of[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn key(parts: [&str; 3], rest: &str) -> String {
    format!("{} {rest}", parts.join(" ")).trim_end().to_owned()
}

/// The value at a dotted path.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, name| &value[name])
}

/// A text without its quotes, or what else it is.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Members that are not JSON, for [`simulator::Fault::Members`]. The array among them is taken for one of nested rows.
pub(crate) fn odd_members() -> [Vec<u8>; 2] {
    let deep = [b"[".repeat(80), b"]".repeat(80)].concat();
    let nested =
        b"\"alerts\":[{\"id\":\"other\",\"tenantId\":\"other\",\"lastUpdateDateTime\":\"2026-01-01T00:00:00Z\"}],";
    let members: &[u8] = b"\"twice\":1,\"twice\":2,\"n\":[NaN,1e400,01,],\"\":\"a\tb\xff\\ud83d\\x41\",\"deep\":";
    [[nested, members, &deep].concat(), [members, &deep].concat()]
}

/// A row without them, as it would have come from a service in good order.
fn without_odd_members(row: &str) -> String {
    let members = odd_members().map(|members| format!("{},", String::from_utf8_lossy(&members)));
    members.iter().fold(row.to_owned(), |row, members| row.replace(members, ""))
}
