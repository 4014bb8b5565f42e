//! The order to stop, as a source hears it: where it waits for others, never in the middle of a record.

use tokio::sync::watch;

use crate::error::Error;

/// Tells a source to stop. It hears it while it waits for the service, for a token, or for time to pass; what it has read
/// by then is delivered and committed like that of any cycle that breaks off.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// The order comes through this channel; a closed one orders it too.
    pub fn new(order: watch::Receiver<bool>) -> Self {
        Self(order)
    }

    /// It is ordered.
    pub fn is_ordered(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits for the order.
    pub async fn ordered(&self) {
        // An error is the closed channel.
        let _ = self.0.clone().wait_for(|stop| *stop).await;
    }

    /// What `work` gives, unless the order comes first.
    pub async fn unless<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        if self.is_ordered() {
            return Err(Error::Stopped);
        }
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.ordered() => Err(Error::Stopped),
        }
    }
}
