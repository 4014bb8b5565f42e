//! Who may do what with a file: a file takes the access list of its folder, so there is nothing to look at or set.

use std::fmt;
use std::io;
use std::path::Path;

/// The access list that a file inherits from its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAccess;

#[expect(clippy::unused_self, reason = "there is something to ask on other systems")]
impl FileAccess {
    /// Of the file that a path leads to.
    pub fn of(path: &Path) -> io::Result<Self> {
        path.metadata().map(|_| Self)
    }

    /// That of a program.
    #[must_use]
    pub fn for_program(self) -> Self {
        self
    }

    /// That of a text.
    #[must_use]
    pub fn for_text(self) -> Self {
        self
    }

    /// Open to everybody for reading.
    #[must_use]
    pub fn for_all(self, _: bool) -> Self {
        self
    }

    /// The owner may run it.
    pub fn lets_owner_run(self) -> bool {
        true
    }

    /// Somebody beside the owner may change it: the folder of the agent is closed to users.
    pub fn lets_others_write(self) -> bool {
        false
    }

    /// It belongs to the system's administrator.
    pub fn is_of_root(self) -> bool {
        true
    }

    /// It belongs to the same user.
    pub fn has_owner_of(self, _: Self) -> bool {
        true
    }

    /// Nothing to set.
    #[expect(clippy::unnecessary_wraps, reason = "can fail on other systems")]
    pub fn set(self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for FileAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the access list of its folder")
    }
}
