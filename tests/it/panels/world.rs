//! A cluster full of the demo's tenant: its history in data streams of the demo, the current state beside it.

use std::process::Command;
use std::time::SystemTime;

use chrono::DateTime;
use dashboards::state::{ENTITIES, Entity};
use dashboards::{all, saved_objects};
use it::{Elasticsearch, Stack};
use panels::evaluate::Documents;
use panels::lens::{Fields, Library, Search};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

/// Namespace of the demo's data streams; other tests have others.
const NAMESPACE: &str = "demo";
/// Documents of one page.
const PAGE: usize = 1000;

pub(super) struct World {
    pub(super) server: &'static Elasticsearch,
    pub(super) dashboards: Vec<Value>,
    pub(super) library: Library,
    pub(super) fields: Fields,
    /// After everything was collected, in milliseconds since 1970.
    pub(super) now: i64,
}

impl World {
    /// The world of that stack, made once per process; `None` when Elasticsearch is left out.
    pub(super) async fn shared(stack: Stack) -> Option<&'static Self> {
        static WORLDS: [OnceCell<World>; 2] = [const { OnceCell::const_new() }; 2];
        let server = Elasticsearch::shared(stack)?;
        Some(WORLDS[stack as usize].get_or_init(|| Self::new(server, &[])).await)
    }

    /// A world of the demo that these arguments ask for.
    pub(super) async fn new(server: &'static Elasticsearch, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_collector"));
        command.args(["demo", "--elasticsearch", server.url(), "--out"]).arg(folder.path()).args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        health(server, now).await;
        refresh(server).await;
        let (boards, mut objects) = (saved_objects::dashboards(&all()), saved_objects::searches(&all()));
        objects.extend(saved_objects::data_views());
        objects.push(saved_objects::history());
        let objects: Vec<Value> = objects.iter().map(saved_objects::SavedObject::decoded).collect();
        let world = Self {
            server,
            dashboards: boards.iter().map(saved_objects::SavedObject::decoded).collect(),
            library: Library::new(&objects),
            fields: fields(),
            now,
        };
        for entity in ENTITIES {
            fill(server, entity, &history(entity.dataset), &state_index(entity)).await;
        }
        world
    }

    /// The server's answer. History is asked of the demo's data streams, state of the indices that were filled from them.
    pub(super) async fn search(&self, search: &Search) -> Value {
        let index = match ENTITIES.iter().find(|entity| entity.alias() == search.index) {
            Some(entity) => state_index(entity),
            None => search.index.replace("logs-*", &format!("logs-*-{NAMESPACE}")),
        };
        let path = format!("/{index}/_search?request_cache=false");
        let (_, answer) = self.server.post_json(&path, &search.body).await.unwrap();
        answer
    }

    /// The same documents in memory, the server's own copies of them.
    pub(super) async fn documents(&self) -> Documents {
        let mut documents = Documents::new(self.fields.clone(), self.now);
        let datasets = schema::catalog().iter().map(|dataset| dataset.definition.name);
        for dataset in datasets.chain([schema::health::NAME]) {
            let stream = history(dataset);
            for source in everything(self.server, &stream).await {
                documents.add(&stream, source);
            }
        }
        for entity in ENTITIES {
            for source in everything(self.server, &state_index(entity)).await {
                documents.add(&entity.alias(), source);
            }
        }
        documents
    }
}

