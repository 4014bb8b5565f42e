//! The task of an output: takes what sources hand over until the last of them is gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::ack::AckGroup;
use crate::batch::Batch;
use crate::dead_letters::DeadLetters;
use crate::elasticsearch::{self, dispatcher};
use crate::{file, sequential, stdout};
use common::error::Error;
use common::stats::Stats;

/// An output that is open. A closed set: adding one is a variant and an arm.
#[derive(Debug)]
pub enum AnyOutput {
    /// A cluster.
    Elasticsearch(elasticsearch::Client),
    /// One NDJSON file per data stream.
    File(file::Files),
    /// NDJSON on standard output.
    Stdout(stdout::Stdout),
}

/// Batches that may wait for the output task; what they hold is bounded by their [`crate::batch::Pool`].
pub const QUEUED: usize = 64;
/// How long a single cycle waits for an output that is out of reach.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// What the output task is told.
#[derive(Debug)]
pub enum OutputCommand {
    /// Documents to deliver.
    Batch(Batch),
    /// Everything of the cycle was sent: answer when it is durable.
    Flush(Arc<AckGroup>, oneshot::Sender<Result<(), Error>>),
}

/// What an output task works with, apart from its inbox.
#[derive(Debug)]
pub struct OutputTask {
    /// Where to.
    pub output: AnyOutput,
    /// Where documents go that are refused.
    pub dead: Arc<DeadLetters>,
    /// Where counts go.
    pub stats: Arc<Stats>,
    /// How long an output that is out of reach is waited for before cycles fail; `None` is for ever.
    pub patience: Option<Duration>,
}

/// The output task: takes batches until every sender is gone.
pub async fn serve(task: OutputTask, inbox: mpsc::Receiver<OutputCommand>) {
    let OutputTask { output, dead, stats, patience } = task;
    match output {
        AnyOutput::Elasticsearch(client) => dispatcher::run(client, patience, inbox, dead, stats).await,
        AnyOutput::File(files) => sequential::run(files, patience, inbox, &stats).await,
        AnyOutput::Stdout(stdout) => sequential::run(stdout, patience, inbox, &stats).await,
    }
}
