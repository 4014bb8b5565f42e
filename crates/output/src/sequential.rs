//! The task of an output that takes one batch after the other: writes, waits while there is no room, and acknowledges what
//! a sync has made durable. Sources that are there at the same time share a sync.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::ack::AckToken;
use crate::batch::{Batch, Settled};
use crate::output::{ItemOutcome, Output, Undelivered};
use crate::task::OutputCommand;
use common::error::Error;
use common::health::Receipt;
use common::http::Backoff;
use common::stats::Stats;

/// Batches after which is synced although nobody waits.
const UNSYNCED: usize = 1024;
/// First and longest pause before an output that has no room is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the task works with.
struct Sequential<'a, O> {
    output: O,
    stats: &'a Stats,
    /// How long an output that takes nothing is waited for; `None` is for ever.
    patience: Option<Duration>,
    inbox: mpsc::Receiver<OutputCommand>,
    /// What was delivered, but is not durable yet.
    unsynced: Vec<AckToken>,
}

/// Takes batches until every sender is gone.
pub(crate) async fn run(
    output: impl Output,
    patience: Option<Duration>,
    inbox: mpsc::Receiver<OutputCommand>,
    stats: &Stats,
) {
    let mut task = Sequential { output, stats, patience, inbox, unsynced: Vec::new() };
    let mut flushes = Vec::new();
    while let Some(first) = task.inbox.recv().await {
        let mut next = Some(first);
        while let Some(command) = next.take() {
            match command {
                OutputCommand::Batch(batch) => task.batch(batch).await,
                OutputCommand::Flush(group, reply) => flushes.push((group, reply)),
            }
            if task.unsynced.len() >= UNSYNCED {
                task.sync().await;
            }
            next = task.inbox.try_recv().ok();
        }
        if !flushes.is_empty() {
            task.sync().await;
        }
        for (group, reply) in flushes.drain(..) {
            group.answer(reply);
        }
    }
    task.sync().await;
}

impl<O: Output> Sequential<'_, O> {
    /// Delivers a batch. What it took counts, whatever becomes of the rest.
    async fn batch(&mut self, batch: Batch) {
        if batch.is_cancelled() {
            drop(batch.recycle());
            return;
        }
        let mut receipt = Receipt::default();
        self.deliver(batch, &mut receipt).await;
        self.stats.add(&receipt);
    }

    /// What is left of the batch goes on as soon as there is room.
    async fn deliver(&mut self, mut batch: Batch, receipt: &mut Receipt) {
        let (start, mut pauses) = (Instant::now(), Backoff::endless(FIRST_PAUSE, LONGEST_PAUSE));
        loop {
            let delivered = self.output.deliver(std::slice::from_ref(&batch)).await;
            let (error, asked) = match delivered {
                Ok(outcomes) => {
                    let said = outcomes.iter().find_map(|outcome| match outcome {
                        ItemOutcome::Retry(said) => Some(said.clone()),
                        _ => None,
                    });
                    match batch.settle(&outcomes, receipt) {
                        Settled::Arrived(token) => {
                            self.stats.delivery.delivered();
                            self.unsynced.push(token);
                            return;
                        }
                        Settled::Failed => return,
                        Settled::Left(rest) => batch = rest,
                    }
                    (Error::Transient(said.unwrap_or_default()), None)
                }
                Err(Undelivered::Busy(error, asked)) => (error, asked),
                Err(Undelivered::Failed(error)) => return self.give_up(batch, error),
                Err(Undelivered::TooLarge) => {
                    let error = Error::Permanent("the output does not take a batch of this size".to_owned());
                    return self.give_up(batch, error);
                }
            };
            // Nobody is left who sends, so nobody waits for what is told to stop.
            let is_over = self.patience.is_some_and(|patience| start.elapsed() >= patience) || self.inbox.is_closed();
            if is_over {
                return self.give_up(batch, error);
            }
            self.stats.delivery.failed(&error);
            self.stats.delivery.retried();
            batch.blocked(&error);
            tokio::time::sleep(pauses.pause(asked)).await;
        }
    }

    fn give_up(&mut self, batch: Batch, error: Error) {
        self.output.abandon();
        self.stats.delivery.failed(&error);
        batch.fail(error);
    }

    /// What was delivered has arrived when it is durable.
    async fn sync(&mut self) {
        match self.output.sync().await {
            Ok(()) => self.unsynced.drain(..).for_each(AckToken::arrived),
            Err(error) => {
                self.stats.delivery.failed(&error);
                self.unsynced.drain(..).for_each(|token| token.fail(error.clone()));
            }
        }
    }
}
