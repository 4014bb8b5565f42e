//! The kinds of collection as state machines: each says what to ask for next and is told what came. None of them does I/O or
//! reads a clock; the engine sends, splits, maps, tells duplicates apart, waits for the acknowledgement and commits, once
//! for all kinds.

#[cfg(test)]
mod contract;
pub(crate) mod list;
pub(crate) mod progress;
#[cfg(test)]
pub(in crate::flow) mod toy;

use std::time::Duration;

use chrono::{DateTime, Utc};

use self::progress::KindProgress;
use crate::record::Record;
use common::error::Error;
use microsoft::source::PageRequest;

/// How the records of an endpoint are found out about.
pub(crate) trait Kind {
    /// What to do next; `now` is the service's time, as far as it is known.
    fn next(&mut self, now: DateTime<Utc>) -> Step;

    /// The answer to the last request has begun. Its records are not wanted where the service's time shows that something
    /// else has to be asked for.
    fn answered(&mut self, time: AnswerTime) -> Answered;

    /// A record has arrived: what is to become of it.
    fn record(&mut self, record: &Record<'_>) -> Disposition;

    /// The record was handed to the output.
    fn delivered(&mut self, record: &Record<'_>, delivery: Delivery);

    /// A record has arrived that is longer than any that is taken; only its version can be told.
    fn unreadable(&mut self, version: Option<&str>);

    /// The answer to the last request has ended, or there was none.
    fn response(&mut self, end: PageEnd) -> Result<(), Recovery>;

    /// Something that belongs to a record of this version is missing, and not remembered elsewhere: progress does not pass
    /// it.
    fn miss(&mut self, version: Option<&str>);

    /// What the engine needs to know of it.
    fn facts(&self) -> Facts<'_>;

    /// What happened since the last call.
    fn take_notices(&mut self) -> Vec<Notice>;

    /// How far it has come: to be committed when everything that was handed over is acknowledged, and not before.
    fn progress(&self) -> KindProgress;
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Ask for this.
    Request(PageRequest, Purpose),
    /// Wait so long.
    Wait(Duration),
    /// Nothing: everything was read.
    Done,
}

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Its records are wanted.
    Listing,
    /// Only whether it succeeds, and with which record it begins.
    Probe,
}

/// When an answer was made, by the service's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerTime {
    /// As far as the answer itself is believed.
    pub(crate) at: DateTime<Utc>,
    /// As all answers together say.
    pub(crate) now: DateTime<Utc>,
}

/// What an answer is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Its records are read.
    Read,
    /// Something else has to be asked for: the machine's clock has misled.
    AskAnew,
}

/// What the engine needs to know of a kind on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The service's time at the answer that is being read.
    pub(crate) now: DateTime<Utc>,
    /// It is the way on from the stored progress, and no reading of the past.
    pub(crate) is_live: bool,
    /// Progress holds although not everything was read yet.
    pub(crate) is_ordered: bool,
    /// Records that a page is asked for.
    pub(crate) page_size: u32,
    /// The version that it has come to.
    pub(crate) reached: Option<&'a str>,
}

/// What is to become of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// It is delivered to these datasets.
    Deliver(Audience),
    /// It is fetched by its id, with what is nested in it, and delivered then.
    FetchById(Audience),
}

/// The datasets of an endpoint that a record is for; one bit each, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Audience {
    /// An earlier cycle has brought the record to them: another dataset has asked for it.
    pub(crate) past: u64,
    /// An earlier cycle should have brought it.
    pub(crate) late: u64,
}

impl Audience {
    /// All datasets, without a word on lateness.
    pub(crate) const ALL: Self = Self { past: 0, late: 0 };

    pub(crate) fn is_past(self, dataset: usize) -> bool {
        self.past >> dataset & 1 == 1
    }

    pub(crate) fn is_late(self, dataset: usize) -> bool {
        self.late >> dataset & 1 == 1
    }
}

/// How a record was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// As it was listed.
    Listed,
    /// Fetched by its id; listing it with what is nested in it may work as well.
    Fetched,
    /// Without what is nested in it, which fetching it by its id has not brought either.
    Partial,
}

/// What an answer was, apart from its records.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The link to the next one.
    pub(crate) link: Option<String>,
    /// Records of the whole list, as it says.
    pub(crate) announced: Option<u64>,
    /// Whether there are more records, as it says.
    pub(crate) more: Option<bool>,
    /// Its records.
    pub(crate) rows: u64,
    /// The same for the same records, in whatever order.
    pub(crate) digest: u64,
    /// It is not whole, and why: more may be missing than a link leads to.
    pub(crate) lacks: Option<String>,
    /// It is taken for an empty page, although it does not say so as pages do.
    pub(crate) is_odd: bool,
}

/// How the last request has ended.
#[derive(Debug)]
pub(crate) struct PageEnd {
    /// What came, or why nothing or only a part did.
    pub(crate) outcome: Result<Page, Error>,
    /// What is missing of its records, and is not remembered elsewhere to be asked for again.
    pub(crate) missing: Option<String>,
    /// Its first record, if it was a probe.
    pub(crate) first: Option<FirstRecord>,
}

/// What names the record of a probe.
#[derive(Debug, Default, Clone)]
pub(crate) struct FirstRecord {
    pub(crate) id: Option<String>,
    pub(crate) version: Option<String>,
}

/// What the engine has to do before it goes on.
#[derive(Debug)]
pub(crate) enum Recovery {
    /// Nothing is left to try in this cycle.
    Fail(Error),
    /// No page can carry this record: it is fetched by its id, and remembered to be asked for again if that fails too.
    FetchById(String),
    /// Something at this place cannot be read: it is remembered to be asked for again.
    RetryPlace {
        /// Where the place begins.
        from: String,
        /// Where it ends, if that is known.
        until: Option<String>,
    },
}

/// What health and the retry queue have to hear.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A record behind a place that could not be read was read: the place ends there.
    PlacePassed {
        /// Where the place begins.
        from: String,
        /// Version of the record.
        until: String,
    },
    /// A request was repeated.
    Retried,
    /// A page failed, and is asked for again.
    Stumbled(Error),
    /// An answer is odd; nothing is known to be missing.
    Odd(String),
}
