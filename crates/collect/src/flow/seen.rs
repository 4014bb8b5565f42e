//! Which documents were handed over already: a page that is fetched again, and a record of the overlap that is read again,
//! must not be delivered twice to an output that cannot tell.

use rustc_hash::FxHashSet;

use common::error::Fault;
use state::{Entry, Ids, Share, Slot, SourceState};

/// The documents of one dataset: those that wait to be committed, in memory, and the ledger of those that are.
#[derive(Debug)]
pub(super) struct Seen {
    source: SourceState,
    /// The ledger, open while it is asked.
    ids: Option<Ids>,
    /// The last slot of the ledger. What changed later cannot be in it, and most records did.
    newest: Slot,
    pending: FxHashSet<Entry>,
    /// Documents that were new since the cycle began.
    fresh: u64,
    share: Share,
}

impl Seen {
    /// What the state remembers of a source.
    pub(super) fn new(source: SourceState) -> Result<Self, Fault> {
        let newest = source.ids()?.newest()?;
        let share = source.share();
        Ok(Self { source, ids: None, newest, pending: FxHashSet::default(), fresh: 0, share })
    }

    /// Adds an id; `false` if it was there.
    pub(super) fn insert(&mut self, changed: Option<&str>, id: [u8; 16]) -> Result<bool, Fault> {
        let entry = Entry::new(changed, id);
        let is_known = entry.slot() <= self.newest && self.is_committed(entry)?;
        if is_known && entry.slot() != Slot::UNDATED {
            return Ok(false);
        }
        // Every poll may bring a record without a readable time: it is remembered anew, so that it is never forgotten.
        let is_fresh = self.pending.insert(entry) && !is_known;
        self.fresh += u64::from(is_fresh);
        Ok(is_fresh)
    }

    /// Ids that wait to be committed.
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

    /// The ids to be committed. They count as committed from now on.
    pub(super) fn take_pending(&mut self) -> Vec<Entry> {
        self.rest();
        self.newest =
            self.pending.iter().map(|entry| entry.slot()).max().map_or(self.newest, |last| last.max(self.newest));
        let taken = std::mem::take(&mut self.pending);
        taken.into_iter().collect()
    }

    /// Nothing is asked for now: the file may reuse its space.
    pub(super) fn rest(&mut self) {
        self.ids = None;
    }

    /// Whose documents these are.
    pub(super) fn source(&self) -> &SourceState {
        &self.source
    }

    fn is_committed(&mut self, entry: Entry) -> Result<bool, Fault> {
        if self.ids.is_none() {
            self.ids = Some(self.source.ids()?);
        }
        self.ids.as_ref().map_or(Ok(false), |ids| ids.contains(entry))
    }
}
