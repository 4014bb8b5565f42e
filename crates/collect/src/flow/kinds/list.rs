//! The time-cursor list: everything that changed since the cursor, page by page. A chain of pages that breaks is started
//! anew behind the last complete record, with smaller pages where their size may be the cause; the ids of what was handed
//! over keep the records that are read again from being delivered twice.
//!
//! The services' own paging counts records (`$skip`), which stalls at large offsets and leaves records out when others
//! change meanwhile. So where the list is in order of the cursor property, every page asks from the time of the last
//! record on; links are followed only within one time. Where it is not, the window is read in parts ([`time_slice`]) that
//! fit into one page each.

mod chain;
pub(crate) mod cursor;
pub(crate) mod page_size;
mod paging;
mod probe;
mod recovery;
#[cfg(test)]
mod tests;
pub(crate) mod time_slice;
mod window;

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::chain::Chain;
use self::cursor::Cursor;
use self::page_size::PageSize;
use self::paging::Evidence;
use self::probe::Probe;
use self::recovery::Trouble;
pub(crate) use self::window::Role;
use self::window::{Order, Window};
use super::progress::{CursorProgress, KindProgress};
use super::{
    AnswerTime, Answered, Audience, Delivery, Disposition, Facts, Kind, Notice, PageEnd, Purpose, Recovery, Step,
};
use crate::record::Record;
use common::clock;
use microsoft::source::{PageRequest, Range, Requests};

/// A list on its way through one window.
#[derive(Debug)]
pub(crate) struct TimeCursorList {
    tenant: Arc<str>,
    requests: Requests,
    window: Window,
    /// The cursors of the endpoint's datasets; none where the window moves none.
    cursors: Vec<Cursor>,
    size: PageSize,
    chain: Chain,
    evidence: Evidence,
    trouble: Trouble,
    nesting: Nesting,
    /// Places that are known to be unreadable, by the times at which they begin.
    places: Vec<String>,
    state: State,
    notices: Vec<Notice>,
}

/// What a list starts with.
#[derive(Debug)]
pub(crate) struct Start {
    /// Whose list it is, for the log.
    pub(crate) tenant: Arc<str>,
    /// How it is asked for.
    pub(crate) requests: Requests,
    /// What is read of it.
    pub(crate) range: Range,
    /// What for.
    pub(crate) role: Role,
    /// Cursors of the endpoint's datasets.
    pub(crate) cursors: Vec<Cursor>,
    /// The page size that has proven itself.
    pub(crate) size: PageSize,
    /// Places that are known to be unreadable.
    pub(crate) places: Vec<String>,
    /// Versions of records that are known to be oversized for their page.
    pub(crate) oversized: Vec<String>,
    /// The service's time, as far as it is known.
    pub(crate) now: DateTime<Utc>,
}

/// What comes next.
#[derive(Debug)]
enum State {
    /// The first page of what is left.
    Restart,
    /// This page, after a pause where there is one.
    Page(PageRequest, Option<Duration>),
    /// The answer to this request is awaited.
    Asked(PageRequest),
    /// A question aside is to be asked, or its answer is awaited.
    Probe(Probe),
    /// Everything was read.
    Done,
}

/// Whether records are listed with what is nested in them.
#[derive(Debug, Default)]
struct Nesting {
    /// Pages are read without nested records, which are fetched record by record.
    unexpanded: bool,
    /// Version of the last record that made this necessary.
    oversized: Option<String>,
}

impl TimeCursorList {
    /// A list at the start of its window.
    pub(crate) fn new(start: Start) -> Self {
        let Start { tenant, requests, range, role, cursors, size, places, oversized, now } = start;
        let mut list = Self {
            window: Window::new(range, requests.list.is_ordered(), requests.can_skip(), role, now),
            tenant,
            requests,
            cursors,
            size,
            chain: Chain::default(),
            evidence: Evidence::default(),
            trouble: Trouble::default(),
            nesting: Nesting::default(),
            places,
            state: State::Restart,
            notices: Vec::new(),
        };
        list.expect_oversized(&oversized);
        list
    }

