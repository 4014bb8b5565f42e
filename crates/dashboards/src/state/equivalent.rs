//! The search that finds what a transform would write, for clusters without the module, and for tests.

use serde_json::{Map, Value, json};

use super::{Entity, Method, response};

/// Entities in one answer; the largest page of a transform is 500 by default, too.
const PAGE: usize = 500;
/// Name of the composite aggregation, which a transform has under another name.
const ENTITIES: &str = "entities";
const NEWEST: &str = "newest";

/// Documents of the destination out of one answer.
#[derive(Debug, Default)]
pub struct Page {
    /// Documents with their ids, which are made from the key.
    pub documents: Vec<(String, Value)>,
    /// Where the next page begins; none after the last.
    pub after: Option<Value>,
}

impl Entity {
    /// Body of a search over [`source`](Self::source), with the page that begins after `after`: the composite
    /// aggregation that the transform runs, and in it the newest document, or the pivot's aggregations as they are.
    pub fn search(&self, after: Option<&Value>) -> Value {
        let source = |(name, group): (String, Value)| json!({ name: group });
        let groups = match self.groups() {
            Value::Object(groups) => groups,
            _ => Map::new(),
        };
        let constant = |name: &String| response::CONSTANT.contains(&name.as_str());
        let wanted = |(name, _): &(String, Value)| self.method == Method::Response || !constant(name);
        let sources: Vec<Value> = groups.into_iter().filter(wanted).map(source).collect();
        let mut composite = json!({ "size": PAGE, "sources": sources });
        if let Some(after) = after {
            composite["after"] = after.clone();
        }
        let newest = json!({ NEWEST: { "top_hits": { "size": 1, "sort": [{ "@timestamp": "desc" }] } } });
        let inner = if self.method == Method::Latest { newest } else { response::aggregations() };
        json!({
            "size": 0,
            "query": self.query(),
            "aggregations": { ENTITIES: { "composite": composite, "aggregations": inner } },
        })
    }

    /// What the destination holds of an answer to [`search`](Self::search).
    pub fn page(&self, answer: &Value) -> Page {
        let found = &answer["aggregations"][ENTITIES];
        let buckets = found["buckets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let documents = buckets.iter().filter_map(|bucket| {
            let document = match self.method {
                Method::Latest => bucket.pointer(&format!("/{NEWEST}/hits/hits/0/_source"))?.clone(),
                Method::Response => pivoted(bucket),
            };
            let parts: Vec<&str> =
                self.key.iter().map(|field| bucket["key"][*field].as_str()).collect::<Option<_>>()?;
            Some((parts.join("|"), document))
        });
        Page { documents: documents.collect(), after: found.get("after_key").cloned() }
    }
}

/// The document of a bucket, as a pivot writes it: groups and aggregations at the paths that they are named by.
fn pivoted(bucket: &Value) -> Value {
    let mut document = Value::Object(Map::new());
    for (name, value) in bucket["key"].as_object().into_iter().flatten() {
        set(&mut document, name, value.clone());
    }
    for (name, result) in bucket.as_object().into_iter().flatten() {
        let value = result.get("value_as_string").or_else(|| result.get("value"));
        if let Some(value) = value.filter(|value| !value.is_null()) {
            set(&mut document, name, value.clone());
        }
    }
    document
}

/// Puts a value at a dotted path.
pub(super) fn set(document: &mut Value, path: &str, value: Value) {
    match path.split_once('.') {
        None => document[path] = value,
        Some((first, rest)) => {
            if document[first].is_null() {
                document[first] = Value::Object(Map::new());
            }
            set(&mut document[first], rest, value);
        }
    }
}

/// The value at a dotted path.
pub(super) fn get<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(document, |value, name| value.get(name)).filter(|value| !value.is_null())
}
