//! Finds members with one name within an object, in the same pass that checks the grammar.

use super::super::MAX_NAME;
use super::super::text::decode;
use super::{Checked, Fault, Parser};

/// Members up to which comparing each with each is faster than a set.
const FEW: u32 = 64;

/// Names of one object, as far as they have been read.
#[derive(Default)]
pub(super) struct Names {
    /// Index of the object's first member.
    first: usize,
    count: u32,
    /// A set of the names' hashes; a bit that is set already means that two names may be the same.
    bits: [u64; 8],
    /// The names have to be compared once more when the object ends.
    doubtful: bool,
}

impl Names {
    /// Names of an object whose first member is this node.
    pub(super) fn from(first: usize) -> Self {
        Self { first, ..Self::default() }
    }

    /// Notes a name; returns whether an earlier one may have been the same.
    #[inline]
    fn note(&mut self, name: &[u8]) -> bool {
        // The ends tell most names apart: `…DateTime` by how they begin, `user…` by how they end.
        let (head, tail) = match (name.first_chunk(), name.last_chunk()) {
            (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            _ => (name.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0),
        };
        let hash = (head ^ tail.rotate_left(23) ^ name.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55;
        let (word, bit) = (&mut self.bits[(hash >> 6) as usize & 7], 1 << (hash & 63));
        let seen = *word & bit != 0;
        *word |= bit;
        self.count += 1;
        seen
    }
}

impl Parser<'_> {
    /// Refuses a name that the object has already. The bit of its hash alone proves most names to be new.
    #[inline] // Called for every member of every row, from another module.
    pub(super) fn name(&self, key: (u32, u32), escaped: bool, names: &mut Names) -> Checked<()> {
        let name = &self.bytes[key.0 as usize..key.1 as usize];
        if name.len() > MAX_NAME {
            return Err(Fault::Grammar);
        }
        let seen = names.note(name);
        names.doubtful |= escaped;
        if !seen || names.doubtful {
            return Ok(());
        }
        if names.count > FEW {
            names.doubtful = true;
            return Ok(());
        }
        let mut at = names.first;
        while let Some(node) = self.nodes.get(at) {
            if self.bytes.get(node.key.0 as usize..node.key.1 as usize) == Some(name) {
                return Err(Fault::Grammar);
            }
            at = node.next as usize;
        }
        Ok(())
    }

    /// Compares all names of an object that ends here, if the bits of their hashes did not prove them different.
    pub(super) fn distinct(&self, names: &Names) -> Checked<()> {
        if !names.doubtful {
            return Ok(());
        }
        let mut seen = rustc_hash::FxHashSet::default();
        let mut at = names.first;
        while let Some(node) = self.nodes.get(at) {
            let name = std::str::from_utf8(&self.bytes[node.key.0 as usize..node.key.1 as usize]).unwrap_or_default();
            let name = if node.key_escaped { decode(name).into() } else { std::borrow::Cow::from(name) };
            if name.contains('\0') || !seen.insert(name) {
                return Err(Fault::Grammar);
            }
            at = node.next as usize;
        }
        Ok(())
    }
}
