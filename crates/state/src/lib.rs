//! What is remembered between two cycles, and across crashes: one file, `m365-fetcher.redb` in the state directory.
//!
//! For every source (cloud, tenant, dataset) it holds
//! - its **progress**: the cursor as the service wrote it, and times for people;
//! - the **ledger** of the documents that were delivered, by the minute in which their record changed. A document's id
//!   holds the record's version, so the ledger is one of ids with their version. It reaches back by a configured time,
//!   35 days by default, which is longer than a backing index lives before it rolls over: until then the ledger keeps
//!   documents from being delivered twice, and for what is younger than a rollover the output's ids do so as well;
//! - the **retry ledger**: records whose nested rows are still to be read;
//! - the **work queue**: tasks that survive a restart.
//!
//! A [`Change`] is written after the output has acknowledged everything in it. One writer takes the changes of all
//! sources that wait and makes one durable step of them, so thousands of sources cost few disk flushes; a [`Progress`]
//! that only says when a source was polled rides along with a later step ([`SourceState::note`]).

mod apply;
mod chunk;
mod db;
mod migrate;
mod model;
pub mod offline;
mod slot;
mod spelling;
#[cfg(test)]
mod tests;
mod walk;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::db::Db;
pub use self::db::{FILE, Ids};
pub use self::model::{Change, Owed, Progress, Retry, SourceKey, Task};
pub use self::slot::{Entry, Slot};
use common::error::Fault;

/// How far the ledger reaches back where nothing is configured: longer than the 30 days after which an index lifecycle
/// policy rolls over at the latest.
pub const DEFAULT_LEDGER: Duration = Duration::from_hours(35 * 24);

/// How the state is kept.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long ids are remembered after they were delivered.
    pub ledger: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { ledger: DEFAULT_LEDGER }
    }
}

/// The state of all sources. Clones share the file.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: Arc<writer::OpenFile>,
    orders: mpsc::Sender<writer::Order>,
    notes: Arc<writer::Notes>,
    writer: Mutex<Option<JoinHandle<()>>>,
    shares: Arc<()>,
}

/// A way to a store that does not keep it open.
#[derive(Debug, Clone, Default)]
pub struct Handle(Weak<Inner>);

impl Handle {
    /// The store, as long as somebody else has it.
    pub fn store(&self) -> Option<Store> {
        self.0.upgrade().map(|inner| Store { inner })
    }
}

/// One of those who hold ids in memory.
#[derive(Debug)]
pub struct Share(Arc<()>);

impl Share {
    /// How many there are, at least one.
    pub fn count(&self) -> usize {
        // The store holds one itself.
        Arc::strong_count(&self.0).saturating_sub(1).max(1)
    }
}

/// The state of one source.
#[derive(Debug, Clone)]
pub struct SourceState {
    store: Store,
    key: Arc<SourceKey>,
}

/// What is stored of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// How far it has come.
    pub progress: Progress,
    /// Records whose nested rows are still to be read.
    pub retry: Vec<Retry>,
}

