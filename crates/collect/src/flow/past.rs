//! Spans of the past that a running source was asked for: read by time slices in the time that live polls leave, at least
//! one time slice per cycle. They wait in the state's queue, so that a restarted process goes on with them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Collector;
use super::backfill::{KIND, MAX_TASKS, Meter, scan_for};
use super::desk::{Order, Queue};
use super::poll::report_drift;
use super::range_scan::RangeScan;
use common::error::Error;
use common::http::Backoff;
use common::stop::unless_stopped;

/// First pause after a time slice that failed, and the longest.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(5);

/// What a source was asked for.
#[derive(Debug)]
pub(super) struct Past {
    queue: Arc<Queue>,
    work: VecDeque<Work>,
    /// What an earlier process has left was looked for.
    is_resumed: bool,
    /// Nothing is read before.
    after: Option<Instant>,
    /// After time slices that failed in a row.
    pauses: Backoff,
}

/// A span, and who wants to know how far it is.
#[derive(Debug)]
struct Work {
    scan: RangeScan,
    meters: Vec<Arc<Meter>>,
}

impl Past {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self { queue, work: VecDeque::new(), is_resumed: false, after: None, pauses: Backoff::endless(PAUSE, LONGEST) }
    }
}

impl Drop for Past {
    /// What is left is in the state; who waits for it hears no more of it from here.
    fn drop(&mut self) {
        let error = Error::Io("the source stops or is configured anew, what is left is read after that".to_owned());
        for meter in self.work.iter().flat_map(|work| &work.meters) {
            meter.end(Some(&error));
        }
    }
}

/// Reads what was asked for until the next live poll is due.
pub(super) async fn until(collector: &mut Collector, poll: Instant) -> Result<(), Error> {
    let mut has_read = false;
    loop {
        accept(collector).await?;
        let now = Instant::now();
        let is_ready = !collector.past.work.is_empty() && collector.past.after.is_none_or(|after| after <= now);
        if now >= poll && (has_read || !is_ready) {
            return Ok(());
        }
        if is_ready {
            has_read = true;
            step(collector).await?;
            continue;
        }
        let next =
            collector.past.after.filter(|_| !collector.past.work.is_empty()).map_or(poll, |after| after.min(poll));
        let queue = Arc::clone(&collector.past.queue);
        let called = async {
            tokio::select! {
                () = queue.called() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        };
        unless_stopped(collector.stop(), called).await?;
    }
}

/// Takes new orders, and once those that an earlier process has left.
async fn accept(collector: &mut Collector) -> Result<(), Error> {
    if !collector.past.is_resumed {
        for task in collector.cycles.state.tasks(KIND, MAX_TASKS).await? {
            if let Some(scan) = RangeScan::resume(KIND, &task).filter(RangeScan::is_handed_over) {
                tracing::info!(
                    tenant = collector.tenant(),
                    from = scan.from(),
                    to = scan.to(),
                    "going on with a backfill"
                );
                collector.past.work.push_back(Work { scan, meters: Vec::new() });
            }
        }
        collector.past.is_resumed = true;
    }
    while let Some(Order { from, to, meter }) = collector.past.queue.take() {
        let (key, scan) = match scan_for(&collector.cycles, from, to).await {
            Ok(scan) => scan,
            Err(error) => {
                meter.end(Some(&error));
                continue;
            }
        };
        if let Some(known) = collector.past.work.iter_mut().find(|work| work.scan.is(&key)) {
            meter.expect(known.scan.seconds());
            known.meters.push(meter);
            continue;
        }
        let scan = scan.handed_over();
        collector.cycles.state.put_task(scan.task()).await?;
        meter.expect(scan.seconds());
        collector.past.work.push_back(Work { scan, meters: vec![meter] });
        collector.past.after = None;
    }
    Ok(())
}

/// One time slice of the first span.
async fn step(collector: &mut Collector) -> Result<(), Error> {
    let Some(mut work) = collector.past.work.pop_front() else { return Ok(()) };
    let (left, found) = (work.scan.seconds(), work.scan.found());
    let outcome = Box::pin(work.scan.step(&mut collector.cycles)).await;
    collector.cycles.reader.rows.rest();
    report_drift(&mut collector.cycles.reader);
    let is_over = matches!(outcome, Ok(None) | Err(Error::Permanent(_)));
    let read = if matches!(outcome, Ok(None)) { left } else { left.saturating_sub(work.scan.seconds()) };
    for meter in &work.meters {
        meter.advance(read, work.scan.found() - found);
        if is_over {
            meter.end(outcome.as_ref().err());
        }
    }
    let (from, to, found) = (work.scan.from().to_owned(), work.scan.to().to_owned(), work.scan.found());
    if !is_over {
        collector.past.work.push_front(work);
    }
    match outcome {
        Ok(Some(_)) => collector.past.pauses.reset(),
        Ok(None) => {
            collector.past.pauses.reset();
            tracing::info!(
                tenant = collector.tenant(),
                datasets = &*collector.cycles.reader.datasets(),
                to,
                found,
                "backfill is complete"
            );
        }
        Err(error @ (Error::Stopped | Error::Io(_))) => return Err(error),
        Err(error @ Error::Permanent(_)) => {
            tracing::error!(tenant = collector.tenant(), datasets = &*collector.cycles.reader.datasets(), from, to, %error, "backfill of a source failed");
        }
        Err(error) => {
            let pause = collector.past.pauses.pause(None);
            collector.past.after = Some(Instant::now() + pause);
            for meter in collector.past.work.front().iter().flat_map(|work| &work.meters) {
                meter.wait_for(&error);
            }
            tracing::warn!(tenant = collector.tenant(), reason = %error, "a time slice of a backfill failed, it is read again");
        }
    }
    Ok(())
}
