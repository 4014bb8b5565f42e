//! What becomes of a window whose page could not be read.

use std::time::Duration;

use super::super::{Notice, Recovery};
use super::probe::Probe;
use super::window::Role;
use super::{State, TimeCursorList};
use common::error::Error;
use common::http::Backoff;
use microsoft::source::PageRequest;

/// Failures of the smallest page, and refusals because of too many requests, before the list gives up this cycle.
const ATTEMPTS: u32 = 4;
const MAX_THROTTLED: u32 = 8;
/// Attempts to find the way to the service, a minute's worth, before the list gives up this cycle.
const MAX_LOST: u32 = 15;
/// Records that one window leaves out.
const MAX_SKIPS: u32 = 50;

/// What went wrong since the last progress.
#[derive(Debug)]
pub(super) struct Trouble {
    failed: u32,
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
        if self.chain.followed {
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
            Error::Permanent(_) if self.chain.followed => {
                self.trouble.links += 1;
                tracing::warn!(tenant = &*self.tenant, reason = %error, "next link is refused, the window is read anew");
                Ok(State::Restart)
            }
            // Services know no places beyond some number.
            Error::Permanent(what) if self.chain.skipped => {
                self.doubt(what, true);
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
        self.trouble.links += u32::from(self.chain.followed);
        let place = self.window.rest().from;
        if self.places.iter().any(|known| super::cursor::order(known, &place).is_ge()) {
            // It failed before: page after page need not fail again.
            self.size.smallest();
        }
        self.trouble.place = place;
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
        let attempts = if self.places.contains(&self.window.rest().from) { 1 } else { ATTEMPTS };
        if self.trouble.failed > attempts {
            // Its neighbours are found by their number.
            if !self.window.can_skip() || self.window.skips >= MAX_SKIPS {
                return Err(Recovery::Fail(error));
            }
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
