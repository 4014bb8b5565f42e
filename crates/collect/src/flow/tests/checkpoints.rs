//! Crashes, broken orders and failing outputs in the middle of a window: what was acknowledged is not read twice, what was
//! not is read again. In tests a checkpoint comes after fifty documents.

use serde_json::json;

use super::*;

fn count(documents: &[String]) -> (usize, usize) {
    (documents.len(), documents.iter().collect::<BTreeSet<_>>().len())
}

impl Scene {
    fn keep(&mut self, names: &[&str]) {
        self.config.tenants[0].datasets.retain(|config| names.contains(&config.dataset.definition.name));
    }

    /// Collects until nothing happens any more, and dies: nothing is told to stop, nothing is flushed.
    async fn crash(&self) {
        let dead = tokio::time::timeout(Duration::from_secs(20), self.collect()).await;
        assert!(dead.is_err(), "it should hang");
        // Tasks of the dropped run end, and give the state file free.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_a_long_window_goes_on_where_it_was_acknowledged() {
    for (endpoint, dataset) in [(Endpoint::INCIDENTS, "incident"), (Endpoint::LEGACY, "log")] {
        let mut scene = scene_of(260, AlertsPerIncident::Exactly(1)).await;
        scene.keep(&[dataset]);
        // Two answers come as ever, and no third.
        scene.simulator.faults().script(endpoint, Misbehaviour::Delay(Duration::ZERO), 2);
        scene.simulator.faults().always(endpoint, Misbehaviour::Delay(Duration::from_mins(10)));
        scene.crash().await;
        let (delivered, _) = count(&scene.documents(dataset));
        assert!(delivered >= 50, "{dataset}: {delivered}");
        let progress = scene.state(dataset).await.progress;
        assert!(progress.last_success.is_none() && progress.last_new.is_some());
        scene.simulator.faults().clear();
        assert!(scene.collect().await.is_empty());
        let (all, distinct) = count(&scene.documents(dataset));
        let place = if dataset == "incident" { 2 } else { 3 };
        assert_eq!(distinct, scene.expected().await[place], "{dataset}: nothing is lost");
        assert!(all - distinct < CHECKPOINT, "{dataset}: {} twice", all - distinct);
        assert!(scene.state(dataset).await.progress.last_success.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_turns_out_wrong_takes_the_cursor_back() {
    let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
    scene.keep(&["incident"]);
    let start = common::clock::now() - chrono::TimeDelta::minutes(30);
    let row = |number: i64| {
        let time = (start + chrono::TimeDelta::seconds(number)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        json!({"id": number.to_string(), "tenantId": "t", "lastUpdateDateTime": time, "createdDateTime": time, "alerts": []})
    };
    let root = scene.config.tenants[0].cloud.api(schema::Api::Graph).expect("Graph").0;
    let link = root.join("/v1.0/security/incidents?$skiptoken=x").expect("address");
    let serve = |rows: Vec<i64>| {
        let rows: Vec<_> = rows.into_iter().map(row).collect();
        let page = json!({ "value": rows, "@odata.nextLink": link.as_str() }).to_string().into_bytes();
        scene.simulator.faults().clear();
        scene.simulator.faults().script(Endpoint::INCIDENTS, Misbehaviour::Replace(page), 1);
        scene.simulator.faults().always(Endpoint::INCIDENTS, Misbehaviour::status(401, "{}"));
    };
    // In order: the cursor follows, although the window is not read to its end.
    serve((600..660).collect());
    assert_eq!(scene.collect().await.len(), 1);
    let moved = scene.state("incident").await.progress.cursor;
    assert_eq!(moved.as_deref(), row(659)["lastUpdateDateTime"].as_str());
    // After a checkpoint within the page an older one follows.
    serve((700..760).chain([680]).collect());
    assert_eq!(scene.collect().await.len(), 1);
    assert_eq!(scene.state("incident").await.progress.cursor, moved);
    assert_eq!(count(&scene.documents("incident")), (121, 121));
    // They are known all the same.
    serve((700..760).chain([680, 690]).collect());
    assert_eq!(scene.collect().await.len(), 1);
    assert_eq!(count(&scene.documents("incident")), (122, 122));
}

#[tokio::test(start_paused = true)]
async fn datasets_that_share_a_poll_keep_their_own_memory() {
    let mut scene = scene_of(60, AlertsPerIncident::Realistic).await;
    scene.keep(&["alert", "evidence"]);
    assert!(scene.collect().await.is_empty());
    let [alerts, evidence, ..] = scene.found();
    // One of the two forgets everything.
    let state = state::offline::Offline::open(&scene.config.state).expect("opens");
    let sources = state.sources().expect("sources").into_iter().map(|source| (source.key, source.dataset));
    let forgotten: Vec<_> = sources.filter(|(_, dataset)| dataset.as_deref() == Some("evidence")).collect();
    assert_eq!(forgotten.len(), 1);
    state.forget(&forgotten).expect("forgets");
    drop(state);
    assert!(scene.collect().await.is_empty());
    assert_eq!(scene.found()[..2], [alerts, evidence * 2]);
    assert!(scene.collect().await.is_empty());
    assert_eq!(scene.found()[..2], [alerts, evidence * 2]);
}

#[tokio::test(start_paused = true)]
async fn what_the_output_did_not_take_is_not_remembered() {
    let mut scene = scene_of(130, AlertsPerIncident::Realistic).await;
    scene.keep(&["incident"]);
    let way = scene.folder.path().join("out").join("logs-m365_security.incident-default.ndjson");
    fs::create_dir_all(&way).expect("in the way");
    assert_eq!(scene.collect().await.len(), 1);
    assert_eq!(scene.state("incident").await, Remembered::default());
    fs::remove_dir(&way).expect("out of the way");
    assert!(scene.collect().await.is_empty());
    assert_eq!(count(&scene.documents("incident")), (130, 130));
}

#[tokio::test(start_paused = true)]
async fn an_empty_poll_is_remembered_with_the_next_commit_only() {
    let mut scene = scene_of(20, AlertsPerIncident::Exactly(0)).await;
    scene.keep(&["incident"]);
    assert!(scene.collect().await.is_empty());
    let first = scene.state("incident").await.progress;
    assert!(first.last_success.is_some() && first.last_new.is_some());
    assert!(scene.collect().await.is_empty());
    let second = scene.state("incident").await.progress;
    assert!(second.last_success > first.last_success, "the end of the run writes what waits");
    assert_eq!((second.last_new, second.cursor), (first.last_new, first.cursor));
}
