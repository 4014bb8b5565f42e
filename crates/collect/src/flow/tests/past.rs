//! What is read apart from the live window: late-arrival scans, and backfills.

use chrono::TimeDelta;

use super::super::backfill::{Meters, Order, backfill};
use super::faults::respond;
use super::*;
use config::LateArrivalScanConfig;
use state::Progress;

impl Scene {
    /// Collects for so long, then stops.
    pub(super) async fn live(&self, time: Duration) -> Arc<Stats> {
        let parts = self.parts();
        let stats = Arc::clone(&parts.stats);
        let stop = CancellationToken::new();
        let stopped = async {
            tokio::time::sleep(time).await;
            stop.cancel();
        };
        let (failed, ()) = tokio::join!(run(&self.config, parts, false, stop.clone()), stopped);
        failed.expect("runs");
        stats
    }

    pub(super) fn scan_for_late_arrivals(&mut self, every: Duration) {
        for config in &mut self.config.tenants[0].datasets {
            config.late_arrival_scan = Some(LateArrivalScanConfig { every, span: Duration::from_hours(24 * 20) });
        }
    }

    async fn backfill(&self, from: TimeDelta, to: TimeDelta) -> Vec<Failed> {
        let stop = CancellationToken::new();
        let now = self.simulator.clock().now();
        let span = Order { from: now - from, to: now - to, stop };
        backfill(&self.config, self.parts(), span, &Meters::default()).await.expect("runs")
    }

