//! The links from page to page, and when the window is asked for anew instead.

use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::{FxHashSet, FxHasher};

use super::{Feed, Order, Slice, Window};
use common::error::Fault;
use microsoft::source::{PageRequest, Range};

/// Links of one chain; a longer one has no end.
const MAX_CHAIN: usize = 10_000;

/// Pages that were reached from one address, link by link.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Addresses of the pages.
    pub(super) visited: FxHashSet<u64>,
    /// The current page was reached by a link.
    pub(super) followed: bool,
    /// Its records are later than the first one.
    pub(super) moved: bool,
    /// Records that were passed, with those that it left out.
    pub(super) passed: u64,
    /// Those of them that it left out.
    pub(super) base: u64,
    /// What its first page was asked for: the range, where that begins less a second, and the size of the pages.
    pub(super) asked: Range,
    pub(super) floor: String,
    pub(super) top: u32,
    /// Time of the last complete record before it.
    pub(super) since: Option<String>,
    /// Records of the whole list, as its pages say.
    pub(super) announced: Option<u64>,
    /// Records of the current page that nobody asked for.
    pub(super) outside: u64,
    /// Pages in a row without records.
    pub(super) empty: u32,
    /// The current page was asked for by its place.
    pub(super) skipped: bool,
}

impl Window {
    /// A page was read and names the next one.
    pub(super) fn go_on(&mut self, feed: &mut Feed, link: &str, page: &PageRequest) -> Result<PageRequest, Fault> {
        let next = feed.source.requests.validate_next_link(&page.url, link)?;
        if self.asking.is_stubborn() {
            return self.chained(feed, next, page);
        }
        if self.broken && self.order == Order::Kept {
            return Ok(self.lose_order(feed, page));
        }
        let is_full = feed.size.is_full() && self.chain.passed >= u64::from(feed.size.get());
        if self.order == Order::Own && is_full && self.narrow(feed) {
            return Ok(self.restart(feed));
        }
        // Among records of one time the chain would begin again at the first of them.
        let keeps_place = self.chain.moved || self.order == Order::Own;
        if feed.size.may_grow() && keeps_place && (!self.bare || self.is_beyond_heavy()) {
            // A link keeps the size that its chain began with.
            feed.size.grow();
            self.bare = false;
            self.heavy = None;
            return Ok(self.restart(feed));
        }
        if self.order == Order::Kept && self.chain.moved {
            return Ok(self.restart(feed));
        }
        self.chained(feed, next, page)
    }

    /// The records do not come in order: the window is read in parts.
    pub(super) fn lose_order(&mut self, feed: &mut Feed, page: &PageRequest) -> PageRequest {
        tracing::warn!(
            tenant = &*feed.tenant,
            path = page.url.path(),
            "the records do not come in the order that was asked for, the window is read in parts"
        );
        self.order = Order::Own;
        self.part = Slice::whole(&self.range);
        self.narrow(feed);
        self.restart(feed)
    }

    /// The page that the link leads to, unless it was read already.
    fn chained(&mut self, feed: &mut Feed, next: PageRequest, page: &PageRequest) -> Result<PageRequest, Fault> {
        if self.chain.visited.len() < MAX_CHAIN && self.chain.visited.insert(fingerprint(&next)) {
            self.chain.followed = true;
            self.chain.skipped = false;
            return Ok(next);
        }
        if self.trouble.looped {
            return Err(Fault::Refused(format!(
                "next link of {} leads to a page that was read already, again after the window was read anew; this cycle \
                 ends here",
                page.url.path()
            )));
        }
        self.trouble.looped = true;
        self.complete = 0;
        self.asking.anew();
        tracing::warn!(
            tenant = &*feed.tenant,
            path = page.url.path(),
            "next link leads in a circle, the window is read anew"
        );
        Ok(self.restart(feed))
    }
}

pub(super) fn fingerprint(page: &PageRequest) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(page)
}
