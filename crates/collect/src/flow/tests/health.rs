//! Health says what happened, and that it is over.

use super::faults::respond;
use super::*;
use common::health::{Reason, Snapshot, SourceSnapshot, State};
use common::stats::Stats;

impl Scene {
    /// One cycle of every source, and what is said of it.
    async fn tell(&self, stats: &Arc<Stats>) -> Snapshot {
        let files = Files::new(&FileOutput::new(self.folder.path().join("out"))).expect("directory");
        let parts = Parts::new(AnyOutput::File(files), Arc::clone(stats), Arc::clone(&self.dead));
        let stop = CancellationToken::new();
        run(&self.config, parts, true, stop).await.expect("runs");
        stats.health.snapshot()
    }
}

fn of<'a>(told: &'a Snapshot, dataset: &str) -> &'a SourceSnapshot {
    told.sources.iter().find(|source| source.dataset.split('+').any(|name| name == dataset)).expect("a source")
}

fn reasons(source: &SourceSnapshot) -> Vec<Reason> {
    source.reasons.iter().map(|reason| reason.reason).collect()
}

#[tokio::test(start_paused = true)]
async fn a_good_cycle_is_healthy_and_counted() {
    let scene = scene(AlertsPerIncident::Exactly(3)).await;
    let stats = Arc::default();
    let told = scene.tell(&stats).await;
    assert_eq!(told.outputs[0].state, State::Healthy);
    for dataset in ["alert", "evidence", "incident", "log"] {
        let source = of(&told, dataset);
        assert_eq!((source.state, source.backlog_seconds), (State::Healthy, Some(0)), "{source:?}");
        let counted = source.documents.iter().find(|documents| documents.dataset == dataset).expect("a dataset");
        assert_eq!(counted.created, scene.documents(dataset).len() as u64, "{dataset}");
        assert!(source.fetched > 0 && source.pages > 0 && source.bytes > 0 && source.late == 0, "{source:?}");
        assert!(source.newest.is_some() && source.last_nonempty.is_some() && source.last_error.is_none(), "{source:?}");
    }
    let again = scene.tell(&stats).await;
    assert_eq!((of(&again, "alert").state, of(&again, "alert").cycles), (State::Healthy, 2));
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_failed_for_its_source_until_it_is_granted() {
    let scene = scene(AlertsPerIncident::Exactly(1)).await;
    let stats = Arc::default();
    let body = r#"{"error":{"code":"Forbidden","message":"Missing application roles"}}"#;
    scene.simulator.faults().always(Endpoint::ALERTS, respond(403, &[], body));
    let told = scene.tell(&stats).await;
    let source = of(&told, "evidence");
    assert_eq!((source.state, reasons(source)), (State::Failed, vec![Reason::Permission]));
    assert!(
        source.last_error.as_deref().is_some_and(|error| error.contains("Missing application roles")),
        "{source:?}"
    );
    assert_eq!((of(&told, "incident").state, of(&told, "log").state), (State::Healthy, State::Healthy));
    scene.simulator.faults().clear();
    let told = scene.tell(&stats).await;
    assert_eq!((of(&told, "evidence").state, of(&told, "evidence").failures), (State::Healthy, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_secret_is_failed_for_all() {
    let mut scene = scene(AlertsPerIncident::Exactly(1)).await;
    let stats = Arc::default();
    let good =
        std::mem::replace(&mut scene.config.tenants[0].credential, CredentialKind::Secret("wrong~secret-2".into()));
    let told = scene.tell(&stats).await;
    for source in &told.sources {
        assert_eq!((source.state, reasons(source)), (State::Failed, vec![Reason::Auth]), "{source:?}");
    }
    scene.config.tenants[0].credential = good;
    let told = scene.tell(&stats).await;
    assert!(told.sources.iter().all(|source| source.state == State::Healthy), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_counted_and_healthy() {
    let scene = scene(AlertsPerIncident::Exactly(1)).await;
    let stats = Arc::default();
    scene.simulator.faults().script(Endpoint::LEGACY, Misbehaviour::throttled(20), 2);
    let told = scene.tell(&stats).await;
    let source = of(&told, "log");
    assert_eq!((source.state, source.throttled, source.throttled_seconds), (State::Healthy, 2, 40), "{source:?}");
    assert_eq!(of(&told, "incident").throttled, 0);
}

#[tokio::test(start_paused = true)]
async fn a_heavy_record_degrades_its_source_and_no_other() {
    let scene = scene(AlertsPerIncident::Exactly(2)).await;
    let stats = Arc::default();
    let first = &scene.records(schema::Api::Graph, "/v1.0/security/incidents?$top=1").await[0];
    let first: serde_json::Value = serde_json::from_str(first.get()).expect("JSON");
    let id = first["id"].as_str().expect("an id").to_owned();
    scene.simulator.faults().always(Endpoint::Any, Misbehaviour::ExpandFails(id.clone()));
    let told = scene.tell(&stats).await;
    let source = of(&told, "incident");
    assert_eq!((source.state, reasons(source)), (State::Degraded, vec![Reason::HeavyRecord]), "{source:?}");
    assert!(source.reasons[0].text.contains(&id) && source.retry_queue == 1, "{source:?}");
    assert_eq!(of(&told, "alert").state, State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_becomes_visible_late_is_counted() {
    let mut scene = scene(AlertsPerIncident::Exactly(1)).await;
    scene.only("alert");
    scene.config.tenants[0].datasets[0].overlap = Duration::from_hours(24);
    let stats = Arc::default();
    let records = scene.records(schema::Api::Graph, "/v1.0/security/alerts_v2?$top=1000").await;
    let middle: serde_json::Value = serde_json::from_str(records[records.len() - 3].get()).expect("JSON");
    let id = middle["id"].as_str().expect("an id").to_owned();
    scene.simulator.faults().always(Endpoint::Any, Misbehaviour::Late(id, chrono::TimeDelta::days(300)));
    let told = scene.tell(&stats).await;
    assert_eq!(of(&told, "alert").late, 0);
    let before = scene.documents("alert").len();
    scene.simulator.faults().clear();
    let told = scene.tell(&stats).await;
    assert_eq!((scene.documents("alert").len() - before, of(&told, "alert").late), (1, 1));
    assert_eq!(of(&told, "alert").state, State::Healthy);
}
