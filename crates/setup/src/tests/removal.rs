//! What a set-up has put there goes, in an order that a cluster accepts; nothing else does.

use std::collections::BTreeSet;

use serde_json::json;

use super::elasticsearch::Cluster;
use super::kibana_stub::Kibana;
use super::{meta, open, options, set_up};
use crate::{Options, Removed, Setup};

async fn remove(setup: &Setup) -> Vec<(String, Removed)> {
    let mut outcomes = Vec::new();
    for installed in setup.installed().await.expect("told") {
        outcomes.push((installed.name.clone(), setup.remove(&installed).await.expect("removed")));
    }
    outcomes
}

#[tokio::test]
async fn everything_goes_and_what_is_of_others_stays() {
    let (cluster, url) = Cluster::start().await;
    let (kibana, address) = Kibana::start("").await;
    let others = [
        ("/_component_template/logs-m365_security@custom", json!({ "template": {} })),
        ("/_index_template/logs", json!({ "index_patterns": ["logs-*-*"], "priority": 100 })),
        ("/_ingest/pipeline/logs-m365_security.log-mine", json!({ "processors": [] })),
        ("/_transform/theirs", json!({ "id": "theirs" })),
    ];
    let others = others.map(|(path, body)| (path.to_owned(), body));
    cluster.kept().stored.extend(others.clone());
    let key = ("default".to_owned(), "dashboard".to_owned(), "mine".to_owned());
    kibana.kept().objects.insert(key.clone(), json!({}));
    let options = || Options { retention: Some("90d".parse().expect("valid")), ..options(&url, Some(address.clone())) };
    set_up(&open(options()).await).await.expect("set up");
    // What an earlier version has put goes, too.
    let earlier = json!({ "processors": [], "_meta": meta() });
    cluster.kept().stored.insert("/_ingest/pipeline/logs-m365_security.log-0.0.9".to_owned(), earlier);

    let setup = open(options()).await;
    let outcomes = remove(&setup).await;
    assert!(outcomes.iter().all(|(_, outcome)| *outcome == Removed::Gone), "{outcomes:#?}");
    let stored: BTreeSet<String> = cluster.kept().stored.keys().cloned().collect();
    assert_eq!(stored, others.iter().map(|(path, _)| path.clone()).collect());
    let shared = ("default".to_owned(), "index-pattern".to_owned(), "logs-*".to_owned());
    assert_eq!(kibana.kept().objects.keys().collect::<Vec<_>>(), [&key, &shared]);
    assert!(setup.installed().await.expect("told").is_empty(), "a second removal finds nothing");
}

#[tokio::test]
async fn indices_let_go_of_a_pipeline_and_their_documents_stay() {
    let (cluster, url) = Cluster::start().await;
    let setup = open(options(&url, None)).await;
    set_up(&setup).await.expect("set up");
    let index = ".ds-logs-m365_security.log-default-2026.01.01-000001";
    let ours = json!({ "settings": { "index": { "default_pipeline": "logs-m365_security.log-0.1.0" } } });
    cluster.kept().indices.insert(index.to_owned(), ours);
    // An index template that the cluster keeps, keeps what it needs.
    cluster.kept().refuses =
        Some(("DELETE", "/_index_template/logs-m365_security.log", 400, "in use by a data streams [x]"));
    let user = "/_index_template/logs-m365_security.log";
    cluster.kept().stored.get_mut(user).expect("stored")["composed_of"] = json!(["logs-m365_security.log@package"]);
    let kept: Vec<(String, String)> = remove(&setup)
        .await
        .into_iter()
        .filter_map(|(name, outcome)| match outcome {
            Removed::Kept(why) => Some((name, why)),
            Removed::Gone => None,
        })
        .collect();
    let names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "logs-m365_security.log",
        "logs-m365_security.log@package",
        "logs-m365_security.log-0.1.0",
        "logs-m365_security.log-0.1.0-raw",
    ];
    assert_eq!(names, expected, "{kept:#?}");
    assert!(kept[0].1.contains("in use by a data streams [x]"), "{kept:#?}");
    assert!(kept[2].1.contains("component template logs-m365_security.log@package needs it"), "{kept:#?}");
    assert_eq!(cluster.kept().indices[index]["settings"]["index"]["default_pipeline"], "logs-m365_security.log-0.1.0");

    cluster.kept().refuses = None;
    let outcomes = remove(&setup).await;
    assert!(outcomes.iter().all(|(_, outcome)| *outcome == Removed::Gone), "{outcomes:#?}");
    let kept = cluster.kept();
    assert!(kept.stored.is_empty(), "{:?}", kept.stored.keys());
    assert!(kept.indices[index]["settings"]["index"]["default_pipeline"].is_null(), "documents stay, readable");
}

#[tokio::test]
async fn a_kibana_that_deletes_by_hand_only_is_told() {
    let (_cluster, url) = Cluster::start().await;
    let (kibana, address) = Kibana::start("").await;
    let setup = open(options(&url, Some(address))).await;
    set_up(&setup).await.expect("set up");
    kibana.kept().deletes = false;
    let outcomes = remove(&setup).await;
    let kept =
        outcomes.iter().filter(|(_, outcome)| matches!(outcome, Removed::Kept(why) if why.contains("by hand only")));
    assert_eq!(kept.count(), 2, "{outcomes:#?}");
}
