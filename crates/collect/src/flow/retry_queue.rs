//! What could not be read yet: it is asked for again later, and the cursor goes on.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use common::clock;
use common::error::Error;
use common::health::{Reason, SourceHealth};
use common::http::jitter;
use state::{RetryItem, RetryKind};

/// First and longest time between two attempts, and the first where something is held back until the second one.
const FIRST: Duration = Duration::from_mins(2);
const LONGEST: Duration = Duration::from_hours(6);
const GRACE: Duration = Duration::from_mins(1);
/// Entries that are remembered; beyond, the oldest is given up.
const MAX: usize = 1000;
/// Attempts after which an entry is given up: about a week.
const MAX_ATTEMPTS: u32 = 32;
/// Entries that one cycle asks for again.
const PER_CYCLE: usize = 20;
/// Records that are held back at a time, and their longest text.
const MAX_HELD: usize = 50;
const MAX_HELD_TEXT: usize = 64 * 1024;

/// The retry queue of one source.
#[derive(Debug, Default)]
pub(super) struct RetryQueue {
    entries: Vec<RetryItem>,
    is_changed: bool,
}

/// What failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryKey<'a> {
    pub(super) kind: RetryKind,
    /// Id of the record; of a place, the time at which it begins.
    pub(super) id: &'a str,
    /// Version of the record, if only that one is wanted.
    pub(super) version: &'a str,
}

impl<'a> RetryKey<'a> {
    /// A record, in whatever version.
    pub(super) fn record(id: &'a str) -> Self {
        Self { kind: RetryKind::Record, id, version: "" }
    }

    /// A place in the list.
    pub(super) fn place(from: &'a str) -> Self {
        Self { kind: RetryKind::Place, id: from, version: "" }
    }

    /// What an entry stands for.
    pub(super) fn of(entry: &'a RetryItem) -> Self {
        Self { kind: entry.kind, id: &entry.id, version: &entry.version }
    }
}

impl RetryQueue {
    /// What the state remembers.
    pub(super) fn new(entries: Vec<RetryItem>) -> Self {
        Self { entries, is_changed: false }
    }

    /// Remembers that something could not be read, and says so. `held` is the record without its nested rows, if it is held
    /// back until the next attempt.
    pub(super) fn add(&mut self, health: &SourceHealth, key: RetryKey<'_>, held: Option<String>, error: &Error) {
        let is_held = held.is_some();
        let (entry, given_up) = self.failed(key, held);
        let what = match key.kind {
            RetryKind::Nested | RetryKind::Record => "record",
            RetryKind::Place => "a record at or after",
        };
        let attempts = entry.attempts;
        health.degrade(Reason::HeavyRecord, format_args!("{what} {} ({attempts} attempts): {error}", key.id));
        tracing::warn!(
            tenant = &*health.key().tenant,
            record = key.id,
            kind = ?key.kind,
            reason = %error,
            attempts,
            next = entry.next,
            held = is_held,
            "DEGRADED: a record, or what is nested in it, cannot be read; it is asked for again and the source goes on"
        );
        give_up(health, given_up);
    }

    /// Remembers something that was not asked for, because the cycle ends: it has not failed by itself.
    pub(super) fn postpone(&mut self, health: &SourceHealth, key: RetryKey<'_>) {
        let (_, given_up) = self.failed(key, None);
        give_up(health, given_up);
    }

