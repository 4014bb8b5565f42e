//! Writes down how far a source has come, when the output has acknowledged everything up to there.

use std::sync::Arc;

use super::kinds::Kind;
use super::outbox::Outbox;
use super::retry_queue::RetryQueue;
use common::error::Error;
use common::health::{Reason, SourceHealth};
use output::dead_letters::DeadLetters;
use state::{DatasetUpdate, EndpointState, Progress, StateUpdate};

/// Documents between two checkpoints of a window, and of all sources together: each holds their ids.
pub(super) const CHECKPOINT: usize = if cfg!(test) { 50 } else { 10_000 };
const CHECKPOINT_ALL: usize = 200_000;

/// What the state says of a source's datasets, and what it is told.
#[derive(Debug)]
pub(super) struct Committer {
    state: EndpointState,
    health: Arc<SourceHealth>,
    dead: Arc<DeadLetters>,
    /// What the state says of the datasets, in their order.
    stored: Vec<Progress>,
    /// What the last cycle read was acknowledged, and the state says so.
    is_delivered: bool,
    /// The state's cursor was moved in this cycle, trusting the order of the records.
    cursor_advanced: bool,
}

impl Committer {
    /// Before the first cycle.
    pub(super) fn new(state: EndpointState, health: Arc<SourceHealth>, dead: Arc<DeadLetters>) -> Self {
        Self { state, health, dead, stored: Vec::new(), is_delivered: true, cursor_advanced: false }
    }

    /// A cycle begins with this progress of the datasets. Whether everything that the last one read was written down.
    pub(super) fn begin(&mut self, stored: Vec<Progress>) -> bool {
        self.stored = stored;
        self.cursor_advanced = false;
        self.is_delivered
    }

    /// After enough documents in a long window: makes them durable, so that a crash does not start over, and ids need not
    /// wait in memory.
    pub(super) async fn checkpoint(
        &mut self,
        kind: &(dyn Kind + Send + Sync),
        retry_queue: &mut RetryQueue,
        outbox: &mut Outbox,
    ) -> Result<(), Error> {
        // The order turned out to be another one: the cursor goes back before anything else.
        let is_wrong = self.cursor_advanced && !kind.facts().is_ordered;
        if is_wrong || outbox.is_full_of_ids(CHECKPOINT_ALL, CHECKPOINT).await? {
            return self.deliver(kind, retry_queue, outbox, false).await;
        }
        Ok(())
    }

    /// Waits for the output to acknowledge what was read, and writes that down. `is_whole` says that the window was read to
    /// its end.
    pub(super) async fn deliver(
        &mut self,
        kind: &(dyn Kind + Send + Sync),
        retry_queue: &mut RetryQueue,
        outbox: &mut Outbox,
        is_whole: bool,
    ) -> Result<(), Error> {
        self.is_delivered = false;
        outbox.flush().await.inspect_err(|error| self.health.degrade(Reason::OutputBlocked, error))?;
        self.health.recover(Reason::OutputBlocked);
        self.dead.sync()?;
        self.commit(kind, retry_queue, outbox, is_whole).await?;
        self.is_delivered = true;
        Ok(())
    }

    /// Everything that was read is in the output: remembers the ids and the retry queue, in one step with the progress.
    async fn commit(
        &mut self,
        kind: &(dyn Kind + Send + Sync),
        retry_queue: &mut RetryQueue,
        outbox: &mut Outbox,
        is_whole: bool,
    ) -> Result<(), Error> {
        let now = common::clock::timestamp();
        let mut update = StateUpdate { retry: retry_queue.take_changed(), ..StateUpdate::default() };
        let progress = kind.progress();
        for (dataset, (seen, stored)) in outbox.datasets_mut().zip(&mut self.stored).enumerate() {
            let delivered = seen.take_pending();
            let is_new = progress.replace(dataset, stored)?;
            if is_whole {
                stored.last_success = Some(now.clone());
            }
            if !delivered.is_empty() {
                stored.last_new = Some(now.clone());
            }
            if let Some(newest) = &stored.cursor {
                self.health.seen(newest);
            }
            let progress = stored.clone();
            if is_new || !delivered.is_empty() {
                let update_of_dataset = DatasetUpdate { progress: Some(progress), delivered };
                update.datasets.insert(seen.dataset().to_owned(), update_of_dataset);
            } else {
                self.state.set_lazy(seen.dataset(), progress).await?;
            }
        }
        let facts = kind.facts();
        self.cursor_advanced = facts.is_live && (facts.is_ordered || is_whole);
        self.state.commit(update).await?;
        self.health.retry_queue(retry_queue.entries().len());
        Ok(())
    }
}
