//! Why a row gives no document.

/// A rejected row: counted, logged and kept as a dead letter; the rows beside it go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Reject {
    /// Constant word for counters and logs: `not_json` (the structure is unclear), `not_an_object`, `too_large`,
    /// `no_identity`, `no_timestamp`.
    pub reason: &'static str,
    /// What is wrong, and where.
    pub detail: String,
    /// Id of the record, if it was readable.
    pub record: Option<String>,
}

impl Reject {
    pub(crate) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Reject { reason, detail: detail.into(), record: None }
    }
}
