//! The clock that decides what is visible.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// The simulator's clock. Real time until set; once set it stands still until it is moved. Records that change later than
/// its time are not visible yet. Clones share one clock. Tokens expire by the system's time, whatever this clock shows.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<Mutex<Hands>>);

#[derive(Debug, Clone, Copy, Default)]
struct Hands {
    /// Where real time comes from; the system if nowhere.
    source: Option<fn() -> DateTime<Utc>>,
    set: Option<DateTime<Utc>>,
    /// How far the services' clock is ahead.
    skew: TimeDelta,
}

impl Clock {
    /// The current time of the tenant.
    pub fn now(&self) -> DateTime<Utc> {
        let hands = *self.lock();
        let time = hands.set.unwrap_or_else(|| hands.real());
        time.checked_add_signed(hands.skew).unwrap_or(time)
    }

    /// Takes real time from `source`: a test whose wall time is not the system's hands its own over.
    pub fn follow(&self, source: fn() -> DateTime<Utc>) {
        self.lock().source = Some(source);
    }

    /// The services' clock is ahead of the real one (behind when negative): what is visible, and the `Date` header.
    pub fn skew(&self, by: TimeDelta) {
        self.lock().skew = by;
    }

    /// What the `Date` header says, when it is not the system's time.
    pub(crate) fn own_date(&self) -> Option<DateTime<Utc>> {
        let hands = *self.lock();
        let is_the_systems = hands.skew.is_zero() && hands.source.is_none();
        if is_the_systems { None } else { hands.real().checked_add_signed(hands.skew) }
    }

    /// Stops the clock at `time`; `None` returns to real time.
    pub fn set(&self, time: impl Into<Option<DateTime<Utc>>>) {
        self.lock().set = time.into();
    }

    /// Moves the clock by `by` (backwards when negative) and stops it there.
    pub fn advance(&self, by: TimeDelta) {
        let mut hands = self.lock();
        let now = hands.set.unwrap_or_else(|| hands.real());
        hands.set = Some(now.checked_add_signed(by).unwrap_or(now));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hands {
    fn real(&self) -> DateTime<Utc> {
        self.source.map_or_else(real, |source| source())
    }
}

/// The system's time, for the clock and for what the services stamp themselves.
#[expect(clippy::disallowed_methods, reason = "this is where the crate reads the time")]
pub(crate) fn real() -> DateTime<Utc> {
    Utc::now()
}