    async fn tasks(&self, dataset: &str, kind: &str) -> usize {
        let (store, state) = self.open_state(dataset);
        let count = state.tasks(kind, 10).await.expect("tasks").len();
        store.close().await.expect("closes");
        count
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_arrival_scan_finds_what_became_visible_too_late_for_polls() {
    let mut scene = scene_of(60, AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    let census = scene.simulator.census(&scene.config.tenants[0].id, scene.simulator.clock().now());
    let (alert, incident) = (&census.alerts[40].id, &census.incidents[7].id);
    scene.start_over();
    for id in [alert, incident] {
        scene.simulator.faults().always(Endpoint::Any, Misbehaviour::Late(id.clone(), TimeDelta::days(300)));
    }
    assert!(scene.collect().await.is_empty());
    let found: usize = scene.all().iter().map(Vec::len).sum();
    scene.simulator.faults().clear();
    // Polls do not look so far back.
    scene.live(Duration::from_mins(5)).await;
    assert_eq!(scene.all().iter().map(Vec::len).sum::<usize>(), found);
    let cursors = scene.cursors().await;
    scene.scan_for_late_arrivals(Duration::ZERO);
    // A scan that is interrupted goes on, and polls go on beside it.
    let mut late = 0;
    for _ in 0..4 {
        let stats = scene.live(Duration::from_mins(3)).await;
        late += stats.health.snapshot().sources.iter().map(|source| source.late).sum::<u64>();
    }
    assert!(scene.all() == expected);
    assert_eq!(late, expected.iter().map(Vec::len).sum::<usize>() as u64 - found as u64);
    assert_eq!(scene.cursors().await, cursors);
}

#[tokio::test(start_paused = true)]
async fn a_late_arrival_scan_gives_way_to_throttling_and_errors() {
    let mut scene = scene_of(30, AlertsPerIncident::Realistic).await;
    scene.only("alert");
    assert!(scene.collect().await.is_empty());
    scene.scan_for_late_arrivals(Duration::ZERO);
    // What scans ask has an upper bound, what polls ask has none.
    let faults = scene.simulator.faults();
    faults.script_when(Endpoint::ALERTS, "%20lt%20", Misbehaviour::throttled(20), Some(3));
    faults.script_when(Endpoint::ALERTS, "%20lt%20", respond(403, &[], "{}"), Some(2));
    let stats = scene.live(Duration::from_mins(30)).await;
    assert_eq!(format!("{:?}", scene.simulator.faults()), "[]", "all of them struck");
    let snapshot = stats.health.snapshot();
    assert_eq!(snapshot.sources[0].failures, 0);
    assert!(snapshot.sources[0].cycles >= 25, "{}", snapshot.sources[0].cycles);
    assert_eq!(scene.documents("alert").len(), scene.expected().await[0]);
}

#[tokio::test(start_paused = true)]
async fn a_backfill_reads_the_past_and_leaves_the_cursor_alone() {
    let mut scene = scene_of(60, AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    scene.start_over();
    for config in &mut scene.config.tenants[0].datasets {
        config.lookback = Duration::from_hours(3);
    }
    assert!(scene.collect().await.is_empty());
    let (cursors, part) = (scene.cursors().await, scene.all());
    assert!(part.iter().zip(&expected).all(|(part, all)| part.len() < all.len()));
    // Half of it first, then what overlaps.
    assert!(scene.backfill(TimeDelta::days(30), TimeDelta::hours(6)).await.is_empty());
    assert!(scene.all() != expected);
    assert!(scene.backfill(TimeDelta::hours(8), TimeDelta::zero()).await.is_empty());
    // The end is exclusive, and the newest record may be at it.
    assert!(scene.all() == expected, "{:?}", scene.found());
    assert_eq!(scene.cursors().await, cursors);
    assert!(scene.collect().await.is_empty());
    assert!(scene.all() == expected);
    assert_eq!(scene.tasks("alert", "backfill").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_backfill_that_fails_is_gone_on_with() {
    let mut scene = scene_of(60, AlertsPerIncident::Realistic).await;
    scene.only("log");
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    scene.start_over();
    scene.simulator.faults().script(Endpoint::LEGACY, Misbehaviour::Delay(Duration::ZERO), 2);
    scene.simulator.faults().always(Endpoint::LEGACY, respond(403, &[], "{}"));
    let failed = scene.backfill(TimeDelta::days(2), TimeDelta::zero()).await;
    assert_eq!(failed.len(), 1);
    assert!(scene.all() != expected);
    assert_eq!(scene.tasks("log", "backfill").await, 1);
    scene.simulator.faults().clear();
    // Throttling and a short outage on the way.
    scene.simulator.faults().script(Endpoint::LEGACY, Misbehaviour::throttled(30), 4);
    scene.simulator.faults().script(Endpoint::LEGACY, respond(500, &[], ""), 20);
    assert!(scene.backfill(TimeDelta::days(2), TimeDelta::zero()).await.is_empty());
    assert!(scene.all() == expected, "{:?}", scene.found());
    assert_eq!(scene.tasks("log", "backfill").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_pending_backfill_is_gone_on_with_whatever_the_order_of_the_datasets() {
    let mut scene = scene_of(60, AlertsPerIncident::Realistic).await;
    scene.config.tenants[0].datasets.retain(|config| ["alert", "evidence"].contains(&config.dataset.definition.name));
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    scene.start_over();
    scene.simulator.faults().script(Endpoint::ALERTS, Misbehaviour::Delay(Duration::ZERO), 2);
    scene.simulator.faults().always(Endpoint::ALERTS, respond(403, &[], "{}"));
    assert_eq!(scene.backfill(TimeDelta::days(2), TimeDelta::zero()).await.len(), 1);
    assert!(scene.all() != expected);
    scene.simulator.faults().clear();
    scene.config.tenants[0].datasets.reverse();
    // A short span is asked for: only what is left of the long one brings the rest.
    assert!(scene.backfill(TimeDelta::seconds(1), TimeDelta::zero()).await.is_empty());
    assert!(scene.all() == expected, "{:?} of {:?}", scene.found(), expected.iter().map(Vec::len).collect::<Vec<_>>());
    for dataset in ["alert", "evidence"] {
        assert_eq!(scene.tasks(dataset, "backfill").await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_backfill_does_not_ask_for_what_no_service_keeps() {
    let mut scene = scene_of(5, AlertsPerIncident::Realistic).await;
    scene.only("incident");
    let failed = scene.backfill(TimeDelta::days(400), TimeDelta::days(300)).await;
    assert!(failed.len() == 1 && failed[0].error.to_string().contains("keeps records for 180 days"), "{failed:?}");
    assert_eq!(scene.state("incident").await.progress, Progress::default());
    assert!(scene.backfill(TimeDelta::days(400), TimeDelta::zero()).await.is_empty());
    assert_eq!(scene.documents("incident").len(), 5);
}

impl Scene {
    async fn cursors(&self) -> Vec<Option<String>> {
        let mut cursors = Vec::new();
        for dataset in ["alert", "evidence", "incident", "log"] {
            cursors.push(self.state(dataset).await.progress.cursor);
        }
        cursors
    }
}
