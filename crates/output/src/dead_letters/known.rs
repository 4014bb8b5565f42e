//! Letters that were kept already: what a failed cycle rejected comes again with the next one.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, SeekFrom};

use super::Raw;
use common::health::Rejection;

/// Letters that are remembered.
const REMEMBERED: usize = 20_000;
/// A longer row is told by its beginning and its length.
const TELLING: u64 = 64 * 1024;

/// The last letters.
#[derive(Debug, Default)]
pub(super) struct Known {
    marks: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Known {
    pub(super) fn contains(&self, mark: u64) -> bool {
        self.marks.contains(&mark)
    }

    pub(super) fn insert(&mut self, mark: u64) {
        if self.marks.insert(mark) {
            self.order.push_back(mark);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.marks.remove(&oldest);
        }
    }
}

/// Tells a letter from others; and the length of its row.
pub(super) fn mark(rejection: Rejection<'_>, raw: &mut Raw<'_>) -> io::Result<(u64, u64)> {
    let Rejection { dataset, tenant, reason, record, detail: _ } = rejection;
    let mut hasher = DefaultHasher::new();
    (dataset, tenant, reason, record).hash(&mut hasher);
    let length = match raw {
        Raw::Bytes(bytes) => {
            bytes.hash(&mut hasher);
            bytes.len() as u64
        }
        Raw::File(file) => {
            let length = file.seek(SeekFrom::End(0))?;
            file.rewind()?;
            let mut head = Vec::new();
            file.take(TELLING).read_to_end(&mut head)?;
            (head, length).hash(&mut hasher);
            length
        }
    };
    Ok((hasher.finish(), length))
}
