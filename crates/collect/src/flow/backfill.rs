//! `backfill`: a span of the past, read by time slices beside what live polls have collected. What is left waits in the
//! state's queue, so that the same command goes on after a crash; the index of delivered ids keeps documents from being delivered
//! twice, as far as it reaches back, and the output's ids do so beyond.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::poll::report_drift;
use super::range_scan::RangeScan;
use super::{Cycles, Failed, Parts, RunContext, collectors, outlet};
use common::clock;
use common::error::Error;
use common::stop::unless_stopped;
use config::Config;
use output::task;

/// Kind of the tasks.
pub(super) const KIND: &str = "backfill";
/// Unfinished backfills of a source that are gone on with.
pub(super) const MAX_TASKS: usize = 1000;
/// Failures of one time slice before its source gives up, the first pause between them, and refusals because of too many
/// requests.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(5);
const MAX_THROTTLED: u32 = 100;

/// What is to be read.
#[derive(Debug, Clone)]
pub struct Order {
    /// Changed at or after this time,
    pub from: DateTime<Utc>,
    /// and before this one.
    pub to: DateTime<Utc>,
    /// Cancelled when it is time to stop.
    pub stop: CancellationToken,
}

/// How far the sources have come.
#[derive(Debug, Default)]
pub struct Meters(Mutex<Vec<Arc<Meter>>>);

/// How far one source has come.
#[derive(Debug)]
pub struct Meter {
    /// Tenant and datasets.
    pub name: String,
    seconds: AtomicU64,
    done: AtomicU64,
    found: AtomicU64,
    ended: AtomicBool,
    /// What is waited for, or why it ended.
    trouble: Mutex<Option<String>>,
}

impl Meters {
    /// All sources, in the order of the configuration.
    pub fn all(&self) -> Vec<Arc<Meter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One more.
    pub fn add(&self, name: String) -> Arc<Meter> {
        let meter = Arc::new(Meter::new(name));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&meter));
        meter
    }
}

impl Meter {
    /// Nothing is read yet.
    pub fn new(name: String) -> Self {
        let zero = AtomicU64::default;
        let (seconds, done, found) = (zero(), zero(), zero());
        Self { name, seconds, done, found, ended: AtomicBool::default(), trouble: Mutex::default() }
    }

