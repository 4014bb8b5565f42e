//! The output task of a cluster: puts batches together to requests of a good size, sends as many at the same time as the
//! cluster takes, and goes on with every document until it has arrived, is a dead letter, or its cycle has failed.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Client;
use super::bulk_output::BulkOutput;
use super::concurrency::{Limiter, Slot};
use super::request::{BulkRequest, REQUEST_BYTES};
use crate::batch::{BATCH_BYTES, Batch};
use crate::dead_letters::DeadLetters;
use crate::output::{ItemOutcome, Output, Undelivered};
use crate::task::OutputCommand;
use common::error::Error;
use common::health::Receipt;
use common::http::Backoff;
use common::stats::Stats;

/// Requests that are not full leave this far apart at least, so that many sources with little to say share them.
const SPACING: Duration = Duration::from_millis(250);
/// First and longest pause before single documents are sent again, and how often: about five minutes in all.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
const ATTEMPTS: u32 = 12;
/// Held documents are sent again this often before their cycle fails, in some seconds; while their source goes on reading,
/// which may bring documents that tell more, this often, in half a minute.
const HELD_ATTEMPTS: u32 = 3;
const HELD_LONGER: u32 = 7;
/// How long requests may go on when nobody waits for them any more.
const GRACE: Duration = Duration::from_secs(5);

/// What the requests share.
struct BulkDispatcher {
    output: BulkOutput,
    limiter: Arc<Limiter>,
    stats: Arc<Stats>,
    /// How long an output that is out of reach is waited for; `None` is for ever.
    patience: Option<Duration>,
    /// Bytes of documents that wait to be sent again. Half of the memory at most: what is beyond fails its cycle, so that
    /// one data stream's trouble leaves room for the others.
    waiting: AtomicUsize,
    /// Nobody waits for the requests any more.
    closing: watch::Receiver<bool>,
}

/// Takes batches until every sender is gone.
pub(crate) async fn run(
    client: Client,
    patience: Option<Duration>,
    mut inbox: mpsc::Receiver<OutputCommand>,
    dead: Arc<DeadLetters>,
    stats: Arc<Stats>,
) {
    let (close, closing) = watch::channel(false);
    let limiter = Arc::new(Limiter::new(client.max_concurrency(), Arc::clone(&stats.output)));
    let output = BulkOutput { client: client.clone(), refusals: Arc::default(), dead, stats: Arc::clone(&stats) };
    let dispatcher = BulkDispatcher { output, limiter, stats, patience, waiting: AtomicUsize::new(0), closing };
    let dispatcher = Arc::new(dispatcher);
    let mut queue: VecDeque<Batch> = VecDeque::new();
    let mut queued = 0;
    let mut requests = JoinSet::new();
    let mut spaced = Instant::now();
    loop {
        // Another batch would hardly fit.
        let target = REQUEST_BYTES.min(client.body_limit());
        let documents: usize = queue.iter().map(|batch| batch.entries().len()).sum();
        let full = queued >= target - BATCH_BYTES.min(target / 4) || documents >= client.max_documents();
        tokio::select! {
            biased;
            // What is under way altogether is bounded by the batches' share of memory.
            command = inbox.recv() => match command {
                Some(OutputCommand::Batch(batch)) => {
                    queued += batch.size();
                    queue.push_back(batch);
                }
                Some(OutputCommand::Flush(group, reply)) => group.answer(reply),
                None => break,
            },
            Some(ended) = requests.join_next(), if !requests.is_empty() => report(ended),
            slot = ready(&dispatcher.limiter, if full { None } else { Some(spaced) }), if !queue.is_empty() => {
                let request = BulkRequest::take(&mut queue, client.body_limit(), client.max_documents());
                queued = queue.iter().map(Batch::size).sum();
                if let Some(request) = request {
                    spaced = Instant::now() + SPACING;
                    requests.spawn(deliver(Arc::clone(&dispatcher), request, slot));
                }
            }
        }
    }
    // The sources have ended: what is still under way is wanted by nobody, but may arrive.
    close.send_replace(true);
    while let Some(request) = BulkRequest::take(&mut queue, client.body_limit(), client.max_documents()) {
        requests.spawn(deliver_late(Arc::clone(&dispatcher), request));
    }
    let drained = async {
        while let Some(ended) = requests.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(GRACE, drained).await.is_err() {
        tracing::warn!(requests = requests.len(), "output did not answer in time, the documents are collected again");
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a bulk request ended unexpectedly, its documents are collected again");
    }
}

async fn ready(limiter: &Arc<Limiter>, not_before: Option<Instant>) -> Slot {
    if let Some(time) = not_before {
        tokio::time::sleep_until(time).await;
    }
    limiter.slot().await
}

async fn deliver_late(dispatcher: Arc<BulkDispatcher>, request: BulkRequest) {
    let slot = dispatcher.limiter.slot().await;
    deliver(dispatcher, request, slot).await;
}

/// Goes on with a request until nothing is left of it.
async fn deliver(dispatcher: Arc<BulkDispatcher>, request: BulkRequest, slot: Slot) {
    let mut work = vec![request];
    let mut receipt = Receipt::default();
    let mut state =
        Attempts { slot: Some(slot), number: 0, pauses: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, ATTEMPTS) };
    while let Some(request) = work.pop() {
        if let ControlFlow::Break(error) = dispatcher.attempt(request, &mut work, &mut state, &mut receipt).await {
            for request in work.drain(..) {
                request.fail(&error);
            }
        }
    }
    dispatcher.stats.add(&receipt);
}