    /// The overlap brings a record again that is known to be oversized: its page need not fail first.
    fn expect_oversized(&mut self, versions: &[String]) {
        let from = &self.window.range.from;
        let ahead = versions.iter().filter(|version| cursor::order(version, from) != Ordering::Less);
        self.nesting.oversized = ahead.max_by(|a, b| cursor::order(a, b)).cloned();
        if self.nesting.oversized.is_some() && self.can_expand() {
            self.nesting.unexpanded = true;
            self.size.smallest();
        }
    }

    /// The page size that has proven itself.
    pub(crate) fn size(&self) -> PageSize {
        self.size
    }

    /// Records that were read, some of them perhaps twice.
    pub(crate) fn records(&self) -> u64 {
        self.window.records
    }

    /// What is read moves the cursors.
    fn moves_cursor(&self) -> bool {
        self.window.role == Role::Live
    }

    /// Everything before the cursors is complete, although the window was not read to its end.
    fn is_ordered(&self) -> bool {
        !self.window.unsorted
    }

    /// A record was left out because it cannot be read.
    pub(crate) fn has_skipped(&self) -> bool {
        self.window.skips > 0
    }

    /// Where the datasets' cursors are, for the state: as far as everything before is complete.
    fn progress_of(&self, moved: bool) -> Vec<CursorProgress> {
        self.cursors.iter().map(|cursor| cursor.progress(moved)).collect()
    }

    fn can_expand(&self) -> bool {
        self.requests.list.expand().is_some()
    }

    fn audience(&self, version: Option<&str>) -> Audience {
        let bits = |is: &dyn Fn(&Cursor) -> bool| {
            self.cursors.iter().zip(0..).fold(0, |bits, (cursor, place)| bits | u64::from(is(cursor)) << place)
        };
        if self.window.role != Role::Live {
            return Audience::ALL;
        }
        Audience { past: bits(&|cursor| cursor.is_past(version)), late: bits(&|cursor| cursor.is_late(version)) }
    }

    /// Only a version with a sane time says how far the window has come: what claims to be later than the service's own time
    /// would lead past all that is to come.
    fn complete(&mut self, version: Option<&str>) {
        let window = &mut self.window;
        window.complete += 1;
        window.records += 1;
        self.chain.passed += 1;
        self.chain.outside += u64::from(version.is_some_and(|version| self.chain.is_outside(version)));
        let version = version.filter(|version| clock::parse(version).is_some_and(|time| time <= window.now));
        if window.order == Order::Own {
            if window.is_progress() {
                // What was read is left out from now on.
                self.trouble.overcome();
            }
            let known = window.newest.take().into_iter().chain(version.map(str::to_owned));
            window.newest = known.max_by(|a, b| cursor::order(a, b));
            return;
        }
        let Some(version) = version else { return };
        match window.last.as_deref().map(|last| cursor::order(last, version)) {
            Some(Ordering::Equal) => {}
            Some(Ordering::Greater) => window.unsorted = true,
            Some(Ordering::Less) | None => {
                self.chain.moved |= window.last.is_some() || window.complete > 1;
                window.last = Some(version.to_owned());
                self.trouble.forget();
            }
        }
    }

    /// A page was read to its end.
    fn note_clean_page(&mut self) {
        self.size.clean_page();
        // The first pages of a chain may be clean again and again.
        if self.trouble.pages > 0 && self.window.rest().from != self.trouble.place {
            self.trouble.pages = 0;
        }
    }
}

impl Kind for TimeCursorList {
    fn next(&mut self, _now: DateTime<Utc>) -> Step {
        let page = match std::mem::replace(&mut self.state, State::Restart) {
            State::Page(page, Some(pause)) => {
                self.state = State::Page(page, None);
                return Step::Wait(pause);
            }
            State::Probe(probe) => {
                let request = probe.request(&self.requests);
                self.state = State::Probe(probe);
                return Step::Request(request, Purpose::Probe);
            }
            State::Done => {
                self.state = State::Done;
                return Step::Done;
            }
            State::Page(page, None) | State::Asked(page) => page,
            State::Restart => self.first_page(),
        };
        self.state = State::Asked(page.clone());
        Step::Request(page, Purpose::Listing)
    }

