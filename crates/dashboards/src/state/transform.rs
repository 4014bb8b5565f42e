//! The transforms of Elasticsearch that keep the state.

use serde_json::{Map, Value, json};

use super::{Entity, Method, response};

/// Time that documents may take from their ingestion to being searchable.
const DELAY: &str = "60s";
/// How often a transform looks for new documents.
const FREQUENCY: &str = "1m";

impl Entity {
    /// The transform as Elasticsearch's API and Fleet's `transform.yml` both write it, without its `_meta`.
    ///
    /// It is unattended: trouble of the cluster is retried for ever instead of ending it. It is in time with
    /// `event.ingested`, and the newest version is the one with the greatest `@timestamp`, so that a version that is
    /// indexed late never replaces a newer one. Elasticsearch keeps to that in `latest` transforms since 8.19.13, 9.2.7
    /// and 9.3.2; before, such a version stands until the next change.
    pub fn transform(&self) -> Map<String, Value> {
        let mut out = Map::new();
        out.insert("description".into(), self.description.into());
        out.insert("source".into(), json!({ "index": [self.source()], "query": self.query() }));
        let alias = json!({ "alias": self.alias(), "move_on_creation": true });
        out.insert("dest".into(), json!({ "index": self.index(), "aliases": [alias] }));
        match self.method {
            Method::Latest => {
                out.insert("latest".into(), json!({ "unique_key": self.key, "sort": "@timestamp" }));
            }
            Method::Response => {
                let pivot = json!({ "group_by": self.groups(), "aggregations": response::aggregations() });
                out.insert("pivot".into(), pivot);
            }
        }
        out.insert("frequency".into(), FREQUENCY.into());
        out.insert("sync".into(), json!({ "time": { "field": "event.ingested", "delay": DELAY } }));
        let retention = json!({ "time": { "field": "@timestamp", "max_age": self.max_age } });
        out.insert("retention_policy".into(), retention);
        out.insert("settings".into(), json!({ "unattended": true, "deduce_mappings": false }));
        out
    }

    /// Which documents of the history count: whole ones that name an entity, in tiers that are fast to search.
    pub fn query(&self) -> Value {
        let exists = |field: &&str| json!({ "exists": { "field": field } });
        let mut filter: Vec<Value> = self.key.iter().map(exists).collect();
        filter.extend(self.only.iter().map(|(field, values)| json!({ "terms": { *field: values } })));
        json!({ "bool": {
            "filter": filter,
            "must_not": [
                { "exists": { "field": "error.message" } },
                { "terms": { "_tier": ["data_frozen", "data_cold"] } },
            ],
        } })
    }

    /// The groups of the pivot, by the field of the destination.
    pub(super) fn groups(&self) -> Value {
        let mut groups = Map::new();
        for field in self.key.iter().chain(response::CONSTANT) {
            groups.insert((*field).to_owned(), json!({ "terms": { "field": field } }));
        }
        Value::Object(groups)
    }
}