impl Store {
    /// Opens the file of a state directory, or makes one. Must be called within the runtime, whose task writes.
    pub fn open(folder: &Path, options: Options) -> Result<Self, Fault> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| Fault::Local(format!("state: {error}")))?;
        let file = Arc::new(writer::OpenFile::new(Db::open_or_create(folder)?));
        let (orders, inbox) = mpsc::channel(1024);
        let notes = Arc::<writer::Notes>::default();
        let task = runtime.spawn(writer::write(Arc::clone(&file), inbox, Arc::clone(&notes), options));
        Ok(Self {
            inner: Arc::new(Inner { file, orders, notes, writer: Mutex::new(Some(task)), shares: Arc::default() }),
        })
    }

    /// The state of a source, however its ids are spelled; nothing is written before its first commit.
    pub fn source(&self, cloud: &str, tenant: &str, dataset: &str) -> SourceState {
        let key = SourceKey { cloud: cloud.to_owned(), tenant: tenant.to_owned(), dataset: dataset.to_owned() };
        SourceState { store: self.clone(), key: Arc::new(key.canonical()) }
    }

    /// Writes changes of sources that belong together in one step; returns when they are durable.
    pub async fn commit(&self, changes: Vec<(SourceState, Change)>) -> Result<(), Fault> {
        let changes = changes.into_iter().filter(|(_, change)| !change.is_empty());
        let changes: Vec<_> = changes.map(|(source, change)| (source.key, change)).collect();
        if changes.is_empty() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        self.inner.orders.send(writer::Order::Commit(changes, reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// A way to it that does not keep it open.
    pub fn handle(&self) -> Handle {
        Handle(Arc::downgrade(&self.inner))
    }

    /// Everything as of now, to be read while the file is in use. It blocks.
    pub fn view(&self) -> Result<offline::Offline, Fault> {
        self.inner.file.get().map(offline::Offline::of)
    }

    /// Writes what waits and gives the file free. What is asked or committed afterwards is refused.
    pub async fn close(&self) -> Result<(), Fault> {
        let task = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return Ok(()) };
        let (reply, answer) = oneshot::channel();
        self.inner.orders.send(writer::Order::Close(reply)).await.map_err(|_| stopped())?;
        let outcome = answer.await.map_err(|_| stopped())?;
        task.await.map_err(|error| Fault::Local(format!("the state's writer ended unexpectedly: {error}")))?;
        outcome
    }
}

impl SourceState {
    /// Whose state it is.
    pub fn key(&self) -> &SourceKey {
        &self.key
    }

    /// Counts as one who holds ids in memory, until it is dropped.
    pub fn share(&self) -> Share {
        Share(Arc::clone(&self.store.inner.shares))
    }

    /// What is stored; the default where nothing is.
    pub fn load(&self) -> Result<Loaded, Fault> {
        let db = self.store.inner.file.get()?;
        let noted = self.store.inner.notes.lock().unwrap_or_else(PoisonError::into_inner).get(&self.key).cloned();
        let Some(number) = db.number(&self.key)? else {
            return Ok(Loaded { progress: noted.unwrap_or_default(), retry: Vec::new() });
        };
        let progress = match noted {
            Some(progress) => progress,
            None => db.progress(number)?.unwrap_or_default(),
        };
        Ok(Loaded { progress, retry: db.retry(number)? })
    }

    /// Writes a change; returns when it is durable.
    pub async fn commit(&self, change: Change) -> Result<(), Fault> {
        self.store.commit(vec![(self.clone(), change)]).await
    }

    /// Progress without anything that must survive a crash: the same cursor, new times. Written with a later commit of
    /// any source, or within half a minute.
    pub fn note(&self, progress: Progress) {
        let mut notes = self.store.inner.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.insert(Arc::clone(&self.key), progress);
        // Without a place in the queue the writer is busy, and takes notes along.
        let _ = self.store.inner.orders.try_send(writer::Order::Noted);
    }

    /// The documents that were delivered, as of now.
    pub fn ids(&self) -> Result<Ids, Fault> {
        let db = self.store.inner.file.get()?;
        db.ids(db.number(&self.key)?)
    }

    /// Whether a document of a record that changed then was delivered, as far as the ledger reaches back. For more than
    /// a few, [`SourceState::ids`].
    pub fn contains(&self, changed: Option<&str>, id: [u8; 16]) -> Result<bool, Fault> {
        self.ids()?.contains(Entry::new(changed, id))
    }

    /// The next tasks of a kind in the order of their keys, at most `limit`.
    pub fn tasks(&self, kind: &str, limit: usize) -> Result<Vec<Task>, Fault> {
        let db = self.store.inner.file.get()?;
        db.number(&self.key)?.map_or_else(|| Ok(Vec::new()), |number| db.tasks(number, kind, limit))
    }

    /// Adds a task, or replaces the one with its key; returns when it is durable. Beside other changes:
    /// [`Change::put`].
    pub async fn put_task(&self, task: Task) -> Result<(), Fault> {
        self.commit(Change { put: vec![task], ..Change::default() }).await
    }

    /// Removes a task that is done; returns when that is durable. Beside other changes: [`Change::done`].
    pub async fn finish_task(&self, kind: &str, key: &[u8]) -> Result<(), Fault> {
        self.commit(Change { done: vec![(kind.to_owned(), key.to_vec())], ..Change::default() }).await
    }
}

fn stopped() -> Fault {
    Fault::Local("the state is closed".to_owned())
}
