//! The one writer: takes the changes that wait, of whatever sources, and makes one durable step of them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::db::Db;
use super::{Change, Options, Progress, SourceKey, apply};
use common::error::Fault;

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

/// The file, unless it is closed, or an error of the disk made it unusable: then it is opened anew.
#[derive(Debug)]
pub(super) struct OpenFile {
    db: Mutex<Option<Arc<Db>>>,
    path: PathBuf,
}

impl OpenFile {
    pub(super) fn new(db: Db) -> Self {
        Self { path: db.path().to_owned(), db: Mutex::new(Some(Arc::new(db))) }
    }

    /// To read from.
    pub(super) fn get(&self) -> Result<Arc<Db>, Fault> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner).clone();
        db.ok_or_else(|| Fault::Local(format!("state file {} is not open", self.path.display())))
    }

    /// Gives the file free, as soon as nobody reads from it.
    pub(super) fn close(&self) {
        *self.db.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn open_again(&self) -> Result<Arc<Db>, Fault> {
        let db = Arc::new(Db::open(&self.path)?);
        *self.db.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&db));
        Ok(db)
    }
}

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
pub(super) async fn write(file: Arc<OpenFile>, mut inbox: mpsc::Receiver<Order>, notes: Arc<Notes>, options: Options) {
    let hours = u32::try_from(options.ledger.as_secs().div_ceil(3600)).unwrap_or(u32::MAX);
    let mut prune = Prune { at: Instant::now() + PRUNE_PAUSE, from: [0; 16], hours };
    let mut notes_at: Option<Instant> = None;
    loop {
        let due = notes_at.map_or(prune.at, |at| at.min(prune.at));
        let mut waiting = tokio::select! {
            biased;
            order = inbox.recv() => match order {
                Some(order) => Waiting::gather(order, &mut inbox),
                None => return,
            },
            () = tokio::time::sleep_until(due) => Waiting::default(),
        };
        if waiting.noted {
            notes_at.get_or_insert_with(|| Instant::now() + NOTES_WAIT);
        }
        let now = Instant::now();
        let notes_due = waiting.close.is_some() || notes_at.is_some_and(|at| at <= now);
        if !waiting.changes.is_empty() || notes_due {
            notes_at = None;
            let outcome = step(&file, std::mem::take(&mut waiting.changes), &notes).await;
            for reply in waiting.replies {
                // Nobody waits any more when the source was stopped.
                let _ = reply.send(outcome.clone());
            }
            if let Some(reply) = waiting.close {
                file.close();
                let _ = reply.send(outcome);
                return;
            }
            if let Err(fault) = outcome {
                tracing::error!(error = %fault, "state cannot be written, what was delivered since is read again");
            }
        } else if prune.at <= now {
            prune.step(&file).await;
        }
    }
}

/// What the writer was told since its last step.
#[derive(Debug, Default)]
struct Waiting {
    changes: Changes,
    replies: Vec<Reply>,
    noted: bool,
    close: Option<Reply>,
}

impl Waiting {
    fn gather(first: Order, inbox: &mut mpsc::Receiver<Order>) -> Self {
        let mut waiting = Self::default();
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Commit(changes, reply) => {
                    waiting.changes.extend(changes);
                    waiting.replies.push(reply);
                }
                Order::Noted => waiting.noted = true,
                Order::Close(reply) => waiting.close = Some(reply),
            }
            let is_enough = waiting.changes.len() >= MAX_CHANGES || waiting.close.is_some();
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
        let outcome = blocking(file, move |file| apply::prune(&*file.get()?, hours, from)).await;
        let next = outcome.unwrap_or_else(|fault| {
            tracing::warn!(error = %fault, "old ids cannot be forgotten, tried again later");
            None
        });
        self.at = Instant::now() + if next.is_some() { PRUNE_PAUSE } else { PRUNE_EVERY };
        self.from = next.unwrap_or_default();
    }
}

async fn step(file: &Arc<OpenFile>, changes: Changes, notes: &Notes) -> Result<(), Fault> {
    let mut riders = std::mem::take(&mut *notes.lock().unwrap_or_else(PoisonError::into_inner));
    for (key, _) in changes.iter().filter(|(_, change)| change.progress.is_some()) {
        riders.remove(key);
    }
    if changes.is_empty() && riders.is_empty() {
        return Ok(());
    }
    let note = |(key, progress)| (key, Change { progress: Some(progress), ..Change::default() });
    let all: Changes = changes.into_iter().chain(riders.into_iter().map(note)).collect();
    blocking(file, move |file| {
        let db = file.get().or_else(|_| file.open_again())?;
        // After an error of the disk the file refuses everything until it is opened anew, which checks it.
        apply::apply(&db, all.into_iter()).inspect_err(|_| file.close())
    })
    .await
}

/// Disk work beside the runtime's own threads.
async fn blocking<T: Send + 'static>(
    file: &Arc<OpenFile>,
    work: impl FnOnce(&OpenFile) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let file = Arc::clone(file);
    let outcome = tokio::task::spawn_blocking(move || work(&file)).await;
    outcome.map_err(|error| Fault::Local(format!("state: {error}")))?
}
