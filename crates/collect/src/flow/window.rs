//! The way through one window: everything that changed since the cursor, page by page. A chain of pages that breaks is
//! started anew behind the last complete record, with smaller pages where their size may be the cause; the ids of what
//! was handed over keep the records that are read again from being delivered twice.
//!
//! The services' own paging counts records (`$skip`), which stalls at large offsets and leaves records out when others
//! change meanwhile. So where the list is in order of the cursor property, every page asks from the time of the last
//! record on; links are followed only within one time. Where it is not, the window is read in parts ([`super::slice`])
//! that fit into one page each.

mod ask;
mod chain;
mod time;
mod trouble;

use std::cmp::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustc_hash::FxHashSet;

use self::ask::Asking;
use self::chain::{Chain, fingerprint};
use self::trouble::Trouble;
use super::page::{Page, Taking, take};
use super::rows::Extent;
use super::slice::Slice;
use super::{Feed, alone, checkpoint, cursor, merged, nested, step};
use common::clock;
use common::error::Fault;
use microsoft::source::{PageOptions, PageRequest, Range};
use output::BatchWriter;

/// Where the source is in its window.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the window")]
pub(super) struct Window {
    range: Range,
    /// What is being read of it.
    part: Slice,
    role: Role,
    /// Time of the last complete record.
    last: Option<String>,
    order: Order,
    /// The service did not sort as it was asked to.
    broken: bool,
    /// Complete records of the part, and of all parts.
    complete: u64,
    records: u64,
    /// Where a record was stepped over, and how many records to leave out there.
    over: Option<(String, u64)>,
    steps: u32,
    /// Pages are read without their nested rows, which are fetched record by record.
    bare: bool,
    /// Time of the last record that made this necessary.
    heavy: Option<String>,
    chain: Chain,
    /// Time of the newest record, where that is not the last one.
    newest: Option<String>,
    /// The service's time when it answered first in this part.
    began: Option<DateTime<Utc>>,
    is_answered: bool,
    /// The cursors know the service's time.
    is_settled: bool,
    /// The service's time at the answer that is being read.
    now: DateTime<Utc>,
    trouble: Trouble,
    /// Pages that failed since one behind them was clean, and where the last one did.
    failed_pages: u32,
    failed_place: String,
    asking: Asking,
    /// The service can be asked to leave out records. Where it cannot, a part is read anew from its beginning, and only
    /// records beyond the farthest one so far are progress.
    can_skip: bool,
    farthest: u64,
}

/// What a window is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The source's own: it moves the cursor.
    Live,
    /// A part of the listing, apart from that.
    Errand,
    /// A place that could not be read, which is owed already.
    Place,
}

/// What the order of the records is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// By the cursor property: the window can be read anew from the last complete record.
    Kept,
    /// The service's own: the window is read in parts.
    Own,
}

/// Reads the window to its end. On a fault the window says how far it came.
pub(super) async fn read(feed: &mut Feed, window: &mut Window, outbox: &mut BatchWriter) -> Result<(), Fault> {
    window.can_skip = feed.source.requests.can_skip();
    window.expect_heavy(feed);
    loop {
        read_part(feed, window, outbox).await?;
        if !window.next_part(feed) {
            return window.asking.end();
        }
    }
}

async fn read_part(feed: &mut Feed, window: &mut Window, outbox: &mut BatchWriter) -> Result<(), Fault> {
    let mut page = window.restart(feed);
    loop {
        let next = match read_page(feed, window, &page, outbox).await {
            Ok(Some(answer)) => window.proceed(feed, answer, &page).await?,
            Ok(None) => Some(window.restart(feed)),
            Err(fault) => window.recover(feed, page, fault, outbox).await?,
        };
        let Some(next) = next else { return Ok(()) };
        page = next;
    }
}

