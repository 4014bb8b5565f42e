//! A source's life: cycle after cycle, until it is told to stop.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Failed, Feed, cycle};

/// Cycle after cycle; a failed one is reported and tried again after the interval.
pub(super) async fn poll(mut feed: Feed, once: bool, mut stop: watch::Receiver<bool>) -> Option<Failed> {
    let datasets = feed.datasets.iter().map(|config| config.dataset.definition.name).collect::<Vec<_>>().join("+");
    let tenant = Arc::clone(&feed.tenant);
    loop {
        feed.health.cycle_started();
        let outcome = tokio::select! {
            outcome = cycle(&mut feed) => outcome,
            _ = stop.wait_for(|stop| *stop) => return None,
        };
        feed.health.cycle_ended(&outcome);
        if let Err(fault) = &outcome {
            tracing::error!(tenant = &*tenant, datasets, error = %fault, "source failed, it is polled again");
        }
        report_drift(&mut feed, &datasets);
        if once {
            return outcome.err().map(|fault| Failed { tenant: tenant.to_string(), datasets, fault });
        }
        tokio::select! {
            () = tokio::time::sleep(feed.interval) => {}
            _ = stop.wait_for(|stop| *stop) => return None,
        }
    }
}

fn report_drift(feed: &mut Feed, datasets: &str) {
    for drift in feed.rows.take_drift() {
        let mapper::Drift { kind, path, count, record } = drift;
        tracing::info!(tenant = &*feed.tenant, datasets, kind, path, count, record, "rows hold something new");
    }
}
