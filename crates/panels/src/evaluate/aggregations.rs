//! Aggregations over documents in memory: a tree of buckets and metrics, answered as Elasticsearch does.

use serde_json::{Map, Value, json};

use super::document::Document;
use super::{Error, Result, Types, buckets, metrics};

/// Documents of a bucket.
pub(super) type Group<'a> = Vec<&'a Document>;

/// The answers of these aggregations, by name.
pub(super) fn run(aggregations: &Value, documents: &[&Document], types: &Types) -> Result<Value> {
    let mut answers = Map::new();
    for (name, aggregation) in aggregations.as_object().into_iter().flatten() {
        answers.insert(
            name.clone(),
            one(aggregation, documents, types).map_err(|error| Error::new(format!("{name}: {error}")))?,
        );
    }
    Ok(Value::Object(answers))
}

fn one(aggregation: &Value, documents: &[&Document], types: &Types) -> Result<Value> {
    let inner = Inner { aggregations: &aggregation["aggs"], types };
    let mut words = aggregation.as_object().into_iter().flatten().filter(|(word, _)| *word != "aggs");
    let Some((word, body)) = words.next() else { return Err(Error::new("an aggregation without a type")) };
    match word.as_str() {
        "terms" | "multi_terms" => buckets::terms(body, documents, &inner),
        "rare_terms" => buckets::rare_terms(body, documents, &inner),
        "date_histogram" => buckets::date_histogram(body, documents, &inner),
        "histogram" => buckets::histogram(body, documents, &inner),
        "range" => buckets::range(body, documents, &inner),
        "filters" => buckets::filters(body, documents, &inner),
        "filter" => buckets::filter(body, documents, &inner),
        "geotile_grid" => buckets::tiles(body, documents, &inner),
        _ => metrics::metric(word, body, documents, types),
    }
}

/// What is computed within each bucket.
pub(super) struct Inner<'a> {
    aggregations: &'a Value,
    pub(super) types: &'a Types,
}

impl Inner<'_> {
    /// A bucket with these entries.
    pub(super) fn bucket(&self, entries: Value, documents: &[&Document]) -> Result<Value> {
        let mut bucket = entries;
        bucket["doc_count"] = documents.len().into();
        let answers = run(self.aggregations, documents, self.types)?;
        if let (Some(bucket), Value::Object(answers)) = (bucket.as_object_mut(), answers) {
            bucket.extend(answers);
        }
        Ok(bucket)
    }

    /// The number that a path of `order` leads to in a bucket, as Elasticsearch compares it.
    pub(super) fn order_value(bucket: &Value, path: &str) -> Result<f64> {
        let (path, suffix) = match path.rsplit_once('>') {
            Some((outer, last)) => (Some(outer), last),
            None => (None, path),
        };
        let mut place = bucket;
        for name in path.into_iter().flat_map(|path| path.split('>')) {
            place = &place[name];
        }
        let (name, property) = suffix.split_once('.').unwrap_or((suffix, ""));
        let answer = &place[name];
        let missing = || Error::new(format!("the order {suffix} leads nowhere"));
        if !answer.is_object() {
            return Err(missing());
        }
        if let Some(values) = answer["values"].as_array() {
            let wanted: f64 = property.parse().map_err(|_| missing())?;
            let found = values.iter().find(|value| value["key"].as_f64() == Some(wanted)).ok_or_else(missing)?;
            return Ok(found["value"].as_f64().unwrap_or(f64::NAN));
        }
        if !property.is_empty() {
            return Ok(answer[property].as_f64().unwrap_or(f64::NAN));
        }
        if let Some(empty) = answer.get("order_without_value") {
            return Ok(if empty == "lowest" { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        let value = answer.get("value").or_else(|| answer.get("doc_count")).ok_or_else(missing)?;
        Ok(value.as_f64().unwrap_or(f64::NAN))
    }
}

/// A bucket's entry for its key.
pub(super) fn keyed(key: &Value) -> Value {
    json!({ "key": key })
}
