//! How many requests a cluster takes at the same time, found out by trying: one more while answers come as fast as
//! before, half as many when it is busy or becomes slow. When it is out of reach, everything waits and one request tries.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use common::health::OutputStatus;
use common::http::Backoff;

/// First and longest pause of an output that is out of reach.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// An answer is slow when it takes this many times what is usual, and this much longer.
const SLOW_FACTOR: u32 = 2;
const SLOW_MARGIN: Duration = Duration::from_millis(100);
/// Requests below this size say little about the cluster's speed.
const TELLING: usize = 256 * 1024;

/// The requests of one output.
#[derive(Debug)]
pub(super) struct Limiter {
    state: Mutex<State>,
    changed: Notify,
    max: u32,
    status: Arc<OutputStatus>,
}

#[derive(Debug)]
struct State {
    /// How many may be under way; between whole numbers it is on its way up.
    limit: f64,
    under_way: u32,
    /// No request before.
    gate: Option<Instant>,
    /// Pauses of the failures in a row, and when the first of them was.
    pauses: Backoff,
    failing_since: Option<Instant>,
    /// Usual time of an answer.
    usual: Option<Duration>,
    /// No second reduction before: what was under way then says the same.
    reduced_until: Option<Instant>,
}

/// Leave to send one request.
#[derive(Debug)]
pub(super) struct Slot {
    limiter: Arc<Limiter>,
    started: Instant,
    /// Every slot was taken: the limit is what holds the output back.
    crowded: bool,
}

impl Limiter {
    pub(super) fn new(max: u32, status: Arc<OutputStatus>) -> Self {
        let state = State {
            limit: 1.0,
            under_way: 0,
            gate: None,
            pauses: Backoff::endless(FIRST_PAUSE, LONGEST_PAUSE),
            failing_since: None,
            usual: None,
            reduced_until: None,
        };
        status.concurrency.store(1, Ordering::Relaxed);
        Self { state: Mutex::new(state), changed: Notify::new(), max, status }
    }

    /// Waits for leave. Giving up the wait costs nothing.
    pub(super) async fn slot(self: &Arc<Self>) -> Slot {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            let wait_until = {
                let mut state = self.lock();
                let now = Instant::now();
                let gate = state.gate.filter(|gate| *gate > now);
                let whole = state.whole_limit();
                if gate.is_none() && state.under_way < whole {
                    state.under_way += 1;
                    self.status.in_flight.store(state.under_way, Ordering::Relaxed);
                    let crowded = state.under_way >= whole;
                    return Slot { limiter: Arc::clone(self), started: now, crowded };
                }
                gate
            };
            match wait_until {
                Some(gate) => tokio::select! {
                    () = tokio::time::sleep_until(gate) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// How long the output has been out of reach.
    pub(super) fn failing_for(&self) -> Option<Duration> {
        self.lock().failing_since.map(|since| since.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and a small maximum")]
    fn whole_limit(&self) -> u32 {
        self.limit as u32
    }

    fn halve(&mut self, now: Instant) {
        if self.reduced_until.is_none_or(|until| until <= now) {
            self.limit = (self.limit / 2.0).max(1.0);
            self.reduced_until = Some(now + self.usual.unwrap_or_default());
        }
    }
}

impl Slot {
    /// The cluster answered a request of this size; `busy` if it did not take all of it because of its load.
    pub(super) fn answered(self, size: usize, busy: bool) {
        let limiter = Arc::clone(&self.limiter);
        let mut state = limiter.lock();
        let now = Instant::now();
        let took = now - self.started;
        state.pauses.reset();
        (state.failing_since, state.gate) = (None, None);
        let slow = size >= TELLING && state.usual.is_some_and(|usual| took > usual * SLOW_FACTOR + SLOW_MARGIN);
        if size >= TELLING {
            state.usual = Some(state.usual.map_or(took, |usual| (usual * 7 + took) / 8));
        }
        if busy || slow {
            state.halve(now);
        } else if self.crowded {
            state.limit = (state.limit + 1.0 / state.limit).min(f64::from(limiter.max));
        }
        limiter.status.concurrency.store(state.whole_limit(), Ordering::Relaxed);
    }

    /// The cluster took nothing and is to be left alone for a while: as long as it `asked` for, or longer and longer.
    pub(super) fn failed(self, asked: Option<Duration>) {
        let limiter = Arc::clone(&self.limiter);
        let mut state = limiter.lock();
        let now = Instant::now();
        state.halve(now);
        limiter.status.concurrency.store(state.whole_limit(), Ordering::Relaxed);
        // Requests that were under way together fail together, and count once.
        if state.gate.is_some_and(|gate| gate > now) {
            return;
        }
        state.failing_since.get_or_insert(now);
        let pause = state.pauses.pause(asked).min(LONGEST_PAUSE);
        state.gate = Some(now + pause);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.limiter.lock();
        state.under_way -= 1;
        self.limiter.status.in_flight.store(state.under_way, Ordering::Relaxed);
        drop(state);
        self.limiter.changed.notify_waiters();
    }
}
