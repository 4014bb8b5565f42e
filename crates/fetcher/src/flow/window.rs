//! The way through one window: everything that changed since the cursor, page by page. A chain of pages that breaks is
//! started anew behind the last complete record, with smaller pages where their size may be the cause; the ids of what
//! was handed over keep the records that are read again from being delivered twice.
//!
//! The services' own paging counts records (`$skip`), which stalls at large offsets and leaves records out when others
//! change meanwhile. So where the list is in order of the cursor property, every page asks from the time of the last
//! record on; links are followed only within one time. Where it is not, the window is read in parts ([`super::slice`])
//! that fit into one page each.

mod chain;
mod trouble;

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use reqwest::header::DATE;
use rustc_hash::FxHashSet;
use url::Url;

use self::chain::{Chain, fingerprint};
use self::trouble::Trouble;
use super::page::{Taking, take};
use super::rows::Extent;
use super::slice::Slice;
use super::turns::Reading;
use super::{Feed, alone, checkpoint, cursor, merged, step};
use crate::clock;
use crate::error::Fault;
use crate::sink::Outbox;
use crate::source::{Ask, Range};
use crate::splitter::string_member;

/// Where the source is in its window.
#[derive(Debug)]
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
    /// The service's time when it answered first in this part.
    began: Option<DateTime<Utc>>,
    is_answered: bool,
    trouble: Trouble,
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
pub(super) async fn read(feed: &mut Feed, window: &mut Window, outbox: &mut Outbox) -> Result<(), Fault> {
    window.expect_heavy(feed);
    loop {
        read_part(feed, window, outbox).await?;
        if !window.next_part(feed) {
            return Ok(());
        }
    }
}

async fn read_part(feed: &mut Feed, window: &mut Window, outbox: &mut Outbox) -> Result<(), Fault> {
    let mut page = window.restart(feed);
    loop {
        page = match read_page(feed, window, &page, outbox).await {
            Ok(None) => return Ok(()),
            Ok(Some(link)) => window.go_on(feed, &link, &page)?,
            Err(fault) => window.recover(feed, page, fault, outbox).await?,
        };
    }
}

async fn read_page(
    feed: &mut Feed,
    window: &mut Window,
    page: &Url,
    outbox: &mut Outbox,
) -> Result<Option<String>, Fault> {
    let response = feed.source.open(page).await?;
    window.note_time(feed, &response);
    let link = if window.bare {
        let mut rows = Vec::new();
        let link = take(feed, response, Taking::Bare(&mut rows), outbox).await?;
        for row in rows {
            let light = alone::complete(feed, &row, !window.moves_cursor(), outbox).await?;
            let changed = string_member(&row, feed.rows.cursor_property());
            window.complete(changed);
            if window.heavy.is_none() || !light && !window.is_before_heavy(changed) {
                window.heavy = changed.map(str::to_owned);
            }
            checkpoint(feed, window, outbox).await?;
        }
        link
    } else {
        take(feed, response, Taking::Listed(window), outbox).await?
    };
    merged::follow(feed, outbox).await?;
    feed.size.clean_page();
    window.close_place(feed);
    if let Some(last) = &window.last {
        feed.health.seen(last);
    }
    Ok(link)
}

impl Window {
    /// A source's window, which begins at `start`; `orderable` if the service sorts by the cursor property.
    pub(super) fn new(start: String, orderable: bool) -> Self {
        Self::of(Range::since(start), orderable, Role::Live)
    }

    /// A part of the listing that is read apart from the source's window and moves no cursor.
    pub(super) fn errand(range: Range, orderable: bool) -> Self {
        Self::of(range, orderable, Role::Errand)
    }

    /// A place that could not be read and is owed.
    pub(super) fn again(range: Range, orderable: bool) -> Self {
        Self::of(range, orderable, Role::Place)
    }

    fn of(range: Range, orderable: bool, role: Role) -> Self {
        Self {
            part: if orderable { Slice::whole(&range) } else { Slice::first(&range) },
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
            began: None,
            is_answered: false,
            trouble: Trouble::default(),
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
        if self.heavy.is_some() {
            self.bare = true;
            feed.size.smallest();
        }
    }

    /// Where the listing has no order, a record that changes while it is read may have been passed already: the next
    /// window starts no later than this part did, by the service's clock.
    fn note_time(&mut self, feed: &mut Feed, answer: &Reading) {
        if self.is_answered {
            return;
        }
        self.is_answered = true;
        let date = answer.response().headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        self.began = Some(date.map_or_else(clock::now, |date| date.to_utc()));
        self.limit_cursors(feed);
    }

    fn limit_cursors(&self, feed: &mut Feed) {
        let Some(began) = self.began.filter(|_| self.moves_cursor() && self.order == Order::Own) else { return };
        let began = clock::seconds(began);
        let from = self.part.from();
        let limit = if self.part.is_last() || cursor::order(&began, from).is_lt() { began } else { from.to_owned() };
        for place in feed.rows.places() {
            place.cursor.limit(limit.clone());
        }
    }

    /// The service's time, as far as it is known.
    fn now(&self) -> DateTime<Utc> {
        self.began.unwrap_or_else(clock::now)
    }

    /// A record was handed over.
    pub(super) fn complete(&mut self, changed: Option<&str>) {
        self.complete += 1;
        self.records += 1;
        self.chain.passed += 1;
        if self.order == Order::Own {
            // It is left out from now on.
            self.trouble = Trouble { looped: self.trouble.looped, ..Trouble::default() };
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
    fn restart(&mut self, feed: &Feed) -> Url {
        let range = self.rest();
        let stepped = self.over.as_ref().filter(|(from, _)| *from == range.from).map_or(0, |(_, skip)| *skip);
        let skip = if self.order == Order::Own { self.complete } else { stepped };
        let page = feed.source.first_page(&range, Ask { top: feed.size.get(), expand: !self.bare, skip, names: false });
        self.chain = Chain { passed: skip, visited: FxHashSet::from_iter([fingerprint(&page)]), ..Chain::default() };
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
        self.steps < step::MAX_STEPS
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
        if !self.part.next(&self.range, self.complete, feed.size.max(), self.now()) {
            return false;
        }
        let from = self.part.from().to_owned();
        let began = self.began.map(clock::seconds);
        self.start_part(feed);
        // Everything before it is complete, unless our clock has led into the service's future.
        if self.moves_cursor() && !self.broken && began.is_some_and(|began| cursor::order(&from, &began).is_lt()) {
            feed.rows.advance(Some(&from));
        }
        true
    }

    fn start_part(&mut self, feed: &mut Feed) {
        self.complete = 0;
        self.limit_cursors(feed);
        self.is_answered = false;
    }

    /// A shorter part; `false` if it cannot be shorter.
    fn narrow(&mut self, feed: &mut Feed) -> bool {
        let narrowed = self.part.narrow(self.now());
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
