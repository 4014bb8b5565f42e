//! Where a list is in its window, and what the service's answers say of the time.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use super::super::{AnswerTime, Answered};
use super::cursor::{self, Cursor};
use super::time_slice::TimeSlice;
use super::{State, TimeCursorList};
use common::clock;
use microsoft::source::Range;

/// What a window is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The list's own: it moves the cursors.
    Live,
    /// A part of the list, apart from that.
    RangeScan,
    /// A place that could not be read, which is in the retry queue already.
    Place,
}

/// What the order of the records is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// By the cursor property: the window can be read anew from the last complete record.
    Kept,
    /// The service's own: the window is read in parts.
    Own,
}

/// Where a list is in its window.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the window")]
pub(super) struct Window {
    pub(super) range: Range,
    /// What is being read of it.
    pub(super) part: TimeSlice,
    pub(super) role: Role,
    pub(super) order: Order,
    /// The service did not sort as it was asked to.
    pub(super) unsorted: bool,
    /// Version of the last complete record, in order.
    pub(super) last: Option<String>,
    /// Version of the newest record, where that is not the last one.
    pub(super) newest: Option<String>,
    /// Complete records of the part, and of all parts.
    pub(super) complete: u64,
    pub(super) records: u64,
    /// The service can be asked to leave out records. Where it cannot, a part is read anew from its beginning, and only
    /// records beyond the farthest one so far are progress.
    can_skip: bool,
    farthest: u64,
    /// Where a record was left out, and how many records to leave out there.
    pub(super) skipped: Option<(String, u64)>,
    pub(super) skips: u32,
    /// The service's time when it answered first in this part.
    began: Option<DateTime<Utc>>,
    is_answered: bool,
    /// How often a part was made shorter because no page could carry it, since the last one was left out.
    pub(super) narrowings: u32,
    /// The cursors know the service's time.
    is_settled: bool,
    /// The service's time at the answer that is being read.
    pub(super) now: DateTime<Utc>,
}

impl Window {
    pub(super) fn new(range: Range, ordered: bool, can_skip: bool, role: Role, now: DateTime<Utc>) -> Self {
        Self {
            part: if ordered { TimeSlice::whole(&range) } else { TimeSlice::first(&range, now) },
            range,
            role,
            order: if ordered { Order::Kept } else { Order::Own },
            unsorted: false,
            last: None,
            newest: None,
            complete: 0,
            records: 0,
            can_skip,
            farthest: 0,
            skipped: None,
            skips: 0,
            began: None,
            is_answered: false,
            narrowings: 0,
            is_settled: false,
            now,
        }
    }

    /// What is left of the part.
    pub(super) fn rest(&self) -> Range {
        let range = self.part.range();
        match &self.last {
            Some(last) if self.order == Order::Kept => Range { from: last.clone(), to: range.to.clone() },
            _ => range.clone(),
        }
    }

    /// The next page is asked for from the start of what is left: how many records it leaves out.
    pub(super) fn restart(&mut self, from: &str) -> u64 {
        match self.order {
            Order::Own if self.can_skip => self.complete,
            Order::Own => {
                self.complete = 0;
                0
            }
            Order::Kept => self.skipped.as_ref().filter(|(place, _)| place == from).map_or(0, |(_, skip)| *skip),
        }
    }

    /// The last record of a list without order was read for the first time, as far as that can be told.
    pub(super) fn is_progress(&mut self) -> bool {
        let is_progress = self.can_skip || self.complete > self.farthest;
        if is_progress {
            self.farthest = self.complete;
        }
        is_progress
    }

    /// The window goes on behind the record after `passed` others.
    pub(super) fn skip(&mut self, passed: u64) {
        self.skips += 1;
        match self.order {
            Order::Own => self.complete = passed + 1,
            Order::Kept => self.skipped = Some((self.rest().from, passed + 1)),
        }
    }

    /// A place where a record was left out, and the version of a record behind it that was read.
    pub(super) fn passed_place(&self) -> Option<(&str, &str)> {
        let ((place, _), last) = self.skipped.as_ref().zip(self.last.as_deref())?;
        (self.role != Role::Place && cursor::order(place, last) == Ordering::Less).then_some((place, last))
    }

