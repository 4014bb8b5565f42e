//! What a cluster holds of a namespace: every document as what it says it is, and where it lies.

use std::fmt::Write as _;
use std::time::Duration;

use it::Elasticsearch;
use serde_json::Value;

use super::expected_documents;
use super::sources::datasets;

/// The data streams, in the order of the datasets.
pub(crate) fn streams(namespace: &str) -> Vec<String> {
    let name = |dataset: &schema::Dataset| format!("logs-m365_security.{}-{namespace}", dataset.definition.name);
    datasets().into_iter().map(name).collect()
}

/// Asks the cluster, again where it is busy: it is small, and others may use it.
pub(crate) async fn ask(server: &Elasticsearch, path: &str, body: &Value) -> Value {
    for _ in 0..60 {
        match server.post_json(path, body).await.unwrap() {
            (200, answer) => return answer,
            (429 | 503, _) => tokio::time::sleep(Duration::from_secs(1)).await,
            (status, answer) => panic!("{path}: {status} {answer}"),
        }
    }
    panic!("{path}: the cluster stays busy")
}

/// Every document of the datasets.
pub(crate) async fn documents(server: &Elasticsearch, namespace: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (dataset, stream) in datasets().into_iter().zip(streams(namespace)) {
        ask(server, &format!("/{stream}/_refresh"), &Value::Null).await;
        let path = format!("/{stream}/_search?scroll=2m&_source_includes={}", expected_documents::FIELDS);
        let mut page = ask(server, &path, &serde_json::json!({"size": 500})).await;
        while page["hits"]["hits"].as_array().is_some_and(|hits| !hits.is_empty()) {
            for hit in page["hits"]["hits"].as_array().unwrap() {
                let mut place = String::new();
                let _ = write!(place, "{} in {}", hit["_id"], hit["_index"]);
                // What a record says beside its version is long, and its version tells it.
                if dataset.definition.rows.split().next().is_some() {
                    let _ = write!(place, " from {}", hit["_source"]["event"]["original"]);
                }
                found.push((expected_documents::of_document(dataset, &hit["_source"]), place));
            }
            let next = serde_json::json!({"scroll": "2m", "scroll_id": page["_scroll_id"]});
            page = ask(server, "/_search/scroll", &next).await;
        }
    }
    found
}

/// Removes what was written from the cluster, which may outlive these tests.
pub(crate) async fn clear(server: &Elasticsearch, namespace: &str) {
    for stream in streams(namespace) {
        let path = format!("/_cat/indices/.ds-{stream}-*?format=json&h=index");
        let indices = server.get_json(&path).await.unwrap().1;
        for index in indices.as_array().into_iter().flatten() {
            // The one that is written to cannot be removed alone, and the trimmed server knows no other way.
            let path = format!("/{}", index["index"].as_str().unwrap());
            server.request(reqwest::Method::DELETE, &path, &Value::Null).await.unwrap();
        }
    }
}
