//! What follows a page: its link, another question, or nothing.
//!
//! A page without a link is the end only if nothing speaks against it: a full page may be followed by more, and so may one
//! that announced more. Asking on is of use only where the answers follow the questions: a service that does not mind the
//! filter or the place is read once as it comes, and whatever may be missing then is told.

use rustc_hash::FxHashSet;
use schema::NextPage;

use super::super::page::Page;
use super::{Feed, Order, Slice, Window, cursor};
use common::clock;
use common::error::Fault;
use microsoft::source::{Bound, PageOptions, PageRequest};

/// Sizes at which services cut their pages, whatever they are asked for.
const CAPS: [u64; 9] = [20, 25, 50, 100, 200, 250, 500, 999, 1000];
/// Pages in a row that hold nothing but what was read before, and pages in a row without records.
const MAX_STALE: u32 = 3;
const MAX_EMPTY: u32 = 100;
/// Attempts for a page that is not whole, and for a list that announces more than it holds.
const MAX_AGAIN: u32 = 5;
const MAX_RECOUNTS: u32 = 2;
/// Links that fail at one place before the place is asked for without them.
const MAX_LINKS: u32 = 2;

/// What is known of how the service answers.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// Digests of the pages that were read, and pages in a row that were among them.
    seen: FxHashSet<u64>,
    stale: u32,
    /// Pages that were not whole, one after the other.
    again: u32,
    recounts: u32,
    /// It does not mind what it is asked for: it is read once, as it comes.
    stubborn: bool,
    /// Why something may be missing.
    doubt: Option<String>,
}

impl Asking {
    /// The next pages are asked for because of a fault, or are another part: they may be known.
    pub(super) fn anew(&mut self) {
        self.seen.clear();
        self.stale = 0;
    }

    /// The answers do not follow the questions.
    pub(super) fn is_stubborn(&self) -> bool {
        self.stubborn
    }

    /// The window was read as far as it could be.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.doubt.take().map_or(Ok(()), |doubt| Err(Fault::Incomplete(doubt)))
    }

    fn note(&mut self, answer: &Page) {
        if answer.rows > 0 {
            self.stale = if self.seen.insert(answer.digest) { 0 } else { self.stale + 1 };
        }
    }
}

impl Window {
    /// A page was read: the next one, or `None` at the end of the part.
    pub(super) async fn proceed(
        &mut self,
        feed: &mut Feed,
        answer: Page,
        page: &PageRequest,
    ) -> Result<Option<PageRequest>, Fault> {
        self.trouble.throttled = 0;
        let outside = std::mem::take(&mut self.chain.outside);
        self.chain.announced = self.chain.announced.max(answer.announced);
        self.chain.empty = if answer.rows == 0 { self.chain.empty + 1 } else { 0 };
        self.asking.note(&answer);
        if answer.is_odd {
            // Nobody knows whether there was nothing.
            self.hold(feed);
        }
        if let Some(lacks) = answer.lacks.clone() {
            if self.asking.doubt.is_none() && self.asking.again < MAX_AGAIN {
                self.asking.again += 1;
                return self.read_again(feed, &lacks).await.map(Some);
            }
            // What came is good: the rest of the window may be, too.
            self.doubt(feed, lacks, true);
        } else if answer.rows > 0 {
            self.asking.again = 0;
        }
        if self.asking.stale >= MAX_STALE {
            let what = "asking does not narrow: page after page holds what was read before, whatever is asked for";
            self.doubt(feed, format!("{}: {what}", page.name()), true);
            return Ok(None);
        }
        if self.chain.empty > MAX_EMPTY {
            self.doubt(feed, format!("{}: {MAX_EMPTY} pages without a record, and no end", page.name()), true);
            return Ok(None);
        }
        let is_full = match answer.more {
            _ if feed.source.requests.list.next == NextPage::Single => false,
            Some(more) => more,
            None => answer.rows >= u64::from(self.chain.top) || CAPS.contains(&answer.rows),
        };
        // What was told once need not be looked into again.
        let is_short = self.asking.doubt.is_none()
            && (self.chain.announced.is_some_and(|announced| announced > self.chain.passed)
                || answer.more == Some(true) && answer.rows == 0);
        let goes_on = answer.link.is_some() || is_full;
        if goes_on && outside * 2 > answer.rows && !self.asking.stubborn {
            return Ok(Some(self.give_in(feed, page)));
        }
        let Some(link) = answer.link else {
            return match answer.rows {
                0 if is_short => self.recount(feed, page).await,
                _ if answer.rows > 0 && (is_full || is_short) => Ok(self.ask_on(feed, page, is_full)),
                _ => Ok(None),
            };
        };
        // Up to the one that fails they may be followed.
        if self.trouble.links < MAX_LINKS || self.chain.passed < self.trouble.reached {
            return self.go_on(feed, &link, page).map(Some);
        }
        if answer.rows > 0 {
            return Ok(self.leave_out(feed, page));
        }
        feed.odd(format!(
            "{}: the link to the next page fails every time; the list is closed where nothing more is found without it",
            page.name()
        ));
        Ok(None)
    }

