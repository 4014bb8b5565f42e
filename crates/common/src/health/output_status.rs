//! How requests and data streams of the output are doing, for whoever reports it; [`crate::health`] has the whole.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

/// A trouble is logged at its start, then at every power of two, and this often.
const LOGGED_EACH: u64 = 256;

/// Counts and troubles of the output of this run.
#[derive(Debug, Default)]
pub struct OutputStatus {
    /// Bulk requests that were answered.
    pub requests: AtomicU64,
    /// Bytes of bulk bodies that were answered, before compression.
    pub bytes: AtomicU64,
    /// Requests under way.
    pub in_flight: AtomicU32,
    /// Requests that may be under way at the same time, as the cluster's answers allow.
    pub concurrency: AtomicU32,
    troubles: Mutex<BTreeMap<u16, Held>>,
}

/// A trouble that keeps documents of a dataset from its data stream now, while the output answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The dataset.
    pub dataset: &'static str,
    /// When it began.
    pub since: DateTime<Utc>,
    /// The trouble and its cure.
    pub what: String,
}

#[derive(Debug)]
struct Held {
    trouble: Trouble,
    count: u64,
}

impl OutputStatus {
    /// Troubles that keep documents from their data streams now, by dataset.
    pub fn troubles(&self) -> Vec<Trouble> {
        self.lock().values().map(|held| held.trouble.clone()).collect()
    }

    /// Something is wrong, perhaps still.
    pub fn trouble(&self, dataset: u16, what: &str) {
        let mut troubles = self.lock();
        let held = troubles.entry(dataset).or_insert_with(|| {
            let since = crate::clock::now();
            Held { trouble: Trouble { dataset: name(dataset), since, what: String::new() }, count: 0 }
        });
        held.count += 1;
        what.clone_into(&mut held.trouble.what);
        let count = held.count;
        drop(troubles);
        if count.is_power_of_two() || count.is_multiple_of(LOGGED_EACH) {
            tracing::warn!(
                dataset = name(dataset),
                reason = what,
                count,
                "DEGRADED: data stream takes no documents, they are sent again"
            );
        }
    }

    /// The output took documents of the dataset.
    pub fn fine(&self, dataset: u16) {
        let ended = self.lock().remove(&dataset);
        if let Some(Held { trouble, count }) = ended {
            let seconds = (crate::clock::now() - trouble.since).num_seconds();
            tracing::info!(dataset = trouble.dataset, count, seconds, "RECOVERED: data stream takes documents again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u16, Held>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(dataset: u16) -> &'static str {
    schema::catalog().get(usize::from(dataset)).map_or(schema::health::NAME, |dataset| dataset.definition.name)
}