    /// So many seconds are to be read.
    pub(super) fn expect(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::Relaxed);
    }

    /// So many more were read, with so many documents.
    pub(super) fn advance(&self, seconds: u64, found: u64) {
        self.done.fetch_add(seconds, Ordering::Relaxed);
        self.found.fetch_add(found, Ordering::Relaxed);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// It is tried again.
    pub(super) fn wait_for(&self, error: &Error) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }

    /// Nothing more is read.
    pub(super) fn end(&self, error: Option<&Error>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = error.map(ToString::to_string);
        self.ended.store(true, Ordering::Relaxed);
    }

    /// What stands in the way, if anything.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As another process told it.
    pub fn set(&self, (done, seconds): (u64, u64), found: u64, ended: bool, trouble: Option<String>) {
        self.seconds.store(seconds, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.found.store(found, Ordering::Relaxed);
        self.ended.store(ended, Ordering::Relaxed);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Seconds of the span that were read, and all of them.
    pub fn seconds(&self) -> (u64, u64) {
        let all = self.seconds.load(Ordering::Relaxed);
        (self.done.load(Ordering::Relaxed).min(all), all)
    }

    /// Documents that the dedup index did not hold.
    pub fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// Nothing more is read, whether or not something is left.
    pub fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// Reads the span for every source of the configuration. Returns the sources of which something is left.
pub async fn backfill(config: &Config, parts: Parts, order: Order, meters: &Meters) -> Result<Vec<Failed>, Error> {
    let (run, mut outputs) = RunContext::open(config, parts, Some(task::PATIENCE))?;
    let store = run.store.clone();
    let mut sources = JoinSet::new();
    let mut failed: Vec<Failed> = config
        .broken
        .iter()
        .map(|tenant| Failed {
            tenant: tenant.id.clone(),
            datasets: String::new(),
            error: Error::Permanent(tenant.text()),
        })
        .collect();
    for tenant in &config.tenants {
        for collector in collectors::collectors(tenant, &run, &order.stop)? {
            let meter = meters.add(format!("{} {}", collector.tenant(), collector.cycles.reader.datasets()));
            sources.spawn(collect(collector.cycles, order.clone(), meter));
        }
    }
    drop(run);
    while let Some(ended) = sources.join_next().await {
        failed.extend(ended.map_err(|error| Error::Io(format!("a source ended unexpectedly: {error}")))?);
    }
    outlet::ended(&mut outputs).await?;
    store.close().await?;
    Ok(failed)
}

async fn collect(mut cycles: Cycles, order: Order, meter: Arc<Meter>) -> Option<Failed> {
    let outcome = match plan(&cycles, &order).await {
        Ok(scans) => read(&mut cycles, scans, &meter).await,
        Err(error) => Err(error),
    };
    meter.end(outcome.as_ref().err());
    let error = outcome.err()?;
    if !matches!(error, Error::Stopped) {
        tracing::error!(tenant = &*cycles.reader.tenant, datasets = &*cycles.reader.datasets(), %error, "backfill of a source failed");
    }
    Some(Failed { tenant: cycles.reader.tenant.to_string(), datasets: cycles.reader.datasets().to_string(), error })
}

/// The span as far as the service keeps records, and its key.
pub(super) async fn scan_for(
    cycles: &Cycles,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<(String, RangeScan), Error> {
    cycles.reader.source.learn_time().await?;
    let hours = cycles.reader.source.endpoint.max_lookback;
    let (days, oldest) = (hours / 24, cycles.reader.health.time().now() - TimeDelta::hours(hours.into()));
    if to <= oldest {
        return Err(Error::Permanent(format!(
            "{} keeps records for {days} days, there is nothing left of the time before {}",
            cycles.reader.source.endpoint.path,
            clock::seconds(to)
        )));
    }
    if from < oldest {
        tracing::warn!(
            tenant = &*cycles.reader.tenant,
            path = cycles.reader.source.endpoint.path,
            days,
            from = clock::seconds(oldest),
            "records are not kept that long, the backfill begins later"
        );
    }
    let key = format!("{}/{}", clock::seconds(from), clock::seconds(to));
    let scan = RangeScan::new(KIND, &key, &clock::seconds(from.max(oldest)), &clock::seconds(to));
    Ok((key, scan))
}

/// What earlier commands have left, and what is asked for now.
async fn plan(cycles: &Cycles, order: &Order) -> Result<Vec<RangeScan>, Error> {
    let (key, asked) = scan_for(cycles, order.from, order.to).await?;
    let state = &cycles.state;
    let mut scans: Vec<_> =
        state.tasks(KIND, MAX_TASKS).await?.iter().filter_map(|task| RangeScan::resume(KIND, task)).collect();
    for scan in &scans {
        tracing::info!(tenant = &*cycles.reader.tenant, from = scan.from(), to = scan.to(), "going on with a backfill");
    }
    if !scans.iter().any(|scan| scan.is(&key)) {
        state.put_task(asked.task()).await?;
        scans.push(asked);
    }
    Ok(scans)
}

async fn read(cycles: &mut Cycles, scans: Vec<RangeScan>, meter: &Meter) -> Result<(), Error> {
    meter.seconds.store(scans.iter().map(RangeScan::seconds).sum(), Ordering::Relaxed);
    for mut scan in scans {
        let (mut failed, mut throttled) = (0, 0);
        loop {
            let (left, found) = (scan.seconds(), scan.found());
            let outcome = Box::pin(scan.step(cycles)).await;
            meter.found.fetch_add(scan.found() - found, Ordering::Relaxed);
            match outcome {
                Ok(None) => {
                    meter.done.fetch_add(left, Ordering::Relaxed);
                    break;
                }
                Ok(Some(_)) => {
                    (failed, throttled) = (0, 0);
                    meter.done.fetch_add(left.saturating_sub(scan.seconds()), Ordering::Relaxed);
                }
                // The next request waits as long as the service has asked for.
                Err(Error::Throttled { .. }) if throttled < MAX_THROTTLED => throttled += 1,
                Err(error @ (Error::Transient(_) | Error::Unreachable(_))) if failed < ATTEMPTS => {
                    failed += 1;
                    tracing::warn!(tenant = &*cycles.reader.tenant, reason = %error, "a time slice failed, it is read again");
                    unless_stopped(&cycles.reader.source.stop, tokio::time::sleep(PAUSE * 2_u32.pow(failed))).await?;
                }
                Err(error) => return Err(error),
            }
            report_drift(&mut cycles.reader);
        }
    }
    Ok(())
}
