//! The one writer: takes the changes that wait, of whatever sources, and makes one durable step of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::db::Db;
use super::{Change, Options, Progress, SourceKey, apply};
use crate::error::Fault;

/// Progress that is written with the next step, at the latest after [`NOTES_WAIT`].
pub(super) type Notes = Mutex<FxHashMap<Arc<SourceKey>, Progress>>;

/// How long notes wait for company.
const NOTES_WAIT: Duration = Duration::from_secs(30);
/// Changes of one step; what comes above waits for the next one.
const MAX_CHANGES: usize = 4096;
/// Time between two rounds of forgetting.
const PRUNE_EVERY: Duration = Duration::from_hours(6);
/// Time between two steps of a round: commits come first.
const PRUNE_PAUSE: Duration = Duration::from_millis(200);

type Reply = oneshot::Sender<Result<(), Fault>>;
type Changes = Vec<(Arc<SourceKey>, Change)>;

/// What the writer is told.
#[derive(Debug)]
pub(super) enum Order {
    /// Write, and say so.
    Commit(Changes, Reply),
    /// There is a note.
    Noted,
    /// Write what waits and end.
    Close(Reply),
}

/// Writes until it is told to end, or nobody is left.
pub(super) async fn write(db: Arc<Db>, mut inbox: mpsc::Receiver<Order>, notes: Arc<Notes>, options: Options) {
    let hours = u32::try_from(options.ledger.as_secs().div_ceil(3600)).unwrap_or(u32::MAX);
    let mut prune_at = Instant::now() + PRUNE_PAUSE;
    let mut prune_from = None;
    let mut notes_at: Option<Instant> = None;
    loop {
        let mut changes = Vec::new();
        let mut replies = Vec::new();
        let mut close = None;
        let due = notes_at.map_or(prune_at, |at| at.min(prune_at));
        tokio::select! {
            biased;
            order = inbox.recv() => match order {
                Some(order) => {
                    let mut next = Some(order);
                    while let Some(order) = next {
                        match order {
                            Order::Commit(more, reply) => {
                                changes.extend(more);
                                replies.push(reply);
                            }
                            Order::Noted => {
                                notes_at.get_or_insert_with(|| Instant::now() + NOTES_WAIT);
                            }
                            Order::Close(reply) => close = Some(reply),
                        }
                        next = if changes.len() < MAX_CHANGES && close.is_none() { inbox.try_recv().ok() } else { None };
                    }
                }
                None => return,
            },
            () = tokio::time::sleep_until(due) => {
                if due == prune_at {
                    let from = prune_from.take().unwrap_or_default();
                    prune_from = blocking(&db, move |db| apply::prune(db, hours, from)).await.unwrap_or_else(|fault| {
                        tracing::warn!(error = %fault, "old ids cannot be forgotten, tried again later");
                        None
                    });
                    prune_at = Instant::now() + if prune_from.is_some() { PRUNE_PAUSE } else { PRUNE_EVERY };
                    continue;
                }
            }
        }
        let notes_due = close.is_some() || notes_at.is_some_and(|at| at <= Instant::now());
        if changes.is_empty() && !notes_due {
            // A note alone waits for company.
            continue;
        }
        notes_at = None;
        let outcome = step(&db, changes, &notes).await;
        for reply in replies {
            // Nobody waits any more when the source was stopped.
            let _ = reply.send(outcome.clone());
        }
        if let Some(reply) = close {
            let _ = reply.send(outcome);
            return;
        }
        if let Err(fault) = outcome {
            tracing::error!(error = %fault, "state cannot be written, what is read now is read again");
        }
    }
}

async fn step(db: &Arc<Db>, changes: Changes, notes: &Notes) -> Result<(), Fault> {
    let mut noted = std::mem::take(&mut *notes.lock().unwrap_or_else(PoisonError::into_inner));
    for (key, change) in &changes {
        if change.progress.is_some() {
            noted.remove(key);
        }
    }
    if changes.is_empty() && noted.is_empty() {
        return Ok(());
    }
    let noted =
        noted.into_iter().map(|(key, progress)| (key, Change { progress: Some(progress), ..Change::default() }));
    let all: Changes = changes.into_iter().chain(noted).collect();
    blocking(db, move |db| apply::apply(db, all.into_iter())).await
}

/// Disk work beside the runtime's own threads.
async fn blocking<T: Send + 'static>(
    db: &Arc<Db>,
    work: impl FnOnce(&Db) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let db = Arc::clone(db);
    let done = tokio::task::spawn_blocking(move || work(&db)).await;
    done.map_err(|error| Fault::Local(format!("state: {error}")))?
}
