//! Records that were merged into others.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::faults::{incident, respond};
use super::*;
use state::RetryKind;

/// A listing of these incidents, and each of them by its id.
fn serve(scene: &Scene, listed: &[&Value], by_id: &[&Value]) {
    let faults = scene.simulator.faults();
    faults.clear();
    let page = json!({ "value": listed }).to_string();
    faults.always(Endpoint::INCIDENTS, Misbehaviour::Replace(page.into_bytes()));
    // By-id answers come in the order in which they are asked for.
    for record in by_id {
        let context = "https://graph.microsoft.com/v1.0/$metadata#security/incidents/$entity";
        let mut record = (*record).clone();
        record["@odata.context"] = context.into();
        faults.script(
            Endpoint::INCIDENT,
            respond(200, &[("content-type", "application/json")], &record.to_string()),
            1,
        );
    }
}

fn record(now: DateTime<Utc>, id: &str, minutes: i64, target: Option<&str>) -> Value {
    let time = (now - chrono::TimeDelta::minutes(minutes)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let status = if target.is_some() { "redirected" } else { "active" };
    json!({"id": id, "tenantId": "t", "status": status, "redirectIncidentId": target, "lastUpdateDateTime": time,
        "createdDateTime": time, "alerts": []})
}

fn ids(scene: &Scene) -> Vec<String> {
    let text = |one: &String| incident(one)["id"].as_str().expect("id").to_owned();
    let mut ids: Vec<_> = scene.documents("incident").iter().map(text).collect();
    ids.sort();
    ids
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_merges_is_followed_to_its_end_once() {
    let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
    scene.only("incident");
    let now = common::clock::now();
    // The others lie long before the window.
    let chain = [record(now, "1", 5, Some("2")), record(now, "2", 90_000, Some("3")), record(now, "3", 95_000, None)];
    serve(&scene, &[&chain[0]], &[&chain[1], &chain[2]]);
    assert!(scene.collect().await.is_empty());
    assert_eq!(ids(&scene), ["1", "2", "3"]);
    // After a restart it is followed again, and known.
    for _ in 0..2 {
        serve(&scene, &[&chain[0]], &[&chain[1], &chain[2]]);
        assert!(scene.collect().await.is_empty());
        assert_eq!(ids(&scene), ["1", "2", "3"]);
    }
    assert!(scene.state("incident").await.retry.is_empty());
    assert_eq!(scene.dead.counts(), []);
}

#[tokio::test(start_paused = true)]
async fn circles_of_merges_end() {
    let now = common::clock::now();
    for (rows, expected) in [
        // A to B to A, A to itself, and a circle behind a tail.
        (vec![record(now, "1", 5, Some("2")), record(now, "2", 90_000, Some("1"))], vec!["1", "2"]),
        (vec![record(now, "1", 5, Some("1"))], vec!["1"]),
        (
            vec![
                record(now, "1", 5, Some("2")),
                record(now, "2", 90_000, Some("3")),
                record(now, "3", 90_000, Some("2")),
            ],
            vec!["1", "2", "3"],
        ),
    ] {
        let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
        scene.only("incident");
        let others: Vec<_> = rows[1..].iter().collect();
        serve(&scene, &[&rows[0]], &others);
        let before = scene.simulator.requests();
        assert!(scene.collect().await.is_empty());
        assert_eq!(ids(&scene), expected);
        // A token, the list, and each record once.
        assert!(scene.simulator.requests() - before <= 2 + others.len() as u64, "{}", scene.simulator.requests());
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_missing_is_owed_for_a_while() {
    for status in [404, 403, 500] {
        let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
        scene.only("incident");
        let now = common::clock::now();
        let (one, other) = (record(now, "1", 5, Some("2")), record(now, "2", 90_000, None));
        serve(&scene, &[&one], &[]);
        scene.simulator.faults().always(Endpoint::INCIDENT, respond(status, &[], "{}"));
        assert!(scene.collect().await.is_empty(), "{status}");
        let queue = scene.state("incident").await.retry;
        assert!(queue.len() == 1 && queue[0].kind == RetryKind::Record && queue[0].id == "2", "{status} {queue:?}");
        scene.make_due("incident").await;
        serve(&scene, &[&one], &[]);
        scene.simulator.faults().always(Endpoint::INCIDENT, respond(status, &[], "{}"));
        assert!(scene.collect().await.is_empty(), "{status}");
        assert_eq!(ids(&scene), ["1"]);
        // Visible at last.
        serve(&scene, &[&one], &[&other, &other]);
        scene.make_due("incident").await;
        assert!(scene.collect().await.is_empty(), "{status}");
        assert_eq!(ids(&scene), ["1", "2"], "{status}");
        assert!(scene.state("incident").await.retry.is_empty());
    }
    // One that stays away is forgotten.
    let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
    scene.only("incident");
    let one = record(common::clock::now(), "1", 5, Some("2"));
    for cycle in 0..6 {
        let listed: Vec<_> = (cycle == 0).then_some(&one).into_iter().collect();
        serve(&scene, &listed, &[]);
        scene.simulator.faults().always(Endpoint::INCIDENT, respond(404, &[], "{}"));
        assert!(scene.collect().await.is_empty());
        assert_eq!(scene.state("incident").await.retry.is_empty(), cycle >= 3, "{cycle}");
        scene.make_due("incident").await;
    }
}
