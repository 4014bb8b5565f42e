//! Documents on their way from a source to an output: neutral JSON with its id and data stream, whatever the output makes
//! of them.

mod pool;
mod writer;

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

pub use self::pool::Pool;
#[cfg(test)]
pub(crate) use self::pool::UNDER_WAY;
pub use self::writer::BatchWriter;
use crate::ack::AckToken;
use crate::output::ItemOutcome;
use common::error::Error;
use common::health::{Reason, Receipt, SourceHealth};

/// A batch is handed over when its documents reach this size. A request of 1 MiB takes four of them, framed.
pub const BATCH_BYTES: usize = 224 * 1024;

/// The data stream of every dataset, and behind them that of the collector's own reports.
#[derive(Debug, Clone)]
pub struct DataStreams(Vec<String>);

impl DataStreams {
    /// The data streams of a namespace.
    pub fn new(namespace: &str) -> Self {
        let names = schema::catalog().iter().map(|dataset| dataset.definition.name);
        let name = |name: &str| format!("logs-m365_security.{name}-{namespace}");
        Self(names.chain([schema::health::NAME]).map(name).collect())
    }

    /// Gives the data stream of a dataset another name.
    pub fn rename(&mut self, dataset: u16, name: &str) {
        if let Some(known) = self.0.get_mut(usize::from(dataset)) {
            name.clone_into(known);
        }
    }

    /// The data stream of a dataset, by its place in the catalog.
    pub fn name(&self, dataset: u16) -> &str {
        &self.0[usize::from(dataset)]
    }
}

/// One document of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Place of the dataset in the catalog.
    pub dataset: u16,
    /// Where the document begins in the batch.
    pub start: u32,
    /// Where it ends, line feed included.
    pub end: u32,
    /// Its id.
    pub id: [u8; 16],
}

impl Entry {
    /// Bytes of the document, line feed included.
    pub(crate) fn size(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// The entry in a body that begins that much later.
    fn back_by(self, by: usize) -> Self {
        let by = place(by);
        Self { start: self.start - by, end: self.end - by, ..self }
    }
}

/// A place in a body, which stays far below 4 GiB: it is handed over at 224 KiB, and a row is at most 4 MiB.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Encoded documents of one cycle of one source.
#[derive(Debug)]
pub struct Batch {
    body: Vec<u8>,
    entries: Vec<Entry>,
    tenant: Arc<str>,
    streams: Arc<DataStreams>,
    /// The source that hears what became of it.
    health: Option<Arc<SourceHealth>>,
    token: AckToken,
    /// Its share of the memory between the sources and the output.
    memory_permit: Option<OwnedSemaphorePermit>,
    pool: Arc<Pool>,
    /// How often documents of it were sent before.
    attempts: u32,
}

/// A batch of which the output has said what became of every document.
#[derive(Debug)]
pub(crate) enum Settled {
    /// Everything has arrived, or is a dead letter.
    Arrived(AckToken),
    /// These documents are to be sent again.
    Left(Batch),
    /// Its cycle has failed.
    Failed,
}

impl Batch {
    /// The documents, in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The document's JSON with its line feed.
    pub fn line(&self, entry: &Entry) -> &[u8] {
        &self.body[entry.start as usize..entry.end as usize]
    }

    /// The document's JSON, without a line feed.
    pub fn document(&self, entry: &Entry) -> &[u8] {
        &self.body[entry.start as usize..entry.end as usize - 1]
    }

    /// Name of the data stream that the document belongs to.
    pub fn data_stream(&self, entry: &Entry) -> &str {
        self.streams.name(entry.dataset)
    }

    /// Whose documents these are.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// How often documents of it were sent before.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The source that hears what became of it.
    pub(crate) fn health(&self) -> Option<&SourceHealth> {
        self.health.as_deref()
    }

    /// Bytes of the documents.
    pub(crate) fn size(&self) -> usize {
        self.body.len()
    }

    /// Bytes that may be under way to its output.
    pub(crate) fn most_under_way(&self) -> usize {
        self.pool.most()
    }

    /// Its cycle has failed already: what it still sends is fetched again in the next one.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Its source has sent everything of the cycle: nothing more comes that could tell more.
    pub(crate) fn is_awaited(&self) -> bool {
        self.token.is_awaited()
    }

    /// Its source hears why it is to be sent again.
    pub(crate) fn blocked(&self, said: &dyn std::fmt::Display) {
        if let Some(health) = &self.health {
            health.degrade(Reason::OutputBlocked, said);
        }
    }

