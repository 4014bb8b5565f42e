//! The current state: what the transforms' own searches find on a real server, and what is computed in memory.
//!
//! The test servers have no transforms. A pivot runs the very aggregations of its transform here; a `latest` transform's
//! choice is the newest document of each group, which the search asks for in the same groups with the same query.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dashboards::state::{self, ENTITIES, Entity};
use it::{Elasticsearch, Stack, repository};
use serde_json::{Value, json};

use super::demo;

const INCIDENTS: usize = 520;
const VERSIONS: usize = 10;

fn read(path: &str) -> Value {
    let text = std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Makes an index with the mapping of a dataset, outside of `logs-*`: other tests count there.
pub(super) async fn make_history(server: &Elasticsearch, dataset: &str, index: &str) {
    server.request(reqwest::Method::DELETE, &format!("/{index}"), &Value::Null).await.unwrap();
    let mut template =
        read(&format!("fields/component-templates/logs-m365_security.{dataset}@package.json"))["template"].take();
    template["settings"]["index"].as_object_mut().unwrap().remove("default_pipeline");
    let (status, answer) = server.put_json(&format!("/{index}"), &template).await.unwrap();
    assert_eq!(status, 200, "{index}: {answer}");
}

pub(super) async fn fill(
    server: &Elasticsearch,
    index: &str,
    documents: impl Iterator<Item = (Option<String>, Value)>,
) {
    let documents: Vec<_> = documents.collect();
    for part in documents.chunks(500) {
        let mut body = String::new();
        for (id, document) in part {
            let action = id.as_ref().map_or_else(|| json!({}), |id| json!({ "_id": id }));
            writeln!(body, "{}\n{document}", json!({ "index": action })).unwrap();
        }
        let (status, answer) = server.bulk(&format!("/{index}/_bulk?refresh=true"), body).await.unwrap();
        assert!(status == 200 && answer["errors"] == false, "{index}: {answer}");
    }
}

/// All documents that the entity's transform would write.
async fn found(server: &Elasticsearch, entity: &Entity, index: &str) -> BTreeMap<String, Value> {
    let (mut documents, mut after) = (BTreeMap::new(), None);
    loop {
        let (status, answer) =
            server.post_json(&format!("/{index}/_search"), &entity.search(after.as_ref())).await.unwrap();
        assert_eq!(status, 200, "{}: {answer}", entity.name);
        let page = entity.page(&answer);
        for (id, document) in page.documents {
            assert!(documents.insert(id.clone(), document).is_none(), "{id} is on two pages");
        }
        match page.after {
            Some(next) => after = Some(next),
            None => return documents,
        }
    }
}

/// Incidents of this name.
async fn count(server: &Elasticsearch, target: &str, name: &str) -> u64 {
    let query = json!({ "query": { "wildcard": { "m365_defender.incident.display_name": name } } });
    let (status, answer) = server.post_json(&format!("/{target}/_count"), &query).await.unwrap();
    assert_eq!(status, 200, "{target}: {answer}");
    answer["count"].as_u64().unwrap()
}

fn time(minute: usize) -> String {
    format!("2026-03-{:02}T{:02}:{:02}:00Z", 2 + minute / 1440, minute / 60 % 24, minute % 60)
}

/// A version of an incident: taken at once, closed, opened again, closed at last.
fn version(incident: usize, number: usize, arrival: usize) -> Value {
    let status = ["active", "active", "inProgress", "inProgress", "inProgress", "resolved", "inProgress"];
    let mut own = json!({
        "id": incident.to_string(),
        "tenant_id": "11111111-2222-3333-4444-555555555555",
        "status": status.get(number).unwrap_or(&"resolved"),
        "severity": if number < 3 { "medium" } else { "high" },
        "display_name": format!("version {number}"),
    });
    if number > 0 {
        own["assigned_to"] = "mira.holt@contoso.example".into();
    }
    json!({
        "@timestamp": time(30 + 10 * number),
        "cloud": { "account": { "id": "11111111-2222-3333-4444-555555555555" } },
        "event": {
            "id": incident.to_string(), "created": time(0), "ingested": time(1000 + arrival / 1000), "module": "m365_security",
            "dataset": "m365_security.incident",
        },
        "m365_defender": { "incident": own },
        "m365_security": { "incident": { "id": incident.to_string() } },
    })
}

/// Ten versions of each incident; every other incident's versions arrive newest first, so that an old one comes late.
fn history() -> Vec<Value> {
    let mut documents = Vec::new();
    for round in 0..VERSIONS {
        for incident in 0..INCIDENTS {
            let number = if incident % 2 == 0 { round } else { VERSIONS - 1 - round };
            documents.push(version(incident, number, documents.len()));
        }
    }
    documents
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_versions_of_each_incident_are_one_in_the_state() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let (index, history) = ("state-ten-versions", history());
        make_history(server, "incident", index).await;
        fill(server, index, history.iter().map(|document| (None, document.clone()))).await;
        assert_eq!(count(server, index, "version *").await, (INCIDENTS * VERSIONS) as u64);
        let entity = state::entity("incident").unwrap();
        let documents = found(server, entity, index).await;
        assert_eq!(documents.len(), INCIDENTS);
        for document in documents.values() {
            assert_eq!(document["m365_defender"]["incident"]["display_name"], "version 9", "{document}");
        }
        assert_eq!(documents, state::memory::current(entity, &history).into_iter().collect());

        let (index, alias) = install(server, entity, 901).await;
        fill(server, &index, documents.into_iter().map(|(id, document)| (Some(id), document))).await;
        assert_eq!(count(server, &alias, "version 9").await, INCIDENTS as u64);
        assert_eq!(count(server, "logs-*", "version 9").await, 0, "the state is counted as history");
    }
}

