//! What a file's disk does, apart so that tests can have a full one.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// A file that lines are appended to.
pub(super) trait Disk: std::fmt::Debug + Send {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn set_len(&mut self, length: u64) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

impl Disk for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        File::set_len(self, length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Why lines could not be written.
#[derive(Debug)]
pub(super) struct Short {
    /// Of the bytes that were given, these are whole lines in the file.
    pub(super) whole: usize,
    pub(super) error: io::Error,
    /// What else was written of them could not be taken back.
    pub(super) is_torn: bool,
}

/// Appends lines to a file of this length. What is written of a line that does not fit is taken back.
pub(super) fn append(disk: &mut dyn Disk, length: u64, lines: &[u8]) -> Result<(), Short> {
    let mut done = 0;
    while done < lines.len() {
        let error = match disk.write(&lines[done..]) {
            Ok(0) => io::ErrorKind::WriteZero.into(),
            Ok(written) => {
                done += written;
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => error,
        };
        let whole = memchr::memrchr(b'\n', &lines[..done]).map_or(0, |at| at + 1);
        let is_torn = whole < done && disk.set_len(length + whole as u64).is_err();
        return Err(Short { whole, error, is_torn });
    }
    Ok(())
}

/// Whether somebody who frees space ends it.
pub(crate) fn is_full(error: &io::Error) -> bool {
    /// What a disk that fails says, or one that is full where the system writes late.
    const EIO: i32 = 5;
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull, WriteZero};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem | WriteZero)
        || error.raw_os_error() == Some(EIO)
}

/// What to do about it.
pub(crate) fn hint(place: &Path) -> String {
    format!(
        "\nhint: free space on this machine's disk at {}, or mend it; what was collected waits, and nothing is dropped",
        place.display()
    )
}

/// A disk with so much room, for tests; shared by all its files.
#[cfg(test)]
#[derive(Debug, Clone)]
pub(crate) struct Room(pub(crate) std::sync::Arc<std::sync::atomic::AtomicU64>);

#[cfg(test)]
impl Room {
    /// The file on a disk with so much room, if there is one.
    pub(super) fn hold<'a>(room: Option<&Self>, file: &'a mut dyn Disk) -> Box<dyn Disk + 'a> {
        Box::new(Scarce { file, room: room.cloned() })
    }
}

#[cfg(test)]
#[derive(Debug)]
struct Scarce<'a> {
    file: &'a mut dyn Disk,
    room: Option<Room>,
}

#[cfg(test)]
impl Disk for Scarce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use std::sync::atomic::Ordering::Relaxed;
        let Some(Room(room)) = &self.room else { return self.file.write(bytes) };
        let fits = usize::try_from(room.load(Relaxed)).unwrap_or(usize::MAX).min(bytes.len());
        if fits == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(&bytes[..fits])?;
        room.fetch_sub(written as u64, Relaxed);
        Ok(written)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}
