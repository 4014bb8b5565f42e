//! Nested items that wait for their parent: in memory up to 256 KiB, then in a temporary file.

use std::io::{self, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

const IN_MEMORY: usize = 256 * 1024;

/// Items in their order, each with its length before it.
#[derive(Debug)]
pub(super) struct SpilledItems {
    file: SpooledTempFile,
    count: u64,
}

impl Default for SpilledItems {
    fn default() -> Self {
        Self { file: SpooledTempFile::new(IN_MEMORY), count: 0 }
    }
}

impl SpilledItems {
    pub(super) fn push(&mut self, item: &[u8]) -> io::Result<()> {
        self.count += 1;
        self.file.write_all(&(item.len() as u64).to_le_bytes())?;
        self.file.write_all(item)
    }

    /// Goes back to the first item and returns how many there are.
    pub(super) fn rewind(&mut self) -> io::Result<u64> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(self.count)
    }

    /// Appends the next item to `out`.
    pub(super) fn read(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let mut length = [0; 8];
        self.file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let read = (&mut self.file).take(length).read_to_end(out)?;
        if read as u64 == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    pub(super) fn clear(&mut self) -> io::Result<()> {
        if self.file.is_rolled() {
            self.file = SpooledTempFile::new(IN_MEMORY);
        } else {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
        }
        self.count = 0;
        Ok(())
    }
}
