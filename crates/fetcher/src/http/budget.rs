//! The pause that a service asked for, shared by all who use the same (application, tenant, API family).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::{MAX_AFTER, jitter};

/// First and longest pause where the service names none.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_mins(2);

/// When requests of one (application, tenant, API family) may go out again.
#[derive(Debug, Default)]
pub(crate) struct Budget(Mutex<Quota>);

#[derive(Debug, Default)]
struct Quota {
    until: Option<Instant>,
    /// Refusals in a row.
    refused: u32,
}

impl Budget {
    /// Waits until the service may be asked again. Those who wait together do not come back together.
    pub(crate) async fn ready(&self) {
        loop {
            let until = self.lock().until;
            let now = Instant::now();
            let Some(until) = until.filter(|until| *until > now) else { return };
            tokio::time::sleep_until(until + jitter((until - now) / 8)).await;
        }
    }

    /// The service refused a request because of their number; `asked` is the pause that it named.
    pub(crate) fn refuse(&self, asked: Option<Duration>) {
        let mut quota = self.lock();
        let own = FIRST.saturating_mul(1 << quota.refused.min(8)).min(LONGEST);
        quota.refused = quota.refused.saturating_add(1);
        // A service that names no time, or none at all, is asked more and more slowly.
        let pause = asked
            .filter(|asked| !asked.is_zero())
            .map_or_else(|| own / 2 + jitter(own / 2), |asked| asked.min(MAX_AFTER));
        let until = Instant::now() + pause;
        quota.until = Some(quota.until.map_or(until, |earlier| earlier.max(until)));
    }

    /// The service answered.
    pub(crate) fn accept(&self) {
        self.lock().refused = 0;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Quota> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
