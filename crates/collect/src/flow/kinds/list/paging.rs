//! What follows a page: its link, another question, or nothing.
//!
//! A page without a link is the end only if nothing speaks against it: a full page may be followed by more, and so may one
//! that announced more. Asking on is of use only where the answers follow the questions: a service that does not mind the
//! filter or the place is read once as it comes, and whatever may be missing then is told.

use rustc_hash::FxHashSet;
use schema::NextPage;

use super::super::{Notice, Page};
use super::chain::Way;
use super::time_slice::TimeSlice;
use super::window::Order;
use super::{State, TimeCursorList};
use common::error::Error;
use microsoft::source::PageRequest;

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
pub(super) struct Evidence {
    /// Digests of the pages that were read, and pages in a row that were among them.
    seen: FxHashSet<u64>,
    stale: u32,
    /// Pages that were not whole, one after the other.
    again: u32,
    recounts: u32,
    /// Pages of the window have links to the next ones.
    gives_links: bool,
    /// It does not mind what it is asked for: it is read once, as it comes.
    stubborn: bool,
    /// Why something may be missing.
    doubt: Option<String>,
}

impl Evidence {
    /// The next pages are asked for because of an error, or are another part: they may be known.
    pub(super) fn anew(&mut self) {
        self.seen.clear();
        self.stale = 0;
    }

    /// The answers do not follow the questions.
    pub(super) fn is_stubborn(&self) -> bool {
        self.stubborn
    }

    /// Something may be missing.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubt.is_some()
    }

    /// The window was read as far as it could be.
    pub(super) fn end(&self) -> Result<(), Error> {
        self.doubt.clone().map_or(Ok(()), |doubt| Err(Error::Incomplete(doubt)))
    }

    fn note(&mut self, answer: &Page) {
        self.gives_links |= answer.link.is_some();
        if answer.rows > 0 {
            self.stale = if self.seen.insert(answer.digest) { 0 } else { self.stale + 1 };
        }
    }
}

impl TimeCursorList {
    /// A page was read: what follows, [`State::Done`] at the end of the part.
    pub(super) fn proceed(&mut self, answer: Page, page: &PageRequest) -> Result<State, Error> {
        self.trouble.throttled = 0;
        let outside = std::mem::take(&mut self.chain.outside);
        self.chain.announced = self.chain.announced.max(answer.announced);
        self.chain.empty = if answer.rows == 0 { self.chain.empty + 1 } else { 0 };
        self.evidence.note(&answer);
        if answer.is_odd {
            // Nobody knows whether there was nothing.
            self.hold();
        }
        if let Some(lacks) = answer.lacks.clone() {
            if !self.evidence.is_doubtful() && self.evidence.again < MAX_AGAIN {
                self.evidence.again += 1;
                return Ok(self.read_again(&lacks));
            }
            // What came is good: the rest of the window may be, too.
            self.doubt(lacks, true);
        } else if answer.rows > 0 {
            self.evidence.again = 0;
        }
        if self.evidence.stale >= MAX_STALE {
            let what = "asking does not narrow: page after page holds what was read before, whatever is asked for";
            self.doubt(format!("{}: {what}", page.name()), true);
            return Ok(State::Done);
        }
        if self.chain.empty > MAX_EMPTY {
            self.doubt(format!("{}: {MAX_EMPTY} pages without a record, and no end", page.name()), true);
            return Ok(State::Done);
        }
        let is_full = self.is_full(&answer);
        let is_short = self.is_short(&answer);
        let goes_on = answer.link.is_some() || is_full;
        if goes_on && outside * 2 > answer.rows && !self.evidence.stubborn {
            return Ok(self.give_in(page));
        }
        let Some(link) = answer.link else {
            return Ok(match answer.rows {
                0 if is_short => self.recount(page),
                _ if answer.rows > 0 && (is_full || is_short) => self.ask_on(page, is_full),
                _ => State::Done,
            });
        };
        // Up to the one that fails they may be followed.
        if self.trouble.links < MAX_LINKS || self.chain.passed < self.trouble.reached {
            return self.follow(&link, page);
        }
        if answer.rows > 0 {
            return Ok(self.leave_out(page, true));
        }
        self.notices.push(Notice::Odd(format!(
            "{}: the link to the next page fails every time; the list is closed where nothing more is found without it",
            page.name()
        )));
        Ok(State::Done)
    }

    /// More records may follow: the page says so, or holds as many as it was asked for.
    fn is_full(&self, answer: &Page) -> bool {
        match answer.more {
            _ if self.requests.list.next == NextPage::Single => false,
            Some(more) => more,
            None => answer.rows >= u64::from(self.chain.size) || CAPS.contains(&answer.rows),
        }
    }

