//! How far a dataset has come in a cycle, and where the next one starts.

use std::cmp::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};

use crate::clock;
use crate::state::Progress;

/// A record that claims to have changed this long after now does not move the cursor: nothing would be read until then.
const MAX_AHEAD: TimeDelta = TimeDelta::hours(24);

/// The cursor of one dataset: where its cycle starts and where the next one will.
#[derive(Debug)]
pub(super) struct Cursor {
    /// What the state holds.
    stored: Progress,
    /// Where the cycle found the cursor.
    found: Option<String>,
    from: String,
    /// Collection began here.
    floor: String,
    newest: Option<String>,
    /// The cursor stays at or before this time.
    limit: Option<String>,
    /// No record changed after this time.
    ahead: String,
}

impl Cursor {
    /// Continues where the last acknowledged cycle ended, less the overlap, or looks back.
    pub(super) fn new(progress: Progress, lookback: Duration, overlap: Duration) -> Self {
        let newest = progress.cursor.clone();
        let start = || newest.clone().unwrap_or_else(|| clock::ago(lookback));
        let floor = progress.floor.clone().unwrap_or_else(start);
        let from = newest.as_ref().map_or_else(|| floor.clone(), |newest| later(before(newest, overlap), &floor));
        let ahead = clock::now().checked_add_signed(MAX_AHEAD).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC);
        let ahead = clock::seconds(ahead);
        Self { stored: progress, found: newest.clone(), from, floor, newest, limit: None, ahead }
    }

    /// The listing has no order to ask for: a record that changes while it is read may have been passed already, so the
    /// next one starts no later than this one did.
    pub(super) fn limit(&mut self, now: String) {
        self.limit = Some(now);
    }

    /// The `$filter` literal.
    pub(super) fn from(&self) -> &str {
        &self.from
    }

    /// The record was collected by an earlier cycle: another dataset of the source has asked for it.
    pub(super) fn is_past(&self, changed: Option<&str>) -> bool {
        changed.is_some_and(|changed| order(changed, &self.from) == Ordering::Less)
    }

    /// The record became visible after records that changed later: an earlier cycle would have brought it otherwise.
    pub(super) fn is_late(&self, changed: Option<&str>) -> bool {
        let found = self.found.as_deref();
        changed.zip(found).is_some_and(|(changed, found)| order(changed, found) == Ordering::Less)
    }

    /// A record was read.
    pub(super) fn advance(&mut self, changed: Option<&str>) {
        let Some(changed) = changed else { return };
        if self.newest.as_deref().is_some_and(|newest| order(newest, changed) != Ordering::Less)
            || order(changed, &self.ahead) == Ordering::Greater
        {
            return;
        }
        let changed = self.limit.as_deref().filter(|limit| order(limit, changed) == Ordering::Less).unwrap_or(changed);
        if self.newest.as_deref().is_none_or(|newest| order(newest, changed) == Ordering::Less) {
            self.newest = Some(changed.to_owned());
        }
    }

    /// For the state, and whether it differs from what is there: with the cursor where it has come to (`moved`), or back
    /// where the cycle found it.
    pub(super) fn progress(&mut self, moved: bool) -> (&mut Progress, bool) {
        let cursor = if moved { &self.newest } else { &self.found };
        let is_new = self.stored.cursor != *cursor || self.stored.floor.as_deref() != Some(&self.floor);
        if is_new {
            self.stored.cursor.clone_from(cursor);
            self.stored.floor = Some(self.floor.clone());
        }
        (&mut self.stored, is_new)
    }
}

/// The service's time less a span, in whole seconds; the time itself if it is none.
pub(super) fn before(time: &str, span: Duration) -> String {
    let earlier = DateTime::parse_from_rfc3339(time)
        .ok()
        .and_then(|time| time.to_utc().checked_sub_signed(TimeDelta::from_std(span).ok()?));
    match earlier {
        Some(earlier) if !span.is_zero() => clock::seconds(earlier),
        _ => time.to_owned(),
    }
}

pub(super) fn later(a: String, b: &str) -> String {
    if order(&a, b) == Ordering::Less { b.to_owned() } else { a }
}

/// Compares two of the services' UTC times, whose fractions have any number of digits.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    digits(a).cmp(digits(b))
}

fn digits(time: &str) -> &str {
    let time = time.trim_end_matches('Z');
    if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time }
}
