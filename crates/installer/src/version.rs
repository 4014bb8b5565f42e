//! Versions of Elastic Agent, as the names of its folders have them.

use std::fmt;

/// `major.minor.patch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The version in a folder's name: `elastic-agent-9.5.2-1a2b3c`, `elastic-agent-9.5.2-SNAPSHOT-1a2b3c`. Folders of
    /// packages and images may have none.
    pub fn of_folder(name: &str) -> Option<Self> {
        let version = name.strip_prefix("elastic-agent-")?.split('-').next()?;
        let mut parts = version.split('.').map(|part| part.parse().ok());
        let found = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(found)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}
