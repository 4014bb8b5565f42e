//! A run reports of itself in the log: its configuration at the start, its counts meanwhile, and the totals at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{LogFormat, logs};
use crate::config::{Config, Output};
use crate::version;
use common::health::{Health, SourceSnapshot};
use output::dead_letters::DeadLetters;

/// Time between two looks of the watchdogs.
pub(crate) const WATCH: Duration = Duration::from_secs(30);
/// Time between two lines that say what was collected.
const LINE: Duration = Duration::from_mins(1);

/// Counts of the sources so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) documents: u64,
    duplicates: u64,
    refused: u64,
    rejected: u64,
    late: u64,
    lost: u64,
    throttled: u64,
    pages: u64,
    bytes: u64,
    /// Age of the newest record of all, in seconds.
    freshness: Option<i64>,
    /// The longest time span that is still to be read, in seconds.
    backlog: Option<i64>,
}

/// A line at the start.
pub(super) fn start(config: &Config) {
    let mut datasets: Vec<_> = config
        .tenants
        .iter()
        .flat_map(|tenant| &tenant.datasets)
        .map(|dataset| dataset.dataset.definition.name)
        .collect();
    datasets.sort_unstable();
    datasets.dedup();
    let outputs: Vec<_> = config.outputs.iter().map(|output| shown(&output.output)).collect();
    tracing::info!(
        version = version::VERSION,
        commit = version::COMMIT,
        tenants = config.tenants.len(),
        broken = config.broken.len(),
        datasets = datasets.join(","),
        output = outputs.join(","),
        state = %config.state.display(),
        "collecting"
    );
}

/// Where documents go, without a credential.
fn shown(output: &Output) -> String {
    match output {
        Output::Elasticsearch(elastic) => {
            let hosts: Vec<_> = elastic.hosts.iter().map(|host| host.origin().ascii_serialization()).collect();
            format!("elasticsearch {}", hosts.join(" "))
        }
        Output::File(files) => format!("files {}", files.directory.display()),
        Output::Stdout => "stdout".to_owned(),
    }
}

impl Totals {
    pub(super) fn of(health: &Health) -> Self {
        let sources: Vec<SourceSnapshot> = health.sources().iter().map(|source| source.snapshot()).collect();
        let mut totals = Self::default();
        for source in &sources {
            for documents in &source.documents {
                totals.documents += documents.created;
                totals.duplicates += documents.duplicates;
                totals.refused += documents.refused;
            }
            totals.rejected += source.rejected;
            totals.late += source.late;
            totals.lost += source.lost;
            totals.throttled += source.throttled;
            totals.pages += source.pages;
            totals.bytes += source.bytes;
        }
        totals.freshness = sources.iter().filter_map(|source| source.freshness_seconds).min();
        totals.backlog = sources.iter().filter_map(|source| source.backlog_seconds).max();
        totals
    }

    /// The difference from earlier counts. Sources that have gone took theirs with them.
    fn since(self, before: Self) -> Self {
        let less = u64::saturating_sub;
        Self {
            documents: less(self.documents, before.documents),
            duplicates: less(self.duplicates, before.duplicates),
            refused: less(self.refused, before.refused),
            rejected: less(self.rejected, before.rejected),
            late: less(self.late, before.late),
            lost: less(self.lost, before.lost),
            throttled: less(self.throttled, before.throttled),
            pages: less(self.pages, before.pages),
            bytes: less(self.bytes, before.bytes),
            ..self
        }
    }

    /// One line of what was collected in these seconds.
    pub(super) fn tell(self, seconds: u64) {
        let Self { documents, duplicates, refused, rejected, late, lost, throttled, pages, bytes, freshness, backlog } =
            self;
        tracing::info!(
            documents,
            late,
            duplicates,
            rejected,
            refused,
            lost,
            throttled,
            pages,
            bytes,
            freshness,
            backlog,
            seconds,
            "collected"
        );
    }
}

/// Looks for what no single error shows, and says every minute what was collected.
pub(super) async fn watch(health: Arc<Health>, dead: Arc<DeadLetters>, format: LogFormat) {
    let mut told = (Totals::default(), Instant::now());
    loop {
        tokio::time::sleep(WATCH).await;
        health.watch();
        dead.refresh();
        logs::flush(format, false);
        let elapsed = told.1.elapsed();
        if elapsed >= LINE {
            let totals = Totals::of(&health);
            totals.since(told.0).tell(elapsed.as_secs());
            told = (totals, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::health::Key;

    #[test]
    fn what_was_collected_is_counted_from_line_to_line() {
        let health = Health::default();
        let key = Key { cloud: "global".into(), tenant: "contoso".into(), datasets: "incident".into() };
        let source = health.source(&key, LINE);
        source.bytes(10);
        source.late(2);
        source.rejected(1);
        let first = Totals::of(&health);
        assert_eq!((first.bytes, first.late, first.rejected), (10, 2, 1));
        source.bytes(5);
        let more = Totals::of(&health).since(first);
        assert_eq!((more.bytes, more.late, more.rejected), (5, 0, 0));
        // A tenant that goes does not make it negative.
        health.remove(&key);
        assert_eq!(Totals::of(&health).since(first).bytes, 0);
    }
}
