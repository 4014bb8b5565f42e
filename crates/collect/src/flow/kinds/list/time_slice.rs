//! Parts of a window by time, for lists that are in no useful order: a part that fits into one page is read in one
//! piece, whatever changes meanwhile, and a chain of pages that breaks costs one part.

use chrono::{DateTime, TimeDelta, Utc};

use common::clock;
use microsoft::source::{Bound, Range};

/// Length of the first part, and of the longest and the shortest one.
const FIRST: TimeDelta = TimeDelta::hours(6);
const LONGEST: TimeDelta = TimeDelta::days(1);
const SHORTEST: TimeDelta = TimeDelta::seconds(1);
/// Parts end so long before now: what is newer is read with an open end.
const MARGIN: TimeDelta = TimeDelta::minutes(10);

/// The part of a window that is being read.
#[derive(Debug)]
pub(crate) struct TimeSlice {
    range: Range,
    length: TimeDelta,
    /// It ends with its window.
    last: bool,
}

impl TimeSlice {
    /// The window itself.
    pub(crate) fn whole(window: &Range) -> Self {
        Self { range: window.clone(), length: FIRST, last: true }
    }

    /// The start of a window, or all of it where it is short.
    pub(crate) fn first(window: &Range, now: DateTime<Utc>) -> Self {
        let mut slice = Self::whole(window);
        slice.cut(window, now);
        slice
    }

    /// What is asked for.
    pub(crate) fn range(&self) -> &Range {
        &self.range
    }

    /// Where it begins.
    pub(crate) fn from(&self) -> &str {
        &self.range.from
    }

    /// Goes on behind a part that held so many records, where a page holds `page`; `false` if nothing is left.
    pub(crate) fn next(&mut self, window: &Range, records: u64, page: u32, now: DateTime<Utc>) -> bool {
        let Some(Bound::Before(to)) = self.range.to.clone().filter(|_| !self.last) else { return false };
        if records < u64::from(page) / 3 {
            self.length = (self.length * 2).min(LONGEST);
        }
        self.range.from = to;
        self.cut(window, now);
        true
    }

    /// The next parts are half as long.
    pub(crate) fn shorten(&mut self) {
        self.length = (self.length / 2).max(SHORTEST);
    }

    /// It is long beside the parts in which a search for what cannot be read ends.
    pub(crate) fn is_long(&self) -> bool {
        self.length >= TimeDelta::hours(1)
    }

    /// The place lies within, behind its beginning.
    pub(crate) fn holds(&self, place: &str) -> bool {
        let is_before_end = match &self.range.to {
            Some(Bound::Before(to) | Bound::Through(to)) => clock::order(place, to).is_lt(),
            None => true,
        };
        is_before_end && clock::order(place, &self.range.from).is_gt()
    }

    /// It ends before this place, a time in whole seconds; `false` if that is no time.
    pub(crate) fn end_at(&mut self, place: &str) -> bool {
        let Some((from, to)) = clock::parse(&self.range.from).zip(clock::parse(place)) else { return false };
        self.length = (to - from).max(SHORTEST);
        self.range.to = Some(Bound::Before(place.to_owned()));
        self.last = false;
        true
    }

    /// It ends as soon as a part can.
    pub(crate) fn end_soon(&mut self) -> bool {
        clock::parse(&self.range.from).is_some_and(|from| self.end_at(&clock::seconds(from + SHORTEST)))
    }

    /// It can be shorter.
    pub(crate) fn can_narrow(&self, now: DateTime<Utc>) -> bool {
        self.span(now).is_some_and(|span| span > SHORTEST)
    }

    /// Half of the part; `false` if it cannot be shorter.
    pub(crate) fn narrow(&mut self, now: DateTime<Utc>) -> bool {
        let from = clock::parse(&self.range.from);
        let Some((from, length)) = from.zip(self.span(now).filter(|span| *span > SHORTEST)) else { return false };
        self.length = (length / 2).max(SHORTEST);
        self.range.to = Some(before(from + self.length));
        self.last = false;
        true
    }

    /// Its length. Times to come have no end that could be come nearer to.
    fn span(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let from = clock::parse(&self.range.from)?;
        let to = match &self.range.to {
            Some(Bound::Before(to) | Bound::Through(to)) => clock::parse(to)?,
            None if from >= now => return None,
            None => now.max(from + SHORTEST * 2),
        };
        Some(to - from)
    }

    fn cut(&mut self, window: &Range, now: DateTime<Utc>) {
        let end = match &window.to {
            Some(Bound::Before(to) | Bound::Through(to)) => clock::parse(to),
            None => Some(now - MARGIN),
        };
        let to = clock::parse(&self.range.from).zip(end).and_then(|(from, end)| {
            let to = from.checked_add_signed(self.length)?;
            (to < end).then(|| before(to))
        });
        self.last = to.is_none();
        self.range.to = to.or_else(|| window.to.clone());
    }
}

/// Whole seconds: the shortest part is one long, so that it is never empty.
fn before(to: DateTime<Utc>) -> Bound {
    Bound::Before(clock::seconds(to))
}
