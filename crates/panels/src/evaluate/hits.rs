//! Documents in order, with the fields that are asked for.

use std::cmp::Ordering;

use schema::ecs::Type;
use serde_json::{Map, Value, json};

use super::document::Document;
use super::values::Datum;
use super::{Error, Result, Types};
use crate::lens::iso;

/// The first `size` documents in the order that `body.sort` says, with `body.fields`.
pub(super) fn hits(documents: &[&Document], body: &Value, size: u64, types: &Types) -> Result<Value> {
    if size == 0 {
        return Ok(json!([]));
    }
    let mut order = Vec::new();
    for sort in body["sort"].as_array().into_iter().flatten() {
        for (field, how) in sort.as_object().into_iter().flatten() {
            let direction = how["order"].as_str().or_else(|| how.as_str());
            order.push((field.as_str(), direction == Some("asc")));
        }
    }
    let mut documents = documents.to_vec();
    documents.sort_by(|left, right| {
        let compare = |(field, ascending): &(&str, bool)| compare(left.values(field), right.values(field), *ascending);
        order.iter().map(compare).find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
    });
    documents.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let hits = documents.iter().map(|document| hit(document, body, types));
    hits.collect::<Result<Vec<_>>>().map(Value::from)
}

/// The smallest value counts in ascending order, the largest in descending order; documents without one come last.
fn compare(left: &[Datum], right: &[Datum], ascending: bool) -> Ordering {
    let pick = |values: &[Datum]| if ascending { values.iter().min().cloned() } else { values.iter().max().cloned() };
    match (pick(left), pick(right)) {
        (Some(left), Some(right)) if ascending => left.cmp(&right),
        (Some(left), Some(right)) => right.cmp(&left),
        (None, None) => Ordering::Equal,
        (None, _) => Ordering::Greater,
        (_, None) => Ordering::Less,
    }
}

fn hit(document: &Document, body: &Value, types: &Types) -> Result<Value> {
    let mut found = Map::new();
    for wanted in body["fields"].as_array().into_iter().flatten() {
        let name = wanted["field"].as_str().or_else(|| wanted.as_str());
        let name = name.ok_or_else(|| Error::new(format!("{wanted} names no field")))?;
        let Some(kind) = types.kind(name) else { continue };
        let mut leaves = Vec::new();
        below(&document.source, name, &mut leaves);
        let values = leaves.into_iter().filter_map(|leaf| formatted(kind, leaf, wanted["format"].as_str()));
        let values: Vec<Value> = values.collect();
        if !values.is_empty() {
            found.insert(name.to_owned(), values.into());
        }
    }
    Ok(json!({ "_index": document.index, "fields": found }))
}

/// The values at a dotted path, through lists.
fn below<'a>(value: &'a Value, path: &str, leaves: &mut Vec<&'a Value>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| below(value, path, leaves)),
        Value::Null => {}
        _ if path.is_empty() => leaves.push(value),
        Value::Object(object) => {
            for (name, value) in object {
                match path.strip_prefix(name.as_str()) {
                    Some("") => below(value, "", leaves),
                    Some(rest) if rest.starts_with('.') => below(value, &rest[1..], leaves),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn formatted(kind: Type, leaf: &Value, format: Option<&str>) -> Option<Value> {
    if kind == Type::Flattened {
        return Some(leaf.clone());
    }
    Some(match Datum::of(kind, leaf)? {
        Datum::Date(time) if format == Some("epoch_millis") => time.to_string().into(),
        Datum::Date(time) => iso(time).into(),
        Datum::Point(lat, lon) => json!({ "type": "Point", "coordinates": [lon, lat] }),
        Datum::Boolean(flag) => flag.into(),
        datum => datum.key(),
    })
}
