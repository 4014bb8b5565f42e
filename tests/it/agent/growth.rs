//! A tenant that grows while the test goes on, and the account of what it has shown.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use it::fake_agent::Status;
use simulator::Tenant;
use tokio::time::Instant;

use super::super::expected_documents::ExpectedDocuments;
use super::super::stored;
use super::scene::{GROWING, Scene};

/// How far incidents are apart.
pub(super) const SPACING: TimeDelta = TimeDelta::seconds(2);
/// Incidents that are there from the start.
pub(super) const BACKLOG: i32 = 12;
const PATIENCE: Duration = Duration::from_mins(1);

/// The tenant's clock stands still between two looks, so that every version that it shows is known.
pub(super) struct Growth {
    expected: ExpectedDocuments,
    now: DateTime<Utc>,
    id: String,
}

impl Growth {
    pub(super) fn new(scene: &Scene) -> Self {
        let Tenant { id, start, .. } = scene.tenants[GROWING].clone();
        let now = common::clock::now();
        scene.simulator.clock().set(now);
        let mut expected = ExpectedDocuments::default();
        expected.enter(&scene.simulator, &id, (start - TimeDelta::hours(1), now));
        Self { expected, now, id }
    }

    /// Time passes in the tenant.
    pub(super) fn grow(&mut self, scene: &Scene) {
        let before = self.now;
        self.now = common::clock::now();
        scene.simulator.clock().set(self.now);
        self.expected.enter(&scene.simulator, &self.id, (before, self.now));
    }

    /// Grows until the agent shows what is waited for.
    pub(super) async fn until(&mut self, scene: &Scene, what: &str, is_it: impl Fn(&Status) -> bool) -> Status {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = scene.component.status();
            if is_it(&status) {
                return status;
            }
            assert!(Instant::now() < end, "not {what}: {status:#?}");
            self.grow(scene);
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Waits until everything that the tenant shows now is in the cluster, beside what the tenants `also` show, and nothing
    /// is there twice.
    pub(super) async fn until_complete(&mut self, scene: &Scene, also: &[usize]) {
        let past = self.now - TimeDelta::days(300);
        for tenant in also {
            self.expected.enter(&scene.simulator, &scene.tenants[*tenant].id, (past, self.now));
        }
        self.expected.require();
        let end = Instant::now() + PATIENCE;
        loop {
            let mut wrong = "there is no data stream for each dataset".to_owned();
            if scene.has_streams().await {
                wrong = self.expected.compare(&stored::documents(scene.server, &scene.namespace).await);
            }
            if wrong.is_empty() {
                return;
            }
            let status = scene.component.status();
            assert!(Instant::now() < end, "{wrong}\n{}\n{status:#?}", self.expected.expected());
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// How many documents there must be.
    pub(super) fn expected(&self) -> String {
        self.expected.expected()
    }
}
