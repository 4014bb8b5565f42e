//! The state in one file (redb) that one process uses at a time.
//!
//! One writer takes the updates of all endpoints that wait and makes one durable step of them, so thousands of endpoints
//! cost few disk flushes; progress that is set lazily is written with a later step.

mod apply;
mod chunk;
mod dedup_index;
mod fence;
mod file;
mod forget;
mod former;
mod import;
pub mod offline;
mod prune;
mod read;
mod remember;
mod step;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::file::StateFile;
use super::store::fenced;
use super::{DatasetState, DedupKey, EndpointKey, Fence, Loaded, Options, Progress, State, StateUpdate, Task};
use common::error::Error;

/// Name of the file in the state directory.
pub const FILE: &str = "m365-fetcher.redb";

/// A state file that this process uses alone until [`State::close`] releases it.
#[derive(Debug)]
pub struct RedbState {
    file: Arc<writer::OpenFile>,
    orders: mpsc::Sender<writer::Order>,
    deferred: Arc<writer::Deferred>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl RedbState {
    /// Opens the state file of a directory, or makes one. Must be called within the runtime, whose task writes.
    pub fn open(folder: &Path, options: Options) -> Result<Self, Error> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| Error::Io(format!("state: {error}")))?;
        let file = Arc::new(writer::OpenFile::new(StateFile::open_or_create(folder)?));
        let (orders, inbox) = mpsc::channel(1024);
        let deferred = Arc::<writer::Deferred>::default();
        let task = runtime.spawn(writer::write(Arc::clone(&file), inbox, Arc::clone(&deferred), options));
        Ok(Self { file, orders, deferred, writer: Mutex::new(Some(task)) })
    }

    /// To read from. After an error of the disk the writer opens the file anew.
    async fn file(&self) -> Result<Arc<StateFile>, Error> {
        if let Ok(file) = self.file.get() {
            return Ok(file);
        }
        self.order(|reply| writer::Order::Acquire(Vec::new(), reply)).await?;
        self.file.get()
    }

    async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> writer::Order,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// Reading answers in place: the system caches the file, and a look-up takes less time than handing it to another thread.
#[async_trait]
impl State for RedbState {
    async fn acquire(&self, endpoints: &[EndpointKey]) -> Result<Fence, Error> {
        self.order(|reply| writer::Order::Acquire(endpoints.to_vec(), reply)).await
    }

    async fn load(&self, endpoint: &EndpointKey) -> Result<Loaded, Error> {
        let file = self.file().await?;
        let read = file.read()?;
        let mut loaded = Loaded::default();
        if let Some(number) = file.endpoint(&read, endpoint)? {
            loaded.retry = file.retry(&read, number)?;
            for (name, dataset) in file.datasets(&read, number)? {
                let progress = file.progress(&read, dataset)?.unwrap_or_default();
                let newest = file.dedup_index(&read, dataset)?.newest()?;
                loaded.datasets.insert(name, DatasetState { progress, newest });
            }
        }
        let deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, (progress, _)) in deferred.get(endpoint).into_iter().flatten() {
            loaded.datasets.entry(name.clone()).or_default().progress = progress.clone();
        }
        Ok(loaded)
    }

    async fn commit(&self, updates: Vec<(EndpointKey, StateUpdate)>, fence: Fence) -> Result<(), Error> {
        self.order(|reply| writer::Order::Commit { updates, fence, reply }).await
    }

    fn set_lazy(&self, endpoint: &EndpointKey, dataset: &str, progress: Progress, fence: Fence) -> Result<(), Error> {
        let holder = self.file.get()?.holder(endpoint)?;
        if holder != Some(fence) {
            return Err(fenced(endpoint, fence, holder));
        }
        let mut deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
        deferred.entry(endpoint.clone()).or_default().insert(dataset.to_owned(), (progress, fence));
        // Without a place in the queue the writer is busy, and takes what is deferred along.
        let _ = self.orders.try_send(writer::Order::Deferred);
        Ok(())
    }

    async fn tasks(&self, endpoint: &EndpointKey, kind: &str, limit: usize) -> Result<Vec<Task>, Error> {
        let file = self.file().await?;
        let read = file.read()?;
        match file.endpoint(&read, endpoint)? {
            Some(number) => file.tasks(&read, number, kind, limit),
            None => Ok(Vec::new()),
        }
    }

    async fn unseen(&self, endpoint: &EndpointKey, dataset: &str, keys: &[DedupKey]) -> Result<Vec<bool>, Error> {
        self.file().await?.index_of(endpoint, dataset)?.unseen(keys)
    }

    fn view(&self) -> Result<offline::Offline, Error> {
        self.file.get().map(offline::Offline::of)
    }

    async fn close(&self) -> Result<(), Error> {
        let task = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return Ok(()) };
        let outcome = self.order(writer::Order::Close).await;
        task.await.map_err(|error| Error::Io(format!("the state's writer ended unexpectedly: {error}")))?;
        outcome
    }
}

fn closed() -> Error {
    Error::Io("the state is closed".to_owned())
}
