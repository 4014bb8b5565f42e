//! Health as plain values, as `status --json` prints it.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{
    ActiveReasons, Health, LettersSnapshot, Reason, RefusedSnapshot, SourceHealth, SourceStatus, StreamSnapshot, locked,
};
use crate::clock;
use crate::clock::ServiceClock;

/// How a source or the output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No cycle has ended yet.
    Starting,
    /// Everything works; throttling and empty answers included.
    Healthy,
    /// Records are collected and delivered, but something needs attention.
    Degraded,
    /// Nothing is collected or delivered.
    Failed,
}

impl State {
    /// The word, as in `status` and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

/// Everything at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// When, RFC 3339.
    pub at: String,
    /// The outputs, the default one first.
    pub outputs: Vec<OutputSnapshot>,
    /// The dead letters.
    #[serde(default)]
    pub dead_letters: LettersSnapshot,
    /// The sources, in the order of cloud, tenant, datasets.
    pub sources: Vec<SourceSnapshot>,
}

/// The output at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OutputSnapshot {
    /// Its name in the configuration.
    pub name: String,
    /// How it is.
    pub state: State,
    /// Why.
    pub reasons: Vec<ReasonSnapshot>,
    /// Data streams that refuse documents; the others take them.
    #[serde(default)]
    pub refusing: Vec<StreamSnapshot>,
    /// Batches that were taken.
    pub batches: u64,
    /// Requests that were repeated.
    pub retries: u64,
    /// When a batch was taken last, RFC 3339.
    pub last_success: Option<String>,
    /// The last error, even if it is over.
    pub last_error: Option<String>,
    /// When, RFC 3339.
    pub last_error_at: Option<String>,
}

/// A reason that holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReasonSnapshot {
    /// Its name.
    pub reason: Reason,
    /// Text of the error.
    pub text: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// How often it was seen since then.
    pub count: u64,
}

/// A source at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SourceSnapshot {
    /// Name of the tenant's cloud.
    pub cloud: String,
    /// Tenant id.
    pub tenant: String,
    /// The tenant's name for people.
    pub name: Option<String>,
    /// Datasets, joined with `+`.
    pub dataset: String,
    /// How it is.
    pub state: State,
    /// Why.
    pub reasons: Vec<ReasonSnapshot>,
    /// Time of the newest record, in the service's words.
    pub newest: Option<String>,
    /// Age of the newest record in seconds.
    pub freshness_seconds: Option<i64>,
    /// Seconds of the service's time between the newest record read and now, while a window is being read; 0 when the
    /// last cycle read its window to the end.
    pub backlog_seconds: Option<i64>,
    /// Seconds until the backlog is read at the present rate.
    pub eta_seconds: Option<i64>,
    /// When a cycle succeeded last, RFC 3339.
    pub last_success: Option<String>,
    /// When a cycle brought something new last, RFC 3339.
    pub last_nonempty: Option<String>,
    /// The last error, even if it is over.
    pub last_error: Option<String>,
    /// When, RFC 3339.
    pub last_error_at: Option<String>,
    /// Records read off pages.
    pub fetched: u64,
    /// Rows that gave no document; they are dead letters.
    pub rejected: u64,
    /// Records that became visible late.
    pub late: u64,
    /// Records with a time in the future, or with one that cannot be read.
    #[serde(default)]
    pub misdated: u64,
    /// Properties of rows that no column names.
    #[serde(default)]
    pub drift_names: u64,
    /// Values of rows that were set aside or mended.
    #[serde(default)]
    pub drift_values: u64,
    /// Seconds by which this machine's clock is ahead of the service's; negative when it is behind.
    #[serde(default)]
    pub clock_ahead_seconds: Option<i64>,
    /// Records that were given up.
    pub lost: u64,
    /// Requests refused because of too many.
    pub throttled: u64,
    /// Seconds of pause that the service asked for.
    pub throttled_seconds: u64,
    /// Requests repeated after a failure.
    pub retries: u64,
    /// Pages read to their end.
    pub pages: u64,
    /// Bytes of decoded answers.
    pub bytes: u64,
    /// Cycles that ended.
    pub cycles: u64,
    /// Cycles that failed.
    pub failures: u64,
    /// Records in the retry queue.
    pub retry_queue: u64,
    /// Records that a page is asked for.
    pub page_size: u64,
    /// Outcomes of the documents, by dataset.
    pub documents: Vec<DatasetSnapshot>,
    /// Dead letters, by dataset, reason and kind.
    #[serde(default)]
    pub dead_letters: Vec<RefusedSnapshot>,
}

