//! What one bulk request carries: batches of one or several sources, each with the token of its cycle.

use std::collections::VecDeque;

use super::body::framed_size;
use crate::batch::{Batch, Item, Settled};
use crate::output::ItemOutcome;
use common::error::Error;
use common::health::Receipt;

/// A request is sent when its body reaches this size.
pub(super) const REQUEST_BYTES: usize = 1024 * 1024;

/// Documents that are still to be sent.
#[derive(Debug)]
pub(super) struct BulkRequest(Vec<Batch>);

impl BulkRequest {
    /// Takes batches from the queue up to the bytes and documents of a request; `None` if it holds nothing that is still
    /// wanted.
    pub(super) fn take(queue: &mut VecDeque<Batch>, limit: usize, max_documents: usize) -> Option<Self> {
        let target = REQUEST_BYTES.min(limit);
        let (mut batches, mut size, mut room): (Vec<Batch>, usize, usize) = (Vec::new(), 0, max_documents.max(1));
        while room > 0
            && let Some(mut batch) = queue.pop_front()
        {
            if batch.is_cancelled() {
                drop(batch.recycle());
                continue;
            }
            if batch.entries().len() > room {
                queue.push_front(batch.split_off(room));
            }
            let own = framed_size(std::slice::from_ref(&batch));
            if !batches.is_empty() && size + own > target {
                queue.push_front(batch);
                break;
            }
            room -= batch.entries().len();
            size += own;
            batches.push(batch);
        }
        (!batches.is_empty()).then_some(Self(batches))
    }

    /// What is to be delivered.
    pub(super) fn batches(&self) -> &[Batch] {
        &self.0
    }

    /// Bytes of the body, before compression.
    pub(super) fn size(&self) -> usize {
        framed_size(&self.0)
    }

    /// Bytes of the documents that are to be sent again.
    pub(super) fn size_left(&self, outcomes: &[ItemOutcome]) -> usize {
        let is_left = |outcome: &ItemOutcome| matches!(outcome, ItemOutcome::Retry(_) | ItemOutcome::Held(_));
        Item::of(&self.0).zip(outcomes).filter(|(_, outcome)| is_left(outcome)).map(|(item, _)| item.entry.size()).sum()
    }

    /// Bytes that may be under way to its output.
    pub(super) fn most_under_way(&self) -> usize {
        self.0.first().map_or(0, Batch::most_under_way)
    }

    /// All sources have sent everything of their cycles.
    pub(super) fn is_awaited(&self) -> bool {
        self.0.iter().all(Batch::is_awaited)
    }

    /// Goes on with the documents that are to be sent again, given the outcome of each. Adds to the receipt what became of
    /// the others.
    pub(super) fn settle(self, outcomes: &[ItemOutcome], receipt: &mut Receipt) -> Option<Self> {
        let (mut left, mut rest) = (Vec::new(), outcomes);
        for batch in self.0 {
            let (own, others) = rest.split_at_checked(batch.entries().len()).unwrap_or((rest, &[]));
            rest = others;
            match batch.settle(own, receipt) {
                Settled::Arrived(token) => token.arrived(),
                Settled::Left(batch) => left.push(batch),
                Settled::Failed => {}
            }
        }
        (!left.is_empty()).then_some(Self(left))
    }

    /// Halves of it, by the number of documents; whole again if there is only one.
    pub(super) fn split(self) -> Result<(Self, Self), Self> {
        let count: usize = self.0.iter().map(|batch| batch.entries().len()).sum();
        if count < 2 {
            return Err(self);
        }
        let (mut first, mut second, mut left) = (Vec::new(), Vec::new(), count / 2);
        for mut batch in self.0 {
            let own = batch.entries().len();
            if own <= left {
                left -= own;
                first.push(batch);
            } else if left > 0 {
                let rest = batch.split_off(left);
                left = 0;
                first.push(batch);
                second.push(rest);
            } else {
                second.push(batch);
            }
        }
        Ok((Self(first), Self(second)))
    }

    /// The sources of the documents that are to be sent again hear why.
    pub(super) fn blocked(&self, said: &str) {
        for batch in &self.0 {
            batch.blocked(&said);
        }
    }

    /// Nothing of it can be delivered.
    pub(super) fn fail(self, error: &Error) {
        for batch in self.0 {
            batch.fail(error.clone());
        }
    }
}
