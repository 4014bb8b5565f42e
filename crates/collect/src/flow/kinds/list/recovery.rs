//! What becomes of a window whose page could not be read.

use std::time::Duration;

use super::super::{Notice, Recovery};
use super::chain::Way;
use super::probe::Probe;
use super::time_slice::TimeSlice;
use super::window::{Order, Role};
use super::{State, TimeCursorList, cursor};
use common::error::Error;
use common::http::Backoff;
use microsoft::source::{Bound, PageRequest, Range};

/// Failures of the smallest page, and refusals because of too many requests, before the list gives up this cycle.
const ATTEMPTS: u32 = 4;
const MAX_THROTTLED: u32 = 8;
/// Attempts to find the way to the service, a minute's worth, before the list gives up this cycle.
const MAX_LOST: u32 = 15;
/// How often a part is made shorter until what no page can carry is found: twice for each halving of a year.
const MAX_NARROWINGS: u32 = 50;
/// Records that one window leaves out.
const MAX_SKIPS: u32 = 50;

/// What went wrong since the last progress.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) failed: u32,
    pub(super) throttled: u32,
    /// There was no way to the service.
    lost: u32,
    /// Links that could not be followed.
    pub(super) links: u32,
    /// Records that were passed before the last of them.
    pub(super) reached: u64,
    pub(super) looped: bool,
    pauses: Backoff,
    /// Pages that failed since one behind them was clean, and where the last one did.
    pub(super) pages: u32,
    pub(super) place: String,
}

impl Default for Trouble {
    fn default() -> Self {
        Self {
            failed: 0,
            throttled: 0,
            lost: 0,
            links: 0,
            reached: 0,
            looped: false,
            pauses: Backoff::endless(Duration::from_secs(1), Duration::from_secs(8)),
            pages: 0,
            place: String::new(),
        }
    }
}

impl Trouble {
    /// A record was read that is later than all before.
    pub(super) fn forget(&mut self) {
        *self = Self { pages: self.pages, place: std::mem::take(&mut self.place), ..Self::default() };
    }

    /// A record was read that will be left out from now on; a circle of links is still one.
    pub(super) fn overcome(&mut self) {
        let looped = self.looped;
        self.forget();
        self.looped = looped;
    }

    /// Time before the next attempt.
    pub(super) fn pause(&mut self) -> Duration {
        self.pauses.pause(None)
    }
}

impl TimeCursorList {
    /// What to go on with after an error, or the error when nothing is left to try.
    pub(super) fn recover(&mut self, page: PageRequest, error: Error) -> Result<State, Recovery> {
        self.evidence.anew();
        self.chain.outside = 0;
        if self.chain.is_followed() {
            self.trouble.reached = self.chain.passed;
        }
        match error {
            // What is read apart has time.
            Error::Throttled { .. } if self.moves_cursor() && self.trouble.throttled < MAX_THROTTLED => {
                self.trouble.throttled += 1;
                self.notices.push(Notice::Retried);
                tracing::info!(tenant = &*self.tenant, reason = %error, "throttled, the page is asked for later");
                Ok(State::Page(page, None))
            }
            Error::Permanent(_) if self.chain.is_followed() => {
                self.trouble.links += 1;
                tracing::warn!(tenant = &*self.tenant, reason = %error, "next link is refused, the window is read anew");
                Ok(State::Restart)
            }
            // Services know no places beyond some number.
            Error::Permanent(what) if self.chain.is_by_number() => {
                if self.chain.way == Way::Number {
                    self.doubt(what, true);
                }
                Ok(State::Done)
            }
            // Nobody has seen the question: nothing is wrong with it.
            Error::Unreachable(_) if self.trouble.lost < MAX_LOST => {
                self.trouble.lost += 1;
                let pause = self.trouble.pause();
                tracing::warn!(
                    tenant = &*self.tenant,
                    reason = %error,
                    ?pause,
                    "no way to the service, the page is asked for again"
                );
                self.notices.push(Notice::Stumbled(error));
                Ok(State::Page(page, Some(pause)))
            }
            Error::Transient(_) => self.failed(error),
            error => Err(Recovery::Fail(error)),
        }
    }

    /// A page failed for now.
    fn failed(&mut self, error: Error) -> Result<State, Recovery> {
        self.notices.push(Notice::Stumbled(error.clone()));
        self.trouble.pages += 1;
        self.trouble.links += u32::from(self.chain.is_followed());
        let place = self.window.rest().from;
        let can_skip = self.window.can_skip();
        if can_skip && self.places.iter().any(|known| cursor::order(known, &place).is_ge()) {
            // It failed before: page after page need not fail again.
            self.size.smallest();
        }
        // Where records cannot be left out by their number, parts become shorter instead of pages.
        let is_narrowed = !can_skip && (self.window.narrowings > 0 || self.is_known(&place));
        self.trouble.place = place;
        if is_narrowed {
            self.trouble.failed += 1;
            return self.try_again(error);
        }
        // One failure says nothing of the size: it may be the way, or a server that restarts.
        if (self.trouble.pages > 1 || self.size.get() == 1) && !self.size.shrink() {
            if !self.nesting.unexpanded && self.can_expand() {
                if self.window.can_skip() {
                    return Ok(State::Probe(self.probe_weight(error)));
                }
                // Where records cannot be counted, nothing can be told.
                self.nesting.unexpanded = true;
            } else {
                self.trouble.failed += 1;
            }
        }
        self.try_again(error)
    }

