//! What a dataset is, apart from its columns.

use schemars::{Schema, SchemaGenerator};

use crate::source::Source;

/// The part of a dataset that its file states as a constant; [`crate::catalog`] adds the columns.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Name in `snake_case`, equal to the file's name; the data stream is `logs-m365_security.<name>-<namespace>`.
    pub name: &'static str,
    /// Title for people, in the words of Microsoft's product.
    pub title: &'static str,
    /// Prefix of the custom fields: the one that Elastic's package uses for the same record.
    pub prefix: &'static str,
    /// Custom fields keep the source's camelCase names (the legacy `log` dataset) instead of `snake_case`.
    pub camel_case: bool,
    /// Where rows come from.
    pub source: Source,
    /// How rows lie in the elements of the answer.
    pub rows: Rows,
    /// Column paths (source names, dotted) that identify a document, beyond what the row's variant adds.
    pub identity: &'static [&'static str],
    /// The row type's JSON Schema.
    pub row: fn(&mut SchemaGenerator) -> Schema,
}

/// How the rows of a dataset lie in the elements of an answer's `value[]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// An element is a row.
    Elements,
    /// An element without its nested array is a row; what the nested rows say is summed up in `rollup`.
    Rollup {
        /// The nested array, split off as it arrives.
        nested: &'static str,
        /// Dataset whose rows the nested array holds.
        dataset: &'static str,
        /// Column of the summary.
        rollup: &'static str,
    },
    /// Each item of the named array is a row, with the element's other properties as its context.
    Items(&'static str),
    /// Each (element, outer item, inner item) is a row; an element without items, or an outer item without inner
    /// ones, is a row too.
    Outer {
        /// Array of the element.
        outer: &'static str,
        /// Array of the outer item.
        inner: &'static str,
    },
}

impl Rows {
    /// The arrays that rows are split by, the outer one first.
    pub fn split(self) -> impl Iterator<Item = &'static str> {
        let (outer, inner) = match self {
            Rows::Elements | Rows::Rollup { .. } => (None, None),
            Rows::Items(list) => (Some(list), None),
            Rows::Outer { outer, inner } => (Some(outer), Some(inner)),
        };
        outer.into_iter().chain(inner)
    }
}
