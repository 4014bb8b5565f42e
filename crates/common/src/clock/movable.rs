//! The clock of tests: wall time that moves with tokio's clock.
//!
//! Wall time is read in some thirty places that have nothing else in common: constructors, log lines, blocking work on the
//! state. A clock handed down to all of them would be a parameter of nearly every function. tokio's clock is not handed
//! down either, it belongs to the runtime; so a test sets the wall time of its runtime once, and from then on both are one:
//! they move with `tokio::time::advance`, and by themselves in a paused runtime, where nothing waits in real time. A test
//! that also seeds what is drawn by chance runs alike every time.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

/// The runtimes whose clock is set.
static CLOCKS: Mutex<Vec<Clock>> = Mutex::new(Vec::new());

/// The clock of one runtime.
#[derive(Debug, Clone, Copy)]
struct Clock {
    runtime: Id,
    /// The wall time at a moment of tokio's clock.
    wall: DateTime<Utc>,
    at: Instant,
}

/// Sets the wall time of the runtime that this is called in. Other runtimes keep theirs.
pub fn set(wall: DateTime<Utc>) {
    let clock = Clock { runtime: Handle::current().id(), wall, at: Instant::now() };
    let mut clocks = CLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    clocks.retain(|other| other.runtime != clock.runtime);
    clocks.push(clock);
}

/// The wall time, where it is set.
pub(super) fn now() -> Option<DateTime<Utc>> {
    let runtime = Handle::try_current().ok()?.id();
    let clocks = CLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    let clock = clocks.iter().find(|clock| clock.runtime == runtime)?;
    let passed = TimeDelta::from_std(clock.at.elapsed()).ok()?;
    clock.wall.checked_add_signed(passed)
}
