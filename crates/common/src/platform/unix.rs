//! Unix: permission bits, inodes, signals, a socket.

pub(super) mod access;
pub(super) mod control;
pub(super) mod signals;

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::process::{Resource, Rlimit, setrlimit};

/// The owner may read and write.
const FILE: u32 = 0o600;
/// The owner may also enter.
const FOLDER: u32 = 0o700;

/// Names a file, whatever it is called: two names with the same id lead to the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of an open file.
    pub fn of_file(file: &File) -> io::Result<Self> {
        file.metadata().map(|about| Self::new(&about))
    }

    /// Of the file that a path leads to.
    pub fn of_path(path: &Path) -> io::Result<Self> {
        path.metadata().map(|about| Self::new(&about))
    }

    fn new(about: &Metadata) -> Self {
        Self { device: about.dev(), inode: about.ino() }
    }
}

/// A file that is made with these options belongs to its owner alone, whatever the umask says.
pub(crate) fn owner_only_file(options: &mut OpenOptions) {
    options.mode(FILE);
}

/// A folder that is made with this builder belongs to its owner alone.
pub(crate) fn owner_only_folder(builder: &mut DirBuilder) {
    builder.mode(FOLDER);
}

/// Closes a file to others, if it is open to them. Devices and pipes belong to the system and are left as they are.
pub(crate) fn close_to_others(file: &File) -> io::Result<()> {
    let about = file.metadata()?;
    if about.is_file() && about.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(FILE))?;
    }
    Ok(())
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Turns core dumps of this process off, because its memory holds secrets: by their size and, on Linux, altogether. A
/// debugger then needs the rights of root.
pub fn disable_core_dumps() -> io::Result<()> {
    let none = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(none?)
}
