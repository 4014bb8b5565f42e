//! The memory between sources and output: buffers for reuse, and what bounds them all together.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::{BATCH_BYTES, Entry};

/// Capacity of a batch's buffer: there is room for the row that makes it full.
const BATCH_CAPACITY: usize = BATCH_BYTES + 32 * 1024;
/// Buffers that wait for reuse.
const POOLED: usize = 12;
/// Bytes of all documents between a source's hands and the output's acknowledgement.
pub(crate) const UNDER_WAY: usize = 6 * 1024 * 1024;
/// Bytes that all sources together may hold before they hand them over, as far as their number allows.
const FILLING: usize = 4 * 1024 * 1024;
const SMALLEST_SHARE: usize = 8 * 1024;
/// Bytes under way to one of many outputs.
const LEAST: usize = 256 * 1024;

/// What a batch is filled into.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) body: Vec<u8>,
    pub(super) entries: Vec<Entry>,
}

impl Buffers {
    /// Room for so many bytes more. Doubling alone would end far above what a batch takes.
    pub(super) fn reserve(&mut self, more: usize) {
        let needed = self.body.len() + more;
        if needed > self.body.capacity() {
            let target = (self.body.capacity() * 2).min(BATCH_CAPACITY).max(needed);
            self.body.reserve_exact(target - self.body.len());
        }
    }
}

/// The buffers and the memory of one output.
#[derive(Debug)]
pub struct Pool {
    /// Buffers between two batches, so that the steady state allocates nothing.
    buffers: Mutex<Vec<Buffers>>,
    /// Writers that hold documents.
    filling: AtomicUsize,
    /// Documents that were handed over, in all.
    handed_over: AtomicU64,
    /// Bytes that may be handed over and not yet be delivered.
    memory: Arc<Semaphore>,
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
            memory: Arc::new(Semaphore::new(most)),
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
        self.most - self.memory.available_permits()
    }

    /// Documents that were handed over so far.
    pub fn documents(&self) -> u64 {
        self.handed_over.load(Ordering::Relaxed)
    }

    /// Memory for so many bytes; a batch that is longer than all there is takes all there is.
    pub(super) async fn permit(&self, size: usize) -> Result<OwnedSemaphorePermit, AcquireError> {
        let permits = u32::try_from(size.min(self.most)).unwrap_or(u32::MAX);
        Arc::clone(&self.memory).acquire_many_owned(permits).await
    }

    pub(super) fn take(&self) -> Buffers {
        self.filling.fetch_add(1, Ordering::Relaxed);
        self.lock().pop().unwrap_or_default()
    }

    pub(super) fn handed_over(&self, documents: usize) {
        self.filling.fetch_sub(1, Ordering::Relaxed);
        self.handed_over.fetch_add(documents as u64, Ordering::Relaxed);
    }

    pub(super) fn give(&self, mut body: Vec<u8>, mut entries: Vec<Entry>) {
        let mut buffers = self.lock();
        if buffers.len() < POOLED {
            body.clear();
            body.shrink_to(BATCH_CAPACITY);
            entries.clear();
            buffers.push(Buffers { body, entries });
        }
    }

    /// Size at which a batch is handed over: the more sources are at it, the smaller.
    pub(super) fn share(&self) -> usize {
        (FILLING / self.outputs / self.filling.load(Ordering::Relaxed).max(1)).clamp(SMALLEST_SHARE, BATCH_BYTES)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Buffers>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