    fn answered(&mut self, time: AnswerTime) -> Answered {
        self.note_time(time)
    }

    fn record(&mut self, record: &Record<'_>) -> Disposition {
        let audience = self.audience(record.version.as_deref());
        if self.nesting.unexpanded { Disposition::FetchById(audience) } else { Disposition::Deliver(audience) }
    }

    fn delivered(&mut self, record: &Record<'_>, delivery: Delivery) {
        let version = record.version.as_deref();
        self.unreadable(version);
        self.complete(version);
        let is_light = delivery == Delivery::Fetched;
        if delivery != Delivery::Listed
            && (self.nesting.oversized.is_none() || !is_light && !self.nesting.is_before(version))
        {
            self.nesting.oversized = version.map(str::to_owned);
        }
    }

    fn unreadable(&mut self, version: Option<&str>) {
        if self.moves_cursor() {
            self.cursors.iter_mut().for_each(|cursor| cursor.advance(version));
        }
    }

    fn response(&mut self, end: PageEnd) -> Result<(), Recovery> {
        let PageEnd { outcome, missing, first } = end;
        let page = match std::mem::replace(&mut self.state, State::Restart) {
            State::Asked(page) | State::Page(page, _) => page,
            State::Probe(probe) => {
                self.probed(probe, outcome, first)?;
                return self.end_part();
            }
            // Nothing was asked.
            state @ (State::Restart | State::Done) => {
                self.state = state;
                return Ok(());
            }
        };
        if let Some(missing) = missing {
            self.doubt(format!("{}: {missing}", page.name()), true);
        }
        match outcome {
            Ok(answer) => {
                self.note_clean_page();
                self.state = self.proceed(answer, &page).map_err(Recovery::Fail)?;
                self.end_part()
            }
            Err(error) => {
                self.state = self.recover(page, error)?;
                self.end_part()
            }
        }
    }

    fn miss(&mut self, version: Option<&str>) {
        if self.moves_cursor() {
            self.cursors.iter_mut().for_each(|cursor| cursor.hold(version.unwrap_or_default()));
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            now: self.window.now,
            is_live: self.moves_cursor(),
            is_ordered: self.is_ordered(),
            page_size: self.size.get(),
            reached: self.window.last.as_deref(),
        }
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        if let Some((from, until)) = self.window.passed_place() {
            self.notices.push(Notice::PlacePassed { from: from.to_owned(), until: until.to_owned() });
        }
        std::mem::take(&mut self.notices)
    }

    fn progress(&self) -> KindProgress {
        let is_whole = matches!(self.state, State::Done) && !self.evidence.is_doubtful();
        KindProgress::List(self.progress_of(is_whole || self.is_ordered()))
    }
}

impl Nesting {
    fn is_before(&self, version: Option<&str>) -> bool {
        match (version, &self.oversized) {
            (Some(version), Some(oversized)) => cursor::order(version, oversized) == Ordering::Less,
            _ => false,
        }
    }

    /// The window has come beyond the last record that was oversized.
    fn is_over(&self, last: Option<&str>) -> bool {
        match (last, &self.oversized) {
            (Some(last), Some(oversized)) => cursor::order(last, oversized) == Ordering::Greater,
            _ => false,
        }
    }
}

impl TimeCursorList {
    /// Where a part was read to its end, the next one follows, or the end of the window.
    fn end_part(&mut self) -> Result<(), Recovery> {
        if !matches!(self.state, State::Done) {
            return Ok(());
        }
        if self.next_part() {
            self.state = State::Restart;
            return Ok(());
        }
        self.evidence.end().map_err(Recovery::Fail)
    }
}
