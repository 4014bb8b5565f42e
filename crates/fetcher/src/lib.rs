//! The collector of Microsoft 365 security data: reads Microsoft's APIs, maps what comes with [`mapper`], ships it to
//! Elasticsearch.
//!
//! Read [`collect::flow`] first: it names the stages in their order. The library exists for the binary, its tests and its
//! benchmarks.

mod agent_input;
pub mod check;
pub mod cli;
pub mod control;
pub mod metrics;
pub mod version;

pub use ::config;
