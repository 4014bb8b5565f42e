//! The generated artefacts at work: templates and pipelines as they lie in the repository, on a real server.
//!
//! Only names are changed, so that the tests share a server, and the mapping is made strict: a field that it does not
//! define is an error instead of a value that cannot be searched.

use std::collections::{BTreeMap, BTreeSet};

use it::{Elasticsearch, Stack, repository};
use mapper::Mapper;
use schema::Dataset;
use serde_json::{Value, json};

use super::equality::{Fixture, differences, fixtures, mapped, mended};

/// Tag by which documents keep `event.original`.
const PRESERVE: &str = "preserve_original_event";

fn read(path: &str) -> Value {
    let text = std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

async fn put(server: &Elasticsearch, path: &str, body: &Value) {
    let (status, answer) = server.put_json(path, body).await.unwrap();
    assert_eq!(status, 200, "PUT {path}: {answer}");
}

/// Installs what belongs to a dataset, as the README tells an operator, for streams whose namespace begins with `space`.
async fn install(server: &Elasticsearch, dataset: &Dataset, space: &str) {
    let stream = format!("logs-m365_security.{}", dataset.definition.name);
    let mut pipelines: Vec<String> = std::fs::read_dir(repository().join("pipelines"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(&format!("{stream}-")))
        .collect();
    pipelines.sort();
    assert_eq!(pipelines.len(), 2, "{pipelines:?}");
    for name in pipelines {
        let id = name.trim_end_matches(".json");
        put(server, &format!("/_ingest/pipeline/{id}"), &read(&format!("pipelines/{name}"))).await;
    }
    let component = format!("{stream}@package");
    let body = read(&format!("fields/component-templates/{component}.json"));
    put(server, &format!("/_component_template/{component}"), &body).await;
    let mut template = read(&format!("fields/index-templates/{stream}.json"));
    template["index_patterns"] = json!([format!("{stream}-{space}*")]);
    template["priority"] = json!(900);
    template["template"]["mappings"]["dynamic"] = "strict".into();
    put(server, &format!("/_index_template/{stream}-{space}"), &template).await;
    // An earlier run against the same server may have left documents.
    server.request(reqwest::Method::DELETE, &format!("/_data_stream/{stream}-{space}*"), &Value::Null).await.unwrap();
}

/// One stream of a dataset.
struct Stream<'s> {
    server: &'s Elasticsearch,
    name: String,
}

/// A document as it lies in the index.
#[derive(Debug)]
struct Stored {
    source: Value,
    ignored: Vec<String>,
}

impl Stream<'_> {
    /// Ships documents as a collector does; each must be taken.
    async fn ship(&self, documents: &[(Option<String>, Value)]) {
        for documents in documents.chunks(50) {
            let lines = documents.iter().flat_map(|(id, document)| {
                let action = id.as_ref().map_or_else(|| json!({}), |id| json!({ "_id": id }));
                [json!({ "create": action }).to_string(), "\n".into(), document.to_string(), "\n".into()]
            });
            let body: String = lines.collect();
            let (status, answer) = self.server.bulk(&format!("/{}/_bulk?refresh=true", self.name), body).await.unwrap();
            assert_eq!(status, 200, "{answer}");
            for (item, (id, _)) in answer["items"].as_array().unwrap().iter().zip(documents) {
                assert_eq!(item["create"]["status"], 201, "{} refused {id:?}: {}", self.name, item["create"]["error"]);
            }
        }
    }

    /// All documents by id, each without the time of its arrival, which it must have.
    async fn documents(&self) -> BTreeMap<String, Stored> {
        let query = json!({ "size": 1000, "query": { "match_all": {} }, "fields": ["_ignored"] });
        let answer = self.search(&query).await;
        let stored = answer["hits"]["hits"].as_array().unwrap().iter().map(|hit| {
            let mut source = hit["_source"].clone();
            let ingested = source["event"].as_object_mut().unwrap().remove("ingested");
            assert!(ingested.is_some_and(|time| time.is_string()), "event.ingested of {}", hit["_id"]);
            let ignored = hit["_ignored"].as_array().into_iter().flatten();
            let ignored = ignored.map(|name| name.as_str().unwrap().to_owned()).collect();
            (hit["_id"].as_str().unwrap().to_owned(), Stored { source, ignored })
        });
        stored.collect()
    }

    async fn search(&self, query: &Value) -> Value {
        let (status, answer) = self.server.post_json(&format!("/{}/_search", self.name), query).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn count(&self, query: Value) -> u64 {
        let (status, answer) =
            self.server.post_json(&format!("/{}/_count", self.name), &json!({ "query": query })).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        answer["count"].as_u64().unwrap()
    }
}

fn stream<'s>(server: &'s Elasticsearch, dataset: &Dataset, namespace: &str) -> Stream<'s> {
    Stream { server, name: format!("logs-m365_security.{}-{namespace}", dataset.definition.name) }
}

