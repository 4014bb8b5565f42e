//! A source's life: cycle after cycle, until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::source_reader::SourceReader;
use super::{Collector, Failed, late_arrival_scan, past};
use common::error::Error;
use common::http::jitter;
use common::stop::unless_stopped;

/// Least pause between two cycles, however long one took.
const PAUSE: Duration = Duration::from_secs(1);

/// When a source polls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Pause before the first cycle.
    pub(super) first: Duration,
    /// The first cycle is the only one.
    pub(super) once: bool,
}

/// Cycle after cycle; a failed one is reported and tried again after the interval.
pub(super) async fn poll(mut collector: Collector, plan: Plan) -> Option<Failed> {
    let datasets = collector.cycles.reader.datasets();
    let tenant = Arc::clone(&collector.cycles.reader.tenant);
    let stop = collector.stop().clone();
    let mut start = Instant::now() + plan.first;
    loop {
        if unless_stopped(&stop, tokio::time::sleep_until(start)).await.is_err() {
            return None;
        }
        collector.health().cycle_started();
        // Its memory is wanted for the cycle only: most sources sleep most of the time.
        let outcome = Box::pin(collector.cycles.cycle()).await;
        if let Err(Error::Stopped) = outcome {
            return None;
        }
        let is_told = collector.health().cycle_ended(&outcome);
        if let Err(error) = &outcome
            && !is_told
        {
            let (error, hint) = common::health::in_one_line(&error.to_string());
            tracing::warn!(tenant = &*tenant, datasets = &*datasets, error, hint, "cycle failed, it is tried again");
        }
        report_drift(&mut collector.cycles.reader);
        collector.cycles.reader.rows.rest();
        if plan.once {
            return outcome.err().map(|error| Failed {
                tenant: tenant.to_string(),
                datasets: datasets.to_string(),
                error,
            });
        }
        start = next_start(start, collector.interval);
        match Box::pin(late_arrival_scan::spare_time(&mut collector, start)).await {
            Ok(()) => {}
            Err(Error::Stopped) => return None,
            Err(error) => {
                tracing::error!(tenant = &*tenant, datasets = &*datasets, %error, "the late-arrival scan failed");
            }
        }
        collector.cycles.reader.rows.rest();
        match Box::pin(past::until(&mut collector, start)).await {
            Ok(()) => {}
            Err(Error::Stopped) => return None,
            Err(error) => {
                tracing::error!(tenant = &*tenant, datasets = &*datasets, %error, "the backfill failed, it is tried again");
            }
        }
    }
}

/// Some time around the interval after the last start: sources that came together part again.
fn next_start(last: Instant, interval: Duration) -> Instant {
    let spread = interval / 10;
    let next = last + interval.saturating_sub(spread / 2) + jitter(spread);
    next.max(Instant::now() + PAUSE.min(interval))
}

/// What the rows held that no column names, since the last report.
pub(super) fn report_drift(reader: &mut SourceReader) {
    let datasets = reader.datasets();
    for mapper::Drift { kind, path, count, record } in reader.rows.take_drift() {
        let new = matches!(kind, "unknown_column" | "mistyped" | "unknown_kind");
        reader.health.drift(kind == "unknown_column", &path, count);
        if !new {
            tracing::warn!(
                tenant = &*reader.tenant,
                datasets = &*datasets,
                kind,
                path,
                count,
                record,
                "rows hold what is not JSON; it was mended and the records are delivered"
            );
            continue;
        }
        tracing::info!(
            tenant = &*reader.tenant,
            datasets = &*datasets,
            kind,
            path,
            count,
            record,
            "rows hold something new"
        );
    }
}
