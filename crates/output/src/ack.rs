//! Exact acknowledgement: what is still under way of one cycle of one source, however its documents were put together
//! with those of others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use common::error::Error;

/// The documents of one cycle on their way.
#[derive(Debug, Default)]
pub struct AckGroup(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Tokens that are out.
    pending: usize,
    /// Why not everything could be delivered, if so.
    failure: Option<Error>,
    waiter: Option<oneshot::Sender<Result<(), Error>>>,
}

impl AckGroup {
    pub(crate) fn failure(&self) -> Option<Error> {
        self.lock().failure.clone()
    }

    /// A share of the cycle's documents sets out.
    pub(crate) fn token(self: &Arc<Self>) -> AckToken {
        self.lock().pending += 1;
        AckToken { group: Arc::clone(self), arrived: false }
    }

    /// Answers when nothing is under way any more.
    pub fn answer(&self, reply: oneshot::Sender<Result<(), Error>>) {
        let mut inner = self.lock();
        inner.waiter = Some(reply);
        inner.answer_if_idle();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn answer_if_idle(&mut self) {
        if self.pending == 0
            && let Some(waiter) = self.waiter.take()
        {
            // Nobody waits any more when the source was stopped.
            let _ = waiter.send(self.failure.clone().map_or(Ok(()), Err));
        }
    }
}

/// A share of a cycle's documents. One that is dropped without having arrived fails its cycle: forgetting it cannot look
/// like success.
#[derive(Debug)]
pub(crate) struct AckToken {
    group: Arc<AckGroup>,
    arrived: bool,
}

impl AckToken {
    /// Everything of this share is in the output, or kept as a dead letter.
    pub(crate) fn arrived(mut self) {
        self.arrived = true;
    }

    /// It will not arrive.
    pub(crate) fn fail(self, error: Error) {
        self.group.lock().failure.get_or_insert(error);
    }

    /// The cycle has failed already: what it still sends is fetched again.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.group.lock().failure.is_some()
    }

    /// The source waits for the rest of its documents.
    pub(crate) fn is_awaited(&self) -> bool {
        self.group.lock().waiter.is_some()
    }

    /// A second token for a part of this share.
    pub(crate) fn split(&self) -> Self {
        self.group.token()
    }
}

impl Drop for AckToken {
    fn drop(&mut self) {
        let mut inner = self.group.lock();
        if !self.arrived {
            inner.failure.get_or_insert_with(|| Error::Io("the output stopped before it took everything".to_owned()));
        }
        inner.pending -= 1;
        inner.answer_if_idle();
    }
}