/// One fixture of each id: two rows may stand for one record.
fn distinct(dataset: &Dataset) -> BTreeMap<String, (Fixture, Value)> {
    let mut rows = BTreeMap::new();
    for fixture in fixtures(dataset.definition.name) {
        let (id, document) =
            mapped(dataset, &fixture.row).unwrap_or_else(|reject| panic!("{}: {reject}", fixture.name));
        rows.entry(id).or_insert((fixture, document));
    }
    rows
}

fn assert_alike(what: &str, one: &BTreeMap<String, Stored>, other: &BTreeMap<String, Stored>) {
    assert!(one.keys().eq(other.keys()), "{what}: ids differ");
    let mut wrong = Vec::new();
    for ((id, one), other) in one.iter().zip(other.values()) {
        let found = differences(&one.source, &other.source);
        if !found.is_empty() {
            wrong.push(format!("{id}:\n  {}", found.join("\n  ")));
        }
        assert_eq!(one.ignored, other.ignored, "{what}: {id}");
    }
    assert!(wrong.is_empty(), "{what}: mapper | pipeline\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn both_ways_give_one_document_in_the_index() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        for dataset in schema::catalog() {
            install(server, dataset, "equal").await;
            let rows = distinct(dataset);
            let by_mapper = stream(server, dataset, "equal_mapped");
            let documents: Vec<_> =
                rows.iter().map(|(id, (_, document))| (Some(id.clone()), document.clone())).collect();
            by_mapper.ship(&documents).await;
            let expected = by_mapper.documents().await;
            assert!(expected.keys().eq(rows.keys()), "{}: what was sent is there", by_mapper.name);
            ignores_only_what_is_odd(dataset, &rows, &expected);
            adds_only_what_belongs_in_the_cluster(&rows, &expected);
            found_by_searches(&by_mapper, &expected).await;

            for (namespace, raw) in [("equal_message", "/message"), ("equal_original", "/event/original")] {
                let by_pipeline = stream(server, dataset, namespace);
                let rows = rows.values().map(|(fixture, _)| (None, at(raw, &fixture.row))).collect::<Vec<_>>();
                by_pipeline.ship(&rows).await;
                let what = format!("{} on {}", by_pipeline.name, stack.version());
                assert_alike(&what, &expected, &by_pipeline.documents().await);
            }
        }
    }
}

/// Rows that are not JSON, or hardly: what the two make of them is a document that the index takes.
#[tokio::test]
async fn both_ways_give_one_document_of_what_was_mended() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let dataset = schema::dataset("alert").unwrap();
        install(server, dataset, "mended").await;
        let named = |(number, row): (usize, String)| row.replace("\"id\":\"x\"", &format!("\"id\":\"x{number}\""));
        let rows: Vec<String> = mended().into_iter().enumerate().map(named).collect();
        let documents: BTreeMap<String, Value> = rows.iter().map(|row| mapped(dataset, row).unwrap()).collect();
        let by_mapper = stream(server, dataset, "mended_mapped");
        by_mapper.ship(&documents.iter().map(|(id, one)| (Some(id.clone()), one.clone())).collect::<Vec<_>>()).await;
        let by_pipeline = stream(server, dataset, "mended_message");
        let mut seen = BTreeSet::new();
        let rows = rows.iter().filter(|row| seen.insert(mapped(dataset, row).unwrap().0));
        by_pipeline.ship(&rows.map(|row| (None, at("/message", row))).collect::<Vec<_>>()).await;
        let what = format!("{} on {}", by_pipeline.name, stack.version());
        assert_alike(&what, &by_mapper.documents().await, &by_pipeline.documents().await);
    }
}

fn at(pointer: &str, row: &str) -> Value {
    match pointer {
        "/message" => json!({ "message": row }),
        _ => json!({ "event": { "original": row } }),
    }
}

/// What the mapping cannot index is stored, but not found: that is for values wrong on purpose, and for long ones.
fn ignores_only_what_is_odd(
    dataset: &Dataset,
    rows: &BTreeMap<String, (Fixture, Value)>,
    stored: &BTreeMap<String, Stored>,
) {
    for (id, stored) in stored {
        let (fixture, _) = &rows[id];
        let name = format!("{} {}", dataset.definition.name, fixture.name);
        assert!(fixture.odd() || stored.ignored.is_empty(), "{name}: {:?} not indexed", stored.ignored);
    }
}

/// A mapped document goes through as it is; the cluster adds the parts of user agents (no fixture's address has a place).
fn adds_only_what_belongs_in_the_cluster(rows: &BTreeMap<String, (Fixture, Value)>, stored: &BTreeMap<String, Stored>) {
    for (id, (fixture, document)) in rows {
        let mut found = differences(document, &stored[id].source);
        found.retain(|found| !found.starts_with("/user_agent/"));
        assert!(found.is_empty(), "{}: sent | stored\n{}", fixture.name, found.join("\n"));
    }
}

