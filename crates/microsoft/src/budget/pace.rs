//! A pace that keeps below a service's limits per minute and per hour.

use std::time::Duration;

use tokio::time::Instant;

/// Parts of a window. One more than a window has, so that a request counts at least as long as the service counts it.
const PARTS: usize = 61;
/// Share of a limit that is used at first, in percent: the service's clock is not ours.
const FULL: u32 = 95;
/// What is left of the share after a refusal, and the least that is: somebody else uses the quota too.
const LESS: u32 = 70;
const LEAST: u32 = 10;
/// Time without a refusal after which the share grows by a step.
const GROWS: Duration = Duration::from_mins(2);
const STEP: u32 = 5;

/// Counts requests over the last minute, and over the last hour where that is limited too.
#[derive(Debug)]
pub(super) struct Pace {
    minute: Window,
    hour: Option<Box<Window>>,
    share: u32,
    /// Last refusal, or last growth after it.
    changed: Option<Instant>,
}

impl Pace {
    pub(super) fn new(limit: schema::Limit) -> Self {
        let window = |limit: u16, part| Window { limit: limit.into(), part, start: None, head: 0, counts: [0; PARTS] };
        Self {
            minute: window(limit.per_minute, Duration::from_secs(1)),
            hour: limit.per_hour.map(|limit| Box::new(window(limit, Duration::from_mins(1)))),
            share: FULL,
            changed: None,
        }
    }

    /// Counts a request, or says how long there is no room for one.
    pub(super) fn take(&mut self, now: Instant) -> Option<Duration> {
        let Self { minute, hour, share, .. } = self;
        let pause = minute.wait(now, *share).max(hour.as_mut().and_then(|hour| hour.wait(now, *share)));
        if pause.is_none() {
            minute.count();
            if let Some(hour) = hour {
                hour.count();
            }
        }
        pause
    }

    /// The service refused: the quota is smaller than it says, or others have a part of it.
    pub(super) fn refused(&mut self, now: Instant) {
        // Requests that were on their way together are refused together.
        if self.changed.is_none_or(|changed| now - changed > Duration::from_secs(1)) {
            self.share = (self.share * LESS / 100).max(LEAST);
        }
        self.changed = Some(now);
    }

    /// The service answered.
    pub(super) fn accepted(&mut self, now: Instant) {
        if self.changed.is_some_and(|changed| now - changed >= GROWS) {
            self.share = (self.share + STEP).min(FULL);
            self.changed = (self.share < FULL).then_some(now);
        }
    }
}

/// Requests by parts of a window that moves with time.
#[derive(Debug)]
struct Window {
    limit: u32,
    part: Duration,
    /// When the newest part began.
    start: Option<Instant>,
    head: usize,
    counts: [u16; PARTS],
}

impl Window {
    /// How long there is no room, if there is none.
    fn wait(&mut self, now: Instant, share: u32) -> Option<Duration> {
        self.move_to(now);
        let room = (self.limit * share / 100).max(1);
        let total: u32 = self.counts.iter().map(|count| u32::from(*count)).sum();
        if total < room {
            return None;
        }
        // The oldest part that holds something leaves first.
        let age = (0..PARTS).rev().find(|age| self.counts[(self.head + PARTS - age) % PARTS] > 0)?;
        let steps = u32::try_from(PARTS - age).unwrap_or(u32::MAX);
        let leaves = self.start? + self.part * steps;
        Some(leaves.saturating_duration_since(now).max(Duration::from_millis(1)))
    }

    fn count(&mut self) {
        self.counts[self.head] = self.counts[self.head].saturating_add(1);
    }

    fn move_to(&mut self, now: Instant) {
        let start = *self.start.get_or_insert(now);
        let steps = now.saturating_duration_since(start).as_secs() / self.part.as_secs().max(1);
        for _ in 0..steps.min(PARTS as u64) {
            self.head = (self.head + 1) % PARTS;
            self.counts[self.head] = 0;
        }
        self.start = Some(start + self.part * u32::try_from(steps).unwrap_or(u32::MAX));
    }
}