/// Index and alias of the state as the transform makes them, from its template; the names are the test's own, because
/// tests share the server.
async fn install(server: &Elasticsearch, entity: &Entity, number: u32) -> (String, String) {
    let template = entity.template();
    let body = read(&format!("fields/destination-templates/{template}.json"));
    let (status, answer) = server.put_json(&format!("/_index_template/{template}"), &body).await.unwrap();
    assert_eq!(status, 200, "{template}: {answer}");
    let transform = read(&format!("fields/transforms/{}.json", entity.id()));
    assert_eq!(transform["dest"]["index"], entity.index());
    assert_eq!(transform["dest"]["aliases"][0]["alias"], entity.alias());
    let index = format!("{}{number}", entity.index());
    let alias = format!("{}-{number}", entity.alias());
    server.request(reqwest::Method::DELETE, &format!("/{index}"), &Value::Null).await.unwrap();
    let (status, answer) = server.put_json(&format!("/{index}"), &json!({ "aliases": { &alias: {} } })).await.unwrap();
    assert_eq!(status, 200, "{index}: {answer}");
    let (_, mapping) = server.get_json(&format!("/{index}/_mapping")).await.unwrap();
    assert_eq!(mapping[&index]["mappings"]["dynamic"], "false", "the template does not fit {index}");
    (index, alias)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_to_an_incident_is_told_by_its_versions() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let (index, history) = ("state-response", history());
        make_history(server, "incident", index).await;
        fill(server, index, history.iter().map(|document| (None, document.clone()))).await;
        let entity = state::entity("incident_response").unwrap();
        let documents = found(server, entity, index).await;
        assert_eq!(documents.len(), INCIDENTS);
        for document in documents.values() {
            let response = &document["m365_security"]["response"];
            // Created at minute 0; taken in the second version, at 40; closed in the sixth, at 80; opened again once.
            let expected = json!({
                "versions": 10, "reopened": 1, "merged": false, "status": "resolved", "severity": "high",
                "owner": "mira.holt@contoso.example", "triaged": time(40), "closed": time(80),
                "time_to_triage": 2400, "time_to_close": 4800,
            });
            assert_eq!(*response, expected, "{document}");
            assert_eq!(document["event"]["module"], "m365_security");
            assert!(document["cloud"]["account"]["id"].is_string());
        }
        assert_alike(entity, &documents, &history);
    }
}

/// The server's documents and those of the same history in memory; a time is written with or without milliseconds. Which of
/// several documents of one time is the newest is nobody's to say: they have to be of the same entity and time.
fn assert_alike(entity: &Entity, found: &BTreeMap<String, Value>, history: &[Value]) {
    let memory: BTreeMap<String, Value> = state::memory::current(entity, history).into_iter().collect();
    let text = |documents: &BTreeMap<String, Value>| -> BTreeMap<String, String> {
        documents.iter().map(|(id, document)| (id.clone(), document.to_string().replace(".000Z", "Z"))).collect()
    };
    let (found, memory) = (text(found), text(&memory));
    assert!(found.keys().eq(memory.keys()), "{}: ids differ", entity.name);
    let mut times: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for document in history {
        let time = document["@timestamp"].as_str().unwrap_or_default().replace(".000Z", "Z");
        for (id, _) in state::memory::current(entity, [document]) {
            times.entry(id).or_default().push(time.clone());
        }
    }
    for (id, document) in &found {
        let (one, other): (Value, Value) =
            (serde_json::from_str(document).unwrap(), serde_json::from_str(&memory[id]).unwrap());
        let is_newest = |time: &&String| **time == one["@timestamp"].as_str().unwrap_or_default();
        if times[id].iter().filter(is_newest).count() > 1 {
            assert_eq!(one["@timestamp"], other["@timestamp"], "{}: {id}", entity.name);
            continue;
        }
        assert_eq!(one, other, "{}: {id}", entity.name);
    }
}

/// Every entity over the demo's documents, on the server and in memory; what tells entities apart is searchable.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_fills_every_state() {
    let demo = demo::documents();
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        for entity in ENTITIES {
            let index = format!("state-demo-{}", entity.name);
            let history = &demo[entity.dataset];
            make_history(server, entity.dataset, &index).await;
            fill(server, &index, history.iter().map(|document| (None, document.clone()))).await;
            let documents = found(server, entity, &index).await;
            assert!(documents.len() > 10, "{}: {} documents", entity.name, documents.len());
            assert!(documents.len() <= history.len());
            assert_alike(entity, &documents, history);
            let (index, alias) = install(server, entity, 902).await;
            let whole = documents.len() as u64;
            fill(server, &index, documents.into_iter().map(|(id, document)| (Some(id), document))).await;
            for key in entity.key {
                let query = json!({ "query": { "exists": { "field": key } } });
                let (_, answer) = server.post_json(&format!("/{alias}/_count"), &query).await.unwrap();
                assert_eq!(answer["count"], whole, "{key}");
            }
        }
    }
}