/// Fields that people search by hold what the documents hold.
async fn found_by_searches(stream: &Stream<'_>, stored: &BTreeMap<String, Stored>) {
    let holding = |pointer: &str| stored.values().filter(|one| one.source.pointer(pointer).is_some()).count() as u64;
    for (field, pointer) in [
        ("related.ip", "/related/ip"),
        ("event.severity", "/event/severity"),
        ("event.kind", "/event/kind"),
        ("event.created", "/event/created"),
        ("threat.technique.id", "/threat/technique/id"),
        ("process.pid", "/process/pid"),
    ] {
        let found = stream.count(json!({ "exists": { "field": field } })).await;
        assert_eq!(found, holding(pointer), "{}: documents with {field}", stream.name);
    }
    let all = stored.len() as u64;
    let range = json!({ "range": { "@timestamp": { "gte": "0001-01-01", "lt": "9999-12-31" } } });
    assert_eq!(stream.count(range).await, all, "{}: @timestamp is a time", stream.name);
    let none = json!({ "range": { "@timestamp": { "gte": "2090-01-01" } } });
    assert_eq!(stream.count(none).await, 0, "{}: nothing is of the far future", stream.name);

    let aggregations = json!({
        "datasets": { "terms": { "field": "event.dataset" } },
        "severities": { "terms": { "field": "event.severity" } },
        "addresses": { "terms": { "field": "related.ip", "size": 1000 } },
    });
    let answer = stream.search(&json!({ "size": 0, "aggs": aggregations })).await;
    let counted = |name: &str| -> u64 {
        let buckets = answer["aggregations"][name]["buckets"].as_array().unwrap();
        buckets.iter().map(|bucket| bucket["doc_count"].as_u64().unwrap()).sum()
    };
    assert_eq!(counted("datasets"), all, "{}", stream.name);
    assert_eq!(counted("severities"), holding("/event/severity"), "{}", stream.name);
    assert!(counted("addresses") >= holding("/related/ip"), "{}", stream.name);
}

#[tokio::test]
async fn the_original_is_kept_where_it_is_wanted() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        for dataset in schema::catalog() {
            install(server, dataset, "keep").await;
            let rows = distinct(dataset);
            let mut mapper = Mapper::new(dataset);
            mapper.preserve_original(true);
            let by_mapper = stream(server, dataset, "keep_mapped");
            let documents: Vec<_> = rows
                .values()
                .map(|(fixture, _)| {
                    let mut out = Vec::new();
                    let id = mapper.map(fixture.row.as_bytes(), &mut out).unwrap();
                    (Some(id.to_string()), serde_json::from_slice(&out).unwrap())
                })
                .collect();
            by_mapper.ship(&documents).await;
            let expected = by_mapper.documents().await;
            for (id, stored) in &expected {
                assert_eq!(stored.source["event"]["original"], rows[id].0.row.as_str());
                assert_eq!(stored.source["tags"], json!([PRESERVE]));
            }
            for (namespace, raw) in [("keep_message", "/message"), ("keep_original", "/event/original")] {
                let by_pipeline = stream(server, dataset, namespace);
                let tagged = |row: &str| {
                    let mut document = at(raw, row);
                    document["tags"] = json!([PRESERVE]);
                    document
                };
                let rows = rows.values().map(|(fixture, _)| (None, tagged(&fixture.row))).collect::<Vec<_>>();
                by_pipeline.ship(&rows).await;
                let what = format!("{} on {}", by_pipeline.name, stack.version());
                assert_alike(&what, &expected, &by_pipeline.documents().await);
            }
        }
    }
}

/// A row that cannot be mapped is kept whole, says why, and is found.
#[tokio::test]
async fn a_row_that_fails_is_kept() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        for dataset in schema::catalog() {
            install(server, dataset, "fail").await;
            let stream = stream(server, dataset, "fail");
            let rows = ["not json", "[1]", "{\"id\" 1}", "{}", "\"text\"", "{\"id\":\"x\"", ""];
            let time = "2026-03-02T09:40:01Z";
            let sent: Vec<_> = rows.iter().map(|row| (None, json!({ "@timestamp": time, "message": row }))).collect();
            stream.ship(&sent).await;
            let stored = stream.documents_of_failures().await;
            assert_eq!(stored.len(), rows.len());
            for document in stored {
                assert_eq!(document["event"]["kind"], "pipeline_error", "{document}");
                assert!(rows.contains(&document["event"]["original"].as_str().unwrap()), "{document}");
                let message = document["error"]["message"][0].as_str().unwrap();
                assert!(message.contains("with tag 'map_row'") && message.contains("failed with message"), "{message}");
            }
        }
    }
}

impl Stream<'_> {
    async fn documents_of_failures(&self) -> Vec<Value> {
        let answer = self.search(&json!({ "size": 100, "query": { "exists": { "field": "error.message" } } })).await;
        answer["hits"]["hits"].as_array().unwrap().iter().map(|hit| hit["_source"].clone()).collect()
    }
}
