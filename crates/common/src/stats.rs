//! Counts of this run, by dataset.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::health::{Health, OutputHealth};
use crate::health::{OutputStatus, Receipt};

/// Counts of one dataset.
#[derive(Debug, Default)]
pub struct Counts {
    /// Documents that the output took.
    pub created: AtomicU64,
    /// Documents that the output had already.
    pub duplicates: AtomicU64,
    /// Documents that the output refused; they are dead letters.
    pub refused: AtomicU64,
    /// Of these, documents that the cluster keeps in a failure store.
    pub failure_store: AtomicU64,
}

/// Counts of all datasets, in the catalog's order, and of all sources.
#[derive(Debug)]
pub struct Stats {
    /// The datasets, and behind them the collector's own reports.
    datasets: Arc<Vec<Counts>>,
    /// Bytes of decoded response bodies.
    pub bytes: AtomicU64,
    /// Pages read to their end.
    pub pages: AtomicU64,
    /// The sources one by one, and the outputs.
    pub health: Arc<Health>,
    /// Requests to the output, and data streams that take none.
    pub output: Arc<OutputStatus>,
    /// Whether the output takes batches.
    pub delivery: Arc<OutputHealth>,
}

impl Default for Stats {
    fn default() -> Self {
        let health = Arc::<Health>::default();
        Self {
            datasets: Arc::new((0..=schema::catalog().len()).map(|_| Counts::default()).collect()),
            bytes: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            delivery: health.output(),
            health,
            output: Arc::default(),
        }
    }
}

impl Stats {
    /// These counts, as one of several outputs adds to them; the health of that output is its own.
    #[must_use]
    pub fn of_output(&self, name: &str) -> Self {
        Self {
            datasets: Arc::clone(&self.datasets),
            bytes: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            delivery: self.health.output_named(name),
            health: Arc::clone(&self.health),
            output: Arc::default(),
        }
    }

    /// Adds what became of one batch.
    pub fn add(&self, receipt: &Receipt) {
        for (counts, outcome) in self.datasets.iter().zip(receipt.datasets()) {
            counts.created.fetch_add(outcome.created, Ordering::Relaxed);
            counts.duplicates.fetch_add(outcome.duplicates, Ordering::Relaxed);
            counts.refused.fetch_add(outcome.refused + outcome.failure_store, Ordering::Relaxed);
            counts.failure_store.fetch_add(outcome.failure_store, Ordering::Relaxed);
        }
    }

    /// (dataset, created, duplicates, refused), in the catalog's order.
    pub fn by_dataset(&self) -> impl Iterator<Item = (&'static str, u64, u64, u64)> + '_ {
        schema::catalog().iter().zip(self.datasets.iter()).map(|(dataset, counts)| {
            let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            (dataset.definition.name, read(&counts.created), read(&counts.duplicates), read(&counts.refused))
        })
    }

    /// Documents whose fate is known: taken, there before, or refused; the collector's own reports are among them.
    pub fn settled(&self) -> u64 {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let all = self.datasets.iter();
        all.map(|counts| read(&counts.created) + read(&counts.duplicates) + read(&counts.refused)).sum()
    }

    /// Documents that the output holds now because of this run.
    pub fn created(&self) -> u64 {
        self.by_dataset().map(|(_, created, _, _)| created).sum()
    }
}
