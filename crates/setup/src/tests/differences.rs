//! A second set-up changes nothing, whatever form the cluster gives bodies back in; each change is named.

use serde_json::json;

use super::elasticsearch::Cluster;
use super::{open, options, refused, set_up};
use crate::{Retention, difference, plan::Kind};

#[tokio::test]
async fn the_second_set_up_changes_nothing_and_each_change_is_named() {
    let (cluster, url) = Cluster::start().await;
    let setup = open(options(&url, None)).await;
    let first = set_up(&setup).await.expect("set up");
    assert_eq!(first.len(), 6, "{first:#?}");
    assert!(first.iter().all(|line| line.starts_with("new ")), "{first:#?}");
    let place = |name: &str| first.iter().position(|line| line == name).expect("a step");
    assert!(place("new logs-m365_security.log@package") < place("new logs-m365_security.log"), "{first:#?}");
    assert!(place("new m365_security_latest.incident") < place("new m365_security-latest-incident"), "{first:#?}");
    cluster.changes();
    assert_eq!(set_up(&setup).await.expect("set up"), Vec::<String>::new());
    assert_eq!(cluster.changes(), Vec::<String>::new(), "nothing is put");

    let change = |path: &str, pointer: &str, value| {
        *cluster.kept().stored.get_mut(path).expect("stored").pointer_mut(pointer).expect("a part") = value;
    };
    change("/_component_template/logs-m365_security.log@package", "/template/settings/index/codec", json!("default"));
    change("/_ingest/pipeline/logs-m365_security.log-0.1.0", "/processors", json!([]));
    change("/_index_template/logs-m365_security.log", "/priority", json!(150));
    let expected = [
        "changed logs-m365_security.log@package: settings",
        "changed logs-m365_security.log-0.1.0: processors",
        "changed logs-m365_security.log: priority",
    ];
    assert_eq!(set_up(&setup).await.expect("set up"), expected);
    assert_eq!(set_up(&setup).await.expect("set up"), Vec::<String>::new(), "it is right again");
}

#[test]
fn a_part_that_ours_has_not_is_a_difference_too() {
    let ours = json!({ "template": { "mappings": { "properties": {} } }, "composed_of": [] });
    let stored = json!({ "template": { "mappings": { "properties": {} }, "aliases": { "a": {} } }, "composed_of": [] });
    assert_eq!(difference::parts(Kind::IndexTemplate, &ours, &stored), ["aliases"]);
    assert_eq!(difference::parts(Kind::IndexTemplate, &ours, &ours), Vec::<String>::new());
    let more = json!({ "template": { "mappings": { "properties": { "a": { "type": "long" } } } }, "composed_of": [] });
    assert_eq!(difference::parts(Kind::ComponentTemplate, &ours, &more), ["mappings"]);
}

#[test]
fn what_is_added_beside_ours_does_not_matter_where_defaults_are_added() {
    let ours = json!({ "a": { "b": [1, "x"] }, "text": "{\"p\":{\"q\":1}}" });
    for (stored, holds) in [
        (json!({ "a": { "b": [1, "x"], "c": 2 }, "d": 3, "text": "{\"p\":{\"q\":1,\"r\":2}}" }), true),
        (json!({ "a": { "b": [1, "x", 2] }, "text": "{\"p\":{\"q\":1}}" }), false),
        (json!({ "a": { "b": [1, "y"] }, "text": "{\"p\":{\"q\":1}}" }), false),
        (json!({ "a": { "b": [1, "x"] }, "text": "{\"p\":{\"q\":2}}" }), false),
        (json!({ "a": { "b": [1, "x"] } }), false),
    ] {
        assert_eq!(difference::holds(&stored, &ours), holds, "{stored}");
    }
    assert!(difference::holds(&json!(["logs-*"]), &json!("logs-*")), "a list of one");
    assert!(!difference::holds(&json!(["logs-*", "x"]), &json!("logs-*")));
}

#[tokio::test]
async fn a_retention_is_a_lifecycle_also_of_data_streams_that_are_there() {
    let (cluster, url) = Cluster::start().await;
    let index = ".ds-logs-m365_security.log-default-2026.01.01-000001";
    let stream = "logs-m365_security.log-default";
    {
        let mut kept = cluster.kept();
        kept.resolved = json!({ "indices": [{ "name": index, "data_stream": stream }],
            "data_streams": [{ "name": stream, "backing_indices": [index] }] });
        kept.indices.insert(
            index.to_owned(),
            json!({
            "mappings": { "properties": { "user": { "properties": { "name": { "type": "keyword" } } } } },
            "settings": { "index": { "default_pipeline": "logs-m365_security.log-0.1.0" } } }),
        );
    }
    let with =
        |retention: &str| crate::Options { retention: Some(retention.parse().expect("valid")), ..options(&url, None) };
    let setup = open(with("90d")).await;
    let steps = set_up(&setup).await.expect("set up");
    assert!(steps.contains(&"new logs-m365_security@lifecycle".to_owned()), "{steps:#?}");
    assert!(steps.iter().any(|step| step.starts_with(&format!("changed {stream}: documents are kept"))), "{steps:#?}");
    {
        let kept = cluster.kept();
        let template = &kept.stored["/_component_template/logs-m365_security@lifecycle"]["template"];
        assert_eq!(template["lifecycle"]["data_retention"], "90d");
        assert_eq!(template["settings"]["index"]["lifecycle"]["prefer_ilm"], "false", "else the policy of logs wins");
        assert_eq!(kept.lifecycles[stream], json!({ "data_retention": "90d" }));
    }
    assert_eq!(set_up(&setup).await.expect("set up"), Vec::<String>::new());
    assert_eq!(
        set_up(&open(options(&url, None)).await).await.expect("set up"),
        Vec::<String>::new(),
        "what is set stays"
    );
    set_up(&open(with("cluster")).await).await.expect("set up");
    assert_eq!(cluster.kept().lifecycles.get(stream), None);
    assert_eq!(cluster.kept().stored["/_component_template/logs-m365_security@lifecycle"]["template"], json!({}));
    assert_eq!(set_up(&open(with("cluster")).await).await.expect("set up"), Vec::<String>::new());

    // A serverless project refuses the setting.
    cluster.kept().about =
        json!({ "cluster_name": "s", "version": { "number": "8.11.0", "build_flavor": "serverless" } });
    set_up(&open(with("36h")).await).await.expect("set up");
    let template = cluster.kept().stored["/_component_template/logs-m365_security@lifecycle"]["template"].clone();
    assert_eq!(template["lifecycle"]["data_retention"], "36h");
    assert_eq!(template["settings"], serde_json::Value::Null);
    for wrong in ["", "d", "0d", "-1d", "90", "90 d", "9x", "1.5d"] {
        assert!(wrong.parse::<Retention>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_failure_in_the_middle_is_completed_by_the_next_set_up() {
    let (cluster, url) = Cluster::start().await;
    let setup = open(options(&url, None)).await;
    cluster.kept().refuses = Some(("PUT", "/_index_template/", 500, "the disk is full"));
    let said = refused(set_up(&setup).await);
    assert!(
        said.contains("PUT /_index_template/logs-m365_security.log: 500") && said.contains("the disk is full"),
        "{said}"
    );
    let before = cluster.changes();
    assert!(!before.is_empty());
    cluster.kept().refuses = None;
    let rest = set_up(&setup).await.expect("set up");
    assert_eq!(rest.len() + before.len(), 6, "only what is missing: {rest:#?}");
    assert_eq!(set_up(&setup).await.expect("set up"), Vec::<String>::new());
}
