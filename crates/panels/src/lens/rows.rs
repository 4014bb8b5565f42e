//! The answers of a layer's searches as rows.

use std::collections::HashMap;

use schema::ecs::Type;
use serde_json::{Map, Value};

use super::column::{Bucket, Operation, Terms};
use super::error::{Problem, Result};
use super::layer::{Layer, MISSING_KEY, OTHER_KEY, Shifted};
use crate::table::{self, Kind, Table, TableColumn};

/// The aggregations of an answer with the documents that it is about, as if it were a bucket.
pub(crate) fn root(answer: &Value) -> Result<Value> {
    if let Some(error) = answer.get("error") {
        let reason = error["root_cause"][0]["reason"].as_str().or_else(|| error["reason"].as_str());
        return Err(Problem::new(format!("the search was refused: {}", reason.unwrap_or("no reason given"))));
    }
    let failed = answer["_shards"]["failed"].as_u64().unwrap_or(0);
    if failed > 0 {
        let reason = &answer["_shards"]["failures"][0]["reason"]["reason"];
        return Err(Problem::new(format!("the search failed on {failed} shards: {reason}")));
    }
    if answer["timed_out"] == true {
        return Err(Problem::new("the search timed out"));
    }
    let total = &answer["hits"]["total"]["value"];
    if !total.is_u64() {
        return Err(Problem::new("the answer is not that of a search: it has no hits.total.value"));
    }
    let mut root = answer["aggregations"].as_object().cloned().unwrap_or_default();
    root.insert("doc_count".to_owned(), total.clone());
    Ok(Value::Object(root))
}

/// Columns of the layer for people.
fn columns(layer: &Layer) -> Vec<TableColumn> {
    let column = |column: &super::column::Column| TableColumn {
        id: column.id.clone(),
        label: column.label.clone(),
        kind: column.kind,
        format: column.format.clone(),
    };
    layer.columns.iter().map(column).collect()
}

/// A layer without a search.
pub(crate) fn constant(layer: &Layer) -> Table {
    let cells = layer.columns.iter().map(|column| match column.operation {
        Operation::Static(number) => super::column::whole(number.into()),
        _ => Value::Null,
    });
    Table { rows: vec![cells.collect()], columns: columns(layer), total_hits: 0 }
}

/// Joins the answers of all shifts in time; rows are told apart by their keys.
pub(crate) fn table(layer: &Layer, shifts: &[Shifted], roots: &[Value]) -> Table {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (shifted, root) in shifts.iter().zip(roots) {
        for (keys, bucket) in innermost(layer, *shifted, root, &[]) {
            let name = Value::from(keys.clone()).to_string();
            let at = *known.entry(name).or_insert_with(|| {
                let mut row = keys;
                row.resize(layer.columns.len(), Value::Null);
                rows.push(row);
                rows.len() - 1
            });
            fill(layer, *shifted, bucket, &mut rows[at]);
        }
    }
    let buckets = layer.buckets().count();
    if shifts.len() > 1 && buckets > 0 && layer.columns[buckets - 1].kind == Kind::Date {
        // What only an earlier time has was put at the end.
        rows.sort_by_key(|row| (position(&known, &row[..buckets - 1]), row[buckets - 1].as_i64()));
    }
    if let Some((column, ascending)) = layer.sorting {
        rows.sort_by(|left, right| in_order(&left[column], &right[column], ascending));
    }
    let total_hits = roots.first().and_then(|root| root["doc_count"].as_u64()).unwrap_or(0);
    Table { columns: columns(layer), rows, total_hits }
}

/// Where the first row of these outer keys stands.
fn position(known: &HashMap<String, usize>, outer: &[Value]) -> usize {
    let text = Value::from(outer.to_vec()).to_string();
    let begin = text.trim_end_matches(']');
    known.iter().filter(|(name, _)| name.starts_with(begin)).map(|(_, at)| *at).min().unwrap_or(0)
}

fn fill(layer: &Layer, shifted: Shifted, bucket: &Value, row: &mut [Value]) {
    for (position, column) in layer.columns.iter().enumerate() {
        match &column.operation {
            Operation::Static(number) => row[position] = super::column::whole((*number).into()),
            Operation::Metric(metric) if metric.shift == shifted.by => {
                let own = &bucket[format!("m{position}")];
                let is_wrapped = metric.filter.is_some() || metric.reduced.is_some();
                let (answer, count) =
                    if is_wrapped { (&own["v"], &own["doc_count"]) } else { (own, &bucket["doc_count"]) };
                row[position] = metric.read(answer, count);
            }
            _ => {}
        }
    }
}

