//! What the service's answers say of the time, and what follows for the window and its cursors.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;

use super::{Feed, Order, Slice, Window, cursor};
use common::clock;
use microsoft::fair_scheduler::PacedBody;
use microsoft::source::Range;

/// A difference of the clocks that is told.
const SKEW: TimeDelta = TimeDelta::seconds(60);

impl Window {
    /// An answer tells the service's time: everything is measured by it. Whether the window has to be read from elsewhere,
    /// because this machine's clock was wrong about where it starts.
    pub(super) fn note_time(&mut self, feed: &mut Feed, answer: &PacedBody) -> bool {
        let date = clock::date(answer.response().headers());
        self.now = feed.health.time().of_answer(date);
        let is_first = !std::mem::replace(&mut self.is_answered, true);
        if is_first {
            self.began = Some(self.now);
            compare(feed, date.is_some());
        }
        // One answer whose `Date` lies behind must not take the cursor back.
        let (settled, mut is_elsewhere) = (self.now.max(feed.health.time().now()), false);
        for place in feed.rows.places() {
            if !self.is_settled {
                is_elsewhere |= place.cursor.settle(settled);
            }
            place.cursor.answered(self.now);
        }
        self.is_settled = true;
        if is_elsewhere && self.moves_cursor() {
            self.start_again(feed);
            return true;
        }
        if is_first {
            self.limit_cursors(feed);
        }
        false
    }

    fn start_again(&mut self, feed: &mut Feed) {
        let starts: Vec<_> = feed.rows.places().map(|place| place.cursor.from().to_owned()).collect();
        let Some(from) = starts.into_iter().min_by(|a, b| cursor::order(a, b)) else { return };
        self.range = Range::since(from);
        self.part =
            if self.order == Order::Kept { Slice::whole(&self.range) } else { Slice::first(&self.range, self.now) };
        self.complete = 0;
        self.last = None;
        self.is_answered = false;
    }

    /// Where the listing has no order, a record that changes while it is read may have been passed already, and records of
    /// any time are still to come: until the part was read, everything is complete up to its beginning, and no further than
    /// to the service's time then.
    pub(super) fn limit_cursors(&self, feed: &mut Feed) {
        let Some(began) = self.began.filter(|_| self.moves_cursor() && self.order == Order::Own) else { return };
        let began = clock::seconds(began);
        let from = self.part.from();
        let limit = if cursor::order(&began, from).is_lt() { began } else { from.to_owned() };
        for place in feed.rows.places() {
            place.cursor.limit(limit.clone());
        }
    }
}

/// Says once that this machine's clock is wrong, or that there is nothing to compare it with.
fn compare(feed: &Feed, is_told: bool) {
    let told = &feed.shared.clock_told;
    let ahead = feed.health.time().ahead();
    let is_news = ahead.map_or(!is_told, |ahead| ahead.abs() >= SKEW);
    if !is_news || told.swap(true, Ordering::Relaxed) {
        return;
    }
    if let Some(ahead) = ahead {
        let side = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
        tracing::warn!(
            tenant = &*feed.tenant,
            "this machine's clock is {} s {side} the service's, whose time is used\nhint: let NTP set this machine's clock: \
             signed assertions and tokens are only good for minutes",
            ahead.num_seconds().abs()
        );
    } else {
        tracing::warn!(
            tenant = &*feed.tenant,
            path = feed.source.endpoint.path,
            "the service's answers carry no usable `Date`, this machine's clock stands in for the service's\nhint: a proxy on \
             the way may remove it; keep this machine's clock right with NTP"
        );
    }
}
