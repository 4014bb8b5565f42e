//! What services do to their callers, on a paused clock: every record arrives exactly once, the other sources do not
//! notice.

use serde_json::{Value, json};

use super::*;
use state::RetryItem;

const LISTS: [Endpoint; 3] = [Endpoint::INCIDENTS, Endpoint::ALERTS, Endpoint::LEGACY];

pub(super) fn respond(status: u16, headers: &[(&str, &str)], body: &str) -> Misbehaviour {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Misbehaviour::Respond { status, headers, body: body.into() }
}

/// What a page suffers before it is served.
fn troubles() -> Vec<(Misbehaviour, u32)> {
    let date = (common::clock::now() + chrono::TimeDelta::seconds(30)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let wait = r#"{"error":{"code":"TooManyRequests","message":"Quota exceeded. Try again in 40 seconds."}}"#;
    vec![
        (Misbehaviour::throttled(20), 3),
        (respond(429, &[("retry-after", &date)], "{}"), 1),
        (respond(429, &[], wait), 2),
        (respond(429, &[], ""), 2),
        (respond(403, &[], r#"{"error":{"code":"AF429","message":"Too many requests"}}"#), 2),
        (respond(503, &[("retry-after", "5")], ""), 1),
        (respond(500, &[], "{}"), 5),
        (respond(502, &[], "<html>"), 2),
        (respond(503, &[], "busy"), 3),
        (respond(504, &[], ""), 1),
        (respond(408, &[], ""), 1),
        (respond(401, &[], "{}"), 1),
        (Misbehaviour::Delay(Duration::from_mins(3)), 2),
        (Misbehaviour::Cut(30_000), 4),
        (Misbehaviour::Replace(b"{\"value\":[".to_vec()), 2),
        (respond(200, &[("content-type", "text/html")], "<html>sign in</html>"), 2),
        (Misbehaviour::EmptyPage, 2),
    ]
}

impl Scene {
    /// The same tenant, collected into another folder.
    pub(super) fn start_over(&mut self) {
        self.folder = tempfile::tempdir().expect("folder");
        self.config.state = self.folder.path().join("state");
        self.config.dead_letter = self.folder.path().join("dead");
        self.dead = Arc::new(DeadLetters::new(&self.config.dead_letter));
        self.simulator.faults().clear();
    }

    pub(super) fn only(&mut self, dataset: &str) {
        self.config.tenants[0].datasets.retain(|config| config.dataset.definition.name == dataset);
    }

    /// All documents, in an order of their own.
    pub(super) fn all(&self) -> Vec<Vec<String>> {
        ["alert", "evidence", "incident", "log"]
            .map(|dataset| {
                let mut documents = self.documents(dataset);
                documents.sort();
                documents
            })
            .into()
    }

    pub(super) async fn queue(&self) -> Vec<RetryItem> {
        self.state("incident").await.retry
    }

    /// The time of the next attempt has come.
    pub(super) async fn make_due(&self, dataset: &str) {
        let mut retry = self.state(dataset).await.retry;
        for entry in &mut retry {
            "2026-01-01T00:00:00Z".clone_into(&mut entry.next);
        }
        self.change_state(dataset, None, Some(retry)).await;
    }

    fn incident_ids(&self) -> Vec<String> {
        let tenant = &self.config.tenants[0].id;
        self.simulator.census(tenant, self.simulator.clock().now()).incidents.into_iter().map(|seen| seen.id).collect()
    }
}

pub(super) fn incident(document: &str) -> Value {
    serde_json::from_str::<Value>(document).expect("JSON")["m365_defender"]["incident"].take()
}

#[tokio::test(start_paused = true)]
async fn every_trouble_of_a_list_costs_neither_records_nor_duplicates() {
    let mut scene = scene_of(40, AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    scene.check_complete().await;
    let expected = scene.all();
    for endpoint in LISTS {
        for (trouble, times) in troubles() {
            scene.start_over();
            scene.simulator.faults().script(endpoint, trouble.clone(), times);
            let failed = scene.collect().await;
            assert!(failed.is_empty(), "{endpoint:?} {trouble:?}: {failed:?}");
            assert!(scene.all() == expected, "{endpoint:?} {trouble:?}: {:?}", scene.found());
            assert_eq!(scene.dead.counts(), []);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_pages_that_breaks_later_is_started_anew() {
    let mut scene = scene_of(130, AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    scene.check_complete().await;
    let expected = scene.all();
    let expired = r#"{"error":{"code":"BadRequest","message":"The $skiptoken is invalid or has expired."}}"#;
    for endpoint in LISTS {
        for trouble in [
            respond(400, &[], expired),
            respond(410, &[], ""),
            respond(500, &[], ""),
            Misbehaviour::Cut(20_000),
            Misbehaviour::throttled(5),
            Misbehaviour::Delay(Duration::from_mins(2)),
        ] {
            scene.start_over();
            // Three failures make the first page small enough for others to follow.
            scene.simulator.faults().script(endpoint, respond(500, &[], ""), 3);
            scene.simulator.faults().script_when(endpoint, "skiptoken", trouble.clone(), Some(1));
            let failed = scene.collect().await;
            assert!(failed.is_empty(), "{endpoint:?} {trouble:?}: {failed:?}");
            assert!(scene.all() == expected, "{endpoint:?} {trouble:?}: {:?}", scene.found());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_heavy_incident_is_delivered_without_its_sum_and_completed_later() {
    let mut scene = scene_of(60, AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    let ids = scene.incident_ids();
    // One at the start, one in the middle, two neighbours, the last one.
    for heavy in [vec![&ids[0]], vec![&ids[30]], vec![&ids[20], &ids[21]], vec![&ids[59]]] {
        scene.start_over();
        for id in &heavy {
            scene.simulator.faults().always(Endpoint::Any, Misbehaviour::ExpandFails((*id).clone()));
        }
        for cycle in 1..4 {
            let failed = scene.collect().await;
            assert!(failed.is_empty(), "{heavy:?}: {failed:?}");
            let [alerts, evidence, incidents, log] = scene.all().try_into().expect("four");
            assert_eq!([&alerts, &evidence, &log], [&expected[0], &expected[1], &expected[3]]);
            let queue = scene.queue().await;
            assert_eq!(queue.len(), heavy.len());
            assert!(queue.iter().all(|entry| entry.attempts == cycle), "{queue:?}");
            assert!(queue.iter().all(|entry| entry.row.is_some() == (cycle == 1)), "{queue:?}");
            scene.make_due("incident").await;
            if cycle == 1 {
                // They are held back until the second attempt.
                assert_eq!(incidents.len(), expected[2].len() - heavy.len(), "{heavy:?}");
                continue;
            }
            assert_eq!(incidents.len(), expected[2].len(), "{heavy:?}");
            let partial: Vec<_> =
                incidents.iter().map(|text| incident(text)).filter(|one| one["rollup"].is_null()).collect();
            assert_eq!(partial.len(), heavy.len());
            assert!(partial.iter().all(|one| heavy.iter().any(|id| one["id"] == **id)), "{partial:?}");
        }
        scene.simulator.faults().clear();
        for _ in 0..2 {
            assert!(scene.collect().await.is_empty());
            assert!(scene.queue().await.is_empty());
            let incidents = scene.documents("incident");
            assert_eq!(incidents.len(), expected[2].len() + heavy.len(), "{heavy:?} {:?}", scene.simulator.requests());
            let mut whole: Vec<_> = incidents.into_iter().filter(|text| !incident(text)["rollup"].is_null()).collect();
            whole.sort();
            assert_eq!(whole, expected[2], "{heavy:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_heavy_incident_in_the_overlap_costs_no_failures() {
    let mut scene = scene_of(60, AlertsPerIncident::Realistic).await;
    scene.only("incident");
    let newest = {
        let tenant = &scene.config.tenants[0].id;
        let seen = scene.simulator.census(tenant, scene.simulator.clock().now()).incidents;
        seen.into_iter().max_by_key(|seen| seen.last_update).expect("incidents").id
    };
    scene.simulator.faults().always(Endpoint::Any, Misbehaviour::ExpandFails(newest));
    for cycle in 0..3 {
        let start = tokio::time::Instant::now();
        assert!(scene.collect().await.is_empty());
        assert_eq!(scene.documents("incident").len(), 59);
        assert_eq!(start.elapsed() > Duration::from_secs(1), cycle == 0, "{:?}", start.elapsed());
    }
    let queue = scene.queue().await;
    assert!(queue.len() == 1 && queue[0].attempts == 1, "{queue:?}");
}

#[tokio::test(start_paused = true)]
async fn where_lists_cannot_be_expanded_each_incident_is_read_alone() {
    let mut scene = scene_of(40, AlertsPerIncident::Realistic).await;
    scene.only("incident");
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    scene.start_over();
    scene.simulator.faults().script_when(Endpoint::INCIDENTS, "expand", respond(500, &[], ""), None);
    // An answer that breaks off, throttling and an expired token on the way belong to it.
    scene.simulator.faults().script(Endpoint::INCIDENT, Misbehaviour::throttled(9), 2);
    let failed = scene.collect().await;
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(scene.all(), expected);
    assert!(scene.queue().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn links_in_a_circle_end_the_window_and_nothing_else() {
    let scene = scene(AlertsPerIncident::Realistic).await;
    let root = scene.config.tenants[0].cloud.api(schema::Api::Graph).expect("Graph").0;
    let time = common::clock::timestamp();
    let row = json!({"id": "7", "tenantId": "t", "lastUpdateDateTime": time, "createdDateTime": time, "alerts": []});
    let link = root.join("/v1.0/security/incidents?$skiptoken=x").expect("address");
    let page = json!({"value": [row], "@odata.nextLink": link.as_str()});
    scene.simulator.faults().always(Endpoint::INCIDENTS, respond(200, &[], &page.to_string()));
    let failed = scene.collect().await;
    assert_eq!(failed.len(), 1);
    assert!(failed[0].error.to_string().contains("leads to a page that was read already"), "{}", failed[0].error);
    let [alerts, evidence, _, log] = scene.expected().await;
    assert_eq!(scene.found(), [alerts, evidence, 1, log]);
}

#[tokio::test(start_paused = true)]
async fn records_that_become_visible_late_are_collected_once() {
    let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
    scene.only("incident");
    let now = common::clock::now();
    let row = |id: &str, seconds: i64| {
        let time = (now - chrono::TimeDelta::seconds(seconds)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        json!({"id": id, "tenantId": "t", "lastUpdateDateTime": time, "createdDateTime": time, "alerts": []})
    };
    let serve = |rows: &[Value]| {
        let page = json!({ "value": rows }).to_string().into_bytes();
        scene.simulator.faults().clear();
        scene.simulator.faults().always(Endpoint::INCIDENTS, Misbehaviour::Replace(page));
    };
    let (first, newest) = (row("1", 300), row("2", 30));
    serve(&[first.clone(), newest.clone()]);
    assert!(scene.collect().await.is_empty());
    assert_eq!(scene.documents("incident").len(), 2);
    // Behind the cursor, inside the overlap; and one that is too late for it.
    serve(&[row("3", 200), row("4", 100), newest.clone()]);
    for _ in 0..3 {
        assert!(scene.collect().await.is_empty());
        let ids: Vec<_> = scene.documents("incident").iter().map(|text| incident(text)["id"].clone()).collect();
        assert_eq!(ids, ["1", "2", "4"]);
    }
    // The request itself goes back as well.
    assert_eq!(scene.state("incident").await.progress.cursor.as_deref(), newest["lastUpdateDateTime"].as_str());
}

#[tokio::test(start_paused = true)]
async fn a_cycle_that_breaks_off_keeps_what_it_delivered() {
    let scene = scene_of(120, AlertsPerIncident::Realistic).await;
    // The first page is served.
    scene.simulator.faults().script(Endpoint::INCIDENTS, Misbehaviour::Delay(Duration::ZERO), 1);
    scene.simulator.faults().always(Endpoint::INCIDENTS, respond(403, &[], "{}"));
    let failed = scene.collect().await;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].datasets, "incident");
    // With those that some of them were merged into.
    assert!((50..60).contains(&scene.documents("incident").len()));
    scene.simulator.faults().clear();
    assert!(scene.collect().await.is_empty());
    scene.check_complete().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_size_that_was_halved_grows_back() {
    let mut scene = scene_of(130, AlertsPerIncident::Realistic).await;
    scene.only("incident");
    scene.simulator.faults().script(Endpoint::INCIDENTS, respond(500, &[], ""), 5);
    assert!(scene.collect().await.is_empty());
    assert_eq!(scene.documents("incident").len(), 130);
    assert!(scene.simulator.requests() < 35, "{} requests", scene.simulator.requests());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_down_ends_its_cycle_and_is_complete_later() {
    let scene = scene_of(40, AlertsPerIncident::Realistic).await;
    for endpoint in LISTS {
        for trouble in [respond(500, &[], ""), respond(429, &[], ""), Misbehaviour::Cut(10)] {
            scene.simulator.faults().always(endpoint, trouble);
            let start = tokio::time::Instant::now();
            assert_eq!(scene.collect().await.len(), 1);
            assert!(start.elapsed() < Duration::from_mins(20), "{:?}", start.elapsed());
            scene.simulator.faults().clear();
        }
    }
    assert!(scene.collect().await.is_empty());
    scene.check_complete().await;
}
