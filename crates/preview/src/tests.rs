//! The way from searches to the page: in memory, and against a stand-in for a cluster that answers from the same documents.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{head, post};
use output::elasticsearch::{Client, NodeClient};
use output::settings::{ElasticOutput, Login};
use panels::evaluate::Documents;
use panels::lens::Search;
use serde_json::{Value, json};

use crate::choice::Choices;
use crate::objects::{Objects, fields};
use crate::{Error, Finished, Scope, cluster, documents, memory, msearch};

/// 2026-03-02T12:00:00Z.
const NOW: i64 = 1_772_452_800_000;
const SCOPE: Scope<'_> = Scope { source: "files", now: NOW, namespace: None };

/// Versions of incidents and an alert, as documents have them.
fn history() -> Vec<(String, Value)> {
    let incident = |id: &str, time: &str, severity: &str| {
        let document = json!({
            "@timestamp": time,
            "event": {"module": "m365_security", "dataset": "m365_security.incident", "kind": "event", "ingested": time},
            "m365_defender": {"incident": {"id": id, "tenant_id": "t1", "status": "active", "severity": severity}},
        });
        ("logs-m365_security.incident-default".to_owned(), document)
    };
    vec![
        incident("7", "2026-03-01T10:00:00Z", "low"),
        incident("7", "2026-03-01T11:00:00Z", "high"),
        incident("9", "2026-03-02T11:00:00Z", "medium"),
    ]
}

#[tokio::test]
async fn every_panel_of_every_dashboard_is_answered_in_memory() {
    let finished = documents(history(), SCOPE).await.unwrap();
    assert!(finished.failures.is_empty(), "{:#?}", finished.failures);
    let objects = Objects::own();
    assert!(objects.dashboards.len() > 4 && finished.layers > 10 * objects.dashboards.len());
    for dashboard in &objects.dashboards {
        let title = dashboard["attributes"]["title"].as_str().unwrap().split_once("] ").unwrap().1;
        assert!(finished.html.contains(&format!("\"title\":{}", json!(title))), "{title}");
    }
}

#[tokio::test]
async fn without_documents_there_is_no_page() {
    let error = documents(Vec::new(), Scope { source: "files in a folder", ..SCOPE }).await.unwrap_err().to_string();
    assert!(error.contains("files in a folder") && error.contains("hint: "), "{error}");
}

#[test]
fn a_control_for_one_value_has_the_one_with_most_to_see() {
    let dashboard = |selected: Value| {
        json!({"id": "d", "attributes": {
            "timeRestore": true, "timeFrom": "now-2d", "timeTo": "now",
            "kibanaSavedObjectMeta": {"searchSourceJSON": {"filter": []}},
            "controlGroupInput": {"panelsJSON": {
                "one": {"type": "optionsListControl", "explicitInput": {
                    "dataViewId": "logs-*", "fieldName": "m365_defender.incident.id", "singleSelect": true, "selectedOptions": selected}},
                "many": {"type": "optionsListControl", "explicitInput": {
                    "dataViewId": "logs-*", "fieldName": "event.dataset", "singleSelect": false, "selectedOptions": []}},
            }},
        }})
    };
    let library = panels::lens::Library::default();
    let mut stock = Documents::new(fields(), NOW);
    for (stream, document) in history() {
        stock.add(&stream, document);
    }
    // Fewer documents than incident 7 has, but kinds of evidence; and another one before the dashboard's time.
    for (id, kind, time) in [("9", "user", "2026-03-02"), ("5", "user", "2026-01-01"), ("5", "device", "2026-01-01")] {
        let mut evidence = history().remove(2).1;
        evidence["@timestamp"] = format!("{time}T11:30:00Z").into();
        evidence["m365_defender"] = json!({"incident": {"id": id}, "alert": {"evidence": {"odata_type": kind}}});
        stock.add("logs-m365_security.evidence-default", evidence);
    }
    let mut open = dashboard(json!([]));
    let mut choices = Choices::new(std::slice::from_ref(&open), &library);
    let answers: Vec<_> = choices.searches().map(|search| Ok(stock.search(search).unwrap())).collect();
    assert_eq!(answers.len(), 1, "only a control for one value is asked for");
    choices.answer(answers);
    choices.write(&mut open);
    let controls = &open["attributes"]["controlGroupInput"]["panelsJSON"];
    assert_eq!(controls["one"]["explicitInput"]["selectedOptions"], json!(["9"]));
    assert_eq!(controls["many"]["explicitInput"]["selectedOptions"], json!([]));
    let chosen = [dashboard(json!(["7"]))];
    assert_eq!(Choices::new(&chosen, &library).searches().count(), 0, "what somebody has chosen stays");
}