    /// Something may be missing. What is behind it is read all the same; the cursor stays before it if it `holds`.
    pub(super) fn doubt(&mut self, feed: &mut Feed, what: String, holds: bool) {
        tracing::warn!(tenant = &*feed.tenant, reason = what, "records may be missing, the rest is read");
        if holds {
            self.hold(feed);
        }
        self.asking.doubt.get_or_insert(what);
    }

    /// The cursor does not pass this place.
    fn hold(&self, feed: &mut Feed) {
        if self.moves_cursor() {
            let at = if self.order == Order::Own { self.part.from() } else { &self.chain.asked.from };
            for place in feed.rows.places() {
                place.cursor.hold(at);
            }
        }
    }

    /// A page that is not whole is asked for again from its place on, and smaller.
    async fn read_again(&mut self, feed: &mut Feed, lacks: &str) -> Result<PageRequest, Fault> {
        feed.health.retried();
        feed.size.shrink();
        feed.size.shrink();
        self.last.clone_from(&self.chain.since);
        if self.order == Order::Own {
            self.complete = self.chain.base;
        }
        let pause = self.trouble.pauses.next(None).unwrap_or_default();
        tracing::warn!(
            tenant = &*feed.tenant,
            reason = lacks,
            ?pause,
            records = feed.size.get(),
            "page is not whole, it is asked for again"
        );
        self.asking.anew();
        feed.source.stop.unless(tokio::time::sleep(pause)).await?;
        Ok(self.restart(feed))
    }

    /// The list announced more than it gives, and nothing is left to ask for.
    async fn recount(&mut self, feed: &mut Feed, page: &PageRequest) -> Result<Option<PageRequest>, Fault> {
        let what = format!(
            "{}: {} records are announced, {} are given, and no link to more",
            page.name(),
            self.chain.announced.unwrap_or_default(),
            self.chain.passed
        );
        if self.asking.recounts < MAX_RECOUNTS {
            self.asking.recounts += 1;
            return self.read_again(feed, &what).await.map(Some);
        }
        // Where the records are in order, what is missing comes behind them.
        let holds = self.order == Order::Own;
        self.doubt(feed, what, holds);
        Ok(None)
    }

    /// The service answers with records that nobody asked for: it is read once from the beginning, as it comes.
    fn give_in(&mut self, feed: &mut Feed, page: &PageRequest) -> PageRequest {
        let what =
            "asking does not narrow: the records are not of the time that is asked for; the list is read as it comes";
        self.doubt(feed, format!("{}: {what}", page.name()), false);
        self.asking.stubborn = true;
        self.order = Order::Own;
        self.part = Slice::whole(&self.range);
        self.start_part(feed);
        self.restart(feed)
    }

    /// The next page of a list that gives no link.
    fn ask_on(&mut self, feed: &mut Feed, page: &PageRequest, is_full: bool) -> Option<PageRequest> {
        if self.broken && self.order == Order::Kept && !self.asking.stubborn {
            return Some(self.lose_order(feed, page));
        }
        if feed.size.may_grow() && (self.chain.moved || self.order == Order::Own) && !self.bare {
            feed.size.grow();
            return Some(self.restart(feed));
        }
        match self.order {
            Order::Kept if self.chain.moved => Some(self.restart(feed)),
            Order::Own if is_full && !self.asking.stubborn && feed.size.is_full() => {
                if self.narrow(feed) {
                    Some(self.restart(feed))
                } else {
                    self.leave_out(feed, page)
                }
            }
            Order::Kept | Order::Own => self.leave_out(feed, page),
        }
    }

    /// The next page without a link to it: by the number of the records before it, or as a shorter part where the service
    /// knows no such number.
    fn leave_out(&mut self, feed: &mut Feed, page: &PageRequest) -> Option<PageRequest> {
        if self.can_skip {
            return Some(self.skip(feed));
        }
        if self.order == Order::Own && !self.asking.stubborn && self.narrow(feed) {
            return Some(self.restart(feed));
        }
        let what = "there may be more records, no link leads to them, and the service cannot be asked for them";
        self.doubt(feed, format!("{}: {what}", page.name()), true);
        None
    }

    /// The next page by the number of the records before it.
    fn skip(&mut self, feed: &Feed) -> PageRequest {
        let skip = if self.order == Order::Own { self.complete } else { self.chain.passed };
        self.chain.skipped = true;
        self.chain.followed = false;
        feed.source
            .requests
            .page(&self.chain.asked, PageOptions { size: self.chain.top, expand: !self.bare, skip, names: false })
    }

    /// Whether a record is none that was asked for. A second is nothing: services store times more precisely than they
    /// compare them.
    pub(super) fn is_outside(&self, changed: &str) -> bool {
        let is_outside = cursor::order(changed, &self.chain.floor).is_lt()
            || match &self.chain.asked.to {
                Some(Bound::Before(to) | Bound::Through(to)) => cursor::order(changed, to).is_gt(),
                None => false,
            };
        // A time that cannot be read says nothing.
        is_outside && clock::parse(changed).is_some()
    }
}
