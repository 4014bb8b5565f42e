//! The stream of check-ins: every difference is sent, at most ten times a second, and everything once a period; never
//! an answer for the answer's sake, because an agent answers each message while a unit is not as it should be.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use common::clock;
use common::http::Backoff;
use prost_types::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::StreamExt;
use tonic::Status;

use crate::Change;
use crate::api::Shared;
use crate::chunks::{self, Joiner, Limits};
use crate::connection::{Disconnection, Inbound, Link};
use crate::messages::{CheckinExpected, CheckinObserved, ConnectionSupports, VersionInfo};
use crate::units::Units;

/// What changes within this time is told in one message.
const COALESCE: Duration = Duration::from_millis(100);
/// Pauses between attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A stream that lasted this long was a good one: the next pause is the first one again.
const GOOD: Duration = Duration::from_secs(1);

/// Pauses between attempts to open a stream, as both streams keep them.
pub(crate) struct Pauses(Backoff);

impl Pauses {
    pub(crate) fn new() -> Self {
        Self(Backoff::endless(FIRST_PAUSE, LONGEST_PAUSE))
    }

    /// Waits after a stream that began then.
    pub(crate) async fn after(&mut self, begun: Instant) {
        if begun.elapsed() >= GOOD {
            self.0.reset();
        }
        tokio::time::sleep(self.0.pause(None)).await;
    }
}

/// Checks in for ever.
pub(crate) struct Checkins {
    pub(crate) link: Arc<dyn Link>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) changes: mpsc::UnboundedSender<Change>,
    pub(crate) token: String,
    pub(crate) version: VersionInfo,
    pub(crate) limits: Limits,
    /// Longest silence.
    pub(crate) period: Duration,
}

impl Checkins {
    pub(crate) async fn run(self) {
        let mut pauses = Pauses::new();
        let mut told: Option<Disconnection> = None;
        loop {
            let begun = Instant::now();
            let mut stream = Stream::begin(&self);
            let end = stream.run().await;
            // One outage is one change, unless it turns out to be a refusal.
            if stream.is_answered || told.as_ref().is_none_or(|told| told.is_refused != end.is_refused) {
                let Disconnection { reason, is_refused } = end.clone();
                self.tell(Change::Disconnected { reason, is_refused });
                told = Some(end);
            }
            drop(stream);
            pauses.after(begun).await;
        }
    }

    fn tell(&self, change: Change) {
        // Nobody listens any more when the program ends.
        let _ = self.changes.send(change);
    }
}

/// One stream, from its first message to its end.
struct Stream<'c> {
    checkins: &'c Checkins,
    joiner: Joiner,
    /// Parts of a message on their way to the connection.
    parts: VecDeque<CheckinObserved>,
    /// What was observed when the latest message was made, and when that was.
    latest: CheckinObserved,
    sent: Instant,
    is_answered: bool,
}

/// What wakes a stream up.
enum Event {
    Opened(Result<Inbound<CheckinExpected>, Status>),
    Expected(Option<Result<CheckinExpected, Status>>),
    /// Whether the connection took a part.
    Handed(bool),
    Look,
}

impl<'c> Stream<'c> {
    fn begin(checkins: &'c Checkins) -> Self {
        checkins.shared.with_units(Units::begin_stream);
        let mut stream = Self {
            checkins,
            joiner: Joiner::default(),
            parts: VecDeque::new(),
            latest: CheckinObserved::default(),
            sent: Instant::now(),
            is_answered: false,
        };
        let supports = checkins.limits.chunking.then_some(ConnectionSupports::CheckinChunking as i32);
        let version_info = Some(checkins.version.clone());
        stream.enqueue(|first| CheckinObserved { version_info, supports: supports.into_iter().collect(), ..first });
        stream
    }

    async fn run(&mut self) -> Disconnection {
        let (outgoing, receiver) = mpsc::channel(1);
        // The first message is there before the call: the agent waits for it five seconds.
        if let Some(first) = self.parts.pop_front() {
            let _ = outgoing.try_send(first);
        }
        let mut call = self.checkins.link.checkin(receiver);
        let mut inbound: Option<Inbound<CheckinExpected>> = None;
        loop {
            let look_at = self.send_differences();
            let event = tokio::select! {
                opened = &mut call, if inbound.is_none() => Event::Opened(opened),
                expected = next(&mut inbound), if inbound.is_some() => Event::Expected(expected),
                permit = outgoing.reserve(), if !self.parts.is_empty() => {
                    let taken = permit.ok().zip(self.parts.pop_front()).map(|(permit, part)| permit.send(part));
                    Event::Handed(taken.is_some())
                }
                () = self.checkins.shared.reported() => Event::Look,
                () = tokio::time::sleep_until(look_at) => Event::Look,
            };
            match event {
                Event::Opened(Ok(stream)) => inbound = Some(stream),
                Event::Opened(Err(status)) | Event::Expected(Some(Err(status))) => return Disconnection::of(&status),
                Event::Expected(None) | Event::Handed(false) => return Disconnection::closed(),
                Event::Expected(Some(Ok(part))) => self.take(part),
                Event::Handed(true) | Event::Look => {}
            }
        }
    }

    fn take(&mut self, part: CheckinExpected) {
        if !self.is_answered {
            self.is_answered = true;
            self.checkins.tell(Change::Connected);
        }
        let Some(expected) = self.joiner.push(part) else { return };
        let changes = self.checkins.shared.with_units(|units| units.apply(expected));
        for change in changes {
            self.checkins.tell(change);
        }
    }

    /// Makes a message if there is something to tell and the former one is handed over. Gives the time to look again.
    fn send_differences(&mut self) -> Instant {
        let now = Instant::now();
        let period = self.checkins.period;
        let (soon, late) = (self.sent + COALESCE, self.sent + period);
        if !self.parts.is_empty() {
            return now + period;
        }
        let observed = self.checkins.shared.with_units(|units| units.observe());
        let is_different = observed != self.latest;
        if is_different && now >= soon || now >= late {
            self.enqueue(|observed| observed);
            return now + COALESCE;
        }
        if is_different { soon } else { late }
    }

    fn enqueue(&mut self, complete: impl FnOnce(CheckinObserved) -> CheckinObserved) {
        self.sent = Instant::now();
        // Units that are told STOPPED by this are no more: without them it is the same, and no reason for a message. Both are
        // taken at once, so that no report falls between them.
        let (observed, latest) = self.checkins.shared.with_units(|units| (units.hand_over(), units.observe()));
        self.latest = latest;
        let whole = complete(CheckinObserved { token: self.checkins.token.clone(), ..observed });
        self.parts = chunks::split(whole, self.checkins.limits, timestamp()).into();
    }
}

async fn next<T>(inbound: &mut Option<Inbound<T>>) -> Option<Result<T, Status>> {
    match inbound {
        Some(stream) => Pin::new(stream).next().await,
        None => std::future::pending().await,
    }
}

/// Now, as messages carry it.
pub(crate) fn timestamp() -> Timestamp {
    let now = clock::now();
    Timestamp { seconds: now.timestamp(), nanos: i32::try_from(now.timestamp_subsec_nanos()).unwrap_or_default() }
}