#[test]
fn an_answer_of_many_is_taken_apart_by_search() {
    let search = |index: &str| Search { index: index.to_owned(), body: json!({"size": 0}) };
    let body = msearch::body(&[search("a"), search("b-*")]);
    assert_eq!(body, "{\"index\":\"a\"}\n{\"size\":0}\n{\"index\":\"b-*\"}\n{\"size\":0}\n");
    let good = json!({"_shards": {"total": 2, "failed": 0}, "hits": {}});
    let missing = json!({"error": {"type": "index_not_found_exception", "reason": "all", "root_cause": [{"reason": "no such index [a]"}]}, "status": 404});
    let partial = json!({"_shards": {"total": 3, "failed": 1, "failures": [{"reason": {"type": "x", "reason": "too many buckets"}}]}});
    let answers = msearch::answers(&json!({"responses": [good.clone(), missing, partial]}), 3).unwrap();
    assert_eq!(answers[0], Ok(good));
    assert_eq!(answers[1], Err("no such index [a]".to_owned()));
    assert_eq!(answers[2], Err("1 of 3 shards failed: too many buckets".to_owned()));
    assert!(msearch::answers(&json!({"responses": []}), 1).is_err(), "an answer that lacks one is none");
    assert!(msearch::answers(&json!({"error": "x"}), 1).is_err());
}

/// A cluster that answers searches from documents in memory.
struct StandIn {
    documents: Documents,
    requests: AtomicUsize,
    /// Part of a search that fails.
    fails: Option<&'static str>,
}

impl StandIn {
    fn new(history: &[(String, Value)]) -> Self {
        let mut documents = Documents::new(fields(), NOW);
        memory::add_state(&mut documents, &history.iter().map(|(_, document)| document));
        for (stream, document) in history {
            documents.add(stream, document.clone());
        }
        Self { documents, requests: AtomicUsize::new(0), fails: None }
    }

    fn answer(&self, body: &str) -> Value {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let lines: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let one = |pair: &[Value]| {
            if self.fails.is_some_and(|part| pair[1].to_string().contains(part)) {
                return json!({"error": {"reason": "the field is broken"}, "status": 400});
            }
            let search = Search { index: pair[0]["index"].as_str().unwrap().to_owned(), body: pair[1].clone() };
            self.documents.search(&search).unwrap()
        };
        json!({"responses": lines.chunks(2).map(one).collect::<Vec<_>>()})
    }
}

async fn page_of(stand_in: StandIn) -> (Result<Finished, Error>, usize) {
    let stand_in = Arc::new(stand_in);
    let router = Router::new()
        .route(
            "/_msearch",
            post(|State(own): State<Arc<StandIn>>, body: String| async move { own.answer(&body).to_string() }),
        )
        .route("/_alias/{name}", head(|| async { StatusCode::OK }))
        .with_state(Arc::clone(&stand_in));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let client: NodeClient =
        Client::new(&ElasticOutput::new(vec![url.parse().unwrap()], Login::None)).unwrap().node().await.unwrap();
    let finished = cluster(&client, SCOPE).await;
    server.abort();
    (finished, stand_in.requests.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_cluster_gives_the_page_that_its_documents_give() {
    let (finished, requests) = page_of(StandIn::new(&history())).await;
    let finished = finished.unwrap();
    let expected = documents(history(), SCOPE).await.unwrap();
    assert_eq!(finished.layers, expected.layers);
    assert!(finished.html == expected.html, "both ways make one page");
    assert!(requests < finished.layers / 4, "{requests} requests for {} layers", finished.layers);
}

#[tokio::test]
async fn a_search_that_fails_costs_its_panel_only() {
    let broken = StandIn { fails: Some("m365_defender.incident.severity"), ..StandIn::new(&history()) };
    let finished = page_of(broken).await.0.unwrap();
    assert!(!finished.failures.is_empty() && finished.failures.len() < finished.layers / 2, "{:#?}", finished.failures);
    assert!(finished.failures.iter().all(|failure| failure.contains("the field is broken")));
    assert!(finished.html.contains("the field is broken"), "the panel says so");
}

#[tokio::test]
async fn an_empty_cluster_is_told_from_a_broken_one() {
    let error = page_of(StandIn::new(&[])).await.0.unwrap_err();
    assert!(matches!(&error, Error::Nothing(_)), "{error}");
}
