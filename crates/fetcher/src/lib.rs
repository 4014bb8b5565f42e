//! The collector of Microsoft 365 security data: reads Microsoft's APIs, maps what comes with [`mapper`], ships it to
//! Elasticsearch.
//!
//! Read [`flow`] first: it names the stages in their order. The library exists for the binary, its tests and its
//! benchmarks.

pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod deadletter;
pub mod error;
pub mod flow;
pub mod health;
pub mod http;
mod ids;
pub mod metrics;
mod private;
mod secrets;
pub mod sink;
pub mod source;
pub mod splitter;
pub mod state;
pub mod stats;
mod terminal;
pub mod version;
