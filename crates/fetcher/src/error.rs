//! Errors named by the reaction that they need.

use std::time::Duration;

/// Why a cycle of a source, or a delivery, did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// Over soon: try again after a pause.
    #[error("{0}")]
    Transient(String),
    /// The service asks for a pause.
    #[error("{what}")]
    Throttled {
        /// What was refused.
        what: String,
        /// How long the service wants to be left alone, if it said so.
        after: Option<Duration>,
    },
    /// The credential or its permissions: no use to try again before somebody changes them.
    #[error("{0}")]
    Auth(String),
    /// The service refuses this request for good.
    #[error("{0}")]
    Refused(String),
    /// The order to stop came first; nobody's fault.
    #[error("stopped")]
    Stopped,
    /// This machine: disk, files.
    #[error("{0}")]
    Local(String),
}

impl Fault {
    /// Whether the same request may succeed later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Fault::Transient(_) | Fault::Throttled { .. })
    }

    /// A disk error with the name of what failed.
    pub(crate) fn local(what: impl std::fmt::Display, error: &std::io::Error) -> Self {
        Fault::Local(format!("{what}: {error}"))
    }
}

/// What a service says, as a part of an error: short, and without control characters, which a terminal would obey.
pub(crate) fn quoted(text: &str) -> String {
    const MAX: usize = 1000;
    text.chars().take(MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// An error with its causes in one line: reqwest hides the reason in the chain.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