    /// The service can be asked to leave out records.
    pub(super) fn can_skip(&self) -> bool {
        self.can_skip
    }
}

impl TimeCursorList {
    /// An answer tells the service's time: everything is measured by it. The window may have to be read from elsewhere,
    /// because this machine's clock was wrong about where it starts.
    pub(super) fn note_time(&mut self, time: AnswerTime) -> Answered {
        let window = &mut self.window;
        window.now = time.at;
        let is_first = !std::mem::replace(&mut window.is_answered, true);
        if is_first {
            window.began = Some(window.now);
        }
        // One answer whose `Date` lies behind must not take the cursor back.
        let (settled, mut is_elsewhere) = (time.at.max(time.now), false);
        let is_settled = std::mem::replace(&mut window.is_settled, true);
        for cursor in &mut self.cursors {
            if !is_settled {
                is_elsewhere |= cursor.settle(settled);
            }
            cursor.answered(time.at);
        }
        if is_elsewhere && self.moves_cursor() {
            self.start_again();
            return Answered::AskAnew;
        }
        if is_first {
            self.limit_cursors();
        }
        Answered::Read
    }

    fn start_again(&mut self) {
        let starts = self.cursors.iter().map(Cursor::from);
        let Some(from) = starts.min_by(|a, b| cursor::order(a, b)).map(str::to_owned) else { return };
        let window = &mut self.window;
        window.range = Range::since(from);
        window.part = match window.order {
            Order::Kept => TimeSlice::whole(&window.range),
            Order::Own => TimeSlice::first(&window.range, window.now),
        };
        window.complete = 0;
        window.last = None;
        window.is_answered = false;
        self.state = State::Restart;
    }

    /// Where the listing has no order, a record that changes while it is read may have been passed already, and records of
    /// any time are still to come: until the part was read, everything is complete up to its beginning, and no further than
    /// to the service's time then.
    fn limit_cursors(&mut self) {
        let is_unordered = self.moves_cursor() && self.window.order == Order::Own;
        let Some(began) = self.window.began.filter(|_| is_unordered) else { return };
        let began = clock::seconds(began);
        let from = self.window.part.from();
        let limit = if cursor::order(&began, from).is_lt() { began } else { from.to_owned() };
        for cursor in &mut self.cursors {
            cursor.limit(limit.clone());
        }
    }

    /// The part was read to its end; `false` if it was the last one.
    pub(super) fn next_part(&mut self) -> bool {
        if self.window.order == Order::Kept {
            return false;
        }
        let moves_cursor = self.moves_cursor();
        let window = &mut self.window;
        let began = window.began.map(clock::seconds);
        if window.part.is_long() {
            // Nothing is being searched for any more.
            window.narrowings = 0;
        }
        let is_over = !window.part.next(&window.range, window.complete, self.size.max(), window.now);
        if moves_cursor && (is_over || !window.unsorted) {
            // Everything before it is complete, unless our clock has led into the service's future.
            let reached = if is_over { window.newest.clone() } else { Some(window.part.from().to_owned()) };
            let reached =
                reached.filter(|to| is_over || began.as_ref().is_some_and(|began| cursor::order(to, began).is_lt()));
            for cursor in &mut self.cursors {
                cursor.limit(began.clone().unwrap_or_else(|| clock::seconds(window.now)));
                cursor.advance(reached.as_deref());
            }
        }
        if !is_over {
            self.start_part();
        }
        !is_over
    }

    pub(super) fn start_part(&mut self) {
        // What failed was another part.
        self.trouble.failed = 0;
        self.window.complete = 0;
        self.window.farthest = 0;
        self.evidence.anew();
        self.limit_cursors();
        self.window.is_answered = false;
    }

    /// A shorter part; `false` if it cannot be shorter.
    pub(super) fn narrow(&mut self) -> bool {
        let narrowed = self.window.part.narrow(self.window.now);
        if narrowed {
            self.start_part();
        }
        narrowed
    }
}
