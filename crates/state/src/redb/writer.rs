//! The one writer: takes what waits to be written, of whatever endpoints, and makes one durable step of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::file::StateFile;
use super::prune;
use super::step::{self, Job};
use crate::{EndpointKey, Fence, Options, Progress, StateUpdate};
use common::error::Error;

/// Progress of datasets that is written with the next step, at the latest after [`DEFERRED_WAIT`], and the fence with which
/// it was set.
pub(super) type Deferred = Mutex<DeferredProgress>;
pub(super) type DeferredProgress = FxHashMap<EndpointKey, BTreeMap<String, (Progress, Fence)>>;

/// How long deferred progress waits for a step.
const DEFERRED_WAIT: Duration = Duration::from_secs(30);
/// Updates of one step; what comes above waits for the next one.
const MAX_UPDATES: usize = 4096;
/// Time between two rounds of forgetting.
const PRUNE_EVERY: Duration = Duration::from_hours(6);
/// Time between two steps of a round: commits come first.
const PRUNE_PAUSE: Duration = Duration::from_millis(200);

/// The file, unless it is closed, or an error of the disk made it unusable: then it is opened anew.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: Mutex<Option<Arc<StateFile>>>,
    path: PathBuf,
}

impl OpenFile {
    pub(super) fn new(file: StateFile) -> Self {
        Self { path: file.path().to_owned(), file: Mutex::new(Some(Arc::new(file))) }
    }

    /// To read from.
    pub(super) fn get(&self) -> Result<Arc<StateFile>, Error> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).clone();
        file.ok_or_else(|| Error::Io(format!("state file {} is not open", self.path.display())))
    }

    /// Closes the file as soon as nobody reads from it any more.
    pub(super) fn close(&self) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// To write to.
    pub(super) fn get_or_reopen(&self) -> Result<Arc<StateFile>, Error> {
        self.get().or_else(|_| {
            let file = Arc::new(StateFile::open(&self.path)?);
            *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&file));
            Ok(file)
        })
    }
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// What the writer is told.
#[derive(Debug)]
pub(super) enum Order {
    /// Write, and say so.
    Commit { updates: Vec<(EndpointKey, StateUpdate)>, fence: Fence, reply: Reply<()> },
    /// Give endpoints a new holder.
    Acquire(Vec<EndpointKey>, Reply<Fence>),
    /// Progress was set that may wait.
    Deferred,
    /// Write what waits and end.
    Close(Reply<()>),
}

/// Writes until it is told to end, or nobody is left.
pub(super) async fn write(
    file: Arc<OpenFile>,
    mut inbox: mpsc::Receiver<Order>,
    deferred: Arc<Deferred>,
    options: Options,
) {
    let hours = u32::try_from(options.retention.as_secs().div_ceil(3600)).unwrap_or(u32::MAX);
    let mut prune = Prune { at: Instant::now() + PRUNE_PAUSE, from: [0; 16], hours };
    let mut deferred_at: Option<Instant> = None;
    loop {
        let due = deferred_at.map_or(prune.at, |at| at.min(prune.at));
        let waiting = tokio::select! {
            biased;
            order = inbox.recv() => match order {
                Some(order) => Waiting::gather(order, &mut inbox),
                None => return,
            },
            () = tokio::time::sleep_until(due) => Waiting::default(),
        };
        if waiting.has_deferred {
            deferred_at.get_or_insert_with(|| Instant::now() + DEFERRED_WAIT);
        }
        let now = Instant::now();
        let is_due = waiting.close.is_some() || deferred_at.is_some_and(|at| at <= now);
        if !waiting.jobs.is_empty() || is_due {
            deferred_at = None;
            let (jobs, deferred) = (waiting.jobs, Arc::clone(&deferred));
            let outcome = blocking(&file, move |file| step::perform(file, jobs, &deferred)).await;
            if let Err(error) = &outcome {
                tracing::error!(%error, "state cannot be written, what was delivered since is read again");
            }
            if let Some(reply) = waiting.close {
                file.close();
                // Nobody waits any more when the process was killed.
                let _ = reply.send(outcome);
                return;
            }
        } else if prune.at <= now {
            prune.step(&file).await;
        }
    }
}

/// What the writer was told since its last step.
#[derive(Debug, Default)]
struct Waiting {
    jobs: Vec<Job>,
    has_deferred: bool,
    close: Option<Reply<()>>,
}

impl Waiting {
    fn gather(first: Order, inbox: &mut mpsc::Receiver<Order>) -> Self {
        let mut waiting = Self::default();
        let (mut next, mut count) = (Some(first), 0);
        while let Some(order) = next {
            match order {
                Order::Commit { updates, fence, reply } => {
                    count += updates.len();
                    waiting.jobs.push(Job::commit(updates, fence, reply));
                }
                Order::Acquire(endpoints, reply) => {
                    count += endpoints.len();
                    waiting.jobs.push(Job::acquire(endpoints, reply));
                }
                Order::Deferred => waiting.has_deferred = true,
                Order::Close(reply) => waiting.close = Some(reply),
            }
            let is_enough = count >= MAX_UPDATES || waiting.close.is_some();
            next = if is_enough { None } else { inbox.try_recv().ok() };
        }
        waiting
    }
}

/// The forgetting of old ids, in small steps.
struct Prune {
    at: Instant,
    from: [u8; 16],
    hours: u32,
}

impl Prune {
    async fn step(&mut self, file: &Arc<OpenFile>) {
        let (from, hours) = (self.from, self.hours);
        let outcome = blocking(file, move |file| prune::prune(&*file.get()?, hours, from)).await;
        let next = outcome.unwrap_or_else(|error| {
            tracing::warn!(%error, "old ids cannot be forgotten, tried again later");
            None
        });
        self.at = Instant::now() + if next.is_some() { PRUNE_PAUSE } else { PRUNE_EVERY };
        self.from = next.unwrap_or_default();
    }
}

/// Disk work beside the runtime's own threads.
async fn blocking<T: Send + 'static>(
    file: &Arc<OpenFile>,
    work: impl FnOnce(&OpenFile) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let file = Arc::clone(file);
    let outcome = tokio::task::spawn_blocking(move || work(&file)).await;
    outcome.map_err(|error| Error::Io(format!("state: {error}")))?
}
