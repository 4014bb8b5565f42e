//! Groups of documents.

mod numbers;
mod terms;
mod tiles;

use serde_json::{Value, json};

use super::aggregations::Inner;
use super::document::Document;
use super::{Error, Result, query};

pub(super) use self::numbers::{date_histogram, histogram, range};
pub(super) use self::terms::{rare_terms, terms};
pub(super) use self::tiles::tiles;

/// Buckets that one answer may hold, as in Elasticsearch (`search.max_buckets`).
const MOST: usize = 65_536;

pub(super) fn filter(body: &Value, documents: &[&Document], inner: &Inner<'_>) -> Result<Value> {
    let query = query::parse(body, inner.types)?;
    let found: Vec<&Document> = documents.iter().filter(|document| query.matches(document)).copied().collect();
    inner.bucket(json!({}), &found)
}

/// Filters in a list; those by name are not asked for by panels.
pub(super) fn filters(body: &Value, documents: &[&Document], inner: &Inner<'_>) -> Result<Value> {
    let list = body["filters"].as_array().ok_or_else(|| Error::new("filters are no list"))?;
    let buckets = list.iter().map(|condition| filter(condition, documents, inner)).collect::<Result<Vec<_>>>()?;
    Ok(json!({ "buckets": buckets }))
}
