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

use super::classify::{Classified, Classifier};
use super::concurrency::{Limiter, Slot};
use super::prepared::Prepared;
use super::refusals::Refusals;
use super::reply::Refusal;
use super::request::{BulkRequest, ItemOutcome};
use super::{Answer, Elastic, MAX_REPLY};
use crate::batch::{BATCH_BYTES, Batch};
use crate::dead_letters::DeadLetters;
use crate::task::OutputCommand;
use common::error::Fault;
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
    elastic: Elastic,
    limiter: Arc<Limiter>,
    dead: Arc<DeadLetters>,
    stats: Arc<Stats>,
    refusals: Refusals,
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
    elastic: Elastic,
    patience: Option<Duration>,
    mut inbox: mpsc::Receiver<OutputCommand>,
    dead: Arc<DeadLetters>,
    stats: Arc<Stats>,
) {
    let (close, closing) = watch::channel(false);
    let limiter = Arc::new(Limiter::new(elastic.max_concurrency(), Arc::clone(&stats.output)));
    let (refusals, waiting) = (Refusals::default(), AtomicUsize::new(0));
    let ship = Arc::new(BulkDispatcher { elastic, limiter, dead, stats, refusals, patience, waiting, closing });
    let mut queue: VecDeque<Batch> = VecDeque::new();
    let mut queued = 0;
    let mut requests = JoinSet::new();
    let mut spaced = Instant::now();
    loop {
        let full = queued >= BATCH_BYTES.min(ship.elastic.body_limit());
        tokio::select! {
            biased;
            // What is under way altogether is bounded by the batches' share of memory.
            job = inbox.recv() => match job {
                Some(OutputCommand::Batch(batch)) => {
                    queued += batch.body.len();
                    queue.push_back(batch);
                }
                Some(OutputCommand::Flush(cycle, reply)) => cycle.answer(reply),
                None => break,
            },
            Some(ended) = requests.join_next(), if !requests.is_empty() => report(ended),
            slot = ready(&ship.limiter, if full { None } else { Some(spaced) }), if !queue.is_empty() => {
                let load = BulkRequest::take(&mut queue, ship.elastic.body_limit());
                queued = queue.iter().map(|batch| batch.body.len()).sum();
                if let Some(load) = load {
                    spaced = Instant::now() + SPACING;
                    requests.spawn(deliver(Arc::clone(&ship), load, slot));
                }
            }
        }
    }
    // The sources have ended: what is still under way is wanted by nobody, but may arrive.
    close.send_replace(true);
    while let Some(load) = BulkRequest::take(&mut queue, ship.elastic.body_limit()) {
        requests.spawn(deliver_late(Arc::clone(&ship), load));
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

async fn deliver_late(ship: Arc<BulkDispatcher>, load: BulkRequest) {
    let slot = ship.limiter.slot().await;
    deliver(ship, load, slot).await;
}

/// One load to its end.
async fn deliver(ship: Arc<BulkDispatcher>, load: BulkRequest, slot: Slot) {
    let mut receipt = Receipt::default();
    let mut work = vec![load];
    let mut state =
        Attempts { slot: Some(slot), number: 0, pauses: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, ATTEMPTS) };
    while let Some(load) = work.pop() {
        if let ControlFlow::Break(fault) = ship.attempt(load, &mut work, &mut state, &mut receipt).await {
            for load in work.drain(..) {
                load.fail(&fault);
            }
        }
    }
    ship.stats.add(&receipt);
}

/// How far the attempts of one load have come.
struct Attempts {
    slot: Option<Slot>,
    /// Attempts whose answer said that documents are to be sent again.
    number: u32,
    pauses: Backoff,
}

impl BulkDispatcher {
    /// Sends a load once; what is left of it goes back to the work. Breaks when nothing can be delivered.
    async fn attempt(
        &self,
        load: BulkRequest,
        work: &mut Vec<BulkRequest>,
        state: &mut Attempts,
        receipt: &mut Receipt,
    ) -> ControlFlow<Fault> {
        let slot = match state.slot.take() {
            Some(slot) => slot,
            None => match self.unless_closing(self.limiter.slot()).await {
                Ok(slot) => slot,
                Err(fault) => return self.give_up(load, fault),
            },
        };
        let size = load.body().len();
        if size > self.elastic.ask_body_limit().await {
            state.slot = Some(slot);
            return self.split(load, work, state, receipt).await;
        }
        if let Err(fault) = self.look().await {
            return self.give_up(load, fault);
        }
        let answer = self.elastic.bulk(load.body().clone()).await;
        match answer {
            Answer::Reply(reply) => {
                let output = &self.stats.output;
                output.requests.fetch_add(1, Ordering::Relaxed);
                output.bytes.fetch_add(size as u64, Ordering::Relaxed);
                match self.judge().reply(&reply, &load, state.number) {
                    Ok(Classified { outcomes, busy, held }) => {
                        slot.answered(size, busy.is_some());
                        let Some(said) = busy.or(held) else {
                            // Nothing is left of it.
                            work.extend(load.settle(&outcomes, receipt));
                            return ControlFlow::Continue(());
                        };
                        self.stats.delivery.retried();
                        let again = Again { load, outcomes, said };
                        self.send_again(again, work, state, receipt).await
                    }
                    Err(fault) => self.give_up(load, fault),
                }
            }
            Answer::ReplyTooLong => {
                slot.answered(size, false);
                match load.split() {
                    Ok((first, second)) => {
                        work.extend([second, first]);
                        ControlFlow::Continue(())
                    }
                    Err(load) => {
                        let said = format!("bulk reply about one document is longer than {MAX_REPLY} bytes");
                        self.give_up(load, Fault::Refused(format!("{said}, is this Elasticsearch?")))
                    }
                }
            }
            Answer::TooLarge => {
                if load.entries().len() > 1 {
                    self.elastic.too_large(size);
                }
                slot.answered(size, false);
                self.split(load, work, state, receipt).await
            }
            Answer::Unreachable(fault) => {
                if self.elastic.any_awake() {
                    // The next one is asked.
                    state.slot = Some(slot);
                    work.push(load);
                    return ControlFlow::Continue(());
                }
                slot.failed(None);
                self.wait(load, &fault, work)
            }
            Answer::Busy(fault, after) => {
                slot.failed(after);
                self.wait(load, &fault, work)
            }
            Answer::Fails(fault) => self.give_up(load, fault),
        }
    }

    /// Before the first document: the cluster has what documents need. One that is out of reach says so when it is sent to.
    async fn look(&self) -> Result<(), Fault> {
        if self.elastic.is_prepared() {
            return Ok(());
        }
        match self.elastic.look().await {
            Ok(Prepared::No(what)) => Err(Fault::Refused(format!("the cluster is not prepared: {what}"))),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The output is out of reach: the load waits with all others, unless that took too long already.
    fn wait(&self, load: BulkRequest, fault: &Fault, work: &mut Vec<BulkRequest>) -> ControlFlow<Fault> {
        self.stats.delivery.retried();
        self.stats.delivery.failed(fault);
        let waited = self.limiter.failing_for().unwrap_or_default();
        if self.patience.is_some_and(|patience| waited >= patience) {
            let seconds = waited.as_secs();
            let fault = Fault::Transient(format!("output has not taken anything for {seconds} s: {fault}"));
            return self.give_up(load, fault);
        }
        work.push(load);
        ControlFlow::Continue(())
    }

    /// Single documents were not taken because of the cluster's state.
    async fn send_again(
        &self,
        again: Again,
        work: &mut Vec<BulkRequest>,
        state: &mut Attempts,
        receipt: &mut Receipt,
    ) -> ControlFlow<Fault> {
        let Again { load, mut outcomes, said } = again;
        state.number += 1;
        let left: usize = load
            .entries()
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| matches!(outcome, ItemOutcome::Again | ItemOutcome::Held(_)))
            .map(|(entry, _)| (entry.end - entry.start) as usize)
            .sum();
        let waiting = self.waiting.fetch_add(left, Ordering::Relaxed);
        let pause = if waiting > 0 && waiting + left > load.room() / 2 { None } else { state.pauses.next(None) };
        let holds = pause.is_some() && state.number <= if load.is_awaited() { HELD_ATTEMPTS } else { HELD_LONGER };
        let spent = || Fault::Transient(format!("output did not take documents in {} attempts: {said}", state.number));
        for outcome in &mut outcomes {
            match outcome {
                ItemOutcome::Held(_) if holds => *outcome = ItemOutcome::Again,
                ItemOutcome::Held(fault) => *outcome = ItemOutcome::Fails(fault.clone()),
                ItemOutcome::Again if pause.is_none() => *outcome = ItemOutcome::Fails(spent()),
                _ => {}
            }
        }
        let load = load.settle(&outcomes, receipt);
        let mut outcome = ControlFlow::Continue(());
        if let (Some(load), Some(pause)) = (load, pause) {
            load.blocked(&said);
            match self.unless_closing(tokio::time::sleep(pause)).await {
                Ok(()) => work.push(load),
                Err(fault) => outcome = self.give_up(load, fault),
            }
        }
        self.waiting.fetch_sub(left, Ordering::Relaxed);
        outcome
    }

    /// Too long for one request: its halves go, or the only document is refused.
    async fn split(
        &self,
        load: BulkRequest,
        work: &mut Vec<BulkRequest>,
        state: &mut Attempts,
        receipt: &mut Receipt,
    ) -> ControlFlow<Fault> {
        let load = match load.split() {
            Ok((first, second)) => {
                work.extend([second, first]);
                return ControlFlow::Continue(());
            }
            Err(load) => load,
        };
        let (size, limit) = (load.body().len(), self.elastic.body_limit());
        let bounds = if size > limit { format!(" of {limit} bytes") } else { String::new() };
        let said =
            format!("413 document of {size} bytes is longer than http.max_content_length{bounds}, or a proxy's limit");
        let outcome = self.judge().too_large(&load, &Refusal { kind: "413".to_owned(), said });
        let ItemOutcome::Held(fault) = &outcome else {
            work.extend(load.settle(&[outcome], receipt));
            return ControlFlow::Continue(());
        };
        state.slot = None;
        let said = fault.to_string();
        self.send_again(Again { load, outcomes: vec![outcome], said }, work, state, receipt).await
    }

    fn judge(&self) -> Classifier<'_> {
        Classifier { refusals: &self.refusals, dead: &self.dead, stats: &self.stats }
    }

    fn give_up(&self, load: BulkRequest, fault: Fault) -> ControlFlow<Fault> {
        self.stats.delivery.failed(&fault);
        load.fail(&fault);
        ControlFlow::Break(fault)
    }

    async fn unless_closing<T>(&self, wait: impl Future<Output = T>) -> Result<T, Fault> {
        let mut closing = self.closing.clone();
        tokio::select! {
            biased;
            value = wait => Ok(value),
            _ = closing.wait_for(|closing| *closing) => {
                Err(Fault::Transient("stopped before the output took everything".to_owned()))
            }
        }
    }
}

/// A load of which some documents are to be sent again, and why.
struct Again {
    load: BulkRequest,
    outcomes: Vec<ItemOutcome>,
    said: String,
}
