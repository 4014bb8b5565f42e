//! What an output is: it takes documents, says what became of each, and makes them durable.

use std::time::Duration;

use crate::batch::Batch;
use common::error::Error;

/// A place where documents go. The task around it ([`crate::serve`]) owns acknowledgement, pauses and repetition; an output
/// owns its protocol, and knows nothing of sources.
///
/// - Documents of one data stream arrive in the order in which they are delivered, one delivery after the other.
/// - What is offered again after it was not taken, or only in part, must do no harm where the output can tell.
/// - What was delivered counts only after [`Output::sync`].
pub trait Output: Send {
    /// Delivers the documents of these batches, and says what became of each, in their order.
    fn deliver(&mut self, batches: &[Batch]) -> impl Future<Output = Result<Vec<ItemOutcome>, Undelivered>> + Send;

    /// The batches that were offered last are given up: what comes next are others.
    fn abandon(&mut self) {}

    /// Makes durable what was delivered since the last call.
    fn sync(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What became of one document.
#[derive(Debug, Clone)]
pub enum ItemOutcome {
    /// It is in the output now.
    Created,
    /// It was there before.
    Duplicate,
    /// It is a dead letter.
    Refused,
    /// It is a dead letter, and in the failure store of its data stream.
    Diverted,
    /// It was kept as a dead letter before, in a cycle that failed.
    Known,
    /// It is sent again for a while, then its cycle fails: its data stream may be at fault.
    Held(Error),
    /// It is to be sent again, and why.
    Retry(String),
    /// It cannot be delivered, nor can its cycle.
    Failed(Error),
}

/// Why nothing is known of any document of a delivery.
#[derive(Debug)]
pub enum Undelivered {
    /// The output takes nothing now: the same is offered again, after the pause that it asks for, if it does.
    Busy(Error, Option<Duration>),
    /// The delivery, which has several documents, is offered again in smaller parts.
    TooLarge,
    /// The output will not take the next delivery either.
    Failed(Error),
}
