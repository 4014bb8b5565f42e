//! Where documents go. A delivery is over when every document of the batch was taken, was there already, or was refused
//! and kept as a dead letter.

pub mod batch;
pub mod bulk;
pub mod elastic;
pub mod file;
pub mod setup;
pub mod stdout;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

pub use self::batch::{Batch, Entry, Outbox, Streams};
use crate::deadletter::DeadLetters;
use crate::error::Fault;
use crate::stats::Stats;

/// An output. A closed set: adding one is a variant and an arm.
#[derive(Debug)]
pub enum Sink {
    /// A cluster.
    Elastic(elastic::Elastic),
    /// One NDJSON file per data stream.
    File(file::Files),
    /// NDJSON on standard output.
    Stdout(stdout::Stdout),
}

impl Sink {
    /// Delivers a batch.
    pub async fn deliver(&mut self, batch: &mut Batch, dead: &DeadLetters) -> Result<Receipt, Fault> {
        match self {
            Sink::Elastic(elastic) => elastic.deliver(batch, dead).await,
            Sink::File(files) => files.deliver(batch),
            Sink::Stdout(stdout) => stdout.deliver(batch),
        }
    }

    /// Makes what was delivered durable.
    pub fn sync(&mut self) -> Result<(), Fault> {
        match self {
            // A bulk reply is given after the translog was written.
            Sink::Elastic(_) => Ok(()),
            Sink::File(files) => files.sync(),
            Sink::Stdout(stdout) => stdout.sync(),
        }
    }

    /// Documents travel with the action line of a bulk request.
    pub fn wants_actions(&self) -> bool {
        matches!(self, Sink::Elastic(_))
    }
}

/// What became of the documents of one dataset.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// New in the output.
    pub created: u64,
    /// In the output already.
    pub duplicates: u64,
    /// Refused for good.
    pub refused: u64,
}

/// What became of a batch, by dataset in the catalog's order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Receipt(Vec<Outcome>);

impl Receipt {
    /// The outcome of a dataset, to be changed.
    pub(crate) fn of(&mut self, dataset: u16) -> &mut Outcome {
        let index = usize::from(dataset);
        if self.0.len() <= index {
            self.0.resize(index + 1, Outcome::default());
        }
        &mut self.0[index]
    }

    /// The outcomes in the catalog's order.
    pub fn datasets(&self) -> impl Iterator<Item = &Outcome> {
        self.0.iter()
    }

    fn all_created(batch: &Batch) -> Self {
        let mut receipt = Self::default();
        for entry in batch.entries() {
            receipt.of(entry.dataset).created += 1;
        }
        receipt
    }
}

/// What the output task is told.
#[derive(Debug)]
pub(crate) enum Job {
    Batch(Batch),
    /// Everything of the cycle was sent: answer when it is durable.
    Flush(Arc<batch::Failure>, oneshot::Sender<Result<(), Fault>>),
}

/// The output task: takes batches until every sender is gone.
pub(crate) async fn serve(
    mut sink: Sink,
    mut inbox: mpsc::Receiver<Job>,
    dead: Arc<DeadLetters>,
    stats: Arc<Stats>,
) -> Sink {
    while let Some(job) = inbox.recv().await {
        match job {
            Job::Batch(mut batch) => {
                // What a failed cycle still sends is fetched again in the next one.
                if batch.failure().get().is_none() {
                    match sink.deliver(&mut batch, &dead).await {
                        Ok(receipt) => {
                            stats.add(&receipt);
                            stats.health.output().delivered();
                            if let Some(health) = batch.health() {
                                health.delivered(&receipt);
                            }
                        }
                        Err(fault) => {
                            stats.health.output().failed(&fault);
                            batch.failure().set(fault);
                        }
                    }
                }
                batch.recycle();
            }
            Job::Flush(failure, reply) => {
                let result = match failure.get() {
                    Some(fault) => Err(fault),
                    None => sink.sync(),
                };
                // Nobody waits any more when the source was stopped.
                let _ = reply.send(result);
            }
        }
    }
    sink
}
