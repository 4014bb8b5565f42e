//! What the data is: documented row types, and the catalog walked from them.
//!
//! Read in this order: a dataset's file ([`datasets`]), the annotations it uses ([`attr`], [`types`], [`ops`]), and the
//! model that everything else sees ([`Dataset`]). The crate does no I/O and knows no clock.

pub mod attr;
pub mod datasets;
pub mod ecs;
pub mod evidence;
pub mod health;
pub mod incumbent;
pub mod ops;
pub mod shared;
pub mod tables;
pub mod types;

mod api;
mod catalog;
mod collection;
mod dataset;
mod fields;
mod model;
mod naming;
mod source;
#[cfg(test)]
mod tests;
mod validation;

pub use api::{Api, CloudName};
pub use collection::{
    Blobs, BodyFilter, Collection, Create, Delta, Envelope, JobResult, Jobs, List, NextPage, OData, Operator, Origin,
    Parameters, Query, RecordPaths, Snapshot, Stream, TimeForm,
};
pub use dataset::{Definition, Rows};
pub use fields::{COMMON, GEO};
pub use model::{Column, Constant, Content, Dataset, Derived, EcsTarget, Field, Kind, Shape};
pub use ops::{Derive, Op};
pub use source::{Limit, Source};
pub use types::Semantic;
pub use validation::row_schema;

use std::sync::LazyLock;

static CATALOG: LazyLock<Result<Vec<Dataset>, String>> =
    LazyLock::new(|| datasets::ALL.iter().map(catalog::walk).collect());

/// All datasets, by name.
///
/// # Panics
/// If a row type is annotated wrongly, which the tests of this crate exclude.
pub fn catalog() -> &'static [Dataset] {
    match &*CATALOG {
        Ok(datasets) => datasets,
        Err(error) => panic!("{error}"),
    }
}

/// The dataset of this name.
pub fn dataset(name: &str) -> Option<&'static Dataset> {
    catalog().iter().find(|dataset| dataset.definition.name == name)
}