    /// The list holds more than it has context. What was told once need not be looked into again.
    fn is_short(&self, answer: &Page) -> bool {
        !self.evidence.is_doubtful()
            && (self.chain.announced.is_some_and(|announced| announced > self.chain.passed)
                || answer.more == Some(true) && answer.rows == 0)
    }

    /// Something may be missing. What is behind it is read all the same; the cursor stays before it if it `holds`.
    pub(super) fn doubt(&mut self, what: String, holds: bool) {
        tracing::warn!(tenant = &*self.tenant, reason = what, "records may be missing, the rest is read");
        if holds {
            self.hold();
        }
        self.evidence.doubt.get_or_insert(what);
    }

    /// The cursors do not pass this place.
    fn hold(&mut self) {
        if self.moves_cursor() {
            let is_own = self.window.order == Order::Own;
            let at = if is_own { self.window.part.from() } else { &self.chain.asked.from };
            self.cursors.iter_mut().for_each(|cursor| cursor.hold(at));
        }
    }

    /// A page that is not whole is asked for again from its place on, and smaller.
    fn read_again(&mut self, lacks: &str) -> State {
        self.notices.push(Notice::Retried);
        self.size.shrink();
        self.size.shrink();
        self.window.last.clone_from(&self.chain.since);
        if self.window.order == Order::Own {
            self.window.complete = self.chain.base;
        }
        let pause = self.trouble.pause();
        tracing::warn!(
            tenant = &*self.tenant,
            reason = lacks,
            ?pause,
            records = self.size.get(),
            "page is not whole, it is asked for again"
        );
        self.evidence.anew();
        State::Page(self.first_page(), Some(pause))
    }

    /// The list announced more than it gives, and nothing is left to ask for.
    fn recount(&mut self, page: &PageRequest) -> State {
        let what = format!(
            "{}: {} records are announced, {} are given, and no link to more",
            page.name(),
            self.chain.announced.unwrap_or_default(),
            self.chain.passed
        );
        if self.evidence.recounts < MAX_RECOUNTS {
            self.evidence.recounts += 1;
            return self.read_again(&what);
        }
        // Where the records are in order, what is missing comes behind them.
        let holds = self.window.order == Order::Own;
        self.doubt(what, holds);
        State::Done
    }

    /// The service answers with records that nobody asked for: it is read once from the beginning, as it comes.
    fn give_in(&mut self, page: &PageRequest) -> State {
        let what =
            "asking does not narrow: the records are not of the time that is asked for; the list is read as it comes";
        self.doubt(format!("{}: {what}", page.name()), false);
        self.evidence.stubborn = true;
        self.window.order = Order::Own;
        self.window.part = TimeSlice::whole(&self.window.range);
        self.start_part();
        State::Restart
    }

    /// The next page of a list that gives no link.
    fn ask_on(&mut self, page: &PageRequest, is_full: bool) -> State {
        let is_own = self.window.order == Order::Own;
        if self.window.unsorted && !is_own && !self.evidence.stubborn {
            return self.lose_order(page);
        }
        if self.size.may_grow() && (self.chain.moved || is_own) && !self.nesting.unexpanded {
            self.size.grow();
            return State::Restart;
        }
        if !is_own && self.chain.moved {
            return State::Restart;
        }
        if is_own && is_full && !self.evidence.stubborn && self.size.is_full() && self.narrow() {
            return State::Restart;
        }
        self.leave_out(page, false)
    }

    /// The next page without a link to it, or without the one that fails: by the number of the records before it, or as a
    /// shorter part where the service knows no such number.
    fn leave_out(&mut self, page: &PageRequest, has_link: bool) -> State {
        if self.window.can_skip() {
            // A page that was found this way shows that more may follow where no link says so.
            let is_probe = !has_link && self.evidence.gives_links && !self.chain.is_by_number();
            self.chain.way = if is_probe { Way::Probe } else { Way::Number };
            return State::Page(self.page_by_number(), None);
        }
        if !self.evidence.stubborn {
            let is_shorter = if has_link { self.shorten() } else { self.window.order == Order::Own && self.narrow() };
            if is_shorter {
                return State::Restart;
            }
        }
        if !has_link && self.evidence.gives_links {
            // Where more follows, it says so.
            return State::Done;
        }
        let what = "there may be more records, no link leads to them, and the service cannot be asked for them";
        self.doubt(format!("{}: {what}", page.name()), true);
        State::Done
    }
}