    /// It failed, perhaps again. Returns what is remembered of it, and what is given up: the same, or the oldest.
    pub(super) fn failed(&mut self, item: RetryKey<'_>, row: Option<String>) -> (RetryItem, Option<RetryItem>) {
        let RetryKey { kind, id, version } = item;
        let earlier = self.take(kind, id).filter(|entry| entry.version == version);
        let attempts = earlier.as_ref().map_or(0, |entry| entry.attempts).saturating_add(1);
        let pause = if row.is_some() && attempts == 1 {
            GRACE
        } else {
            let pause = FIRST.saturating_mul(1 << (attempts - 1).min(16)).min(LONGEST);
            pause + jitter(pause / 4)
        };
        let entry = RetryItem {
            kind,
            id: id.to_owned(),
            version: version.to_owned(),
            attempts,
            next: clock::after(pause),
            row,
            until: earlier.and_then(|entry| entry.until),
        };
        self.is_changed = true;
        if attempts >= MAX_ATTEMPTS {
            return (entry.clone(), Some(entry));
        }
        self.entries.push(entry.clone());
        // What is held back is not delivered yet.
        let oldest = self.entries.iter().position(|entry| entry.row.is_none());
        let given_up = oldest.filter(|_| self.entries.len() > MAX).map(|oldest| self.entries.remove(oldest));
        (entry, given_up)
    }

    /// It need not be read any more. Returns what was remembered of it.
    pub(super) fn take(&mut self, kind: RetryKind, id: &str) -> Option<RetryItem> {
        let place = self.entries.iter().position(|entry| entry.kind == kind && entry.id == id)?;
        self.is_changed = true;
        Some(self.entries.remove(place))
    }

    /// What is remembered.
    pub(super) fn find(&self, kind: RetryKind, id: &str) -> Option<&RetryItem> {
        self.entries.iter().find(|entry| entry.kind == kind && entry.id == id)
    }

    /// The text of a record that may be held back.
    pub(super) fn may_hold(&self, row: &[u8]) -> Option<String> {
        let held = self.entries.iter().filter(|entry| entry.row.is_some()).count();
        (held < MAX_HELD && row.len() <= MAX_HELD_TEXT).then(|| std::str::from_utf8(row).ok().map(str::to_owned))?
    }

    /// A record behind the place was read: the place ends there.
    pub(super) fn close(&mut self, place: &str, until: &str) {
        let entry = self.entries.iter_mut().find(|entry| entry.kind == RetryKind::Place && entry.id == place);
        if let Some(entry) = entry.filter(|entry| entry.until.is_none()) {
            entry.until = Some(until.to_owned());
            self.is_changed = true;
        }
    }

    /// Places that are known to be unreadable, by the times at which they begin.
    pub(super) fn places(&self) -> impl Iterator<Item = &String> {
        self.entries.iter().filter(|entry| entry.kind == RetryKind::Place).map(|entry| &entry.id)
    }

    /// Versions of records that are known to be too heavy for their page.
    pub(super) fn oversized(&self) -> impl Iterator<Item = &String> {
        self.entries.iter().filter(|entry| entry.kind == RetryKind::Nested).map(|entry| &entry.version)
    }

    /// Entries whose time has come.
    pub(super) fn due(&self, now: DateTime<Utc>) -> Vec<RetryItem> {
        // What lies further ahead than any pause was written while this machine's clock was wrong.
        let longest = TimeDelta::from_std(LONGEST * 2).unwrap_or(TimeDelta::days(1));
        let is_due =
            |entry: &&RetryItem| clock::parse(&entry.next).is_none_or(|next| next <= now || next > now + longest);
        self.entries.iter().filter(is_due).take(PER_CYCLE).cloned().collect()
    }

    /// For the state, if anything changed since the last call.
    pub(super) fn take_changed(&mut self) -> Option<Vec<RetryItem>> {
        std::mem::take(&mut self.is_changed).then(|| self.entries.clone())
    }

    /// What is remembered.
    pub(super) fn entries(&self) -> &[RetryItem] {
        &self.entries
    }
}

/// Says that something is not asked for any more.
pub(super) fn give_up(health: &SourceHealth, given_up: Option<RetryItem>) {
    let Some(RetryItem { kind, id, attempts, .. }) = given_up else { return };
    let what = match kind {
        RetryKind::Nested => "nested rows of record",
        RetryKind::Record => "record",
        RetryKind::Place => "a record at or after",
    };
    health.lost(1, format_args!("{what} {id} after {attempts} attempts"));
    tracing::error!(
        tenant = &*health.key().tenant,
        record = id,
        ?kind,
        attempts,
        "DEGRADED: a record, or what is nested in it, is given up"
    );
}