    /// Reports what became of every document, also to `all`. What is to be sent again is left.
    pub(crate) fn settle(mut self, outcomes: &[ItemOutcome], all: &mut Receipt) -> Settled {
        self.report(outcomes, all);
        let error = outcomes.iter().find_map(|outcome| match outcome {
            ItemOutcome::Failed(error) | ItemOutcome::Held(error) => Some(error),
            _ => None,
        });
        if let Some(error) = error {
            self.fail(error.clone());
            return Settled::Failed;
        }
        if !outcomes.iter().any(is_retry) {
            return Settled::Arrived(self.recycle());
        }
        self.retain(|place| outcomes.get(place).is_some_and(is_retry));
        self.attempts += 1;
        Settled::Left(self)
    }

    fn report(&self, outcomes: &[ItemOutcome], all: &mut Receipt) {
        let mut own = Receipt::default();
        for (entry, outcome) in self.entries.iter().zip(outcomes) {
            for receipt in [&mut own, &mut *all] {
                let counts = receipt.of(entry.dataset);
                match outcome {
                    ItemOutcome::Created => counts.created += 1,
                    ItemOutcome::Duplicate => counts.duplicates += 1,
                    ItemOutcome::Refused => counts.refused += 1,
                    ItemOutcome::Diverted => counts.failure_store += 1,
                    ItemOutcome::Known | ItemOutcome::Held(_) | ItemOutcome::Retry(_) | ItemOutcome::Failed(_) => {}
                }
            }
        }
        if let Some(health) = &self.health {
            health.delivered(&own);
        }
    }

    /// Its cycle fails.
    pub(crate) fn fail(self, error: Error) {
        self.recycle().fail(error);
    }

    /// Gives the buffers back for the next batch.
    pub(crate) fn recycle(self) -> AckToken {
        self.pool.give(self.body, self.entries);
        self.token
    }

    /// Keeps the documents at some places. The memory of the others is free for the next ones.
    fn retain(&mut self, is_kept: impl Fn(usize) -> bool) {
        retain(&mut self.body, &mut self.entries, is_kept);
        self.body.shrink_to_fit();
        if let Some(permit) = &mut self.memory_permit {
            drop(permit.split(permit.num_permits().saturating_sub(self.body.len())));
        }
    }

    /// Takes the documents from this place on off, as a batch of the same cycle.
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let cut = self.entries.get(at).map_or(self.body.len(), |entry| entry.start as usize);
        let entries = self.entries.split_off(at).into_iter().map(|entry| entry.back_by(cut)).collect();
        let body = self.body.split_off(cut);
        let memory_permit = self.memory_permit.as_mut().and_then(|permit| permit.split(body.len()));
        Self {
            body,
            entries,
            tenant: Arc::clone(&self.tenant),
            streams: Arc::clone(&self.streams),
            health: self.health.clone(),
            token: self.token.split(),
            memory_permit,
            pool: Arc::clone(&self.pool),
            attempts: self.attempts,
        }
    }
}

/// Keeps the documents at some places, which are told in their order.
fn retain(body: &mut Vec<u8>, entries: &mut Vec<Entry>, mut is_kept: impl FnMut(usize) -> bool) {
    let (mut number, mut end) = (0, 0);
    entries.retain_mut(|entry| {
        let keep = is_kept(number);
        number += 1;
        if keep {
            let size = entry.size();
            body.copy_within(entry.start as usize..entry.end as usize, end);
            (entry.start, entry.end) = (place(end), place(end + size));
            end += size;
        }
        keep
    });
    body.truncate(end);
}

fn is_retry(outcome: &ItemOutcome) -> bool {
    matches!(outcome, ItemOutcome::Retry(_))
}

/// A document of a delivery.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The batch that it came with.
    pub batch: &'a Batch,
    /// Where it lies in it.
    pub entry: &'a Entry,
}

impl<'a> Item<'a> {
    /// The documents of these batches, in their order.
    pub fn of(batches: &'a [Batch]) -> impl Iterator<Item = Self> {
        batches.iter().flat_map(|batch| batch.entries.iter().map(move |entry| Self { batch, entry }))
    }

    /// Name of the data stream that it belongs to.
    pub fn data_stream(self) -> &'a str {
        self.batch.data_stream(self.entry)
    }

    /// Its JSON, without a line feed.
    pub fn document(self) -> &'a [u8] {
        self.batch.document(self.entry)
    }
}
