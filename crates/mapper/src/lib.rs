//! Rows in, ECS documents out.
use std::fmt;
/// One JSON object, indexed once; several mappers can read it.
#[derive(Debug)]
pub struct Row<'a>(&'a [u8]);
impl<'a> Row<'a> {
    /// Checks and indexes one JSON object.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        Ok(Row(bytes))
    }
}
/// Identity of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocId(pub [u8; 16]);
impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
/// Why a row gives no document. Display says it all; `reason` is a constant word for counters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Reject {
    /// Constant word for counters and logs, e.g. `not_json`.
    pub reason: &'static str,
    /// What and where.
    pub detail: String,
    /// Id of the record where it was readable.
    pub record: Option<String>,
}
/// Compiled plan of one dataset with its reusable buffers.
#[derive(Debug)]
pub struct Mapper;
impl Mapper {
    /// Compiles the plan.
    pub fn new(_dataset: &schema::Dataset) -> Self {
        Mapper
    }
    /// Keeps the raw row as `event.original` and tags the document.
    pub fn preserve_original(&mut self, _on: bool) {}
    /// Maps one row to one document, appended to `out`.
    pub fn map(&mut self, _row: &[u8], _out: &mut Vec<u8>) -> Result<DocId, Reject> {
        Ok(DocId([0; 16]))
    }
    /// Maps an indexed row: `each` gets every document (one, or one per item for split datasets).
    pub fn map_items(&mut self, _row: &Row<'_>, _each: &mut dyn FnMut(Result<(DocId, &[u8]), Reject>)) {}
    /// What the last row said, for [`Rollup`].
    pub fn facts(&self) -> Facts<'_> {
        Facts(std::marker::PhantomData)
    }
    /// Takes what was counted since the last call: columns nobody named, values of the wrong type.
    pub fn take_drift(&mut self) -> Vec<Drift> {
        Vec::new()
    }
}
/// What a row said.
#[derive(Debug)]
pub struct Facts<'a>(std::marker::PhantomData<&'a ()>);
/// Sum over the alerts of one incident.
#[derive(Debug, Default)]
pub struct Rollup;
impl Rollup {
    /// Adds one alert.
    pub fn add(&mut self, _facts: &Facts<'_>) {}
    /// Appends the summary as a JSON object.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{}");
    }
}
/// One kind of surprise in the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// `unknown_column`, `mistyped`, `unknown_kind`.
    pub kind: &'static str,
    /// Source path, dotted, without array indices.
    pub path: String,
    /// How often.
    pub count: u64,
    /// Record id of the first occurrence, where readable.
    pub record: Option<String>,
}
