//! The service's clock, as the `Date` of its answers tells it. The times of records are measured by it: this machine's
//! clock may be wrong by any amount, and data may claim anything.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use reqwest::header::{DATE, HeaderMap};
use tokio::time::Instant;

/// Answers that are remembered. A single one whose `Date` jumps is outvoted.
const ANSWERS: usize = 7;
/// A `Date` that is later than the earlier ones let expect by more than this has jumped.
const JUMP: TimeDelta = TimeDelta::seconds(60);
/// A `Date` before or after these years comes from a clock that was never set.
const YEARS: std::ops::Range<i32> = 2020..9999;

/// The time as the last answers told it.
#[derive(Debug, Default)]
pub struct ServiceClock(Mutex<VecDeque<Heard>>);

#[derive(Debug, Clone, Copy)]
struct Heard {
    date: DateTime<Utc>,
    /// When it came, by two clocks: one may be set, the other one stands still while the machine sleeps.
    wall: DateTime<Utc>,
    at: Instant,
}

/// The `Date` of an answer, if it is one.
pub fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date = super::parse(headers.get(DATE)?.to_str().ok()?)?;
    YEARS.contains(&date.year()).then_some(date)
}

impl ServiceClock {
    /// An answer came with this `Date`.
    pub fn note(&self, date: DateTime<Utc>) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.truncate(ANSWERS - 1);
        heard.push_front(Heard { date, wall: super::now(), at: Instant::now() });
    }

    /// The service has told its time.
    pub fn is_known(&self) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The service's time now; this machine's as long as no answer has told it.
    pub fn now(&self) -> DateTime<Utc> {
        self.expected().map_or_else(super::now, |(by_wall, by_span)| by_wall.min(by_span))
    }

    /// When an answer with this `Date` was made. A `Date` that has jumped ahead is not believed at once: records up to
    /// there would count as read.
    pub fn of_answer(&self, date: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let expected = self.expected();
        match (date, expected) {
            (Some(date), Some((by_wall, by_span))) => {
                let latest = by_wall.max(by_span);
                if date - latest > JUMP { latest } else { date }
            }
            (Some(date), None) => date,
            (None, _) => self.now(),
        }
    }

    /// How far this machine's clock is ahead of the service's.
    pub fn ahead(&self) -> Option<TimeDelta> {
        self.is_known().then(|| super::now() - self.now())
    }

    /// The time that most answers let expect now, by this machine's clock and by the time that has passed.
    fn expected(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, at) = (super::now(), Instant::now());
        let by_wall = heard.iter().map(|heard| heard.date + (wall - heard.wall));
        let passed = |since: Instant| TimeDelta::from_std(at.saturating_duration_since(since)).unwrap_or_default();
        let by_span = heard.iter().map(|heard| heard.date + passed(heard.at));
        Some((middle(by_wall.collect())?, middle(by_span.collect())?))
    }
}

/// The middle one, of two the earlier.
fn middle(mut times: Vec<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}
