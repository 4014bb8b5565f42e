//! The slow scan: what lies behind the cursor is read again from time to time, for records that became visible later than
//! the overlap reaches. It runs in the time that live polls leave, a time slice at a time, and gives way to throttling.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Collector;
use super::kinds::list::cursor;
use super::range_scan::RangeScan;
use common::clock;
use common::error::Error;
use common::http::jitter;
use common::stop::unless_stopped;
use state::Task;

/// Kind of the tasks, key of the running scan and of the time of the next one.
const KIND: &str = "late_arrival_scan";
const RUNNING: &str = "running";
const NEXT: &str = "next";
/// Pause between two time slices.
const PACE: Duration = Duration::from_secs(5);
/// Pause after a time slice that failed.
const AFTER_FAULT: Duration = Duration::from_mins(5);
/// A source without any time to spare reads a time slice this often.
const AT_LEAST: Duration = Duration::from_mins(2);

/// The late-arrival scan of one source.
#[derive(Debug, Default)]
pub(super) struct LateArrivalScan {
    /// The running one.
    scan: Option<RangeScan>,
    /// When the next one is due; unknown until the state was asked.
    next: Option<DateTime<Utc>>,
    /// No time slice is read before this time.
    after: Option<Instant>,
    last: Option<Instant>,
}

/// Reads time slices until the next live poll, which starts then.
pub(super) async fn spare_time(collector: &mut Collector, poll: Instant) -> Result<(), Error> {
    let Some(plan) = collector.cycles.datasets.iter().find_map(|config| config.late_arrival_scan) else {
        return Ok(());
    };
    loop {
        let now = Instant::now();
        let overdue = collector.late_arrival_scan.last.is_none_or(|last| last + AT_LEAST <= now);
        if collector.late_arrival_scan.after.is_some_and(|after| after > now) || now + PACE > poll && !overdue {
            return Ok(());
        }
        if collector.late_arrival_scan.scan.is_none() && !start(collector, plan).await? {
            return Ok(());
        }
        match step(collector, plan).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error @ (Error::Stopped | Error::Io(_))) => return Err(error),
            Err(error) => {
                tracing::info!(tenant = collector.tenant(), reason = %error, "the late-arrival scan waits");
                collector.late_arrival_scan.after = Some(Instant::now() + AFTER_FAULT);
                return Ok(());
            }
        }
        unless_stopped(collector.stop(), tokio::time::sleep(PACE)).await?;
    }
}

/// Goes on with a scan, or starts the one that is due; `false` if none is.
async fn start(collector: &mut Collector, plan: config::LateArrivalScanConfig) -> Result<bool, Error> {
    let state = collector.cycles.state.clone();
    let next = if let Some(next) = collector.late_arrival_scan.next {
        next
    } else {
        let tasks = state.tasks(KIND, 2).await?;
        if let Some(task) = tasks.iter().find(|task| task.key == RUNNING.as_bytes()) {
            collector.late_arrival_scan.scan = RangeScan::resume(KIND, task);
        }
        let known = tasks.iter().find(|task| task.key == NEXT.as_bytes());
        let known = known.and_then(|task| task.body.get("at").and_then(Value::as_str));
        match known.and_then(clock::parse) {
            Some(next) => next,
            None => schedule(collector, plan).await?,
        }
    };
    collector.late_arrival_scan.next = Some(next);
    if collector.late_arrival_scan.scan.is_some() {
        return Ok(true);
    }
    // A time that is further away was set by a clock that was wrong.
    let latest = collector.health().time().now() + TimeDelta::from_std(plan.every).unwrap_or(TimeDelta::days(1));
    if collector.health().time().now() < next && next <= latest {
        return Ok(false);
    }
    let Some((from, to)) = range(collector, plan).await? else { return Ok(false) };
    let scan = RangeScan::new(KIND, RUNNING, &from, &to);
    state.put_task(scan.task()).await?;
    collector.late_arrival_scan.scan = Some(scan);
    Ok(true)
}

/// From the span before the cursor, but not from before collection began, to where live polls read again anyway.
async fn range(collector: &Collector, plan: config::LateArrivalScanConfig) -> Result<Option<(String, String)>, Error> {
    let mut found: Option<(String, String)> = None;
    let loaded = collector.cycles.state.load().await?;
    for config in &collector.cycles.datasets {
        let progress = loaded.dataset(config.dataset.definition.name).progress;
        let Some(newest) = progress.cursor else { return Ok(None) };
        let to = cursor::before(&newest, config.overlap);
        let from = cursor::before(&newest, plan.span);
        let from = progress.floor.map_or(from.clone(), |floor| cursor::later(from, &floor));
        found = Some(match found {
            None => (from, to),
            Some((start, end)) => {
                let end = if cursor::order(&to, &end).is_lt() { to } else { end };
                (cursor::later(start, &from), end)
            }
        });
    }
    Ok(found.filter(|(from, to)| cursor::order(from, to).is_lt()))
}

/// `false` when the scan has ended.
async fn step(collector: &mut Collector, plan: config::LateArrivalScanConfig) -> Result<bool, Error> {
    let Some(mut scan) = collector.late_arrival_scan.scan.take() else { return Ok(false) };
    let before = scan.found();
    let outcome = Box::pin(scan.step(&mut collector.cycles)).await;
    collector.late_arrival_scan.last = Some(Instant::now());
    let late = scan.found() - before;
    if late > 0 {
        collector.health().late(late);
    }
    if !matches!(outcome, Ok(None)) {
        collector.late_arrival_scan.scan = Some(scan);
        return outcome.map(|_| true);
    }
    let (late, to) = (scan.found(), scan.to());
    tracing::info!(
        tenant = collector.tenant(),
        path = collector.cycles.reader.source.endpoint.path,
        late,
        to,
        "late-arrival scan is complete"
    );
    collector.late_arrival_scan.next = Some(schedule(collector, plan).await?);
    Ok(false)
}

async fn schedule(collector: &Collector, plan: config::LateArrivalScanConfig) -> Result<DateTime<Utc>, Error> {
    // Sources that came together part again.
    let pause = plan.every.saturating_sub(jitter(plan.every / 10));
    let next = collector.health().time().now() + TimeDelta::from_std(pause).unwrap_or(TimeDelta::days(1));
    let body = json!({ "at": clock::seconds(next) });
    collector.cycles.state.put_task(Task { kind: KIND.to_owned(), key: NEXT.as_bytes().to_vec(), body }).await?;
    Ok(next)
}
