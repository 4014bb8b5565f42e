//! What an element holds of its record, where it comes from, and whom its documents are for.

use super::kinds::Audience;

/// How much of a record an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completeness {
    /// All of it.
    Whole,
    /// Its nested rows could not be read: the summary stays out.
    Partial,
}

/// How an element was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The listing has come to it in its window.
    Listed,
    /// It was read beside the listing: it may be older than the window.
    Beside,
}

/// Which of the documents of one version of a record an element becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revision {
    /// The first one.
    First,
    /// The whole record, after it was delivered without its nested rows. A data stream takes no second document of the
    /// same id, so this one has another.
    Amended,
}

/// What goes with an element from where it is read to where it is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Provenance {
    pub(super) completeness: Completeness,
    pub(super) origin: Origin,
    pub(super) revision: Revision,
    /// The datasets that it is for.
    pub(super) audience: Audience,
}

impl Provenance {
    /// A whole record for these datasets.
    pub(super) const fn new(origin: Origin, audience: Audience) -> Self {
        Self { completeness: Completeness::Whole, origin, revision: Revision::First, audience }
    }

    /// A whole record that was asked for by itself, for all datasets.
    pub(super) const BY_ID: Self = Self::new(Origin::Beside, Audience::ALL);

    /// The same without its nested rows.
    pub(super) const fn partial(self) -> Self {
        Self { completeness: Completeness::Partial, ..self }
    }

    /// The same, after it was delivered without its nested rows.
    pub(super) const fn amended(self) -> Self {
        Self { revision: Revision::Amended, ..self }
    }

    pub(super) fn is_partial(self) -> bool {
        self.completeness == Completeness::Partial
    }

    pub(super) fn is_listed(self) -> bool {
        self.origin == Origin::Listed
    }

    pub(super) fn is_amended(self) -> bool {
        self.revision == Revision::Amended
    }
}