/// `None` if the part has to be read from its beginning.
async fn read_page(
    feed: &mut Feed,
    window: &mut Window,
    page: &PageRequest,
    outbox: &mut BatchWriter,
) -> Result<Option<Page>, Fault> {
    let response = feed.source.open(page).await?;
    if window.note_time(feed, &response) {
        return Ok(None);
    }
    let answer = if window.bare {
        let mut rows = Vec::new();
        let answer = take(feed, response, Taking::Bare(&mut rows), outbox).await?;
        for row in rows {
            let light = alone::complete(feed, &row, !window.moves_cursor(), outbox).await?;
            let reader = feed.rows.reader();
            let record = reader.read(&row);
            feed.misdated.look(&feed.health, &reader, &record, window.now);
            let changed = record.version.as_deref();
            window.complete(changed);
            if window.heavy.is_none() || !light && !window.is_before_heavy(changed) {
                window.heavy = changed.map(str::to_owned);
            }
            checkpoint(feed, window, outbox).await?;
        }
        answer
    } else {
        let answer = take(feed, response, Taking::Listed(window), outbox).await;
        // What came of a broken page was passed, too.
        if let Some(missing) = nested::settle(feed, outbox).await? {
            window.doubt(feed, format!("{}: {missing}", page.name()), true);
        }
        answer?
    };
    merged::follow(feed, outbox).await?;
    feed.size.clean_page();
    // The first pages of a chain may be clean again and again.
    if window.failed_pages > 0 && window.rest().from != window.failed_place {
        window.failed_pages = 0;
    }
    window.close_place(feed);
    if let Some(last) = &window.last {
        feed.health.seen(last);
    }
    Ok(Some(answer))
}

impl Window {
    /// A source's window, which begins at `start`; `orderable` if the service sorts by the cursor property.
    pub(super) fn new(start: String, orderable: bool, now: DateTime<Utc>) -> Self {
        Self::of(Range::since(start), orderable, Role::Live, now)
    }

    /// A part of the listing that is read apart from the source's window and moves no cursor.
    pub(super) fn errand(range: Range, orderable: bool, now: DateTime<Utc>) -> Self {
        Self::of(range, orderable, Role::Errand, now)
    }

    /// A place that could not be read and is owed.
    pub(super) fn again(range: Range, orderable: bool, now: DateTime<Utc>) -> Self {
        Self::of(range, orderable, Role::Place, now)
    }

    /// `now` is the service's time as far as it is known.
    fn of(range: Range, orderable: bool, role: Role, now: DateTime<Utc>) -> Self {
        Self {
            part: if orderable { Slice::whole(&range) } else { Slice::first(&range, now) },
            range,
            role,
            records: 0,
            last: None,
            order: if orderable { Order::Kept } else { Order::Own },
            broken: false,
            complete: 0,
            over: None,
            steps: 0,
            bare: false,
            heavy: None,
            chain: Chain::default(),
            newest: None,
            began: None,
            is_answered: false,
            is_settled: false,
            now,
            trouble: Trouble::default(),
            failed_pages: 0,
            failed_place: String::new(),
            asking: Asking::default(),
            can_skip: true,
            farthest: 0,
        }
    }

    /// What is read moves the source's cursor.
    pub(super) fn moves_cursor(&self) -> bool {
        self.role == Role::Live
    }

    /// What it steps over is owed from now on.
    pub(super) fn owes(&self) -> bool {
        self.role != Role::Place
    }

    /// Records that were read, some of them perhaps twice.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// The service's time at the answer that is being read.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// What a record of the listing is.
    pub(super) fn extent(&self) -> Extent {
        if self.moves_cursor() { Extent::Whole } else { Extent::Apart }
    }

    /// Everything before the cursor is complete, although the window was not read to its end.
    pub(super) fn is_ordered(&self) -> bool {
        !self.broken
    }

    /// A record was stepped over.
    pub(super) fn has_stepped(&self) -> bool {
        self.steps > 0
    }

    /// The overlap brings a record again that is known to be heavy: its page need not fail first.
    fn expect_heavy(&mut self, feed: &mut Feed) {
        let versions = feed.ledger.heavy().chain(feed.alone.values());
        let ahead = versions.filter(|version| cursor::order(version, &self.range.from) != Ordering::Less);
        self.heavy = ahead.max_by(|a, b| cursor::order(a, b)).cloned();
        if self.heavy.is_some() && feed.source.requests.list.expand().is_some() {
            self.bare = true;
            feed.size.smallest();
        }
    }

    /// A record was handed over. Only one with a sane time says how far the window has come: what claims to be later than the
    /// service's own time would lead past all that is to come.
    pub(super) fn complete(&mut self, changed: Option<&str>) {
        self.complete += 1;
        self.records += 1;
        self.chain.passed += 1;
        self.chain.outside += u64::from(changed.is_some_and(|changed| self.is_outside(changed)));
        let changed = changed.filter(|changed| clock::parse(changed).is_some_and(|time| time <= self.now));
        if self.order == Order::Own {
            if self.can_skip || self.complete > self.farthest {
                // It is left out from now on.
                self.trouble = Trouble { looped: self.trouble.looped, ..Trouble::default() };
                self.farthest = self.complete;
            }
            self.newest =
                self.newest.take().into_iter().chain(changed.map(str::to_owned)).max_by(|a, b| cursor::order(a, b));
            return;
        }
        let Some(changed) = changed else { return };
        match self.last.as_deref().map(|last| cursor::order(last, changed)) {
            Some(Ordering::Equal) => {}
            Some(Ordering::Greater) => self.broken = true,
            Some(Ordering::Less) | None => {
                self.chain.moved |= self.last.is_some() || self.complete > 1;
                self.last = Some(changed.to_owned());
                self.trouble = Trouble::default();
            }
        }
    }

