//! Rows in, ECS documents out: pure functions over bytes, without I/O and without a clock.
//!
//! A [`Row`] is indexed once; each dataset's [`Mapper`] walks it along a plan compiled from the catalog. The same plan
//! drives the ingest pipeline's script ([`pipeline`]), so that both give one document.

mod convert;
mod drift;
mod id;
mod map;
mod ops;
pub mod pipeline;
mod plan;
mod raw;
mod reject;
mod rollup;
mod row;
mod timestamp;
mod values;
mod walk;

#[cfg(test)]
mod tests;

pub use drift::Drift;
pub use id::DocId;
pub use map::{FactsReader, Mapped, Mapper, Marks, merge};
pub use reject::Reject;
pub use rollup::{Facts, Rollup};
pub use row::{MAX_ROW, Row};
