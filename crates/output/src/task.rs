//! Where documents go. A delivery is over when every document of the batch was taken, was there already, or was refused
//! and kept as a dead letter.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::ack::{AckGroup, AckToken};
use crate::batch::Batch;
use crate::dead_letters::DeadLetters;
use crate::elasticsearch::{self, dispatcher};
use crate::{file, stdout};
use common::error::Fault;
use common::health::{Reason, Receipt};
use common::stats::Stats;

/// An output. A closed set: adding one is a variant and an arm.
#[derive(Debug)]
pub enum Sink {
    /// A cluster.
    Elastic(elasticsearch::Elastic),
    /// One NDJSON file per data stream.
    File(file::Files),
    /// NDJSON on standard output.
    Stdout(stdout::Stdout),
}

impl Sink {
    /// Documents travel with the action line of a bulk request.
    pub fn wants_actions(&self) -> bool {
        matches!(self, Sink::Elastic(_))
    }
}

/// Everything of a batch is new.
pub(crate) fn all_created(batch: &Batch) -> Receipt {
    let mut receipt = Receipt::default();
    for entry in batch.entries() {
        receipt.of(entry.dataset).created += 1;
    }
    receipt
}

/// Batches that may wait for the output task; what they hold is bounded by [`batch::UNDER_WAY`].
pub const QUEUED: usize = 64;
/// How long a single cycle waits for an output that is out of reach.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// What the output task is told.
#[derive(Debug)]
pub enum OutputCommand {
    /// Documents to deliver.
    Batch(Batch),
    /// Everything of the cycle was sent: answer when it is durable.
    Flush(Arc<AckGroup>, oneshot::Sender<Result<(), Fault>>),
}

/// What an output task works with, apart from its inbox.
#[derive(Debug)]
pub struct OutputTask {
    /// Where to.
    pub sink: Sink,
    /// Where documents go that are refused.
    pub dead: Arc<DeadLetters>,
    /// Where counts go.
    pub stats: Arc<Stats>,
    /// How long an output that is out of reach is waited for before cycles fail; `None` is for ever.
    pub patience: Option<Duration>,
}

/// The output task: takes batches until every sender is gone.
pub async fn serve(output: OutputTask, inbox: mpsc::Receiver<OutputCommand>) {
    let OutputTask { sink, dead, stats, patience } = output;
    match sink {
        Sink::Elastic(elastic) => dispatcher::run(elastic, patience, inbox, dead, stats).await,
        Sink::File(mut files) => write(&mut files, inbox, &stats, patience).await,
        Sink::Stdout(mut stdout) => write(&mut stdout, inbox, &stats, patience).await,
    }
}

/// An output of this machine.
pub(crate) trait Local {
    /// Writes a batch. After an error the same batch goes on where it stopped, unless it is forgotten.
    fn deliver(&mut self, batch: &Batch) -> Result<Receipt, Stuck>;
    /// The batch under way is given up.
    fn forget(&mut self);
    /// Makes what was delivered durable.
    fn sync(&mut self) -> Result<(), Fault>;
}

/// Why a batch is not written.
#[derive(Debug)]
pub(crate) enum Stuck {
    /// For want of room: somebody may make some.
    Full(Fault),
    /// For another reason.
    Failed(Fault),
}

/// Batches after which files are synced although nobody waits.
const UNSYNCED: usize = 256;
/// First and longest pause before a disk that is full is tried again.
const FIRST_LOOK: Duration = Duration::from_millis(250);
const LONGEST_LOOK: Duration = Duration::from_secs(5);

async fn write(
    local: &mut impl Local,
    mut inbox: mpsc::Receiver<OutputCommand>,
    stats: &Stats,
    patience: Option<Duration>,
) {
    let (mut flushes, mut unsynced) = (Vec::new(), Vec::new());
    while let Some(mut job) = inbox.recv().await {
        // Sources that are there at the same time share a sync.
        loop {
            match job {
                OutputCommand::Batch(batch) if batch.token.is_cancelled() => drop(batch.recycle()),
                OutputCommand::Batch(batch) => {
                    let delivered = deliver(local, &batch, stats, Waiting { inbox: &inbox, patience }).await;
                    let health = batch.health.clone();
                    let token = batch.recycle();
                    match delivered {
                        Ok(receipt) => {
                            stats.add(&receipt);
                            stats.delivery.delivered();
                            if let Some(health) = health {
                                health.delivered(&receipt);
                            }
                            unsynced.push(token);
                        }
                        Err(fault) => {
                            local.forget();
                            stats.delivery.failed(&fault);
                            token.fail(fault);
                        }
                    }
                }
                OutputCommand::Flush(cycle, reply) => flushes.push((cycle, reply)),
            }
            match inbox.try_recv() {
                Ok(next) if unsynced.len() < UNSYNCED => job = next,
                Ok(OutputCommand::Flush(cycle, reply)) => {
                    flushes.push((cycle, reply));
                    break;
                }
                Ok(next) => {
                    job = next;
                    sync(local, &mut unsynced, stats);
                }
                Err(_) => break,
            }
        }
        if !flushes.is_empty() || unsynced.len() >= UNSYNCED {
            sync(local, &mut unsynced, stats);
        }
        for (cycle, reply) in flushes.drain(..) {
            cycle.answer(reply);
        }
    }
    sync(local, &mut unsynced, stats);
}

/// How long a disk that is full is waited for.
struct Waiting<'a> {
    inbox: &'a mpsc::Receiver<OutputCommand>,
    /// `None` is for ever.
    patience: Option<Duration>,
}

/// Writes a batch; where there is no room for it, goes on as soon as there is.
async fn deliver(local: &mut impl Local, batch: &Batch, stats: &Stats, wait: Waiting<'_>) -> Result<Receipt, Fault> {
    let (start, mut pause) = (Instant::now(), FIRST_LOOK);
    loop {
        let fault = match local.deliver(batch) {
            Ok(receipt) => return Ok(receipt),
            Err(Stuck::Failed(fault)) => return Err(fault),
            Err(Stuck::Full(fault)) => fault,
        };
        // Who is told to stop need not wait: nobody is left who sends.
        let is_over = wait.patience.is_some_and(|patience| start.elapsed() >= patience) || wait.inbox.is_closed();
        if is_over {
            return Err(fault);
        }
        let output = &stats.delivery;
        output.failed(&fault);
        output.retried();
        if let Some(health) = &batch.health {
            health.degrade(Reason::OutputBlocked, &fault);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_LOOK);
    }
}

/// What was delivered has arrived when it is durable.
fn sync(local: &mut impl Local, unsynced: &mut Vec<AckToken>, stats: &Stats) {
    match local.sync() {
        Ok(()) => unsynced.drain(..).for_each(AckToken::arrived),
        Err(fault) => {
            stats.delivery.failed(&fault);
            unsynced.drain(..).for_each(|token| token.fail(fault.clone()));
        }
    }
}
