//! The order to stop, as a source hears it: where it waits for others, never in the middle of a record. What it has read by
//! then is delivered and committed like that of any cycle that breaks off.

use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// Waits for `work`, and returns [`Error::Stopped`] where the order comes first.
pub async fn unless_stopped<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Result<T, Error> {
    stop.run_until_cancelled(work).await.ok_or(Error::Stopped)
}
