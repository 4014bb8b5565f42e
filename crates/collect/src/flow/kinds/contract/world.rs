//! A world of records, a service in front of it, and an engine without I/O that takes a kind through it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::super::progress::KindProgress;
use super::super::{
    AnswerTime, Answered, Delivery, Disposition, FirstRecord, Kind, Page, PageEnd, Purpose, Recovery, Step,
};
use crate::record::RecordReader;
use common::error::Error;
use microsoft::source::PageRequest;

/// Steps after which a cycle is taken to have no end.
const MAX_STEPS: u64 = 5000;

/// A kind, and the service that it talks to.
pub(in crate::flow) trait Subject {
    /// The kind.
    type Kind: Kind;
    /// A cycle that goes on from what was committed, at this time.
    fn start(&self, progress: Option<&KindProgress>, now: DateTime<Utc>) -> Self::Kind;
    /// What the service answers; `None` if it does not understand the request.
    fn answer(&self, visible: &[(u64, DateTime<Utc>)], request: &PageRequest) -> Option<Answer>;
    /// The request goes on with something that the service may have forgotten.
    fn is_continuation(&self, request: &PageRequest) -> bool;
    /// What names a record in its row.
    fn reader(&self) -> RecordReader;
}

/// Rows, and what the page says apart from them.
pub(in crate::flow) struct Answer {
    pub(in crate::flow) rows: Vec<Value>,
    pub(in crate::flow) page: Page,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flow) enum Trouble {
    /// Every row of the answer stands there twice.
    Twice,
    /// The answer breaks off in its middle.
    BreaksOff,
    /// Too many requests.
    Throttled,
    /// Where the request goes on with something, the service does not know it any more.
    Expires,
    /// No answer.
    Down,
}

/// Records and their versions.
pub(in crate::flow) struct World {
    records: Vec<(u64, DateTime<Utc>)>,
    /// Versions that a change has replaced.
    replaced: BTreeSet<(u64, DateTime<Utc>)>,
    hidden: BTreeSet<u64>,
    now: DateTime<Utc>,
    /// Requests so far.
    pub(in crate::flow) requests: u64,
}

impl World {
    /// Some records of one moment, more than a page holds, and others of the hours since.
    pub(in crate::flow) fn new(records: u64) -> Self {
        let now = DateTime::from_timestamp_millis(1_769_860_800_000).expect("time");
        let version = |id: u64| {
            let minutes = if id < 30 { 200 } else { 1 + i64::try_from(id * 37 % 190).expect("small") };
            now - TimeDelta::minutes(minutes)
        };
        Self {
            records: (0..records).map(|id| (id, version(id))).collect(),
            replaced: BTreeSet::new(),
            hidden: BTreeSet::new(),
            now,
            requests: 0,
        }
    }

    fn tick(&mut self) -> DateTime<Utc> {
        self.now += TimeDelta::seconds(1);
        self.now
    }

    /// A record changes now.
    pub(in crate::flow) fn change(&mut self, id: u64) {
        let now = self.tick();
        let record = self.records.iter_mut().find(|(known, _)| *known == id).expect("known");
        self.replaced.insert(*record);
        record.1 = now;
    }

    /// One record more.
    pub(in crate::flow) fn add(&mut self) {
        let now = self.tick();
        self.records.push((self.records.len() as u64, now));
    }

    /// The newest records are not to be seen yet.
    pub(in crate::flow) fn hide_newest(&mut self, count: usize) -> BTreeSet<u64> {
        let now = self.now;
        // They change within the time that every cycle reads again.
        for (back, record) in self.records.iter_mut().rev().take(count).enumerate() {
            record.1 = now - TimeDelta::seconds(20 + i64::try_from(back).expect("small"));
            self.hidden.insert(record.0);
        }
        self.hidden.clone()
    }

    pub(in crate::flow) fn show(&mut self, ids: &BTreeSet<u64>) {
        self.hidden.retain(|id| !ids.contains(id));
    }

    fn visible(&self) -> Vec<(u64, DateTime<Utc>)> {
        self.records.iter().copied().filter(|(id, _)| !self.hidden.contains(id)).collect()
    }
}

/// A kind on its way through the world, with what is kept from cycle to cycle.
pub(in crate::flow) struct Run<'a, S: Subject> {
    subject: &'a S,
    progress: Option<KindProgress>,
    /// Versions that the output has, as its ids tell; and those of them that a crash would forget.
    output: BTreeSet<(String, String)>,
    /// Steps of the last cycle.
    pub(in crate::flow) steps: u64,
    /// The process ends after so many steps.
    pub(in crate::flow) stop_after: Option<u64>,
    /// It ends without a commit.
    pub(in crate::flow) is_killed: bool,
}

impl<'a, S: Subject> Run<'a, S> {
    pub(in crate::flow) fn new(subject: &'a S) -> Self {
        Self { subject, progress: None, output: BTreeSet::new(), steps: 0, stop_after: None, is_killed: false }
    }

