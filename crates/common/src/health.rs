//! Health of every source and of the outputs, for `status`, metrics and logs: counters, and a state with named reasons.
//! An empty poll and a throttled one are healthy; a reason is set and cleared by its name, and is logged when it comes
//! and when it goes, not in between. Counters are atomics; what is locked is touched per cycle or per error only.

mod active;
mod all;
mod broken;
mod drift;
pub mod latency;
mod letters;
mod output;
mod output_status;
mod reason;
mod receipt;
mod rejection;
mod reload;
mod snapshot;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::active::ActiveReasons;
pub use self::all::Health;
pub use self::broken::Broken;
use self::broken::NO_DATASETS;
pub use self::broken::in_one_line;
pub use self::letters::{LettersSnapshot, RefusedSnapshot};
pub use self::output::{DEFAULT_OUTPUT, OutputHealth, StreamSnapshot};
pub use self::output_status::{OutputStatus, Trouble};
pub use self::reason::Reason;
pub use self::receipt::{Outcome, Receipt};
pub use self::rejection::Rejection;
pub use self::reload::{ConfigSnapshot, Reloads};
pub use self::snapshot::{DatasetSnapshot, OutputSnapshot, ReasonSnapshot, Snapshot, SourceSnapshot, State};
use crate::clock;
use crate::error::Error;
use crate::ids::DatasetNames;

/// Failed cycles in a row, of a kind that should pass, before a source counts as degraded.
const FAILED_CYCLES: u32 = 2;
/// Time in which a request may fail and be repeated before the source counts as degraded.
const STUMBLING: Duration = Duration::from_secs(20);
/// The clocks of one service may differ by so much.
const SLACK: chrono::TimeDelta = chrono::TimeDelta::minutes(1);
/// Longest error text that is kept.
const MAX_TEXT: usize = 600;

/// Names a source: an endpoint of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Name of the tenant's cloud.
    pub cloud: Arc<str>,
    /// Tenant id.
    pub tenant: Arc<str>,
    /// The datasets that the source feeds.
    pub datasets: DatasetNames,
}

/// A counter that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// For the few values that go down too.
    fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }
}

/// Outcomes of the documents of one dataset of a source.
#[derive(Debug)]
struct Delivered {
    name: &'static str,
    /// Place in the catalog.
    place: usize,
    created: Count,
    duplicates: Count,
    refused: Count,
    failure_store: Count,
}

/// One source.
#[derive(Debug)]
pub struct SourceHealth {
    key: Key,
    /// The tenant's name for people.
    name: Mutex<Option<Arc<str>>>,
    /// Milliseconds between two polls.
    interval: Count,
    delivered: Vec<Delivered>,
    fetched: Count,
    rejected: Count,
    refused: letters::Refused,
    late: Count,
    lost: Count,
    throttled: Count,
    throttled_millis: Count,
    retries: Count,
    pages: Count,
    bytes: Count,
    cycles: Count,
    failures: Count,
    retry_queue: Count,
    page_size: Count,
    misdated: Count,
    drift: drift::DriftHealth,
    time: clock::ServiceClock,
    latency: latency::Latency,
    status: Mutex<SourceStatus>,
}

/// The part of a source's health that changes with a page, a cycle or an error.
#[derive(Debug)]
struct SourceStatus {
    reasons: ActiveReasons,
    added: Instant,
    /// Start of the running cycle.
    cycle: Option<Instant>,
    last_success: Option<Instant>,
    last_nonempty: Option<Instant>,
    /// Last page or whole cycle.
    last_progress: Option<Instant>,
    /// Requests fail since this time, without a page in between.
    stumbles_since: Option<Instant>,
    last_error: Option<(String, Instant)>,
    /// Failed cycles in a row.
    failed: u32,
    /// Newest record, as the service wrote its time.
    newest: Option<String>,
    /// Newest record when the running cycle began.
    began_at: Option<String>,
    /// The last cycle read its window to the end.
    caught_up: bool,
    /// Refusals because of too many requests since this time, without a page in between.
    throttled_since: Option<Instant>,
    watch: watch::Cycles,
}

impl SourceStatus {
    /// A page or a whole cycle was read.
    fn progressed(&mut self, now: Instant) {
        self.last_progress = Some(now);
        self.stumbles_since = None;
    }
}

impl SourceHealth {
    fn new(key: Key) -> Self {
        let delivered = schema::catalog()
            .iter()
            .enumerate()
            .filter(|(_, dataset)| key.datasets.contains(dataset.definition.name))
            .map(|(place, dataset)| Delivered {
                name: dataset.definition.name,
                place,
                created: Count::default(),
                duplicates: Count::default(),
                refused: Count::default(),
                failure_store: Count::default(),
            })
            .collect();
        let status = SourceStatus {
            reasons: ActiveReasons::default(),
            added: Instant::now(),
            cycle: None,
            last_success: None,
            last_nonempty: None,
            last_progress: None,
            stumbles_since: None,
            last_error: None,
            failed: 0,
            newest: None,
            began_at: None,
            caught_up: false,
            throttled_since: None,
            watch: watch::Cycles::default(),
        };
        Self {
            key,
            name: Mutex::default(),
            interval: Count::default(),
            delivered,
            fetched: Count::default(),
            rejected: Count::default(),
            refused: letters::Refused::default(),
            late: Count::default(),
            lost: Count::default(),
            throttled: Count::default(),
            throttled_millis: Count::default(),
            retries: Count::default(),
            pages: Count::default(),
            bytes: Count::default(),
            cycles: Count::default(),
            failures: Count::default(),
            retry_queue: Count::default(),
            page_size: Count::default(),
            misdated: Count::default(),
            drift: drift::DriftHealth::default(),
            time: clock::ServiceClock::default(),
            latency: latency::Latency::default(),
            status: Mutex::new(status),
        }
    }

