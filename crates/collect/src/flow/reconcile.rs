//! The slow sweep: what lies behind the cursor is read again from time to time, for records that became visible later than
//! the overlap reaches. It runs in the time that live polls leave, a slice at a time, and gives way to throttling.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Feed;
use super::errand::Errand;
use super::kinds::list::cursor;
use common::clock;
use common::error::Fault;
use common::http::jitter;
use state::Task;

/// Kind of the tasks, key of the running sweep and of the time of the next one.
const KIND: &str = "reconcile";
const SWEEP: &str = "sweep";
const NEXT: &str = "next";
/// Pause between two slices.
const PACE: Duration = Duration::from_secs(5);
/// Pause after a slice that failed.
const AFTER_FAULT: Duration = Duration::from_mins(5);
/// A source without any time to spare reads a slice this often.
const AT_LEAST: Duration = Duration::from_mins(2);

/// The sweep of one source.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// The running one.
    errand: Option<Errand>,
    /// When the next one is due; unknown until the state was asked.
    next: Option<DateTime<Utc>>,
    /// Slices that may be read before this time.
    after: Option<Instant>,
    last: Option<Instant>,
}

/// Reads slices until the next live poll, which starts then.
pub(super) async fn spare_time(feed: &mut Feed, poll: Instant) -> Result<(), Fault> {
    let Some(plan) = feed.datasets.iter().find_map(|config| config.reconcile) else { return Ok(()) };
    loop {
        let now = Instant::now();
        let hungry = feed.sweep.last.is_none_or(|last| last + AT_LEAST <= now);
        if feed.sweep.after.is_some_and(|after| after > now) || now + PACE > poll && !hungry {
            return Ok(());
        }
        if feed.sweep.errand.is_none() && !start(feed, plan).await? {
            return Ok(());
        }
        match step(feed, plan).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(fault @ (Fault::Stopped | Fault::Local(_))) => return Err(fault),
            Err(fault) => {
                tracing::info!(tenant = &*feed.tenant, reason = %fault, "the sweep for late records waits");
                feed.sweep.after = Some(Instant::now() + AFTER_FAULT);
                return Ok(());
            }
        }
        feed.source.stop.unless(tokio::time::sleep(PACE)).await?;
    }
}

/// Goes on with a sweep, or starts the one that is due; `false` if none is.
async fn start(feed: &mut Feed, plan: crate::config::Reconcile) -> Result<bool, Fault> {
    let state = feed.state.clone();
    let next = if let Some(next) = feed.sweep.next {
        next
    } else {
        let tasks = state.tasks(KIND, 2).await?;
        if let Some(task) = tasks.iter().find(|task| task.key == SWEEP.as_bytes()) {
            feed.sweep.errand = Errand::resume(KIND, task);
        }
        let known = tasks.iter().find(|task| task.key == NEXT.as_bytes());
        let known = known.and_then(|task| task.body.get("at").and_then(Value::as_str));
        match known.and_then(clock::parse) {
            Some(next) => next,
            None => schedule(feed, plan).await?,
        }
    };
    feed.sweep.next = Some(next);
    if feed.sweep.errand.is_some() {
        return Ok(true);
    }
    // A time that is further away was set by a clock that was wrong.
    let latest = feed.health.time().now() + TimeDelta::from_std(plan.every).unwrap_or(TimeDelta::days(1));
    if feed.health.time().now() < next && next <= latest {
        return Ok(false);
    }
    let Some((from, to)) = range(feed, plan).await? else { return Ok(false) };
    let errand = Errand::new(KIND, SWEEP, &from, &to);
    state.put_task(errand.task()).await?;
    feed.sweep.errand = Some(errand);
    Ok(true)
}

/// From the span before the cursor, but not from before collection began, to where live polls read again anyway.
async fn range(feed: &Feed, plan: crate::config::Reconcile) -> Result<Option<(String, String)>, Fault> {
    let mut found: Option<(String, String)> = None;
    let loaded = feed.state.load().await?;
    for config in &feed.datasets {
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

/// `false` when the sweep has ended.
async fn step(feed: &mut Feed, plan: crate::config::Reconcile) -> Result<bool, Fault> {
    let Some(mut errand) = feed.sweep.errand.take() else { return Ok(false) };
    let before = errand.found();
    let outcome = Box::pin(errand.step(feed)).await;
    feed.sweep.last = Some(Instant::now());
    let late = errand.found() - before;
    if late > 0 {
        feed.health.late(late);
    }
    if !matches!(outcome, Ok(None)) {
        feed.sweep.errand = Some(errand);
        return outcome.map(|_| true);
    }
    let (late, to) = (errand.found(), errand.to());
    tracing::info!(tenant = &*feed.tenant, path = feed.source.endpoint.path, late, to, "swept for late records");
    feed.sweep.next = Some(schedule(feed, plan).await?);
    Ok(false)
}

async fn schedule(feed: &Feed, plan: crate::config::Reconcile) -> Result<DateTime<Utc>, Fault> {
    // Sources that came together part again.
    let pause = plan.every.saturating_sub(jitter(plan.every / 10));
    let next = feed.health.time().now() + TimeDelta::from_std(pause).unwrap_or(TimeDelta::days(1));
    let body = json!({ "at": clock::seconds(next) });
    feed.state.put_task(Task { kind: KIND.to_owned(), key: NEXT.as_bytes().to_vec(), body }).await?;
    Ok(next)
}
