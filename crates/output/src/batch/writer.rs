//! The source's end of the way to an output.

use std::sync::Arc;

use mapper::DocId;
use tokio::sync::{mpsc, oneshot};

use super::pool::Buffers;
use super::{Batch, DataStreams, Entry, Pool, place, retain};
use crate::ack::AckGroup;
use crate::task::OutputCommand;
use common::error::Error;
use common::health::SourceHealth;

/// Collects documents of one cycle and hands full batches over, waiting while the output is slow.
#[derive(Debug)]
pub struct BatchWriter {
    streams: Arc<DataStreams>,
    commands: mpsc::Sender<OutputCommand>,
    pool: Arc<Pool>,
    tenant: Arc<str>,
    health: Option<Arc<SourceHealth>>,
    group: Arc<AckGroup>,
    current: Option<Buffers>,
}

impl BatchWriter {
    /// A way to an output for one cycle of a tenant.
    pub fn new(
        streams: Arc<DataStreams>,
        commands: mpsc::Sender<OutputCommand>,
        pool: Arc<Pool>,
        tenant: Arc<str>,
    ) -> Self {
        Self { streams, commands, pool, tenant, health: None, group: Arc::default(), current: None }
    }

    /// Who hears what becomes of the documents.
    pub fn report_to(&mut self, health: Arc<SourceHealth>) {
        self.health = Some(health);
    }

    /// Adds a document.
    pub fn push(&mut self, dataset: u16, id: DocId, document: &[u8]) {
        let buffers = self.current.get_or_insert_with(|| self.pool.take());
        buffers.reserve(document.len() + 1);
        let Buffers { body, entries } = buffers;
        let start = place(body.len());
        body.extend_from_slice(document);
        body.push(b'\n');
        entries.push(Entry { dataset, start, end: place(body.len()), id: id.0 });
    }

    /// Documents of the batch that is being filled.
    pub fn documents(&self) -> usize {
        self.current.as_ref().map_or(0, |current| current.entries.len())
    }

    /// Keeps the documents of the batch that is being filled at some places, which are told in their order.
    pub fn retain(&mut self, is_kept: impl FnMut(usize) -> bool) {
        let Some(Buffers { body, entries }) = &mut self.current else { return };
        retain(body, entries, is_kept);
        if entries.is_empty() {
            self.give_back();
        }
    }

    /// The batch is large enough to be sent.
    pub fn is_full(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.body.len() >= self.pool.share())
    }

    /// Hands the batch over; an error when the output has failed for this cycle.
    pub async fn send(&mut self) -> Result<(), Error> {
        if let Some(error) = self.group.failure() {
            return Err(error);
        }
        let Some(size) = self.current.as_ref().map(|current| current.body.len()) else { return Ok(()) };
        let memory_permit = self.pool.permit(size).await.map_err(|_| stopped())?;
        let Some(Buffers { body, entries }) = self.current.take() else { return Ok(()) };
        self.pool.handed_over(entries.len());
        let batch = Batch {
            body,
            entries,
            tenant: Arc::clone(&self.tenant),
            streams: Arc::clone(&self.streams),
            health: self.health.clone(),
            token: self.group.token(),
            memory_permit: Some(memory_permit),
            pool: Arc::clone(&self.pool),
            attempts: 0,
        };
        self.commands.send(OutputCommand::Batch(batch)).await.map_err(|_| stopped())
    }

    /// Sends the rest and waits until everything of this cycle is durable.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.send().await?;
        let (reply, answer) = oneshot::channel();
        self.commands.send(OutputCommand::Flush(Arc::clone(&self.group), reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl BatchWriter {
    fn give_back(&mut self) {
        if let Some(Buffers { body, entries }) = self.current.take() {
            self.pool.handed_over(0);
            self.pool.give(body, entries);
        }
    }
}

impl Drop for BatchWriter {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn stopped() -> Error {
    Error::Io("the output has stopped".to_owned())
}
