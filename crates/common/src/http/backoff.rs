//! Growing pauses between attempts.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Longest pause that a service can ask for.
pub const MAX_AFTER: Duration = Duration::from_mins(15);

/// The pauses of one operation: doubling, with jitter, a given number of times.
#[derive(Debug)]
pub struct Backoff {
    pause: Duration,
    max: Duration,
    left: u32,
}

impl Backoff {
    /// `attempts` counts the repetitions, not the first attempt.
    pub fn new(first: Duration, max: Duration, attempts: u32) -> Self {
        Self { pause: first, max, left: attempts }
    }

    /// The pause before the next attempt, or `None` when there is none left. What the service asked for goes first.
    pub fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let pause = self.pause;
        self.pause = (pause * 2).min(self.max);
        if let Some(asked) = asked {
            return Some(asked.min(MAX_AFTER));
        }
        // Between half and the whole of the pause, so that sources that failed together do not come back together.
        Some(pause / 2 + jitter(pause / 2))
    }
}

/// A random part of a time span.
pub fn jitter(span: Duration) -> Duration {
    let share = u32::try_from(RandomState::new().hash_one(0_u8) % 1024).unwrap_or_default();
    span.saturating_mul(share) / 1024
}
