//! Which documents were handed over lately: a page that is fetched again, and a record at the cursor that is read again,
//! must not be delivered twice to an output that cannot tell.

use rustc_hash::FxHashSet;

/// Ids of one generation; two are kept, so memory is bounded whatever the page size.
const GENERATION: usize = 16 * 1024;

/// The last ids, at least [`GENERATION`] of them.
#[derive(Debug, Default)]
pub(super) struct Seen {
    known: FxHashSet<[u8; 16]>,
    young: FxHashSet<[u8; 16]>,
    old: FxHashSet<[u8; 16]>,
}

impl Seen {
    /// A new cycle, with what the state remembers.
    pub(super) fn begin(&mut self, known: &[[u8; 16]]) {
        self.known = known.iter().copied().collect();
        self.young.clear();
        self.old.clear();
    }

    /// Adds an id; `false` if it was there.
    pub(super) fn insert(&mut self, id: [u8; 16]) -> bool {
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
