//! Questions aside: whether a record is too large for its page, and which record no page can carry.
//!
//! One record is to blame only if others can be read at the same time. Where they fail too, the service is down and the
//! window stays where it is. A wrong judgement loses nothing: the place stays in the retry queue until it was read.

use chrono::TimeDelta;

use super::super::{FirstRecord, Page, Recovery};
use super::window::Role;
use super::{State, TimeCursorList};
use common::clock;
use common::error::Error;
use microsoft::source::{Bound, PageOptions, PageRequest, Range, Requests};

/// Places behind the record that are tried: its neighbours may be bad as well.
const PROBE_OFFSETS: [u64; 4] = [1, 2, 4, 8];

/// Times behind a part that are tried: what follows it may be bad as well.
const LATER: [TimeDelta; 4] = [TimeDelta::zero(), TimeDelta::seconds(1), TimeDelta::minutes(1), TimeDelta::hours(1)];

/// A question about a record, by its place in a range; or about a part of the window.
#[derive(Debug)]
pub(super) struct Probe {
    stage: Stage,
    range: Range,
    /// Records before it.
    passed: u64,
    /// Why it is asked.
    error: Error,
    /// Version of the first record that can be read behind it.
    next: Option<String>,
    /// The list ends before a place that was tried.
    is_end: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Can it be read without what is nested in it?
    Unexpanded,
    /// And with it?
    Expanded,
    /// Can a record behind it be read?
    Ahead(usize),
    /// Can the record before it be read? A service that is down may still answer with an empty page.
    Before,
    /// What is its name?
    Name,
    /// Can anything be read that lies later than this part?
    Later(usize),
}

impl Probe {
    /// Which record no page can carry.
    pub(super) fn poison(range: Range, passed: u64, error: Error) -> Self {
        Self { stage: Stage::Ahead(0), range, passed, error, next: None, is_end: false }
    }

    /// Whether a part of a window is to blame that no page can carry, and ends before this time.
    pub(super) fn part(range: Range, to: &str, error: Error) -> Self {
        Self { stage: Stage::Later(0), range, passed: 0, error, next: Some(to.to_owned()), is_end: false }
    }

    pub(super) fn request(&self, requests: &Requests) -> PageRequest {
        if let Stage::Later(at) = self.stage {
            let to = self.next.as_deref().and_then(clock::parse).unwrap_or_default();
            let range = Range::since(clock::seconds(to + LATER[at]));
            return requests.page(&range, PageOptions { size: 1, expand: false, skip: 0, names: false });
        }
        let skip = match self.stage {
            Stage::Unexpanded | Stage::Expanded | Stage::Name => self.passed,
            Stage::Ahead(at) => self.passed + PROBE_OFFSETS[at],
            Stage::Before => self.passed - 1,
            Stage::Later(_) => 0,
        };
        let (expand, names) = (self.stage == Stage::Expanded, self.stage == Stage::Name);
        requests.page(&self.range, PageOptions { size: 1, expand, skip, names })
    }
}

impl TimeCursorList {
    /// Whether the record at this place can be read without its nested records, and not with them. When the service is
    /// down, neither works, and when it is back, both do.
    pub(super) fn probe_weight(&self, error: Error) -> Probe {
        let (range, passed) = (self.window.rest(), self.chain.passed);
        Probe { stage: Stage::Unexpanded, range, passed, error, next: None, is_end: false }
    }

    /// The answer to a probe.
    pub(super) fn probed(
        &mut self,
        probe: Probe,
        outcome: Result<Page, Error>,
        first: Option<FirstRecord>,
    ) -> Result<(), Recovery> {
        match (probe.stage, outcome) {
            (Stage::Unexpanded, Ok(_)) => {
                self.state = State::Probe(Probe { stage: Stage::Expanded, ..probe });
            }
            (Stage::Expanded, Err(Error::Transient(_)))
            // Nothing can be told where records cannot be counted.
            | (Stage::Unexpanded | Stage::Expanded, Err(Error::Permanent(_))) => {
                self.state = self.weighed(true, probe.error)?;
            }
            (Stage::Expanded, Ok(_))
            | (Stage::Unexpanded | Stage::Expanded, Err(Error::Transient(_) | Error::Unreachable(_))) => {
                self.state = self.weighed(false, probe.error)?;
            }
            (Stage::Ahead(_), Ok(_)) => match first {
                Some(FirstRecord { version, .. }) => {
                    let next = version.filter(|version| clock::parse(version).is_some());
                    return self.found_neighbour(Probe { next, ..probe });
                }
                None => return self.look_before(Probe { is_end: true, ..probe }),
            },
            (Stage::Ahead(at), Err(error)) if error.is_temporary() || matches!(error, Error::Permanent(_)) => {
                if at + 1 == PROBE_OFFSETS.len() {
                    return self.look_before(probe);
                }
                self.state = State::Probe(Probe { stage: Stage::Ahead(at + 1), ..probe });
            }
            (Stage::Later(_), Ok(_)) => return self.skip_poison_part(&probe.range),
            (Stage::Later(at), Err(error)) if error.is_temporary() || matches!(error, Error::Permanent(_)) => {
                if at + 1 == LATER.len() {
                    return Err(Recovery::Fail(probe.error));
                }
                self.state = State::Probe(Probe { stage: Stage::Later(at + 1), ..probe });
            }
            (Stage::Before, Ok(_)) if first.is_some() => return self.found_neighbour(probe),
            (Stage::Before, _) => return Err(Recovery::Fail(probe.error)),
            (Stage::Name, outcome) => {
                let id = outcome.ok().and(first).and_then(|first| first.id);
                let recovery = id.map_or_else(|| probe.place(), Recovery::FetchById);
                return self.skip_poison_record(probe.passed, Some(recovery));
            }
            (Stage::Unexpanded | Stage::Expanded | Stage::Ahead(_) | Stage::Later(_), Err(error)) => return Err(Recovery::Fail(error)),
        }
        Ok(())
    }

    /// Nothing behind the record can be read.
    fn look_before(&mut self, probe: Probe) -> Result<(), Recovery> {
        match probe.passed {
            0 if probe.is_end => self.found_neighbour(probe),
            0 => Err(Recovery::Fail(probe.error)),
            _ => {
                self.state = State::Probe(Probe { stage: Stage::Before, ..probe });
                Ok(())
            }
        }
    }

    /// Others can be read: this record is the only trouble.
    fn found_neighbour(&mut self, probe: Probe) -> Result<(), Recovery> {
        if self.window.role == Role::Place {
            return self.skip_poison_record(probe.passed, None);
        }
        if self.requests.list.id_to_read().is_none() {
            let place = probe.place();
            return self.skip_poison_record(probe.passed, Some(place));
        }
        self.state = State::Probe(Probe { stage: Stage::Name, ..probe });
        Ok(())
    }
}

impl Probe {
    fn place(&self) -> Recovery {
        let until = match &self.range.to {
            Some(Bound::Before(to) | Bound::Through(to)) => Some(to.clone()),
            None => self.next.clone(),
        };
        Recovery::RetryPlace { from: self.range.from.clone(), until }
    }
}
