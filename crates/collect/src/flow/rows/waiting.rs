//! Nested rows of an element that waits until its lists are whole.

use mapper::Rollup;

use super::super::spilled_items::SpilledItems;
use super::{Framing, Rows};

/// Nested rows that are not whole.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) rows: Vec<Vec<u8>>,
    pub(crate) bytes: usize,
    /// One of them cannot even be kept, or is missing.
    pub(crate) lacks: bool,
}

/// What the nested rows of an element have said so far.
#[derive(Debug, Default)]
pub(crate) enum Nested {
    #[default]
    Nothing,
    Sum(Box<Rollup>),
    Rows(SpilledItems),
}

impl Rows {
    /// Nested rows of the element that follows, which are not whole.
    pub(crate) fn waiting(&mut self) -> &mut Waiting {
        &mut self.waiting
    }

    /// What the nested rows have said, for an element that waits.
    pub(crate) fn take_nested(&mut self) -> Nested {
        match &mut self.framing {
            Framing::Whole => Nested::Nothing,
            Framing::Rollup { rollup, .. } => Nested::Sum(std::mem::take(rollup)),
            Framing::Outer { spilled, .. } => Nested::Rows(std::mem::take(spilled)),
        }
    }

    /// The element says that it has so many nested rows. Whether that is more than came.
    pub(crate) fn announce(&mut self, count: u64) -> bool {
        match &mut self.framing {
            Framing::Rollup { rollup, .. } => rollup.announce(count),
            Framing::Whole | Framing::Outer { .. } => false,
        }
    }

    /// Goes on with what the nested rows of an element have said.
    pub(crate) fn put_nested(&mut self, nested: Nested) {
        match (&mut self.framing, nested) {
            (Framing::Rollup { rollup, .. }, Nested::Sum(sum)) => *rollup = sum,
            (Framing::Outer { spilled, .. }, Nested::Rows(rows)) => *spilled = rows,
            _ => {}
        }
    }
}