    /// How old the newest records were.
    pub fn latency(&self) -> &latency::Latency {
        &self.latency
    }

    /// A record was seen that much after its time.
    pub fn observe_latency(&self, span: Duration) {
        self.latency.observe(span);
    }

    /// The service's clock.
    pub fn time(&self) -> &clock::ServiceClock {
        &self.time
    }

    /// Which source this is.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The tenant's name for people.
    pub fn set_name(&self, name: Option<&str>) {
        *locked(&self.name) = name.map(Into::into);
    }

    /// A cycle begins.
    pub fn cycle_started(&self) {
        let mut status = locked(&self.status);
        status.cycle = Some(Instant::now());
        let newest = status.newest.clone();
        status.began_at = newest;
    }

    /// A cycle ended: everything up to its end was acknowledged, or it failed. Returns whether the log says why already.
    pub fn cycle_ended(&self, outcome: &Result<(), Error>) -> bool {
        let mut status = locked(&self.status);
        let now = Instant::now();
        status.cycle = None;
        self.cycles.add(1);
        match outcome {
            Ok(()) => {
                status.last_success = Some(now);
                status.progressed(now);
                status.failed = 0;
                status.caught_up = true;
                for reason in [Reason::Failing, Reason::Unreachable, Reason::Refused, Reason::State, Reason::Silent] {
                    self.clear(&mut status, reason);
                }
            }
            Err(error) => {
                self.failures.add(1);
                status.failed = status.failed.saturating_add(1);
                status.caught_up = false;
                let text = bounded(&error.to_string());
                status.last_error = Some((text.clone(), now));
                self.classify(&mut status, error, &text);
            }
        }
        let created = self.delivered.iter().map(|delivered| delivered.created.get()).sum();
        let duplicates = self.delivered.iter().map(|delivered| delivered.duplicates.get()).sum();
        if status.watch.created() < created {
            status.last_nonempty = Some(now);
            let newest = status.newest.as_deref().filter(|_| status.newest != status.began_at);
            let age = newest.and_then(|newest| snapshot::age(newest, &self.time));
            if let Some(age) = age.and_then(|age| u64::try_from(age).ok()).filter(|_| outcome.is_ok()) {
                self.latency.observe(Duration::from_secs(age));
            }
        }
        let ended = watch::Ended { whole: outcome.is_ok(), created, duplicates };
        let newest = status.newest.clone();
        for (reason, found) in status.watch.cycle(ended, newest) {
            match found {
                Some(text) => self.set(&mut status, reason, &text),
                None => self.clear(&mut status, reason),
            }
        }
        !status.reasons.0.is_empty()
    }

    /// A page was read to its end. `size` is the number of records that it was asked for.
    pub fn page_read(&self, size: u32) {
        self.pages.add(1);
        self.page_size.set(size.into());
        let mut status = locked(&self.status);
        status.progressed(Instant::now());
        status.throttled_since = None;
        self.clear(&mut status, Reason::ThrottledLong);
        if status.failed == 0 {
            self.clear(&mut status, Reason::Failing);
        }
    }

    /// Records were read off a page.
    pub fn fetched(&self, records: u64) {
        self.fetched.add(records);
    }

    /// Bytes of decoded response bodies.
    pub fn bytes(&self, bytes: u64) {
        self.bytes.add(bytes);
    }

    /// Rows gave no document and were kept as dead letters.
    pub fn rejected(&self, rows: u64) {
        self.rejected.add(rows);
    }

    /// The newest record so far changed then, in the service's words. What claims to be later than now says nothing.
    pub fn seen(&self, newest: &str) {
        if clock::parse(newest).is_none_or(|newest| newest > self.time.now() + SLACK) {
            return;
        }
        let mut status = locked(&self.status);
        if status.newest.as_deref().is_none_or(|known| clock::parse(known) < clock::parse(newest)) {
            status.newest = Some(newest.to_owned());
        }
    }

    /// The output judged documents of this source.
    pub fn delivered(&self, receipt: &Receipt) {
        for delivered in &self.delivered {
            let Some(outcome) = receipt.datasets().nth(delivered.place) else { continue };
            delivered.created.add(outcome.created);
            delivered.duplicates.add(outcome.duplicates);
            delivered.refused.add(outcome.refused + outcome.failure_store);
            delivered.failure_store.add(outcome.failure_store);
        }
    }

    /// The service refused a request because of too many, and perhaps named a pause.
    pub fn throttled(&self, pause: Option<Duration>) {
        self.throttled.add(1);
        self.throttled_millis.add(pause.map_or(0, millis));
        let mut status = locked(&self.status);
        status.throttled_since.get_or_insert_with(Instant::now);
    }

    /// A request is repeated after a failure.
    pub fn retried(&self) {
        self.retries.add(1);
    }

    /// Records with a time in the future, or with one that cannot be read, were met for the first time.
    pub fn misdated(&self, records: u64) {
        self.misdated.add(records);
    }

    /// Records that became visible late were found by looking back.
    pub fn late(&self, records: u64) {
        self.late.add(records);
    }

    /// Records were given up. It stays a reason until the process ends: nobody may overlook it.
    pub fn lost(&self, records: u64, text: impl std::fmt::Display) {
        self.lost.add(records);
        self.degrade(Reason::Lost, text);
    }

    /// Records in the retry queue. None left is the end of [`Reason::HeavyRecord`].
    pub fn retry_queue(&self, records: usize) {
        self.retry_queue.set(records as u64);
        if records == 0 {
            self.recover(Reason::HeavyRecord);
        }
    }
}

/// A poisoned lock holds values that are good one by one.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A text of a service, cut.
fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
