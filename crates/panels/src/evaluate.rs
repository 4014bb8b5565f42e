//! Elasticsearch's searches over documents in memory, as far as panels use them: for a demo without a cluster.
//!
//! [`Documents::search`] takes what [`crate::lens::Search`] asks and answers in Elasticsearch's form, so that the way
//! from an answer to a table is one. Counts and sums are exact; so are cardinalities, which a cluster estimates, and
//! percentiles, which it takes from a sketch. What is not known here is an error, never a wrong number.

mod aggregations;
mod buckets;
mod document;
mod hits;
mod metrics;
mod query;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashMap;
use std::fmt;

use schema::ecs::Type;
use serde_json::{Value, json};

use self::document::Document;
use crate::lens::{Fields, Search, matches};

/// Why a search cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

type Result<T> = std::result::Result<T, Error>;

/// Documents with the types of their fields.
#[derive(Debug)]
pub struct Documents {
    types: Types,
    all: Vec<Document>,
    /// Further names of an index.
    aliases: HashMap<String, String>,
}

impl Documents {
    /// No documents yet. Fields that are not among `fields` are kept, but not searched, as with `dynamic: false`. `now` is what
    /// `now` means in a query, in milliseconds since 1970.
    pub fn new(fields: Fields, now: i64) -> Self {
        Self { types: Types { fields, now }, all: Vec::new(), aliases: HashMap::new() }
    }

    /// Adds a document to an index or data stream.
    pub fn add(&mut self, index: &str, source: Value) {
        self.all.push(Document::new(index, source, &self.types.fields));
    }

    /// Lets an index be found by another name, too.
    pub fn alias(&mut self, name: &str, index: &str) {
        self.aliases.insert(name.to_owned(), index.to_owned());
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The answer to a search, in Elasticsearch's form.
    ///
    /// # Errors
    /// A query, an aggregation or an option that is not known here.
    pub fn search(&self, search: &Search) -> Result<Value> {
        let body = &search.body;
        if let Some(name) =
            body.as_object().into_iter().flat_map(|body| body.keys()).find(|name| !KNOWN.contains(&name.as_str()))
        {
            return Err(Error::new(format!("the option {name} of a search is not known")));
        }
        let query = query::parse(&body["query"], &self.types)?;
        let found: Vec<&Document> = self
            .all
            .iter()
            .filter(|document| self.is_meant(&search.index, &document.index) && query.matches(document))
            .collect();
        let mut answer = json!({
            "timed_out": false,
            "hits": { "total": { "value": found.len(), "relation": "eq" }, "hits": [] },
        });
        let size = body["size"].as_u64().unwrap_or(10);
        answer["hits"]["hits"] = hits::hits(&found, body, size, &self.types)?;
        if body["aggs"].is_object() {
            answer["aggregations"] = aggregations::run(&body["aggs"], &found, &self.types)?;
        }
        Ok(answer)
    }

    fn is_meant(&self, pattern: &str, index: &str) -> bool {
        pattern.split(',').any(|pattern| {
            matches(pattern, index) || self.aliases.iter().any(|(name, of)| of == index && matches(pattern, name))
        })
    }
}

/// What queries depend on.
#[derive(Debug)]
struct Types {
    fields: Fields,
    now: i64,
}

impl Types {
    fn kind(&self, name: &str) -> Option<Type> {
        self.fields.kind(name)
    }
}

/// Options of a search that panels use.
const KNOWN: [&str; 7] = ["size", "track_total_hits", "query", "aggs", "sort", "_source", "fields"];
