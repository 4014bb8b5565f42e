//! Drift: content of rows that the dataset does not expect. All of it is kept, and all of it is counted.

use std::collections::BTreeMap;

/// One kind of surprise in the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// `unknown_column`: no column has the name; `mistyped`: the value is not of the column's type; both are kept in
    /// the dataset's `unmapped` field. `unknown_kind`: an `@odata.type` without columns of its own.
    ///
    /// The others say what was mended in a row that is not JSON. In texts: `invalid_utf8`, `lone_surrogate` (replaced by
    /// U+FFFD), `control_character`, `unknown_escape` (kept as written). In place of values: `unreadable_value` and
    /// `number_out_of_range` (kept in `unmapped` as text), `missing_value` (read as null), `too_deep` (kept as text).
    /// In objects: `duplicate_key` (the last one counts), `unfit_name` (shortened, or without NUL). Between them:
    /// `extra_comma`, `comment`, `byte_order_mark` (passed over).
    pub kind: &'static str,
    /// Source path, dotted, without array indices; for an unknown kind its `@odata.type`.
    pub path: String,
    /// Number of occurrences.
    pub count: u64,
    /// Id of the first record that had it, if the id is readable.
    pub record: Option<String>,
}

/// Counts by kind and path.
#[derive(Debug, Default)]
pub(crate) struct Counts(BTreeMap<(&'static str, String), (u64, Option<String>)>);

/// Distinct paths that are counted each by itself; further ones are counted together, so that hostile rows cannot fill
/// the memory.
const MAX_PATHS: usize = 1000;

impl Counts {
    pub(crate) fn add(&mut self, kind: &'static str, path: &str, count: u64, record: impl FnOnce() -> Option<String>) {
        let path = if self.0.len() < MAX_PATHS { path } else { "(others)" };
        let entry = self.0.entry((kind, path.to_owned())).or_insert_with(|| (0, record()));
        entry.0 += count;
    }

    pub(crate) fn take(&mut self) -> Vec<Drift> {
        let counts = std::mem::take(&mut self.0).into_iter();
        counts.map(|((kind, path), (count, record))| Drift { kind, path, count, record }).collect()
    }
}
