//! Encoded documents on their way to the output, and the source's end of that way.

use std::sync::{Arc, Mutex, PoisonError};

use mapper::DocId;
use tokio::sync::{mpsc, oneshot};

use super::Job;
use crate::error::Fault;
use crate::health::SourceHealth;

/// A batch is sent when its body reaches this size.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// Room for the row that makes it full.
const BATCH_CAPACITY: usize = BATCH_BYTES + 128 * 1024;
/// Buffers that wait for reuse.
const POOLED: usize = 3;

/// Data stream and action line of every dataset.
#[derive(Debug)]
pub struct Streams {
    names: Vec<String>,
    actions: Option<Vec<String>>,
}

impl Streams {
    /// The data streams of a namespace; `with_actions` for bulk bodies.
    pub fn new(namespace: &str, with_actions: bool) -> Self {
        let names: Vec<String> = schema::catalog()
            .iter()
            .map(|dataset| format!("logs-m365_security.{}-{namespace}", dataset.definition.name))
            .collect();
        let actions = with_actions
            .then(|| names.iter().map(|name| format!("{{\"create\":{{\"_index\":\"{name}\",\"_id\":\"")).collect());
        Self { names, actions }
    }

    /// The data stream of a dataset, by its place in the catalog.
    pub fn name(&self, dataset: u16) -> &str {
        &self.names[usize::from(dataset)]
    }
}

/// One document of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Place of the dataset in the catalog.
    pub dataset: u16,
    /// Where its lines begin in the body.
    pub start: u32,
    /// Where the document begins.
    pub document: u32,
    /// Where the document ends, line feed included.
    pub end: u32,
    /// Its id.
    pub id: [u8; 16],
}

/// Encoded documents of one cycle.
#[derive(Debug)]
pub struct Batch {
    pub(crate) body: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    tenant: Arc<str>,
    health: Option<Arc<SourceHealth>>,
    failure: Arc<Failure>,
    pool: Arc<Pool>,
}

impl Batch {
    /// The documents, in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The document's JSON with its line feed.
    pub fn document(&self, entry: &Entry) -> &[u8] {
        &self.body[entry.document as usize..entry.end as usize]
    }

    /// Tenant that the documents belong to.
    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The source that hears what became of it.
    pub(crate) fn health(&self) -> Option<&SourceHealth> {
        self.health.as_deref()
    }

    pub(crate) fn failure(&self) -> &Failure {
        &self.failure
    }

    /// Gives the buffers back for the next batch.
    pub(crate) fn recycle(self) {
        self.pool.give(Buffers { body: self.body, entries: self.entries });
    }
}

/// Why a cycle's documents cannot all be delivered, if so: shared by its batches.
#[derive(Debug, Default)]
pub(crate) struct Failure(Mutex<Option<Fault>>);

impl Failure {
    pub(crate) fn get(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
    }
}

#[derive(Debug, Default)]
struct Buffers {
    body: Vec<u8>,
    entries: Vec<Entry>,
}

/// Buffers between two batches, so that the steady state allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Buffers>>);

impl Pool {
    fn take(&self) -> Buffers {
        let pooled = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        pooled.unwrap_or_else(|| Buffers { body: Vec::with_capacity(BATCH_CAPACITY), entries: Vec::new() })
    }

    fn give(&self, mut buffers: Buffers) {
        let mut pooled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pooled.len() < POOLED {
            buffers.body.clear();
            buffers.body.shrink_to(BATCH_CAPACITY);
            buffers.entries.clear();
            pooled.push(buffers);
        }
    }
}

/// The source's end: collects documents and hands full batches over, waiting while the output is slow.
#[derive(Debug)]
pub struct Outbox {
    streams: Arc<Streams>,
    jobs: mpsc::Sender<Job>,
    pool: Arc<Pool>,
    tenant: Arc<str>,
    health: Option<Arc<SourceHealth>>,
    failure: Arc<Failure>,
    current: Buffers,
}

impl Outbox {
    pub(crate) fn new(streams: Arc<Streams>, jobs: mpsc::Sender<Job>, pool: Arc<Pool>, tenant: Arc<str>) -> Self {
        Self { streams, jobs, pool, tenant, health: None, failure: Arc::default(), current: Buffers::default() }
    }

    /// Who hears what becomes of the documents.
    pub(crate) fn report_to(&mut self, health: Arc<SourceHealth>) {
        self.health = Some(health);
    }

    /// Adds a document.
    pub fn push(&mut self, dataset: u16, id: DocId, document: &[u8]) {
        if self.current.body.capacity() == 0 {
            self.current = self.pool.take();
        }
        let Buffers { body, entries } = &mut self.current;
        let start = body.len();
        if let Some(actions) = &self.streams.actions {
            body.extend_from_slice(actions[usize::from(dataset)].as_bytes());
            push_hex(body, id.0);
            body.extend_from_slice(b"\"}}\n");
        }
        let middle = body.len();
        body.extend_from_slice(document);
        body.push(b'\n');
        // A body stays far below 4 GiB: it is sent at 1 MiB, and a row is at most 4 MiB.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let (start, document, end) = (place(start), place(middle), place(body.len()));
        entries.push(Entry { dataset, start, document, end, id: id.0 });
    }

    /// The batch is large enough to be sent.
    pub fn is_full(&self) -> bool {
        self.current.body.len() >= BATCH_BYTES
    }

    /// Hands the batch over; an error when the output has failed for this cycle.
    pub async fn send(&mut self) -> Result<(), Fault> {
        if let Some(fault) = self.failure.get() {
            return Err(fault);
        }
        if self.current.entries.is_empty() {
            return Ok(());
        }
        let Buffers { body, entries } = std::mem::take(&mut self.current);
        let batch = Batch {
            body,
            entries,
            tenant: Arc::clone(&self.tenant),
            health: self.health.clone(),
            failure: Arc::clone(&self.failure),
            pool: Arc::clone(&self.pool),
        };
        self.jobs.send(Job::Batch(batch)).await.map_err(|_| stopped())
    }

    /// Sends the rest and waits until everything of this cycle is durable.
    pub async fn flush(&mut self) -> Result<(), Fault> {
        self.send().await?;
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Flush(Arc::clone(&self.failure), reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        if self.current.body.capacity() > 0 {
            self.pool.give(std::mem::take(&mut self.current));
        }
    }
}

fn stopped() -> Fault {
    Fault::Local("the output has stopped".to_owned())
}

fn push_hex(out: &mut Vec<u8>, bytes: [u8; 16]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    out.extend_from_slice(&text);
}
