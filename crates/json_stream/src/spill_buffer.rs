//! Bytes of one row that arrived in pieces, bounded: what is longer goes to an anonymous temporary file.

use std::io::{self, Write};

use tempfile::SpooledTempFile;

/// Capacity that is kept from row to row; a rare large row gives its memory back.
const KEEP: usize = 256 * 1024;

/// One row in the making.
#[derive(Debug)]
pub(super) struct SpillBuffer {
    bytes: Vec<u8>,
    spill: Option<SpooledTempFile>,
    length: u64,
    limit: usize,
}

impl SpillBuffer {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), spill: None, length: 0, limit }
    }

    /// Nothing is held and this many bytes could be: they need no copy.
    pub(super) fn is_needless_for(&self, bytes: &[u8]) -> bool {
        self.length == 0 && bytes.len() <= self.limit
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        if let Some(file) = &mut self.spill {
            return file.write_all(bytes);
        }
        if self.bytes.len() + bytes.len() <= self.limit {
            self.bytes.extend_from_slice(bytes);
            return Ok(());
        }
        let mut file = SpooledTempFile::new(0);
        file.write_all(&self.bytes)?;
        file.write_all(bytes)?;
        self.spill = Some(file);
        self.clear_bytes();
        Ok(())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file, when the row was longer than the limit.
    pub(super) fn take_spill(&mut self) -> Option<(SpooledTempFile, u64)> {
        self.spill.take().map(|file| (file, self.length))
    }

    pub(super) fn clear(&mut self) {
        self.clear_bytes();
        self.spill = None;
        self.length = 0;
    }

    fn clear_bytes(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEEP);
    }
}
