//! Puts the program into an Elastic Agent as the component of its input, takes it away again, and says why an agent calls
//! the input "not supported".
//!
//! [`agent`] finds installations, [`component`] looks at what lies in one, [`plan`] decides what is to be done and does
//! nothing, [`perform`] does it, [`diagnosis`] tells what is wrong. The program goes before its spec file and leaves after
//! it: a spec file without its program keeps the whole agent from starting.

pub mod agent;
pub mod component;
pub mod diagnosis;
pub mod perform;
pub mod plan;
pub mod systemd;
#[cfg(test)]
mod tests;
mod version;

use std::path::PathBuf;

/// Why an installation cannot be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No installation is there.
    #[error("{0}")]
    NoAgent(String),
    /// A file or folder.
    #[error("{}: {error}{}", path.display(), cure(error))]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A command.
    #[error("{0}")]
    Command(String),
}

impl Error {
    fn io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        Self::Io { path: path.into(), error }
    }
}

fn cure(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "\nhint: folders of an agent belong to its user; run this as administrator (root)"
        }
        _ => "",
    }
}
