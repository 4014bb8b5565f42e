//! Watchdogs: what no single error shows.

use std::time::Duration;

use tokio::time::Instant;

use super::{Health, Reason, SourceHealth, SourceStatus, locked};

/// Cycles in a row that must look wrong.
const CYCLES: u32 = 5;
/// Intervals without a success, and the least time, after which a source is silent: longer than any pause that a
/// service may ask for.
const INTERVALS: u32 = 5;
const SILENT: Duration = Duration::from_mins(20);
/// Time without a page because of throttling.
const THROTTLED: Duration = Duration::from_mins(15);

/// A short history of a source's cycles.
#[derive(Debug, Default)]
pub(super) struct Cycles {
    created: u64,
    duplicates: u64,
    newest: Option<String>,
    stuck: u32,
    repeating: u32,
}

/// Totals at the end of a cycle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// The window was read to its end.
    pub(super) whole: bool,
    pub(super) created: u64,
    pub(super) duplicates: u64,
}

impl Cycles {
    /// Total at the end of the last cycle.
    pub(super) fn created(&self) -> u64 {
        self.created
    }

    /// Looks at a cycle; for each reason that is decided: its text, or that it does not hold.
    pub(super) fn cycle(&mut self, ended: Ended, newest: Option<String>) -> Vec<(Reason, Option<String>)> {
        let created = ended.created.saturating_sub(self.created);
        let duplicates = ended.duplicates.saturating_sub(self.duplicates);
        let moved = self.newest != newest;
        (self.created, self.duplicates, self.newest) = (ended.created, ended.duplicates, newest);
        if !ended.whole {
            return Vec::new();
        }
        self.stuck = if created > 0 && !moved { self.stuck + 1 } else { 0 };
        self.repeating = if created == 0 && duplicates > 0 { self.repeating + 1 } else { 0 };
        let stuck = format!("{} cycles brought new records without moving the cursor", self.stuck);
        let repeating = format!("{} cycles brought nothing but records that the output has already", self.repeating);
        vec![
            (Reason::Stuck, (self.stuck >= CYCLES).then_some(stuck)),
            (Reason::Repeating, (self.repeating >= CYCLES).then_some(repeating)),
        ]
    }
}

impl Health {
    /// Looks for sources that went silent; to be called twice a minute or so.
    pub fn watch(&self) {
        for source in self.sources() {
            source.watch();
        }
    }
}

impl SourceHealth {
    fn watch(&self) {
        let now = Instant::now();
        let mut status = locked(&self.status);
        if let Some(text) = self.silence(&status, now) {
            self.set(&mut status, Reason::Silent, &text);
        } else {
            self.clear(&mut status, Reason::Silent);
        }
        if let Some(since) = status.throttled_since.filter(|since| now - *since >= THROTTLED) {
            let text = format!("no page for {} min because of throttling", (now - since).as_secs() / 60);
            self.set(&mut status, Reason::ThrottledLong, &text);
        }
    }

    fn silence(&self, status: &SourceStatus, now: Instant) -> Option<String> {
        let since = status.last_progress.unwrap_or(status.added);
        // Why nothing comes is known, and told.
        let is_told = [Reason::OutputBlocked, Reason::Configuration, Reason::FormerConfiguration];
        if status.throttled_since.is_some() || is_told.iter().any(|reason| status.reasons.0.contains_key(reason)) {
            return None;
        }
        let quiet = now.saturating_duration_since(since);
        (quiet >= (Duration::from_millis(self.interval.get()) * INTERVALS).max(SILENT))
            .then(|| format!("no page and no cycle succeeded for {} min", quiet.as_secs() / 60))
    }
}
