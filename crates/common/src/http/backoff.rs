//! Growing pauses between attempts.

use std::time::Duration;

/// Longest pause that a service can ask for.
pub const MAX_AFTER: Duration = Duration::from_mins(15);

/// The pauses of one operation: doubling, with jitter, a given number of times.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    pause: Duration,
    max: Duration,
    /// Repetitions that are left; without bound if `None`.
    left: Option<u32>,
}

impl Backoff {
    /// `attempts` counts the repetitions, not the first attempt.
    pub fn new(first: Duration, max: Duration, attempts: u32) -> Self {
        Self { first, pause: first, max, left: Some(attempts) }
    }

    /// Pauses of an operation that is repeated until it succeeds.
    pub fn endless(first: Duration, max: Duration) -> Self {
        Self { first, pause: first, max, left: None }
    }

    /// The operation succeeded: the next pause is the first one again.
    pub fn reset(&mut self) {
        self.pause = self.first;
    }

    /// The pause before the next attempt, or `None` when there is none left. What the service asked for goes first.
    pub fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        Some(self.pause(asked))
    }

    /// The next pause, however many there were. What the service asked for goes first.
    pub fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(self.max);
        // Between half and the whole of the pause, so that sources that failed together do not come back together.
        asked.map_or_else(|| pause / 2 + jitter(pause / 2), |asked| asked.min(MAX_AFTER))
    }
}

/// A random part of a time span. A test that seeds `fastrand` gets the same parts again.
pub fn jitter(span: Duration) -> Duration {
    span.saturating_mul(fastrand::u32(..1024)) / 1024
}
