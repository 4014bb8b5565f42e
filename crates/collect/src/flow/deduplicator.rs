//! Which documents of a dataset were handed over already.

use rustc_hash::FxHashSet;

use common::error::Error;
use state::{DedupKey, EndpointState, MinuteBucket, Share};

/// The documents of one dataset: those that wait to be committed, in memory, and the dedup index of those that are.
#[derive(Debug)]
pub(super) struct Deduplicator {
    state: EndpointState,
    dataset: &'static str,
    /// The last minute of the dedup index. What changed later cannot be in it, and most records did.
    newest: MinuteBucket,
    pending: FxHashSet<DedupKey>,
    /// Documents that were new since the cycle began.
    fresh: u64,
    share: Share,
}

impl Deduplicator {
    /// What the state remembers of a dataset.
    pub(super) fn new(state: EndpointState, dataset: &'static str, newest: MinuteBucket) -> Self {
        let share = state.share();
        Self { state, dataset, newest, pending: FxHashSet::default(), fresh: 0, share }
    }

    /// The dedup index may hold the document: it has to be asked.
    pub(super) fn may_be_committed(&self, key: DedupKey) -> bool {
        key.minute() <= self.newest
    }

    /// The document waits to be committed.
    pub(super) fn is_pending(&self, key: DedupKey) -> bool {
        self.pending.contains(&key)
    }

    /// For each document whether the dedup index does not hold it.
    pub(super) async fn unseen(&self, keys: &[DedupKey]) -> Result<Vec<bool>, Error> {
        self.state.unseen(self.dataset, keys).await
    }

    /// Adds a document; `false` if it was there. `is_known` says that the dedup index holds it.
    pub(super) fn insert(&mut self, key: DedupKey, is_known: bool) -> bool {
        if is_known && key.minute() != MinuteBucket::UNDATED {
            return false;
        }
        // Every poll may bring a record without a readable time: it is remembered anew, so that it is never forgotten.
        let is_fresh = self.pending.insert(key) && !is_known;
        self.fresh += u64::from(is_fresh);
        is_fresh
    }

    /// Documents that wait to be committed.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Documents that were new since the cycle began, committed or not.
    pub(super) fn fresh(&self) -> u64 {
        self.fresh
    }

    /// How many may wait at most, of so many that may wait in all sources together.
    pub(super) fn room(&self, total: usize) -> usize {
        total / self.share.count()
    }

    /// The documents to be committed. They count as committed from now on.
    pub(super) fn take_pending(&mut self) -> Vec<DedupKey> {
        self.newest = self.pending.iter().map(|key| key.minute()).fold(self.newest, MinuteBucket::max);
        let taken = std::mem::take(&mut self.pending);
        taken.into_iter().collect()
    }

    /// Name of the dataset.
    pub(super) fn dataset(&self) -> &'static str {
        self.dataset
    }
}
