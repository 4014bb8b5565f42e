//! What any state must do, wherever it is kept.

use async_trait::async_trait;

use super::{DedupKey, EndpointKey, Fence, Loaded, Progress, StateUpdate, Task};
use crate::redb::offline::Offline;
use common::error::Error;

/// What is remembered between two cycles and across crashes. The suite in `contract.rs` says in tests what every
/// implementation keeps to.
///
/// Keys are canonical. What is committed is durable, whole or not at all, and belongs to its endpoint alone.
#[async_trait]
pub trait State: std::fmt::Debug + Send + Sync {
    /// Takes endpoints over: from now on only the fence that is returned may commit to them. What their former holder has
    /// committed before is seen by the new one.
    async fn acquire(&self, endpoints: &[EndpointKey]) -> Result<Fence, Error>;

    /// What is stored of an endpoint; the default where nothing is.
    async fn load(&self, endpoint: &EndpointKey) -> Result<Loaded, Error>;

    /// Writes updates in one step, and returns when they are durable. A fence that does not hold all of the endpoints is
    /// refused, and then nothing is written.
    async fn commit(&self, updates: Vec<(EndpointKey, StateUpdate)>, fence: Fence) -> Result<(), Error>;

    /// Progress without anything that must survive a crash: the same cursor, new times. [`State::load`] knows of it at
    /// once; it is written with a later commit of any endpoint, or soon. Refused like a commit.
    fn set_lazy(&self, endpoint: &EndpointKey, dataset: &str, progress: Progress, fence: Fence) -> Result<(), Error>;

    /// The next tasks of a kind in the order of their keys, at most `limit`.
    async fn tasks(&self, endpoint: &EndpointKey, kind: &str, limit: usize) -> Result<Vec<Task>, Error>;

    /// For each document whether the dedup index of the dataset does not hold it, in the order of the keys. Keys may repeat.
    /// What was delivered so long ago that the index has forgotten it counts as unseen.
    async fn unseen(&self, endpoint: &EndpointKey, dataset: &str, keys: &[DedupKey]) -> Result<Vec<bool>, Error>;

    /// Everything as of now, to be read while the state is in use. It blocks.
    fn view(&self) -> Result<Offline, Error> {
        Err(Error::Io("this kind of state cannot be looked into while it is in use".to_owned()))
    }

    /// Writes what waits and ends. What is asked or committed afterwards is refused.
    async fn close(&self) -> Result<(), Error>;
}

/// The refusal of a commit by somebody who does not hold the endpoint.
pub(super) fn fenced(endpoint: &EndpointKey, given: Fence, holder: Option<Fence>) -> Error {
    let holder = holder.map_or_else(|| "nobody".to_owned(), |holder| format!("fence {holder}"));
    Error::Permanent(format!(
        "{endpoint} is held by {holder}, not by fence {given}: another worker has taken it over, nothing was written\nhint: \
         let only one process collect the tenant, the other one goes on where the last commit ended"
    ))
}
