//! Which documents were handed over already: a page that is fetched again, and a record of the overlap that is read again,
//! must not be delivered twice to an output that cannot tell.

use rustc_hash::FxHashSet;

use common::error::Error;
use state::{DedupIndex, DedupKey, EndpointState, MinuteBucket, Share};

/// The documents of one dataset: those that wait to be committed, in memory, and the dedup index of those that are.
#[derive(Debug)]
pub(super) struct Deduplicator {
    state: EndpointState,
    dataset: &'static str,
    /// The dedup index, open while it is asked.
    index: Option<DedupIndex>,
    /// The last minute of the index. What changed later cannot be in it, and most records did.
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
        Self { state, dataset, index: None, newest, pending: FxHashSet::default(), fresh: 0, share }
    }

    /// Adds a document; `false` if it was there.
    pub(super) fn insert(&mut self, changed: Option<&str>, id: [u8; 16]) -> Result<bool, Error> {
        let key = DedupKey::new(changed, id);
        let is_known = key.minute() <= self.newest && self.is_committed(key)?;
        if is_known && key.minute() != MinuteBucket::UNDATED {
            return Ok(false);
        }
        // Every poll may bring a record without a readable time: it is remembered anew, so that it is never forgotten.
        let is_fresh = self.pending.insert(key) && !is_known;
        self.fresh += u64::from(is_fresh);
        Ok(is_fresh)
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
        self.rest();
        self.newest = self.pending.iter().map(|key| key.minute()).fold(self.newest, MinuteBucket::max);
        let taken = std::mem::take(&mut self.pending);
        taken.into_iter().collect()
    }

    /// Nothing is asked for now: the file may reuse its space.
    pub(super) fn rest(&mut self) {
        self.index = None;
    }

    /// Name of the dataset.
    pub(super) fn dataset(&self) -> &'static str {
        self.dataset
    }

    fn is_committed(&mut self, key: DedupKey) -> Result<bool, Error> {
        if self.index.is_none() {
            self.index = Some(self.state.index(self.dataset)?);
        }
        self.index.as_ref().map_or(Ok(false), |index| index.contains(key))
    }
}
