//! Spans of the past that a running source was asked for: read slice by slice in the time that live polls leave, at least
//! one slice per cycle. They wait in the state's queue, so that a restarted process goes on with them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Feed;
use super::backfill::{KIND, MAX_TASKS, Meter, errand_for};
use super::desk::{Order, Queue};
use super::errand::Errand;
use super::poll::report_drift;
use common::error::Fault;
use common::http::Backoff;

/// First pause after a slice that failed, and the longest.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(5);

fn pauses() -> Backoff {
    Backoff::new(PAUSE, LONGEST, u32::MAX)
}

/// What a source was asked for.
#[derive(Debug)]
pub(super) struct Past {
    queue: Arc<Queue>,
    work: VecDeque<Work>,
    /// What an earlier process has left was looked for.
    is_resumed: bool,
    /// Nothing is read before.
    after: Option<Instant>,
    /// After slices that failed in a row.
    pauses: Backoff,
}

/// A span, and who wants to know how far it is.
#[derive(Debug)]
struct Work {
    errand: Errand,
    meters: Vec<Arc<Meter>>,
}

impl Past {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self { queue, work: VecDeque::new(), is_resumed: false, after: None, pauses: pauses() }
    }
}

impl Drop for Past {
    /// What is left is in the state; who waits for it hears no more of it from here.
    fn drop(&mut self) {
        let fault = Fault::Local("the source stops or is configured anew, what is left is read after that".to_owned());
        for meter in self.work.iter().flat_map(|work| &work.meters) {
            meter.end(Some(&fault));
        }
    }
}

/// Reads what was asked for until the next live poll is due.
pub(super) async fn until(feed: &mut Feed, poll: Instant) -> Result<(), Fault> {
    let mut has_read = false;
    loop {
        accept(feed).await?;
        let now = Instant::now();
        let is_ready = !feed.past.work.is_empty() && feed.past.after.is_none_or(|after| after <= now);
        if now >= poll && (has_read || !is_ready) {
            return Ok(());
        }
        if is_ready {
            has_read = true;
            step(feed).await?;
            continue;
        }
        let next = feed.past.after.filter(|_| !feed.past.work.is_empty()).map_or(poll, |after| after.min(poll));
        let queue = Arc::clone(&feed.past.queue);
        let called = async {
            tokio::select! {
                () = queue.called() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        };
        feed.source.stop.unless(called).await?;
    }
}

/// Takes new orders, and once those that an earlier process has left.
async fn accept(feed: &mut Feed) -> Result<(), Fault> {
    if !feed.past.is_resumed {
        for task in feed.state.tasks(KIND, MAX_TASKS).await? {
            if let Some(errand) = Errand::resume(KIND, &task).filter(Errand::is_handed_over) {
                tracing::info!(
                    tenant = &*feed.tenant,
                    from = errand.from(),
                    to = errand.to(),
                    "going on with a backfill"
                );
                feed.past.work.push_back(Work { errand, meters: Vec::new() });
            }
        }
        feed.past.is_resumed = true;
    }
    while let Some(Order { from, to, meter }) = feed.past.queue.take() {
        let (key, errand) = match errand_for(feed, from, to).await {
            Ok(errand) => errand,
            Err(fault) => {
                meter.end(Some(&fault));
                continue;
            }
        };
        if let Some(known) = feed.past.work.iter_mut().find(|work| work.errand.is(&key)) {
            meter.expect(known.errand.seconds());
            known.meters.push(meter);
            continue;
        }
        let errand = errand.handed_over();
        feed.state.put_task(errand.task()).await?;
        meter.expect(errand.seconds());
        feed.past.work.push_back(Work { errand, meters: vec![meter] });
        feed.past.after = None;
    }
    Ok(())
}

/// One slice of the first span.
async fn step(feed: &mut Feed) -> Result<(), Fault> {
    let Some(mut work) = feed.past.work.pop_front() else { return Ok(()) };
    let (left, found) = (work.errand.seconds(), work.errand.found());
    let outcome = Box::pin(work.errand.step(feed)).await;
    feed.rows.rest();
    report_drift(feed);
    let is_over = matches!(outcome, Ok(None) | Err(Fault::Refused(_)));
    let read = if matches!(outcome, Ok(None)) { left } else { left.saturating_sub(work.errand.seconds()) };
    for meter in &work.meters {
        meter.advance(read, work.errand.found() - found);
        if is_over {
            meter.end(outcome.as_ref().err());
        }
    }
    let (from, to, found) = (work.errand.from().to_owned(), work.errand.to().to_owned(), work.errand.found());
    if !is_over {
        feed.past.work.push_front(work);
    }
    match outcome {
        Ok(Some(_)) => feed.past.pauses = pauses(),
        Ok(None) => {
            feed.past.pauses = pauses();
            tracing::info!(tenant = &*feed.tenant, datasets = &*feed.datasets(), to, found, "backfill is complete");
        }
        Err(fault @ (Fault::Stopped | Fault::Local(_))) => return Err(fault),
        Err(fault @ Fault::Refused(_)) => {
            tracing::error!(tenant = &*feed.tenant, datasets = &*feed.datasets(), from, to, error = %fault, "backfill of a source failed");
        }
        Err(fault) => {
            let pause = feed.past.pauses.next(None).unwrap_or(LONGEST);
            feed.past.after = Some(Instant::now() + pause);
            for meter in feed.past.work.front().iter().flat_map(|work| &work.meters) {
                meter.wait_for(&fault);
            }
            tracing::warn!(tenant = &*feed.tenant, reason = %fault, "a slice of a backfill failed, it is read again");
        }
    }
    Ok(())
}
