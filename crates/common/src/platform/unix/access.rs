//! Who may do what with a file: permission bits and owner.

use std::fmt;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

/// Owner, group and permission bits of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAccess {
    mode: u32,
    user: u32,
    group: u32,
}

impl FileAccess {
    /// Of the file that a path leads to.
    pub fn of(path: &Path) -> io::Result<Self> {
        let about = path.metadata()?;
        Ok(Self { mode: about.mode() & 0o7777, user: about.uid(), group: about.gid() })
    }

    /// That of a program which belongs to the same owner: others cannot change it, and the group may run it.
    #[must_use]
    pub fn for_program(self) -> Self {
        Self { mode: 0o750, ..self }
    }

    /// That of a text which belongs to the same owner, and which the group may read.
    #[must_use]
    pub fn for_text(self) -> Self {
        Self { mode: 0o640, ..self }
    }

    /// Open to everybody for reading, as files of the system are; a program may be run by all.
    #[must_use]
    pub fn for_all(self, is_program: bool) -> Self {
        Self { mode: if is_program { 0o755 } else { 0o644 }, ..self }
    }

    /// The owner may run it.
    pub fn lets_owner_run(self) -> bool {
        self.mode & 0o100 != 0
    }

    /// Somebody beside the owner may change it.
    pub fn lets_others_write(self) -> bool {
        self.mode & 0o022 != 0
    }

    /// It belongs to the system's administrator.
    pub fn is_of_root(self) -> bool {
        self.user == 0
    }

    /// It belongs to the same user.
    pub fn has_owner_of(self, other: Self) -> bool {
        self.user == other.user
    }

    /// Gives a file this owner and these rights.
    pub fn set(self, path: &Path) -> io::Result<()> {
        let now = Self::of(path)?;
        if (now.user, now.group) != (self.user, self.group) {
            chown(path, Some(self.user), Some(self.group))?;
        }
        // After the owner: changing that takes rights away.
        std::fs::set_permissions(path, Permissions::from_mode(self.mode))
    }
}

impl fmt::Display for FileAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}, owner {}:{}", self.mode, self.user, self.group)
    }
}
