//! What is remembered between two cycles, and across crashes.
//!
//! For every endpoint of a tenant a [`State`] holds
//! - the **progress** of each of its datasets: the cursor as the service wrote it, and times for people;
//! - a **dedup index** for each of its datasets: the documents that were delivered, by the minute in which their record
//!   changed. A document's id holds the record's version, so the index is one of ids with their version. It reaches back by
//!   a configured time, 35 days by default, which is longer than a backing index lives before it rolls over: until then the
//!   dedup index keeps documents from being delivered twice, and for what is younger than a rollover the output's ids do so
//!   as well;
//! - the **retry queue**: records that could not be read yet;
//! - the **work queue**: tasks that survive a restart;
//! - a **fence**: the number of the worker that holds it, whose commits alone are accepted.
//!
//! A [`StateUpdate`] is committed after the output has acknowledged everything in it. Progress that only says when an
//! endpoint was polled is set lazily ([`EndpointState::set_lazy`]). Two implementations are one contract's: [`RedbState`]
//! keeps a file, and one in memory shows in tests that the contract asks for nothing that only a file can do.

#[cfg(test)]
mod contract;
mod dedup_key;
mod handle;
#[cfg(test)]
mod memory;
mod model;
mod redb;
mod store;

use std::time::Duration;

pub use self::dedup_key::{DedupKey, MinuteBucket};
pub use self::handle::{EndpointState, Handle, Share, Store};
pub use self::model::{
    DatasetState, DatasetUpdate, EndpointKey, Fence, Loaded, Progress, RetryItem, RetryKind, StateUpdate, Task,
};
pub use self::redb::{FILE, RedbState, offline};
pub use self::store::State;

/// How far the dedup indices reach back where nothing is configured: longer than the 30 days after which an index lifecycle
/// policy rolls over at the latest.
pub const DEFAULT_RETENTION: Duration = Duration::from_hours(35 * 24);

/// How the state is kept.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long ids are remembered after they were delivered.
    pub retention: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { retention: DEFAULT_RETENTION }
    }
}
