//! How far a dataset has come in a cycle, and where the next one starts.

use std::cmp::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::progress::CursorProgress;
use common::clock;
use common::clock::earlier;
pub(crate) use common::clock::order;
use state::Progress;

/// Where collection begins was guessed by this machine's clock: a guess that differs less from the service's time is kept.
/// One of an earlier start, which the service did not answer, is kept as far as this.
const SAME: TimeDelta = TimeDelta::seconds(60);
const KEPT: TimeDelta = TimeDelta::days(30);
/// A cursor that is this far in the service's future was led there; so far before it everything was read.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
const LED: TimeDelta = TimeDelta::hours(25);

/// How far back a dataset reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// At its first start.
    pub(crate) lookback: Duration,
    /// Before the cursor, in every cycle.
    pub(crate) overlap: Duration,
}

/// The cursor of one dataset: where its cycle starts and where the next one will.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// The state knows where collection began.
    has_floor: bool,
    /// Where the cycle found the cursor.
    found: Option<String>,
    from: String,
    /// Collection began here.
    floor: String,
    /// The floor was found by this machine's clock, and the service has not told its time yet.
    is_guess: bool,
    newest: Option<String>,
    /// The cursor stays at or before this time.
    limit: Option<String>,
    /// Something may be missing from here on: it stays at or before this time, whatever comes.
    held: Option<String>,
    /// The service's time: what claims to have changed later moves nothing.
    now: DateTime<Utc>,
    reach: Reach,
}

impl Cursor {
    /// Continues where the last acknowledged cycle ended, less the overlap, or looks back from `now`, which is this
    /// machine's guess until [`Cursor::settle`] tells the service's time.
    pub(crate) fn new(progress: &Progress, reach: Reach, now: DateTime<Utc>) -> Self {
        let newest = progress.cursor.clone();
        let has_floor = progress.floor.is_some();
        let stored = progress.floor.clone().or_else(|| newest.clone());
        let is_guess = stored.is_none() || progress.guessed;
        let floor = stored.unwrap_or_else(|| clock::seconds(earlier(now, reach.lookback)));
        let mut cursor = Self {
            has_floor,
            found: newest.clone(),
            from: String::new(),
            floor,
            is_guess,
            newest,
            limit: None,
            held: None,
            now,
            reach,
        };
        cursor.start();
        cursor
    }

    fn start(&mut self) {
        let newest = self.newest.as_ref().map(|newest| before(newest, self.reach.overlap));
        self.from = newest.map_or_else(|| self.floor.clone(), |newest| later(newest, &self.floor));
    }

    /// The service's time is `now`. Whether its window has to start elsewhere: the first guess was wrong, or what an
    /// earlier version of the program remembers lies in the service's future.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>) -> bool {
        self.now = now;
        let back = earlier(now, self.reach.lookback);
        let time = |text: &str| clock::parse(text);
        let floor = time(&self.floor);
        let is_guess = std::mem::take(&mut self.is_guess);
        // Without a time that can be read there is none to go on from.
        let right = match floor {
            Some(floor) if is_guess && (floor - back).abs() <= SAME => floor,
            Some(_) if is_guess && !self.has_floor => back,
            Some(floor) if is_guess => floor.min(back).max(back.checked_sub_signed(KEPT).unwrap_or(back)),
            Some(floor) if floor <= now => floor,
            _ => back,
        };
        let is_led =
            self.newest.as_deref().is_some_and(|newest| time(newest).is_none_or(|newest| newest > now + AHEAD));
        if floor == Some(right) && !is_led {
            return false;
        }
        if floor != Some(right) {
            self.floor = clock::seconds(right);
        }
        if is_led {
            let read = self.newest.as_deref().and_then(time).and_then(|newest| newest.checked_sub_signed(LED));
            let again = clock::seconds(read.map_or(back, |read| read.min(back)).max(right));
            tracing::warn!(
                cursor = self.newest,
                from = again,
                floor = self.floor,
                "the cursor is later than the service's own time, the listing is read again from before"
            );
            self.newest = Some(again);
            self.found.clone_from(&self.newest);
        }
        self.start();
        true
    }

    /// An answer was made at this time, by the service's clock.
    pub(crate) fn answered(&mut self, now: DateTime<Utc>) {
        self.now = now;
    }

    /// The listing has no order to ask for: a record that changes while it is read may have been passed already, so the
    /// next one starts no later than this one did.
    pub(crate) fn limit(&mut self, now: String) {
        self.limit = Some(now);
    }

    /// What changed at or after this time may not have been read, although later records were: the next window starts no
    /// later, and no earlier than this one would again.
    pub(crate) fn hold(&mut self, at: &str) {
        let at = self.found.as_deref().filter(|found| order(at, found) == Ordering::Less).unwrap_or(at).to_owned();
        if self.newest.as_deref().is_some_and(|newest| order(&at, newest) == Ordering::Less) {
            self.newest = Some(at.clone());
        }
        if self.held.as_deref().is_none_or(|held| order(&at, held) == Ordering::Less) {
            self.held = Some(at);
        }
    }

    /// The `$filter` literal.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// The record was collected by an earlier cycle: another dataset of the source has asked for it. One whose time cannot
    /// be read is not.
    pub(crate) fn is_past(&self, changed: Option<&str>) -> bool {
        changed.is_some_and(|changed| clock::parse(changed).is_some() && order(changed, &self.from) == Ordering::Less)
    }

    /// The record became visible after records that changed later: an earlier cycle would have brought it otherwise.
    pub(crate) fn is_late(&self, changed: Option<&str>) -> bool {
        let found = self.found.as_deref();
        changed
            .zip(found)
            .is_some_and(|(changed, found)| clock::parse(changed).is_some() && order(changed, found) == Ordering::Less)
    }

    /// A record was read. What has no time, or one in the future, moves nothing.
    pub(crate) fn advance(&mut self, changed: Option<&str>) {
        let Some(changed) = changed else { return };
        if self.newest.as_deref() == Some(changed) || clock::parse(changed).is_none_or(|changed| changed > self.now) {
            return;
        }
        let changed = self.limit.as_deref().filter(|limit| order(limit, changed) == Ordering::Less).unwrap_or(changed);
        let changed = self.held.as_deref().filter(|held| order(held, changed) == Ordering::Less).unwrap_or(changed);
        if self.newest.as_deref().is_none_or(|newest| order(newest, changed) == Ordering::Less) {
            self.newest = Some(changed.to_owned());
        }
    }

    /// For the state: with the cursor where it has come to (`moved`), or back where the cycle found it.
    pub(crate) fn progress(&self, moved: bool) -> CursorProgress {
        let cursor = if moved { &self.newest } else { &self.found };
        CursorProgress { cursor: cursor.clone(), floor: self.floor.clone(), guessed: self.is_guess }
    }
}

/// The service's time less a span, in whole seconds; the time itself if it is none.
pub(crate) fn before(time: &str, span: Duration) -> String {
    let earlier = clock::parse(time).and_then(|time| time.checked_sub_signed(TimeDelta::from_std(span).ok()?));
    match earlier {
        Some(earlier) if !span.is_zero() => clock::seconds(earlier),
        _ => time.to_owned(),
    }
}

pub(crate) fn later(a: String, b: &str) -> String {
    if order(&a, b) == Ordering::Less { b.to_owned() } else { a }
}
