//! How the rest of the program gets at a state: the whole of it, or an endpoint's part.

use std::path::Path;
use std::sync::{Arc, Weak};

use tokio::sync::OnceCell;

use super::redb::RedbState;
use super::redb::offline::Offline;
use super::{DedupKey, EndpointKey, Fence, Loaded, Options, Progress, State, StateUpdate, Task};
use common::error::Error;

/// The state of all endpoints. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    state: Arc<dyn State>,
    shares: Arc<()>,
}

/// A way to a store that does not keep it open.
#[derive(Debug, Clone, Default)]
pub struct Handle(Option<(Weak<dyn State>, Weak<()>)>);

impl Handle {
    /// The store, as long as somebody else has it.
    pub fn store(&self) -> Option<Store> {
        let (state, shares) = self.0.as_ref()?;
        Some(Store { state: state.upgrade()?, shares: shares.upgrade()? })
    }
}

/// One of those who keep keys of delivered documents in memory until they are committed.
#[derive(Debug)]
pub struct Share(Arc<()>);

impl Share {
    /// How many there are, at least one.
    pub fn count(&self) -> usize {
        // The store holds one itself.
        Arc::strong_count(&self.0).saturating_sub(1).max(1)
    }
}

impl Store {
    /// Opens the state file of a directory, or makes one. Must be called within the runtime, whose task writes.
    pub fn open(folder: &Path, options: Options) -> Result<Self, Error> {
        RedbState::open(folder, options).map(|state| Self::on(Arc::new(state)))
    }

    /// A state that is kept in any way.
    pub fn on(state: Arc<dyn State>) -> Self {
        Self { state, shares: Arc::default() }
    }

    /// The state of an endpoint, however its ids are spelled. Nothing happens before it is used for the first time: then it
    /// takes the endpoint over from whoever held it.
    pub fn endpoint(&self, cloud: &str, tenant: &str, endpoint: &str) -> EndpointState {
        let key = EndpointKey { cloud: cloud.to_owned(), tenant: tenant.to_owned(), endpoint: endpoint.to_owned() };
        EndpointState { store: self.clone(), key: Arc::new(key.canonical()), fence: Arc::default() }
    }

    /// Counts as one who keeps keys in memory, until it is dropped.
    pub fn share(&self) -> Share {
        Share(Arc::clone(&self.shares))
    }

    /// A way to it that does not keep it open.
    pub fn handle(&self) -> Handle {
        Handle(Some((Arc::downgrade(&self.state), Arc::downgrade(&self.shares))))
    }

    /// Everything as of now, to be read while the state is in use. It blocks.
    pub fn view(&self) -> Result<Offline, Error> {
        self.state.view()
    }

    /// Writes what waits and ends. What is asked or committed afterwards is refused.
    pub async fn close(&self) -> Result<(), Error> {
        self.state.close().await
    }
}

/// The state of one endpoint, in the hands of its holder. Clones hold it together.
#[derive(Debug, Clone)]
pub struct EndpointState {
    store: Store,
    key: Arc<EndpointKey>,
    fence: Arc<OnceCell<Fence>>,
}

impl EndpointState {
    /// Whose state it is.
    pub fn key(&self) -> &EndpointKey {
        &self.key
    }

    /// Counts as one who keeps keys in memory, until it is dropped.
    pub fn share(&self) -> Share {
        self.store.share()
    }

    /// What is stored; the default where nothing is.
    pub async fn load(&self) -> Result<Loaded, Error> {
        self.fence().await?;
        self.store.state.load(&self.key).await
    }

    /// Writes an update; returns when it is durable.
    pub async fn commit(&self, update: StateUpdate) -> Result<(), Error> {
        let fence = self.fence().await?;
        if update.is_empty() {
            return Ok(());
        }
        self.store.state.commit(vec![((*self.key).clone(), update)], fence).await
    }

    /// Progress without anything that must survive a crash: the same cursor, new times. Written with a later commit of any
    /// endpoint, or within half a minute.
    pub async fn set_lazy(&self, dataset: &str, progress: Progress) -> Result<(), Error> {
        let fence = self.fence().await?;
        self.store.state.set_lazy(&self.key, dataset, progress, fence)
    }

    /// The next tasks of a kind in the order of their keys, at most `limit`.
    pub async fn tasks(&self, kind: &str, limit: usize) -> Result<Vec<Task>, Error> {
        self.fence().await?;
        self.store.state.tasks(&self.key, kind, limit).await
    }

    /// For each document whether the dedup index of the dataset does not hold it, as far as it reaches back.
    pub async fn unseen(&self, dataset: &str, keys: &[DedupKey]) -> Result<Vec<bool>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.store.state.unseen(&self.key, dataset, keys).await
    }

    /// Adds a task, or replaces the one with its key; returns when it is durable. Beside other things:
    /// [`StateUpdate::put`].
    pub async fn put_task(&self, task: Task) -> Result<(), Error> {
        self.commit(StateUpdate { put: vec![task], ..StateUpdate::default() }).await
    }

    /// Removes a task that is done; returns when that is durable. Beside other things: [`StateUpdate::done`].
    pub async fn finish_task(&self, kind: &str, key: &[u8]) -> Result<(), Error> {
        self.commit(StateUpdate { done: vec![(kind.to_owned(), key.to_vec())], ..StateUpdate::default() }).await
    }

    async fn fence(&self) -> Result<Fence, Error> {
        let acquire = || self.store.state.acquire(std::slice::from_ref(&*self.key));
        self.fence.get_or_try_init(acquire).await.copied()
    }
}