    /// Whether the record at this place is oversized was found out.
    pub(super) fn weighed(&mut self, is_oversized: bool, error: Error) -> Result<State, Recovery> {
        if is_oversized {
            self.nesting.unexpanded = true;
        } else {
            self.trouble.failed += 1;
        }
        self.try_again(error)
    }

    fn try_again(&mut self, error: Error) -> Result<State, Recovery> {
        let attempts = match self.is_known(&self.window.rest().from) {
            // The search for what no page can carry goes on: whatever is readable around it is read then.
            _ if self.window.narrowings > 0 && self.window.part.can_narrow(self.window.now) => 0,
            true => 1,
            false => ATTEMPTS,
        };
        if self.trouble.failed > attempts {
            if self.window.skips >= MAX_SKIPS {
                return Err(Recovery::Fail(error));
            }
            if !self.window.can_skip() {
                return self.narrow_down(error);
            }
            // Its neighbours are found by their number.
            return Ok(State::Probe(Probe::poison(self.window.rest(), self.chain.passed, error)));
        }
        let pause = self.trouble.pause();
        let (records, nested) = (self.size.get(), !self.nesting.unexpanded);
        tracing::warn!(
            tenant = &*self.tenant, reason = %error, ?pause, records, nested,
            "page failed, the rest of the window is read from its place on"
        );
        Ok(State::Page(self.first_page(), Some(pause)))
    }

    /// Where records cannot be left out by their number, the part around the one that no page can carry becomes shorter and
    /// shorter, down to a second, while what is readable around it is read.
    fn narrow_down(&mut self, error: Error) -> Result<State, Recovery> {
        if self.window.narrowings >= MAX_NARROWINGS {
            return Err(Recovery::Fail(error));
        }
        if self.shorten() {
            let pause = self.trouble.pause();
            let range = self.window.part.range();
            tracing::warn!(
                tenant = &*self.tenant, reason = %error, ?pause, from = range.from, to = ?range.to,
                "page failed, a shorter part of the window is read"
            );
            return Ok(State::Page(self.first_page(), Some(pause)));
        }
        if self.window.role == Role::Place {
            // Nothing else lies in it.
            self.window.skips += 1;
            return Ok(State::Done);
        }
        match &self.window.part.range().to {
            Some(Bound::Before(to)) if !self.chain.is_followed() => {
                Ok(State::Probe(Probe::part(self.window.part.range().clone(), to, error)))
            }
            // Of times to come nothing can be told, nor of what lies behind a link: the pages before it are good.
            _ => Err(Recovery::Fail(error)),
        }
    }

    /// What is left of the window is read in parts, and the first of them ends at the next place that is known to be
    /// unreadable, or behind it where it begins there; else it is half as long. `false` if it cannot be shorter, or was
    /// made shorter too often: a service that fails now and then would be asked for every second of the window.
    pub(super) fn shorten(&mut self) -> bool {
        if self.window.order == Order::Kept {
            self.window.part = TimeSlice::whole(&self.window.rest());
            self.window.order = Order::Own;
        }
        let (part, now) = (&mut self.window.part, self.window.now);
        if self.window.narrowings >= MAX_NARROWINGS || !part.can_narrow(now) {
            return false;
        }
        let known = self.places.iter().filter(|place| part.holds(place)).min_by(|a, b| cursor::order(a, b));
        let is_shorter = match known {
            _ if self.places.iter().any(|place| place == part.from()) => part.end_soon(),
            Some(place) => part.end_at(place),
            None => part.narrow(now),
        };
        if is_shorter {
            self.start_part();
            self.window.narrowings += 1;
            // A full page leaves open whether more follows.
            self.size.reset();
        }
        is_shorter
    }

    /// A place that is known to be unreadable begins here, or lies in what is asked for where it cannot be left out.
    fn is_known(&self, from: &str) -> bool {
        let is_in_way = |place: &String| !self.window.can_skip() && self.window.part.holds(place);
        self.places.iter().any(|place| place == from || is_in_way(place))
    }

    /// A part that no page can carry is left out.
    pub(super) fn skip_poison_part(&mut self, range: &Range) -> Result<(), Recovery> {
        self.window.skips += 1;
        self.window.narrowings = 0;
        self.trouble.forget();
        self.state = if self.next_part() { State::Restart } else { State::Done };
        let until = match &range.to {
            Some(Bound::Before(to) | Bound::Through(to)) => Some(to.clone()),
            None => None,
        };
        if !self.places.contains(&range.from) {
            self.places.push(range.from.clone());
        }
        Err(Recovery::RetryPlace { from: range.from.clone(), until })
    }

    /// A record that no page can carry is left out.
    pub(super) fn skip_poison_record(&mut self, passed: u64, recovery: Option<Recovery>) -> Result<(), Recovery> {
        self.window.skip(passed);
        self.trouble.forget();
        self.state = State::Restart;
        match recovery {
            Some(recovery) if self.window.role != Role::Place => {
                if let Recovery::RetryPlace { from, .. } = &recovery
                    && !self.places.contains(from)
                {
                    self.places.push(from.clone());
                }
                Err(recovery)
            }
            _ => Ok(()),
        }
    }
}