    /// The first page of what is left of the part.
    fn restart(&mut self, feed: &Feed) -> PageRequest {
        let range = self.rest();
        if !self.can_skip && self.order == Order::Own {
            self.complete = 0;
        }
        let stepped = self.over.as_ref().filter(|(from, _)| *from == range.from).map_or(0, |(_, skip)| *skip);
        let skip = if self.order == Order::Own { self.complete } else { stepped };
        let page = feed
            .source
            .requests
            .page(&range, PageOptions { size: feed.size.get(), expand: !self.bare, skip, names: false });
        self.chain = Chain {
            visited: FxHashSet::from_iter([fingerprint(&page)]),
            passed: skip,
            base: skip,
            floor: cursor::before(&range.from, Duration::from_secs(1)),
            asked: range,
            top: feed.size.get(),
            since: self.last.clone(),
            ..Chain::default()
        };
        page
    }

    /// What is left of the part.
    fn rest(&self) -> Range {
        let range = self.part.range();
        match &self.last {
            Some(last) if self.order == Order::Kept => Range { from: last.clone(), to: range.to.clone() },
            _ => range.clone(),
        }
    }

    /// What is left of the part, and the records of it that were passed.
    pub(super) fn place(&self) -> (Range, u64) {
        (self.rest(), self.chain.passed)
    }

    /// A record may be stepped over.
    pub(super) fn may_step(&self) -> bool {
        // Its neighbours are found by their number.
        self.can_skip && self.steps < step::MAX_STEPS
    }

    /// The window goes on behind the record after `passed` others.
    pub(super) fn step(&mut self, passed: u64) {
        self.steps += 1;
        self.trouble = Trouble::default();
        match self.order {
            Order::Own => self.complete = passed + 1,
            Order::Kept => self.over = Some((self.rest().from, passed + 1)),
        }
    }

    /// A record behind the one that was stepped over was read.
    fn close_place(&mut self, feed: &mut Feed) {
        if let (Some((place, _)), Some(last)) = (&self.over, &self.last)
            && self.owes()
            && cursor::order(place, last) == Ordering::Less
        {
            feed.ledger.close(place, last);
        }
    }

    /// The part was read to its end; `false` if it was the last one.
    fn next_part(&mut self, feed: &mut Feed) -> bool {
        if self.order == Order::Kept {
            return false;
        }
        let began = self.began.map(clock::seconds);
        let is_over = !self.part.next(&self.range, self.complete, feed.size.max(), self.now);
        if self.moves_cursor() && (is_over || !self.broken) {
            // Everything before it is complete, unless our clock has led into the service's future.
            let reached = if is_over { self.newest.clone() } else { Some(self.part.from().to_owned()) };
            let reached =
                reached.filter(|to| is_over || began.as_ref().is_some_and(|began| cursor::order(to, began).is_lt()));
            for place in feed.rows.places() {
                place.cursor.limit(began.clone().unwrap_or_else(|| clock::seconds(self.now)));
                place.cursor.advance(reached.as_deref());
            }
        }
        if !is_over {
            self.start_part(feed);
        }
        !is_over
    }

    fn start_part(&mut self, feed: &mut Feed) {
        self.complete = 0;
        self.farthest = 0;
        self.asking.anew();
        self.limit_cursors(feed);
        self.is_answered = false;
    }

    /// A shorter part; `false` if it cannot be shorter.
    fn narrow(&mut self, feed: &mut Feed) -> bool {
        let narrowed = self.part.narrow(self.now);
        if narrowed {
            self.start_part(feed);
        }
        narrowed
    }

    fn is_beyond_heavy(&self) -> bool {
        match (&self.last, &self.heavy) {
            (Some(last), Some(heavy)) => cursor::order(last, heavy) == Ordering::Greater,
            _ => false,
        }
    }

    fn is_before_heavy(&self, changed: Option<&str>) -> bool {
        match (changed, &self.heavy) {
            (Some(changed), Some(heavy)) => cursor::order(changed, heavy) == Ordering::Less,
            _ => false,
        }
    }
}
