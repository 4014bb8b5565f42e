//! Nested rows of an element that waits until its lists are whole.

use mapper::Rollup;

use super::super::spool::Spool;
use super::{Rows, Shape};

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
    Rows(Spool),
}

impl Rows {
    /// Nested rows of the element that follows, which are not whole.
    pub(crate) fn waiting(&mut self) -> &mut Waiting {
        &mut self.waiting
    }

    /// What the nested rows have said, for an element that waits.
    pub(crate) fn take_nested(&mut self) -> Nested {
        match &mut self.shape {
            Shape::Whole => Nested::Nothing,
            Shape::Rollup { rollup, .. } => Nested::Sum(std::mem::take(rollup)),
            Shape::Outer { spool, .. } => Nested::Rows(std::mem::take(spool)),
        }
    }

    /// The element says that it has so many nested rows. Whether that is more than came.
    pub(crate) fn announce(&mut self, count: u64) -> bool {
        match &mut self.shape {
            Shape::Rollup { rollup, .. } => rollup.announce(count),
            Shape::Whole | Shape::Outer { .. } => false,
        }
    }

    /// Goes on with what the nested rows of an element have said.
    pub(crate) fn put_nested(&mut self, nested: Nested) {
        match (&mut self.shape, nested) {
            (Shape::Rollup { rollup, .. }, Nested::Sum(sum)) => *rollup = sum,
            (Shape::Outer { spool, .. }, Nested::Rows(rows)) => *spool = rows,
            _ => {}
        }
    }
}
