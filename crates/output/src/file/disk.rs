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
    /// Room enough, but nothing is made durable any more.
    pub(crate) const LOST: u64 = u64::MAX / 2;

    /// The file on a disk with so much room, if there is one.
    pub(super) fn hold(room: Option<&Self>, file: Box<dyn Disk>) -> Box<dyn Disk> {
        match room.cloned() {
            Some(room) => Box::new(Scarce { file, room }),
            None => file,
        }
    }

    fn left(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[cfg(test)]
#[derive(Debug)]
struct Scarce {
    file: Box<dyn Disk>,
    room: Room,
}

#[cfg(test)]
impl Disk for Scarce {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = usize::try_from(self.room.left()).unwrap_or(usize::MAX).min(bytes.len());
        if fits == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(&bytes[..fits])?;
        self.room.0.fetch_sub(written as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(written)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        if (Self::LOST_FLOOR..=Room::LOST).contains(&self.room.left()) {
            return Err(io::Error::other("the device is gone"));
        }
        self.file.sync()
    }
}

#[cfg(test)]
impl Scarce {
    /// What is written takes room here too.
    const LOST_FLOOR: u64 = Room::LOST / 2;
}
