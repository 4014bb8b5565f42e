//! The bucket "Other": what the top values leave over is asked for in a second search, as Kibana does.

use schema::ecs::Type;
use serde_json::{Value, json};

use super::column::{Bucket, Interval, Terms};
use super::error::Result;
use super::kql::{all, none};
use super::layer::{Layer, MISSING_KEY, OTHER_KEY, Shifted};
use super::rows::{buckets, other_bucket, range_at};

/// Where an "Other" bucket belongs, and what it holds.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    /// Positions of the buckets that lead to its parent.
    path: Vec<usize>,
    condition: Value,
}

/// The rests of this level of buckets; none if the level has no such bucket or everything is in the top values.
pub(crate) fn rests(layer: &Layer, level: usize, root: &Value) -> Vec<Rest> {
    match layer.bucket(level) {
        Some(Bucket::Terms(terms)) if terms.other => below(layer, level, root, &Place::default()),
        _ => Vec::new(),
    }
}

/// The way to a bucket.
#[derive(Debug, Clone, Default)]
struct Place {
    path: Vec<usize>,
    conditions: Vec<Value>,
}

fn below(layer: &Layer, level: usize, parent: &Value, place: &Place) -> Vec<Rest> {
    let depth = place.path.len();
    let Some(definition) = layer.bucket(depth) else { return Vec::new() };
    if let (true, Bucket::Terms(terms)) = (depth == level, definition) {
        let is_all = parent[format!("b{level}")]["sum_other_doc_count"].as_u64().unwrap_or(0) == 0;
        let mut conditions = place.conditions.clone();
        conditions.extend(left_over(terms, buckets(parent, level)));
        let rest = Rest { path: place.path.clone(), condition: all(&conditions) };
        return if is_all { Vec::new() } else { vec![rest] };
    }
    let inner = buckets(parent, depth).iter().enumerate().flat_map(|(position, bucket)| {
        let mut place = place.clone();
        place.path.push(position);
        place.conditions.push(condition(definition, position, bucket));
        below(layer, level, bucket, &place)
    });
    inner.collect()
}

/// Conditions of what is in none of these buckets.
fn left_over(terms: &Terms, top: &[Value]) -> Vec<Value> {
    let field = &terms.fields[0];
    let mut conditions: Vec<Value> = top.iter().map(|bucket| none(&term(terms, bucket))).collect();
    if !terms.missing {
        conditions.push(json!({ "exists": { "field": field } }));
    }
    conditions
}

/// The condition that makes this bucket.
fn condition(definition: &Bucket, position: usize, bucket: &Value) -> Value {
    let key = &bucket["key"];
    match definition {
        Bucket::DateHistogram { field, interval, .. } => {
            let begin = key.as_i64().unwrap_or(0);
            let end = interval.added(begin, 1).unwrap_or(begin);
            json!({ "range": { field: { "gte": begin, "lt": end, "format": "epoch_millis" } } })
        }
        Bucket::Filters(filters) => filters.get(position).map_or(Value::Null, |(_, condition)| condition.clone()),
        Bucket::Ranges { field, ranges } => {
            let range = &ranges[range_at(ranges, position, bucket).min(ranges.len() - 1)];
            let ends = [("gte", range.from), ("lt", range.to)].into_iter().filter_map(|(word, end)| Some((word, end?)));
            json!({ "range": { field: ends.collect::<std::collections::BTreeMap<_, _>>() } })
        }
        Bucket::Histogram { field, interval, .. } => {
            let begin = key.as_f64().unwrap_or(0.0);
            let size = if let Interval::Fixed(size) = interval { *size } else { 0.0 };
            json!({ "range": { field: { "gte": begin, "lt": begin + size } } })
        }
        Bucket::Terms(terms) => term(terms, bucket),
    }
}

fn term(terms: &Terms, bucket: &Value) -> Value {
    let key = &bucket["key"];
    if key == OTHER_KEY {
        return bucket["condition"].clone();
    }
    if let Some(keys) = key.as_array() {
        let terms = terms.fields.iter().zip(keys).map(|(field, key)| json!({ "term": { field: { "value": key } } }));
        return all(&terms.collect::<Vec<_>>());
    }
    let field = &terms.fields[0];
    if key == MISSING_KEY {
        return none(&json!({ "exists": { "field": field } }));
    }
    let value = if terms.kind == Type::Boolean { json!(bucket["key_as_string"] == "true") } else { key.clone() };
    json!({ "term": { field: { "value": value } } })
}

/// The search for these rests.
pub(crate) fn body(layer: &Layer, level: usize, shifted: Shifted, rests: &[Rest]) -> Result<Value> {
    let conditions: Vec<&Value> = rests.iter().map(|rest| &rest.condition).collect();
    let mut other = json!({ "filters": { "filters": conditions } });
    let inner = layer.tree(level + 1, shifted)?;
    if inner.as_object().is_some_and(|object| !object.is_empty()) {
        other["aggs"] = inner;
    }
    Ok(layer.body(shifted.span, json!({ "other": other })))
}

/// Puts the answered rests beside the top values.
pub(crate) fn join(level: usize, root: &mut Value, rests: &[Rest], answer: &Value) {
    for (rest, bucket) in rests.iter().zip(answer["other"]["buckets"].as_array().into_iter().flatten()) {
        if bucket["doc_count"].as_u64().unwrap_or(0) == 0 {
            continue;
        }
        let mut parent = &mut *root;
        for (depth, position) in rest.path.iter().enumerate() {
            parent = &mut parent[format!("b{depth}")]["buckets"][*position];
        }
        if let Some(list) = parent[format!("b{level}")]["buckets"].as_array_mut() {
            list.push(other_bucket(bucket, &rest.condition));
        }
    }
}
