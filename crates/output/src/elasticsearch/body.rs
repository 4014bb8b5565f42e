//! The body of a bulk request: an action line before every document, compressed where configured, in buffers that the
//! requests of an output use one after the other.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use mapper::DocId;

use super::gzip::Gzip;
use crate::batch::{Batch, Item};
use common::error::Error;

/// Parts of an action line beside the data stream's name and the id of 32 digits.
const BEFORE_STREAM: &[u8] = b"{\"create\":{\"_index\":\"";
const BEFORE_ID: &[u8] = b"\",\"_id\":\"";
const AFTER_ID: &[u8] = b"\"}}\n";
const ID_DIGITS: usize = 32;
/// A buffer above this size held a document of unusual length, and is not kept.
const LARGEST_KEPT: usize = 1536 * 1024;

/// Makes the bodies of one output's requests.
#[derive(Debug)]
pub(super) struct Bodies {
    gzip: Option<Gzip>,
    /// Buffers for what is framed, and for what is compressed; the latter are far smaller.
    framed: Buffers,
    compressed: Buffers,
}

impl Bodies {
    /// For so many requests at the same time.
    pub(super) fn new(gzip: Option<Gzip>, requests: u32) -> Self {
        let buffers = || Buffers { idle: Mutex::default(), most: requests as usize };
        Self { gzip, framed: buffers(), compressed: buffers() }
    }

    /// Whether they are compressed.
    pub(super) fn are_compressed(&self) -> bool {
        self.gzip.is_some()
    }

    /// The body of a request for these documents.
    pub(super) fn encode(&self, batches: &[Batch]) -> Result<Bytes, Error> {
        let mut body = self.framed.take();
        frame(batches, &mut body);
        let Some(gzip) = &self.gzip else { return Ok(body.into()) };
        let mut compressed = self.compressed.take();
        let outcome = gzip.compress(&body, &mut compressed);
        self.framed.give(body);
        outcome.map(|()| compressed.into())
    }

    /// The request is over, so the buffer is ours again.
    pub(super) fn give_back(&self, body: Bytes) {
        if let Ok(body) = body.try_into_mut() {
            let buffers = if self.gzip.is_some() { &self.compressed } else { &self.framed };
            buffers.give(body.into());
        }
    }
}

/// Buffers between two requests.
#[derive(Debug)]
struct Buffers {
    idle: Mutex<Vec<Vec<u8>>>,
    most: usize,
}

impl Buffers {
    fn take(&self) -> Vec<u8> {
        self.lock().pop().unwrap_or_default()
    }

    fn give(&self, buffer: Vec<u8>) {
        let mut idle = self.lock();
        if idle.len() < self.most && buffer.capacity() <= LARGEST_KEPT {
            idle.push(buffer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that a document takes in a bulk body.
fn size_of(item: Item<'_>) -> usize {
    let action = BEFORE_STREAM.len() + item.data_stream().len() + BEFORE_ID.len() + ID_DIGITS + AFTER_ID.len();
    action + item.entry.size()
}

/// Bytes that documents take in a bulk body, before compression.
pub(super) fn framed_size(batches: &[Batch]) -> usize {
    Item::of(batches).map(size_of).sum()
}

/// Writes every document after its action line. A buffer that has become large enough is not allocated again.
fn frame(batches: &[Batch], body: &mut Vec<u8>) {
    body.clear();
    body.reserve_exact(framed_size(batches));
    let mut digits = [0; ID_DIGITS];
    for item in Item::of(batches) {
        // Neither names nor ids need an escape.
        body.extend_from_slice(BEFORE_STREAM);
        body.extend_from_slice(item.data_stream().as_bytes());
        body.extend_from_slice(BEFORE_ID);
        body.extend_from_slice(DocId(item.entry.id).digits(&mut digits).as_bytes());
        body.extend_from_slice(AFTER_ID);
        body.extend_from_slice(item.batch.line(item.entry));
    }
}