/// The innermost buckets below `bucket`, with all keys that lead there.
fn innermost<'a>(layer: &Layer, shifted: Shifted, bucket: &'a Value, keys: &[Value]) -> Vec<(Vec<Value>, &'a Value)> {
    let level = keys.len();
    let Some(definition) = layer.bucket(level) else { return vec![(keys.to_vec(), bucket)] };
    let inner = buckets(bucket, level).iter().enumerate();
    let whole = inner.filter(|(_, inner)| !is_partial(definition, inner, shifted));
    let found = whole.flat_map(|(position, inner)| {
        let mut keys = keys.to_vec();
        keys.push(key(definition, position, inner, shifted));
        innermost(layer, shifted, inner, &keys)
    });
    found.collect()
}

/// The buckets of this level within a bucket of the level before.
pub(crate) fn buckets(parent: &Value, level: usize) -> &[Value] {
    parent[format!("b{level}")]["buckets"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn is_partial(definition: &Bucket, bucket: &Value, shifted: Shifted) -> bool {
    let Bucket::DateHistogram { interval, drop_partials: true, .. } = definition else { return false };
    let begin = bucket["key"].as_i64().unwrap_or(0);
    begin < shifted.span.from || interval.added(begin, 1).is_ok_and(|end| end > shifted.span.to)
}

/// The key as a cell.
fn key(definition: &Bucket, position: usize, bucket: &Value, shifted: Shifted) -> Value {
    let key = &bucket["key"];
    match definition {
        Bucket::DateHistogram { interval, .. } => {
            let time = key.as_i64().unwrap_or_else(|| milliseconds(key));
            let moved = shifted.by.and_then(|by| by.added(time, 1).ok());
            Value::from(moved.map_or(time, |time| interval.floor(time)))
        }
        Bucket::Filters(filters) => filters.get(position).map_or(Value::Null, |(label, _)| label.as_str().into()),
        Bucket::Ranges { ranges, .. } => {
            ranges.get(range_at(ranges, position, bucket)).map_or(Value::Null, |range| range.label.as_str().into())
        }
        Bucket::Histogram { .. } => super::column::whole(key.clone()),
        Bucket::Terms(terms) => term(terms, bucket),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "Elasticsearch gives whole milliseconds")]
fn milliseconds(key: &Value) -> i64 {
    key.as_f64().unwrap_or(0.0) as i64
}

/// Elasticsearch sorts ranges by their ends: the one that is meant has the same ends.
pub(crate) fn range_at(ranges: &[super::column::RangeBucket], position: usize, bucket: &Value) -> usize {
    let same =
        |range: &super::column::RangeBucket| range.from == bucket["from"].as_f64() && range.to == bucket["to"].as_f64();
    ranges.iter().position(same).unwrap_or(position)
}

fn term(terms: &Terms, bucket: &Value) -> Value {
    let key = &bucket["key"];
    if key == OTHER_KEY {
        return table::OTHER.into();
    }
    if key == MISSING_KEY {
        return table::MISSING.into();
    }
    if let Some(keys) = key.as_array() {
        let text = |key: &Value| key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        return keys.iter().map(text).collect::<Vec<_>>().join(" › ").into();
    }
    match terms.kind {
        Type::Boolean => Value::Bool(bucket["key_as_string"] == "true"),
        _ => super::column::whole(key.clone()),
    }
}

/// Nothing comes last in either direction.
fn in_order(left: &Value, right: &Value, ascending: bool) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    let order = match (left, right) {
        (Value::Null, Value::Null) => return Ordering::Equal,
        (Value::Null, _) => return Ordering::Greater,
        (_, Value::Null) => return Ordering::Less,
        _ => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.total_cmp(&right),
            _ => left.as_str().unwrap_or_default().cmp(right.as_str().unwrap_or_default()),
        },
    };
    if ascending { order } else { order.reverse() }
}

/// A bucket with a key and what it stands for, to be put beside those of the server.
pub(crate) fn other_bucket(bucket: &Value, condition: &Value) -> Value {
    let mut bucket: Map<String, Value> = bucket.as_object().cloned().unwrap_or_default();
    bucket.insert("key".to_owned(), OTHER_KEY.into());
    bucket.insert("condition".to_owned(), condition.clone());
    Value::Object(bucket)
}