/// How far the attempts of one request have come.
struct Attempts {
    slot: Option<Slot>,
    /// Attempts whose answer said that documents are to be sent again.
    number: u32,
    pauses: Backoff,
}

impl BulkDispatcher {
    /// Sends a request once; what is left of it goes back to the work. Breaks when nothing can be delivered.
    async fn attempt(
        &self,
        request: BulkRequest,
        work: &mut Vec<BulkRequest>,
        state: &mut Attempts,
        receipt: &mut Receipt,
    ) -> ControlFlow<Error> {
        let slot = match state.slot.take() {
            Some(slot) => slot,
            None => match self.unless_closing(self.limiter.slot()).await {
                Ok(slot) => slot,
                Err(error) => return self.give_up(request, error),
            },
        };
        let size = request.size();
        match self.output.clone().deliver(request.batches()).await {
            Ok(outcomes) => {
                let busy = outcomes.iter().find_map(|outcome| match outcome {
                    ItemOutcome::Retry(said) => Some(said.clone()),
                    _ => None,
                });
                slot.answered(size, busy.is_some());
                let held = || {
                    outcomes.iter().find_map(|outcome| match outcome {
                        ItemOutcome::Held(error) => Some(error.to_string()),
                        _ => None,
                    })
                };
                let Some(said) = busy.or_else(held) else {
                    // Nothing is left of it.
                    work.extend(request.settle(&outcomes, receipt));
                    return ControlFlow::Continue(());
                };
                self.stats.delivery.retried();
                self.send_again(Again { request, outcomes, said }, work, state, receipt).await
            }
            Err(Undelivered::TooLarge) => match request.split() {
                Ok((first, second)) => {
                    state.slot = Some(slot);
                    work.extend([second, first]);
                    ControlFlow::Continue(())
                }
                Err(request) => {
                    let error = Error::Permanent("the output does not take a request with one document".to_owned());
                    self.give_up(request, error)
                }
            },
            Err(Undelivered::Busy(error, after)) => {
                slot.failed(after);
                self.wait(request, &error, work)
            }
            Err(Undelivered::Failed(error)) => self.give_up(request, error),
        }
    }

    /// The output is out of reach: the request waits with all others, unless that took too long already.
    fn wait(&self, request: BulkRequest, error: &Error, work: &mut Vec<BulkRequest>) -> ControlFlow<Error> {
        self.stats.delivery.retried();
        self.stats.delivery.failed(error);
        let waited = self.limiter.failing_for().unwrap_or_default();
        if self.patience.is_some_and(|patience| waited >= patience) {
            let seconds = waited.as_secs();
            let error = Error::Transient(format!("output has not taken anything for {seconds} s: {error}"));
            return self.give_up(request, error);
        }
        work.push(request);
        ControlFlow::Continue(())
    }

    /// Single documents were not taken because of the cluster's state.
    async fn send_again(
        &self,
        again: Again,
        work: &mut Vec<BulkRequest>,
        state: &mut Attempts,
        receipt: &mut Receipt,
    ) -> ControlFlow<Error> {
        let Again { request, mut outcomes, said } = again;
        state.number += 1;
        let left = request.size_left(&outcomes);
        let waiting = self.waiting.fetch_add(left, Ordering::Relaxed);
        let is_crowded = waiting > 0 && waiting + left > request.most_under_way() / 2;
        let pause = if is_crowded { None } else { state.pauses.next(None) };
        let holds = pause.is_some() && state.number <= if request.is_awaited() { HELD_ATTEMPTS } else { HELD_LONGER };
        let spent = || Error::Transient(format!("output did not take documents in {} attempts: {said}", state.number));
        for outcome in &mut outcomes {
            match outcome {
                ItemOutcome::Held(error) if holds => *outcome = ItemOutcome::Retry(error.to_string()),
                ItemOutcome::Retry(_) if pause.is_none() => *outcome = ItemOutcome::Failed(spent()),
                _ => {}
            }
        }
        let request = request.settle(&outcomes, receipt);
        let mut ended = ControlFlow::Continue(());
        if let (Some(request), Some(pause)) = (request, pause) {
            request.blocked(&said);
            match self.unless_closing(tokio::time::sleep(pause)).await {
                Ok(()) => work.push(request),
                Err(error) => ended = self.give_up(request, error),
            }
        }
        self.waiting.fetch_sub(left, Ordering::Relaxed);
        ended
    }

    fn give_up(&self, request: BulkRequest, error: Error) -> ControlFlow<Error> {
        self.stats.delivery.failed(&error);
        request.fail(&error);
        ControlFlow::Break(error)
    }

    async fn unless_closing<T>(&self, wait: impl Future<Output = T>) -> Result<T, Error> {
        let mut closing = self.closing.clone();
        tokio::select! {
            biased;
            value = wait => Ok(value),
            _ = closing.wait_for(|closing| *closing) => {
                Err(Error::Transient("stopped before the output took everything".to_owned()))
            }
        }
    }
}

/// A request of which some documents are to be sent again, and why.
struct Again {
    request: BulkRequest,
    outcomes: Vec<ItemOutcome>,
    said: String,
}
