//! Windows: access lists that files inherit from their folder, file indexes, console events, a named pipe.

pub(super) mod access;
pub(super) mod control;
pub(super) mod signals;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

use winapi_util::file::information;

/// Names a file, whatever it is called: two names with the same id lead to the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    volume: u64,
    index: u64,
}

impl FileId {
    /// Of an open file.
    pub fn of_file(file: &File) -> io::Result<Self> {
        let about = information(file)?;
        Ok(Self { volume: about.volume_serial_number(), index: about.file_index() })
    }

    /// Of the file that a path leads to.
    pub fn of_path(path: &Path) -> io::Result<Self> {
        Self::of_file(&File::open(path)?)
    }
}

/// Nothing to set: a file takes the access list of its folder, and that of the agent's data is closed to users.
pub(crate) fn owner_only_file(_: &mut OpenOptions) {}

/// Nothing to set: a folder takes the access list of the one above it.
pub(crate) fn owner_only_folder(_: &mut DirBuilder) {}

/// Nothing to close: see [`owner_only_file`].
#[expect(clippy::unnecessary_wraps, reason = "can fail on other systems")]
pub(crate) fn close_to_others(_: &File) -> io::Result<()> {
    Ok(())
}

/// Nothing to do: NTFS journals names by itself, and a folder cannot be flushed.
#[expect(clippy::unnecessary_wraps, reason = "can fail on other systems")]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Nothing to turn off: Windows writes no core dumps unless an administrator asks for them.
#[expect(clippy::unnecessary_wraps, reason = "can fail on other systems")]
pub fn disable_core_dumps() -> io::Result<()> {
    Ok(())
}
