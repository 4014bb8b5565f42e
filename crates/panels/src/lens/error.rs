//! What a dashboard says that this translation does not understand: never skipped, always named.

use std::fmt;

/// Why a panel has no query, or an answer no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Id of the dashboard.
    pub dashboard: String,
    /// Title of the panel, or its `panelIndex`; empty where the dashboard as a whole is meant.
    pub panel: String,
    /// Id of the column; empty where the panel as a whole is meant.
    pub column: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "dashboard {}", self.dashboard)?;
        if !self.panel.is_empty() {
            write!(out, ", panel \"{}\"", self.panel)?;
        }
        if !self.column.is_empty() {
            write!(out, ", column {}", self.column)?;
        }
        write!(out, ": {}", self.problem)
    }
}

impl std::error::Error for Error {}

/// A problem before anybody knows in which panel it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Problem {
    pub(crate) column: String,
    pub(crate) text: String,
}

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { column: String::new(), text: text.into() }
    }

    /// Says which column it is about, unless that is known.
    pub(crate) fn in_column(mut self, column: &str) -> Self {
        if self.column.is_empty() {
            column.clone_into(&mut self.column);
        }
        self
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

pub(crate) type Result<T> = std::result::Result<T, Problem>;
