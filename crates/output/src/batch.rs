//! Encoded documents on their way to the output, and the source's end of that way.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapper::DocId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::ack::{AckGroup, AckToken};
use crate::task::OutputCommand;
use common::error::Fault;
use common::health::SourceHealth;

/// A batch is sent when its body reaches this size.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// Room for the row that makes it full.
const BATCH_CAPACITY: usize = BATCH_BYTES + 128 * 1024;
/// Buffers that wait for reuse.
const POOLED: usize = 3;
/// Bytes of all documents between a source's hands and the output's acknowledgement.
pub(crate) const UNDER_WAY: usize = 6 * 1024 * 1024;
/// Bytes that all sources together may hold before they hand them over, as far as their number allows.
const FILLING: usize = 4 * 1024 * 1024;
const SMALLEST_SHARE: usize = 8 * 1024;
/// Bytes under way to one of many outputs.
const LEAST: usize = 256 * 1024;

/// Data stream and action line of every dataset.
#[derive(Debug)]
pub struct DataStreams {
    names: Vec<String>,
    actions: Option<Vec<String>>,
}

impl DataStreams {
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
    pub(crate) tenant: Arc<str>,
    pub(crate) streams: Arc<DataStreams>,
    /// The source that hears what became of it.
    pub health: Option<Arc<SourceHealth>>,
    pub(crate) token: AckToken,
    /// Its share of the memory between the sources and the output.
    pub room: OwnedSemaphorePermit,
    pub(crate) pool: Arc<Pool>,
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

    /// Gives the buffers back for the next batch.
    pub(crate) fn recycle(self) -> AckToken {
        self.pool.give(self.body, self.entries);
        self.token
    }
}

#[derive(Debug, Default)]
struct Buffers {
    body: Vec<u8>,
    entries: Vec<Entry>,
}

/// The memory between sources and output: buffers for reuse, and what bounds them all together.
#[derive(Debug)]
pub struct Pool {
    /// Buffers between two batches, so that the steady state allocates nothing.
    buffers: Mutex<Vec<Buffers>>,
    /// Writers that hold documents.
    filling: AtomicUsize,
    /// Documents that were handed over, in all.
    handed_over: AtomicU64,
    /// Bytes that may be handed over and not yet be delivered.
    room: Arc<Semaphore>,
    most: usize,
    /// Outputs among which the memory is divided.
    outputs: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self::among(1)
    }
}

impl Pool {
    /// The memory of one output among so many: one that is down must not hold what the others need.
    pub fn among(outputs: usize) -> Self {
        let outputs = outputs.max(1);
        let most = (UNDER_WAY / outputs).max(LEAST);
        Self {
            buffers: Mutex::default(),
            filling: AtomicUsize::new(0),
            handed_over: AtomicU64::new(0),
            room: Arc::new(Semaphore::new(most)),
            most,
            outputs,
        }
    }

    /// Bytes that may be handed over and not yet be delivered.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Bytes that are handed over and not yet delivered.
    pub fn under_way(&self) -> usize {
        self.most - self.room.available_permits()
    }

    fn take(&self) -> Buffers {
        self.filling.fetch_add(1, Ordering::Relaxed);
        self.lock().pop().unwrap_or_default()
    }

    fn handed_over(&self, documents: usize) {
        self.filling.fetch_sub(1, Ordering::Relaxed);
        self.handed_over.fetch_add(documents as u64, Ordering::Relaxed);
    }

    /// Documents that were handed over so far.
    pub fn documents(&self) -> u64 {
        self.handed_over.load(Ordering::Relaxed)
    }

    pub(crate) fn give(&self, mut body: Vec<u8>, mut entries: Vec<Entry>) {
        let mut buffers = self.lock();
        if buffers.len() < POOLED {
            body.clear();
            body.shrink_to(BATCH_CAPACITY);
            entries.clear();
            buffers.push(Buffers { body, entries });
        }
    }

    /// Size at which a batch is handed over: the more sources are at it, the smaller.
    fn share(&self) -> usize {
        (FILLING / self.outputs / self.filling.load(Ordering::Relaxed).max(1)).clamp(SMALLEST_SHARE, BATCH_BYTES)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Buffers>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The source's end: collects documents and hands full batches over, waiting while the output is slow.
#[derive(Debug)]
pub struct BatchWriter {
    streams: Arc<DataStreams>,
    jobs: mpsc::Sender<OutputCommand>,
    pool: Arc<Pool>,
    tenant: Arc<str>,
    health: Option<Arc<SourceHealth>>,
    cycle: Arc<AckGroup>,
    current: Option<Buffers>,
}

impl BatchWriter {
    /// A way to an output for one cycle of a tenant.
    pub fn new(
        streams: Arc<DataStreams>,
        jobs: mpsc::Sender<OutputCommand>,
        pool: Arc<Pool>,
        tenant: Arc<str>,
    ) -> Self {
        Self { streams, jobs, pool, tenant, health: None, cycle: Arc::default(), current: None }
    }

    /// Who hears what becomes of the documents.
    pub fn report_to(&mut self, health: Arc<SourceHealth>) {
        self.health = Some(health);
    }

    /// Adds a document.
    pub fn push(&mut self, dataset: u16, id: DocId, document: &[u8]) {
        let Buffers { body, entries } = self.current.get_or_insert_with(|| self.pool.take());
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
        self.current.as_ref().is_some_and(|current| current.body.len() >= self.pool.share())
    }

    /// Hands the batch over; an error when the output has failed for this cycle.
    pub async fn send(&mut self) -> Result<(), Fault> {
        if let Some(fault) = self.cycle.failure() {
            return Err(fault);
        }
        let Some(size) = self.current.as_ref().map(|current| current.body.len()) else { return Ok(()) };
        // A batch that is longer than all there is takes all there is.
        let room = u32::try_from(size.min(self.pool.most)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.pool.room).acquire_many_owned(room).await.map_err(|_| stopped())?;
        let Some(Buffers { body, entries }) = self.current.take() else { return Ok(()) };
        self.pool.handed_over(entries.len());
        let (tenant, pool) = (Arc::clone(&self.tenant), Arc::clone(&self.pool));
        let (streams, health, token) = (Arc::clone(&self.streams), self.health.clone(), self.cycle.token());
        let batch = Batch { body, entries, tenant, streams, health, token, room, pool };
        self.jobs.send(OutputCommand::Batch(batch)).await.map_err(|_| stopped())
    }

    /// Sends the rest and waits until everything of this cycle is durable.
    pub async fn flush(&mut self) -> Result<(), Fault> {
        self.send().await?;
        let (reply, answer) = oneshot::channel();
        self.jobs.send(OutputCommand::Flush(Arc::clone(&self.cycle), reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for BatchWriter {
    fn drop(&mut self) {
        if let Some(Buffers { body, entries }) = self.current.take() {
            self.pool.handed_over(0);
            self.pool.give(body, entries);
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