/// Reports of a collector that had a bad hour: what the collector writes of itself in a good one is zero for the most part,
/// and a panel that shows zero proves nothing.
async fn health(server: &Elasticsearch, now: i64) {
    let read = |path: &str| -> Value {
        let text =
            std::fs::read_to_string(it::repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).unwrap()
    };
    let name = format!("logs-m365_security.{}", schema::health::NAME);
    let pipeline = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
    for (path, file) in [
        (format!("/_ingest/pipeline/{pipeline}"), format!("pipelines/{pipeline}.json")),
        (format!("/_component_template/{name}@package"), format!("fields/component-templates/{name}@package.json")),
        (format!("/_index_template/{name}"), format!("fields/index-templates/{name}.json")),
    ] {
        let (status, answer) = server.put_json(&path, &read(&file)).await.unwrap();
        assert_eq!(status, 200, "{answer}");
    }
    let sample = read("package/data_stream/health/sample_event.json");
    let mut lines = String::new();
    for (minute, (state, bad)) in
        [("healthy", 0), ("degraded", 3), ("failed", 40), ("healthy", 1)].into_iter().enumerate()
    {
        for dataset in schema::catalog() {
            let mut report = sample.clone();
            let age = i64::try_from(minute).unwrap() * 60_000;
            report["@timestamp"] = DateTime::from_timestamp_millis(now - age).unwrap().to_rfc3339().into();
            report.as_object_mut().unwrap().remove("data_stream");
            let health = &mut report["m365_security"]["health"];
            health["dataset"] = dataset.definition.name.into();
            health["state"] = state.into();
            if bad > 0 {
                health["reason"] = "a reason".into();
                health["drift"]["path"] = json!(["evidence.newProperty"]);
                for (_, value) in health.as_object_mut().unwrap().iter_mut().filter(|(_, value)| value.is_u64()) {
                    *value = bad.into();
                }
                health["drift"]["names"] = bad.into();
                health["drift"]["values"] = bad.into();
            }
            lines.push_str("{\"create\":{}}\n");
            lines.push_str(&report.to_string());
            lines.push('\n');
        }
    }
    let (_, answer) = server.bulk(&format!("/{}/_bulk", history(schema::health::NAME)), lines).await.unwrap();
    assert_eq!(answer["errors"], false, "{answer}");
}

/// Fills the destination of an entity as its transform would: the test server has no transforms.
pub(super) async fn fill(server: &Elasticsearch, entity: &Entity, source: &str, index: &str) {
    let mut properties = Map::new();
    for field in entity.fields(schema::catalog()) {
        properties.insert(field.name, json!({ "type": field.kind.name() }));
    }
    // Another run on the same server may have left one.
    server.request(reqwest::Method::DELETE, &format!("/{index}?ignore_unavailable=true"), &Value::Null).await.unwrap();
    let body =
        json!({ "settings": { "number_of_replicas": 0 }, "mappings": { "dynamic": false, "properties": properties } });
    let (status, answer) = server.put_json(&format!("/{index}"), &body).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    let mut after = None;
    loop {
        let (status, answer) =
            server.post_json(&format!("/{source}/_search"), &entity.search(after.as_ref())).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        let page = entity.page(&answer);
        if !page.documents.is_empty() {
            let lines = page
                .documents
                .iter()
                .map(|(id, document)| format!("{}\n{document}\n", json!({ "index": { "_id": id } })));
            let (_, answer) = server.bulk(&format!("/{index}/_bulk"), lines.collect::<String>()).await.unwrap();
            assert_eq!(answer["errors"], false, "{answer}");
        }
        after = page.after;
        if after.is_none() {
            break;
        }
    }
    refresh(server).await;
}

/// Types of all fields that panels may name.
fn fields() -> Fields {
    let mut fields = Fields::of_catalog();
    for entity in ENTITIES {
        fields.extend(entity.fields(schema::catalog()).into_iter().map(|field| (field.name, field.kind)));
    }
    fields
}

/// The demo's data stream of this dataset.
fn history(dataset: &str) -> String {
    format!("logs-m365_security.{dataset}-{NAMESPACE}")
}

fn state_index(entity: &Entity) -> String {
    format!("panels_latest.{}", entity.name)
}

pub(super) async fn refresh(server: &Elasticsearch) {
    assert_eq!(server.post_json("/_refresh", &Value::Null).await.unwrap().0, 200);
}

/// All documents of an index or data stream.
pub(super) async fn everything(server: &Elasticsearch, index: &str) -> Vec<Value> {
    let first = json!({ "size": PAGE, "sort": ["_doc"] });
    let (mut path, mut body) = (format!("/{index}/_search?scroll=1m"), first);
    let mut sources = Vec::new();
    loop {
        let (status, answer) = server.post_json(&path, &body).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        let hits = answer["hits"]["hits"].as_array().unwrap();
        if hits.is_empty() {
            return sources;
        }
        sources.extend(hits.iter().map(|hit| hit["_source"].clone()));
        "/_search/scroll".clone_into(&mut path);
        body = json!({ "scroll": "1m", "scroll_id": answer["_scroll_id"] });
    }
}