    /// Versions in the output.
    pub(in crate::flow) fn delivered(&self) -> u64 {
        self.output.len() as u64
    }

    /// One cycle: what was read is committed at its end, however it ends.
    pub(in crate::flow) fn cycle(
        &mut self,
        world: &mut World,
        trouble: &mut dyn FnMut(u64) -> Option<Trouble>,
    ) -> Result<(), Error> {
        let mut kind = self.subject.start(self.progress.as_ref(), world.now);
        let outcome = self.drive(&mut kind, world, trouble);
        if !self.is_killed {
            self.progress = Some(kind.progress());
        }
        outcome
    }

    fn drive(
        &mut self,
        kind: &mut S::Kind,
        world: &mut World,
        trouble: &mut dyn FnMut(u64) -> Option<Trouble>,
    ) -> Result<(), Error> {
        self.steps = 0;
        loop {
            if self.stop_after == Some(self.steps) {
                return Err(Error::Stopped);
            }
            self.steps += 1;
            assert!(self.steps < MAX_STEPS, "a cycle without an end");
            let (request, purpose) = match kind.next(world.now) {
                Step::Done => return Ok(()),
                Step::Wait(_) => continue,
                Step::Request(request, purpose) => (request, purpose),
            };
            world.requests += 1;
            let trouble = trouble(world.requests);
            let end = self.answer(kind, world, (&request, purpose), trouble);
            match kind.response(end) {
                Ok(()) => {}
                Err(Recovery::Fail(error)) => return Err(error),
                // What breaks off at the same record again and again is taken for a bad one.
                Err(Recovery::FetchById(id)) => {
                    let fetched =
                        world.visible().into_iter().find(|(known, _)| known.to_string() == id).expect("known");
                    self.output.insert((id, common::clock::exact(fetched.1)));
                }
                Err(Recovery::RetryPlace { from, .. }) => panic!("the record at {from} can be read by its id"),
            }
            kind.take_notices();
        }
    }

    fn answer(
        &mut self,
        kind: &mut S::Kind,
        world: &World,
        (request, purpose): (&PageRequest, Purpose),
        trouble: Option<Trouble>,
    ) -> PageEnd {
        let failed = |error| PageEnd { outcome: Err(error), missing: None, first: None };
        let what = request.name();
        match trouble {
            Some(Trouble::Down) => return failed(Error::Transient(what)),
            Some(Trouble::Throttled) => return failed(Error::Throttled { what, after: None }),
            Some(Trouble::Expires) if self.subject.is_continuation(request) => return failed(Error::Permanent(what)),
            _ => {}
        }
        let Answer { rows, page } =
            self.subject.answer(&world.visible(), request).unwrap_or_else(|| panic!("{request:?} is no question"));
        assert_eq!(kind.answered(AnswerTime { at: world.now, now: world.now }), Answered::Read);
        if purpose == Purpose::Probe {
            let first = rows.first().map(|row| {
                let text = row.to_string();
                let record = self.subject.reader().read(text.as_bytes());
                FirstRecord { id: record.id.map(Into::into), version: record.version.map(Into::into) }
            });
            return PageEnd { outcome: Ok(page), missing: None, first };
        }
        let count = if trouble == Some(Trouble::BreaksOff) { rows.len() / 2 } else { rows.len() };
        for row in &rows[..count] {
            for _ in 0..if trouble == Some(Trouble::Twice) { 2 } else { 1 } {
                self.take(kind, row);
            }
        }
        if trouble == Some(Trouble::BreaksOff) && count < rows.len() {
            return failed(Error::Transient(what));
        }
        PageEnd { outcome: Ok(page), missing: None, first: None }
    }

    fn take(&mut self, kind: &mut S::Kind, row: &Value) {
        let reader = self.subject.reader();
        let text = row.to_string();
        let record = reader.read(text.as_bytes());
        let mended = reader.with_mapped_times(&record);
        let record = mended.as_deref().map_or(record, |row| reader.read(row));
        let delivery = match kind.record(&record) {
            Disposition::Deliver(_) => Delivery::Listed,
            Disposition::FetchById(_) => Delivery::Fetched,
        };
        let (id, version) = record.name().expect("a name");
        self.output.insert((id.to_owned(), version.to_owned()));
        kind.delivered(&record, delivery);
    }

    /// Every version that is to be seen is in the output, and nothing else but versions that a change has replaced.
    pub(in crate::flow) fn check(&self, world: &World) {
        let named = |(id, version): (u64, DateTime<Utc>)| (id.to_string(), common::clock::exact(version));
        let expected: BTreeSet<_> = world.visible().into_iter().map(named).collect();
        let missing: Vec<_> = expected.difference(&self.output).collect();
        assert!(missing.is_empty(), "{} of {} are missing: {missing:?}", missing.len(), expected.len());
        let known: BTreeSet<_> = world.replaced.iter().copied().map(named).chain(expected).collect();
        let made_up: Vec<_> = self.output.difference(&known).collect();
        assert!(made_up.is_empty(), "{made_up:?}");
    }
}
