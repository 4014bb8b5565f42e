//! The links from page to page, and when the window is asked for anew instead.

use std::hash::{BuildHasher, BuildHasherDefault};
use std::time::Duration;

use rustc_hash::{FxHashSet, FxHasher};

use super::time_slice::TimeSlice;
use super::window::Order;
use super::{State, TimeCursorList, cursor};
use common::clock;
use common::error::Error;
use microsoft::source::{Bound, PageOptions, PageRequest, Range};

/// Links of one chain; a longer one has no end.
const MAX_CHAIN: usize = 10_000;

/// How a page was reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Way {
    /// It is the first one.
    #[default]
    First,
    /// By a link.
    Link,
    /// By the number of the records before it.
    Number,
    /// Likewise, but only because the page before it was full: the service gives links, and gave none there.
    Probe,
}

/// Pages that were reached from one address, link by link.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Addresses of the pages.
    visited: FxHashSet<u64>,
    /// How the current page was reached.
    pub(super) way: Way,
    /// Its records are later than the first one.
    pub(super) moved: bool,
    /// Records that were passed, with those that it left out.
    pub(super) passed: u64,
    /// Those of them that it left out.
    pub(super) base: u64,
    /// What its first page was asked for: the range, where that begins less a second, and the size of the pages.
    pub(super) asked: Range,
    floor: String,
    pub(super) size: u32,
    /// Version of the last complete record before it.
    pub(super) since: Option<String>,
    /// Records of the whole list, as its pages say.
    pub(super) announced: Option<u64>,
    /// Records of the current page that nobody asked for.
    pub(super) outside: u64,
    /// Pages in a row without records.
    pub(super) empty: u32,
}

impl Chain {
    /// The current page was reached by a link.
    pub(super) fn is_followed(&self) -> bool {
        self.way == Way::Link
    }

    /// The current page was asked for by the number of the records before it.
    pub(super) fn is_by_number(&self) -> bool {
        matches!(self.way, Way::Number | Way::Probe)
    }

    /// Whether a record is none that was asked for. A second is nothing: services store times more precisely than they
    /// compare them.
    pub(super) fn is_outside(&self, version: &str) -> bool {
        let is_outside = cursor::order(version, &self.floor).is_lt()
            || match &self.asked.to {
                Some(Bound::Before(to) | Bound::Through(to)) => cursor::order(version, to).is_gt(),
                None => false,
            };
        // A time that cannot be read says nothing.
        is_outside && clock::parse(version).is_some()
    }
}

impl TimeCursorList {
    /// The first page of what is left of the part.
    pub(super) fn first_page(&mut self) -> PageRequest {
        let range = self.window.rest();
        let skip = self.window.restart(&range.from);
        let size = self.size.get();
        let page = self.requests.page(&range, self.options(size, skip));
        self.chain = Chain {
            visited: FxHashSet::from_iter([fingerprint(&page)]),
            passed: skip,
            base: skip,
            floor: cursor::before(&range.from, Duration::from_secs(1)),
            asked: range,
            size,
            since: self.window.last.clone(),
            ..Chain::default()
        };
        page
    }

    /// The next page by the number of the records before it.
    pub(super) fn page_by_number(&mut self) -> PageRequest {
        let skip = if self.window.order == Order::Own { self.window.complete } else { self.chain.passed };
        self.requests.page(&self.chain.asked, self.options(self.chain.size, skip))
    }

    fn options(&self, size: u32, skip: u64) -> PageOptions {
        PageOptions { size, expand: !self.nesting.unexpanded, skip, names: false }
    }

    /// A page was read and names the next one.
    pub(super) fn follow(&mut self, link: &str, page: &PageRequest) -> Result<State, Error> {
        let next = self.requests.validate_next_link(&page.url, link)?;
        if self.evidence.is_stubborn() {
            return self.chained(next, page);
        }
        if self.window.unsorted && self.window.order == Order::Kept {
            return Ok(self.lose_order(page));
        }
        let is_own = self.window.order == Order::Own;
        let is_full = self.size.is_full() && self.chain.passed >= u64::from(self.size.get());
        if is_own && is_full && self.narrow() {
            return Ok(State::Restart);
        }
        // Among records of one time the chain would begin again at the first of them.
        let keeps_place = self.chain.moved || is_own;
        let is_light = !self.nesting.unexpanded || self.nesting.is_over(self.window.last.as_deref());
        if self.size.may_grow() && keeps_place && is_light {
            // A link keeps the size that its chain began with.
            self.size.grow();
            self.nesting.unexpanded = false;
            self.nesting.oversized = None;
            return Ok(State::Restart);
        }
        if !is_own && self.chain.moved {
            return Ok(State::Restart);
        }
        self.chained(next, page)
    }

    /// The records do not come in order: the window is read in parts.
    pub(super) fn lose_order(&mut self, page: &PageRequest) -> State {
        tracing::warn!(
            tenant = &*self.tenant,
            path = page.url.path(),
            "the records do not come in the order that was asked for, the window is read in parts"
        );
        self.window.order = Order::Own;
        self.window.part = TimeSlice::whole(&self.window.range);
        self.narrow();
        State::Restart
    }

    /// The page that the link leads to, unless it was read already.
    fn chained(&mut self, next: PageRequest, page: &PageRequest) -> Result<State, Error> {
        if self.chain.visited.len() < MAX_CHAIN && self.chain.visited.insert(fingerprint(&next)) {
            self.chain.way = Way::Link;
            return Ok(State::Page(next, None));
        }
        if self.trouble.looped {
            return Err(Error::Permanent(format!(
                "next link of {} leads to a page that was read already, again after the window was read anew; this cycle \
                 ends here",
                page.url.path()
            )));
        }
        self.trouble.looped = true;
        self.window.complete = 0;
        self.evidence.anew();
        tracing::warn!(
            tenant = &*self.tenant,
            path = page.url.path(),
            "next link leads in a circle, the window is read anew"
        );
        Ok(State::Restart)
    }
}

fn fingerprint(page: &PageRequest) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(page)
}
