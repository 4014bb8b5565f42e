//! The clock that decides what is visible.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// The simulator's clock. Real time until set; once set it stands still until it is moved. Records that change later than
/// its time are not visible yet. Clones share one clock. Tokens expire by real time, whatever this clock shows.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<Mutex<Option<DateTime<Utc>>>>);

impl Clock {
    /// The current time of the tenant.
    pub fn now(&self) -> DateTime<Utc> {
        self.lock().unwrap_or_else(real)
    }

    /// Stops the clock at `time`; `None` returns to real time.
    pub fn set(&self, time: impl Into<Option<DateTime<Utc>>>) {
        *self.lock() = time.into();
    }

    /// Moves the clock by `by` (backwards when negative) and stops it there.
    pub fn advance(&self, by: TimeDelta) {
        let mut time = self.lock();
        let now = time.unwrap_or_else(real);
        *time = Some(now.checked_add_signed(by).unwrap_or(now));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Real time, for the clock and for what the services stamp themselves.
#[expect(clippy::disallowed_methods, reason = "this is where the crate reads the time")]
pub(crate) fn real() -> DateTime<Utc> {
    Utc::now()
}
