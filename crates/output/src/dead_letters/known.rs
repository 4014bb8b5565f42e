//! Letters that were kept already: what a failed cycle rejected comes again with the next one.

use std::collections::{HashSet, VecDeque};
use std::io::{self, Read, Seek, SeekFrom};

use common::health::Rejection;
use mapper::DocId;

use super::Raw;

/// Letters that are remembered.
const REMEMBERED: usize = 20_000;
/// A longer row is told by its beginning and its length.
const TELLING: u64 = 64 * 1024;

/// The last letters.
#[derive(Debug, Default)]
pub(super) struct Known {
    marks: HashSet<DocId>,
    order: VecDeque<DocId>,
}

impl Known {
    pub(super) fn contains(&self, mark: DocId) -> bool {
        self.marks.contains(&mark)
    }

    pub(super) fn insert(&mut self, mark: DocId) {
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

/// What identifies a letter, the same in every release; and the length of its row.
pub(super) fn mark(rejection: Rejection<'_>, raw: &mut Raw<'_>) -> io::Result<(DocId, u64)> {
    let mut head = Vec::new();
    let (row, length) = match raw {
        Raw::Bytes(bytes) => (&**bytes, bytes.len() as u64),
        Raw::File(file) => {
            let length = file.seek(SeekFrom::End(0))?;
            file.rewind()?;
            file.take(TELLING).read_to_end(&mut head)?;
            (&*head, length)
        }
    };
    let Rejection { dataset, tenant, reason, record, detail: _ } = rejection;
    let named = [u8::from(record.is_some())];
    let record = record.unwrap_or_default().as_bytes();
    let parts = [dataset.as_bytes(), tenant.as_bytes(), reason.as_bytes(), &named, record, &length.to_be_bytes(), row];
    Ok((DocId::of_content("dead letter", &parts), length))
}
