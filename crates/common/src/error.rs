//! Errors named by the reaction that they need.

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use crate::http::Unreachable;
use crate::secrets;

/// Why a cycle of a source, or a delivery, did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Over soon: try again after a pause.
    #[error("{}", secrets::without(.0))]
    Transient(String),
    /// There is no way to the host: no answer began. Nothing is said of what was asked for.
    #[error("{}", secrets::without(&.0.to_string()))]
    Unreachable(Box<Unreachable>),
    /// An answer that is not whole, or says nothing new however it is asked for: what it holds is good, more may be missing.
    #[error("{0}")]
    Incomplete(String),
    /// The service asks for a pause.
    #[error("{}", secrets::without(what))]
    Throttled {
        /// The request that was refused.
        what: String,
        /// How long the service wants to be left alone, if it said so.
        after: Option<Duration>,
    },
    /// The credential or its permissions: no use to try again before somebody changes them.
    #[error("{}", secrets::without(.0))]
    Auth(String),
    /// The service refuses this request for good.
    #[error("{}", secrets::without(.0))]
    Permanent(String),
    /// The order to stop came first; nobody's fault.
    #[error("stopped")]
    Stopped,
    /// This machine: disk, files.
    #[error("{}", secrets::without(.0))]
    Io(String),
}

impl Error {
    /// Whether the same request may succeed later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Error::Transient(_) | Error::Incomplete(_) | Error::Unreachable(_) | Error::Throttled { .. })
    }

    /// A disk error with the name of what failed.
    pub fn io(what: impl std::fmt::Display, error: &std::io::Error) -> Self {
        Error::Io(format!("{what}: {error}"))
    }
}

/// Quotes a service in an error: short, without control characters, which a terminal would obey, and
/// without a credential that it may have sent back: none of ours, and nothing that looks like one.
pub fn quoted(text: &str) -> String {
    const MAX: usize = 1000;
    /// Names of schemes that stand before a credential in a header.
    const SCHEMES: [&str; 3] = ["bearer", "apikey", "basic"];
    const ENDS: [char; 8] = [' ', '"', '\'', ',', ':', '=', '<', '>'];
    let text = secrets::without(text);
    let text: String = text.chars().take(MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = String::with_capacity(text.len());
    let mut follows_scheme = false;
    for word in text.split_inclusive(ENDS) {
        let bare = word.trim_end_matches(ENDS);
        // A plain word is not one.
        let is_credential = follows_scheme && bare.len() >= 8 && !bare.chars().all(|c| c.is_ascii_lowercase());
        // The head of every JSON Web Token is an object.
        if is_credential || bare.starts_with("eyJ") && bare.len() >= 20 {
            out.push_str("[removed]");
            out.push_str(&word[bare.len()..]);
        } else {
            out.push_str(word);
        }
        if !bare.is_empty() {
            follows_scheme = SCHEMES.iter().any(|scheme| bare.eq_ignore_ascii_case(scheme));
        }
    }
    out
}

/// An error with its causes in one line: reqwest hides the reason in the chain.
pub fn with_causes(error: &dyn std::error::Error) -> String {
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
