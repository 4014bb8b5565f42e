//! Records whose nested rows could not be read yet: they are asked for again later, and the cursor goes on.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::clock;
use crate::http::jitter;
use crate::state::Retry;

/// First and longest time between two attempts.
const FIRST: Duration = Duration::from_mins(2);
const LONGEST: Duration = Duration::from_hours(6);
/// Records that are remembered; beyond, the oldest is given up.
const MAX: usize = 1000;
/// Attempts after which a record is given up: about a week.
const MAX_ATTEMPTS: u32 = 32;
/// Records that one cycle asks for again.
const PER_CYCLE: usize = 20;

/// The retry ledger of one source.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Vec<Retry>,
    is_changed: bool,
}

impl Ledger {
    /// What the state remembers.
    pub(super) fn new(entries: Vec<Retry>) -> Self {
        Self { entries, is_changed: false }
    }

    /// This version of the record failed, perhaps again. Returns what is remembered of it, and a record that is given
    /// up: the same one, or the oldest.
    pub(super) fn failed(&mut self, id: &str, version: &str) -> (Retry, Option<Retry>) {
        let earlier = self.take(id).filter(|entry| entry.version == version);
        let attempts = earlier.map_or(0, |entry| entry.attempts).saturating_add(1);
        let pause = FIRST.saturating_mul(1 << (attempts - 1).min(16)).min(LONGEST);
        let next = clock::after(pause + jitter(pause / 4));
        let entry = Retry { id: id.to_owned(), version: version.to_owned(), attempts, next };
        self.is_changed = true;
        if attempts >= MAX_ATTEMPTS {
            return (entry.clone(), Some(entry));
        }
        self.entries.push(entry.clone());
        let given_up = (self.entries.len() > MAX).then(|| self.entries.remove(0));
        (entry, given_up)
    }

    /// Nothing is owed for the record any more. Returns what was.
    pub(super) fn take(&mut self, id: &str) -> Option<Retry> {
        let place = self.entries.iter().position(|entry| entry.id == id)?;
        self.is_changed = true;
        Some(self.entries.remove(place))
    }

    /// What was remembered of the record, if it is this version.
    pub(super) fn holds(&self, id: &str, version: &str) -> bool {
        self.entries.iter().any(|entry| entry.id == id && entry.version == version)
    }

    /// Records whose time has come.
    pub(super) fn due(&self, now: DateTime<Utc>) -> Vec<Retry> {
        let is_due = |entry: &&Retry| DateTime::parse_from_rfc3339(&entry.next).is_ok_and(|next| next <= now);
        self.entries.iter().filter(is_due).take(PER_CYCLE).cloned().collect()
    }

    /// For the state, if anything changed since the last call.
    pub(super) fn take_changed(&mut self) -> Option<Vec<Retry>> {
        std::mem::take(&mut self.is_changed).then(|| self.entries.clone())
    }

    /// What is remembered.
    pub(super) fn entries(&self) -> &[Retry] {
        &self.entries
    }
}