/// Outcomes of the documents of a dataset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatasetSnapshot {
    /// The dataset.
    pub dataset: String,
    /// New in the output.
    pub created: u64,
    /// In the output already.
    pub duplicates: u64,
    /// Refused for good; they are dead letters.
    pub refused: u64,
    /// Of these, documents that the cluster keeps in the data stream's failure store.
    #[serde(default)]
    pub failure_store: u64,
}

impl Health {
    /// Everything as it is now.
    pub fn snapshot(&self) -> Snapshot {
        let sources = self.sources().iter().map(|source| source.snapshot()).collect();
        let outputs = self.outputs().iter().map(|output| output.snapshot()).collect();
        Snapshot { at: clock::timestamp(), outputs, dead_letters: self.letters(), sources }
    }
}

impl SourceHealth {
    /// The source as it is now.
    pub fn snapshot(&self) -> SourceSnapshot {
        let status = locked(&self.status);
        let age = status.newest.as_deref().and_then(|newest| age(newest, &self.time));
        let (backlog_seconds, eta_seconds) = backlog(&status, age);
        let documents = self.delivered.iter().map(|delivered| DatasetSnapshot {
            dataset: delivered.name.to_owned(),
            created: delivered.created.get(),
            duplicates: delivered.duplicates.get(),
            refused: delivered.refused.get(),
            failure_store: delivered.failure_store.get(),
        });
        SourceSnapshot {
            cloud: self.key.cloud.to_string(),
            tenant: self.key.tenant.to_string(),
            name: locked(&self.name).as_ref().map(ToString::to_string),
            dataset: self.key.datasets.to_string(),
            state: state(&status.reasons, status.last_progress.is_some()),
            reasons: status.reasons.snapshot(),
            newest: status.newest.clone(),
            freshness_seconds: age,
            backlog_seconds,
            eta_seconds,
            last_success: status.last_success.map(wall),
            last_nonempty: status.last_nonempty.map(wall),
            last_error: status.last_error.as_ref().map(|(text, _)| text.clone()),
            last_error_at: status.last_error.as_ref().map(|(_, at)| wall(*at)),
            fetched: self.fetched.get(),
            rejected: self.rejected.get(),
            late: self.late.get(),
            misdated: self.misdated.get(),
            drift_names: self.drift.names.get(),
            drift_values: self.drift.values.get(),
            clock_ahead_seconds: self.time.ahead().map(|ahead| ahead.num_seconds()),
            lost: self.lost.get(),
            throttled: self.throttled.get(),
            throttled_seconds: self.throttled_millis.get() / 1000,
            retries: self.retries.get(),
            pages: self.pages.get(),
            bytes: self.bytes.get(),
            cycles: self.cycles.get(),
            failures: self.failures.get(),
            retry_queue: self.retry_queue.get(),
            page_size: self.page_size.get(),
            documents: documents.collect(),
            dead_letters: self.refused_snapshot(),
        }
    }
}

impl ActiveReasons {
    pub(super) fn snapshot(&self) -> Vec<ReasonSnapshot> {
        let reason = |(reason, active): (&Reason, &super::active::ActiveReason)| ReasonSnapshot {
            reason: *reason,
            text: active.text.clone(),
            since: wall(active.since),
            count: active.count,
        };
        self.0.iter().map(reason).collect()
    }
}

pub(super) fn state(reasons: &ActiveReasons, works: bool) -> State {
    if reasons.0.keys().any(|reason| reason.is_failure()) {
        State::Failed
    } else if !reasons.0.is_empty() {
        State::Degraded
    } else if works {
        State::Healthy
    } else {
        State::Starting
    }
}

/// (backlog, time left), in seconds: how far the service's time of the newest record lies behind, and how fast it comes
/// nearer in the running cycle.
fn backlog(status: &SourceStatus, age: Option<i64>) -> (Option<i64>, Option<i64>) {
    if status.caught_up {
        return (Some(0), None);
    }
    let eta = || {
        let behind = age?;
        let elapsed = i64::try_from(status.cycle?.elapsed().as_secs()).ok()?;
        let gained = clock::parse(status.newest.as_deref()?)? - clock::parse(status.began_at.as_deref()?)?;
        let gained = gained.num_seconds() - elapsed;
        (gained > 0 && elapsed > 0).then(|| behind.saturating_mul(elapsed) / gained)
    };
    (age, eta())
}

/// Age of a record by the service's clock, in seconds.
pub(super) fn age(newest: &str, time: &ServiceClock) -> Option<i64> {
    Some((time.now() - clock::parse(newest)?).num_seconds().max(0))
}

/// The wall clock's time of a moment.
pub(super) fn wall(at: Instant) -> String {
    let ago: Duration = at.elapsed();
    let then = TimeDelta::from_std(ago).ok().and_then(|ago| clock::now().checked_sub_signed(ago));
    clock::seconds(then.unwrap_or_default())
}
