//! What the data is: documented row types, and the catalog walked from them.
mod dataset;
pub use dataset::{Api, Definition, Rows, Source};
/// A dataset: its definition and its columns. The only model that anything else sees.
#[derive(Debug)]
pub struct Dataset {
    /// What the dataset's file states.
    pub definition: Definition,
}
/// All datasets, in the order of their names.
pub fn catalog() -> &'static [Dataset] {
    &[]
}
