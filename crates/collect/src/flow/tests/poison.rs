//! Records that no answer can carry, and records that are merged: the listing goes on, and nothing is forgotten.

use super::faults::{incident, respond};
use super::*;
use state::{RetryItem, RetryKind};

impl Scene {
    fn record_ids(&self, endpoint: Endpoint) -> Vec<String> {
        let census = self.simulator.census(&self.config.tenants[0].id, self.simulator.clock().now());
        let mut seen = if endpoint == Endpoint::ALERTS { census.alerts } else { census.incidents };
        seen.sort_by_key(|seen| seen.last_update);
        seen.into_iter().map(|seen| seen.id).collect()
    }

    async fn retry_queue(&self, dataset: &str) -> Vec<RetryItem> {
        self.state(dataset).await.retry
    }

    /// Documents of records that the source does not deliver now.
    fn absent(&self, expected: &[Vec<String>]) -> usize {
        let found = self.all();
        found.iter().flatten().for_each(|one| assert!(expected.iter().flatten().any(|other| other == one)));
        expected.iter().flatten().count() - found.iter().flatten().count()
    }
}

/// The endpoint of a list, the dataset that keeps its retry queue, and all datasets of it.
const SOURCES: [(Endpoint, &str, &[&str]); 3] = [
    (Endpoint::ALERTS, "alert", &["alert", "evidence"]),
    (Endpoint::INCIDENTS, "incident", &["incident"]),
    (Endpoint::LEGACY, "log", &["log"]),
];

#[tokio::test(start_paused = true)]
async fn a_record_that_no_page_can_carry_blocks_nobody_and_arrives_when_it_can_be_read() {
    let mut scene = scene_of(60, AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    let all = scene.config.tenants[0].datasets.clone();
    for (endpoint, dataset, datasets) in SOURCES {
        let ids = scene.record_ids(endpoint);
        let last = ids.len() - 1;
        // The first, one in the middle, two neighbours, the last.
        for bad in [vec![0], vec![30], vec![20, 21], vec![last]] {
            scene.config.tenants[0].datasets = all.clone();
            scene.start_over();
            scene.config.tenants[0].datasets.retain(|config| datasets.contains(&config.dataset.definition.name));
            for place in &bad {
                scene.simulator.faults().always(Endpoint::Any, Misbehaviour::RecordFails(ids[*place].clone()));
            }
            let expected: Vec<_> = ["alert", "evidence", "incident", "log"]
                .iter()
                .zip(&expected)
                .map(|(name, documents)| if datasets.contains(name) { documents.clone() } else { Vec::new() })
                .collect();
            let mut absent = Vec::new();
            for _ in 0..3 {
                let failed = scene.collect().await;
                assert!(failed.is_empty(), "{endpoint:?} {bad:?}: {failed:?}");
                absent.push(scene.absent(&expected));
                let queue = scene.retry_queue(dataset).await;
                // One that shares its time with the next record is two places.
                assert!(!queue.is_empty() && queue.len() <= 2 * bad.len(), "{endpoint:?} {bad:?}: {queue:?}");
                assert!(queue.iter().all(|entry| entry.kind == RetryKind::Place), "{queue:?}");
                scene.make_due(dataset).await;
            }
            assert!(absent[0] >= bad.len() && absent.iter().all(|one| *one == absent[0]), "{endpoint:?} {absent:?}");
            scene.simulator.faults().clear();
            for _ in 0..2 {
                assert!(scene.collect().await.is_empty());
                assert!(scene.all() == expected, "{endpoint:?} {bad:?}: {} absent", scene.absent(&expected));
                assert_eq!(scene.retry_queue(dataset).await, []);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_is_not_stepped_over() {
    let mut scene = scene_of(40, AlertsPerIncident::Realistic).await;
    scene.only("alert");
    let ids = scene.record_ids(Endpoint::ALERTS);
    // Readable up to here; nothing of what follows.
    for id in &ids[20..] {
        scene.simulator.faults().always(Endpoint::ALERTS, Misbehaviour::RecordFails(id.clone()));
    }
    scene.simulator.faults().script_when(Endpoint::ALERTS, "skip=", respond(500, &[], ""), None);
    let failed = scene.collect().await;
    assert_eq!(failed.len(), 1);
    assert_eq!(scene.retry_queue("alert").await, []);
    let read = scene.documents("alert").len();
    assert!((1..=20).contains(&read), "{read}");
    scene.simulator.faults().clear();
    assert!(scene.collect().await.is_empty());
    assert_eq!(scene.documents("alert").len(), ids.len());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_known_by_name_is_read_alone() {
    let mut scene = scene_of(40, AlertsPerIncident::Realistic).await;
    scene.only("alert");
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    let census = scene.simulator.census(&scene.config.tenants[0].id, scene.simulator.clock().now());
    let bad = census.alerts.into_iter().max_by_key(|seen| seen.last_update).expect("alerts");
    for alone in [false, true] {
        scene.start_over();
        let faults = scene.simulator.faults();
        let endpoint = if alone { Endpoint::Any } else { Endpoint::ALERTS };
        let time = bad.last_update.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        let names = serde_json::json!({"value": [{"id": bad.id, "lastUpdateDateTime": time}]}).to_string();
        faults.script_when(Endpoint::ALERTS, "select", respond(200, &[], &names), None);
        faults.always(endpoint, Misbehaviour::RecordFails(bad.id.clone()));
        let failed = scene.collect().await;
        assert!(failed.is_empty(), "{failed:?}");
        let queue = scene.retry_queue("alert").await;
        if alone {
            assert!(queue.len() == 1 && queue[0].kind == RetryKind::Record && queue[0].id == bad.id, "{queue:?}");
            assert_eq!(scene.absent(&expected), 1);
            scene.simulator.faults().clear();
            scene.make_due("alert").await;
            assert!(scene.collect().await.is_empty());
        }
        assert_eq!(scene.absent(&expected), 0, "{alone}");
        scene.simulator.faults().clear();
        scene.make_due("alert").await;
        assert!(scene.collect().await.is_empty());
        assert!(scene.all() == expected && scene.retry_queue("alert").await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_heavy_incident_that_vanishes_is_delivered_as_its_page_said_it() {
    let mut scene = scene_of(30, AlertsPerIncident::Realistic).await;
    scene.only("incident");
    let ids = scene.record_ids(Endpoint::INCIDENTS);
    scene.simulator.faults().always(Endpoint::Any, Misbehaviour::ExpandFails(ids[10].clone()));
    assert!(scene.collect().await.is_empty());
    assert_eq!(scene.documents("incident").len(), 29);
    assert!(scene.retry_queue("incident").await[0].row.is_some());
    scene.simulator.faults().clear();
    scene.simulator.faults().always(Endpoint::INCIDENT, respond(404, &[], "{}"));
    scene.make_due("incident").await;
    for _ in 0..2 {
        assert!(scene.collect().await.is_empty());
        assert!(scene.retry_queue("incident").await.is_empty());
        let documents = scene.documents("incident");
        assert_eq!(documents.len(), 30);
        let partial: Vec<_> =
            documents.iter().map(|text| incident(text)).filter(|one| one["rollup"].is_null()).collect();
        assert!(partial.len() == 1 && partial[0]["id"] == *ids[10], "{partial:?}");
    }
}
