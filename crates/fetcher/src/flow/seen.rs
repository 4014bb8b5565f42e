//! Which documents were handed over lately: a page that is fetched again, and a record at the cursor that is read again,
//! must not be delivered twice to an output that cannot tell.

use rustc_hash::FxHashSet;

/// Ids of one generation; two are kept, so memory is bounded whatever the page size.
const GENERATION: usize = 8 * 1024;

/// The last ids, at least [`GENERATION`] of them. Half of an id (64 bits of a hash) tells that few apart.
#[derive(Debug, Default)]
pub(super) struct Seen {
    known: FxHashSet<u64>,
    young: FxHashSet<u64>,
    old: FxHashSet<u64>,
}

impl Seen {
    /// A new cycle, with what the state remembers. Where the last cycle broke off with everything delivered, its ids
    /// stay.
    pub(super) fn begin(&mut self, known: impl Iterator<Item = [u8; 16]>, keep: bool) {
        self.known = known.map(half).collect();
        if !keep {
            self.young.clear();
            self.old.clear();
        }
    }

    /// Adds an id; `false` if it was there.
    pub(super) fn insert(&mut self, id: [u8; 16]) -> bool {
        let id = half(id);
        if self.known.contains(&id) || self.old.contains(&id) || !self.young.insert(id) {
            return false;
        }
        if self.young.len() >= GENERATION {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        true
    }
}

fn half(id: [u8; 16]) -> u64 {
    id.first_chunk().map_or(0, |half| u64::from_le_bytes(*half))
}
