//! A part of the listing that is read apart from the live window, by time slices: each of them is read, delivered and
//! written down before the next one, so that a restart goes on where it ended. The index of delivered ids tells what is missing in
//! the output; the live cursor stays where it is.

use chrono::DateTime;
use serde_json::{Value, json};

use super::kinds::list::time_slice::TimeSlice;
use super::kinds::list::{Role, TimeCursorList};
use super::{Begun, Cycles, engine};
use common::clock;
use common::error::Error;
use microsoft::source::{Bound, Range};
use state::Task;

/// Member of a task's body.
const HANDED_OVER: &str = "handed_over";

/// What is left of a part of the listing.
#[derive(Debug)]
pub(super) struct RangeScan {
    kind: &'static str,
    key: Vec<u8>,
    range: Range,
    slice: TimeSlice,
    /// Documents that were missing in the output.
    found: u64,
    /// A running process is to read it.
    is_handed_over: bool,
}

impl RangeScan {
    /// Everything that changed at or after `from` and before `to`.
    pub(super) fn new(kind: &'static str, key: &str, from: &str, to: &str) -> Self {
        // Its end is known: how late it is does not matter.
        let now = DateTime::UNIX_EPOCH;
        let range = Range { from: from.to_owned(), to: Some(Bound::Before(to.to_owned())) };
        let slice = TimeSlice::first(&range, now);
        Self { kind, key: key.as_bytes().to_vec(), slice, range, found: 0, is_handed_over: false }
    }

    /// Goes on with what the state remembers.
    pub(super) fn resume(kind: &'static str, task: &Task) -> Option<Self> {
        let text = |name: &str| task.body.get(name).and_then(Value::as_str);
        let mut scan = Self::new(kind, "", text("from")?, text("to")?);
        scan.key.clone_from(&task.key);
        scan.found = task.body.get("found").and_then(Value::as_u64).unwrap_or_default();
        scan.is_handed_over = task.body.get(HANDED_OVER).is_some_and(|handed| *handed == true);
        Some(scan)
    }

    /// As the state remembers it.
    pub(super) fn task(&self) -> Task {
        let mut body = json!({ "from": self.from(), "to": self.to(), "found": self.found });
        if self.is_handed_over {
            body[HANDED_OVER] = true.into();
        }
        Task { kind: self.kind.to_owned(), key: self.key.clone(), body }
    }

    /// The same, for a running process to read.
    pub(super) fn handed_over(self) -> Self {
        Self { is_handed_over: true, ..self }
    }

    /// A running process is to read it.
    pub(super) fn is_handed_over(&self) -> bool {
        self.is_handed_over
    }

    /// What is left begins here.
    pub(super) fn from(&self) -> &str {
        self.slice.from()
    }

    /// What is left ends before this time.
    pub(super) fn to(&self) -> &str {
        match &self.range.to {
            Some(Bound::Before(to) | Bound::Through(to)) => to,
            None => "",
        }
    }

    /// Whether it has this key.
    pub(super) fn is(&self, key: &str) -> bool {
        self.key == key.as_bytes()
    }

    /// Length of what is left.
    pub(super) fn seconds(&self) -> u64 {
        let length = clock::parse(self.to()).zip(clock::parse(self.from())).map(|(to, from)| (to - from).num_seconds());
        length.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default()
    }

    /// Documents that were missing in the output.
    pub(super) fn found(&self) -> u64 {
        self.found
    }

    /// Reads and delivers a time slice. Returns how many of its documents were missing; `None` for the end.
    pub(super) async fn step(&mut self, cycles: &mut Cycles) -> Result<Option<u64>, Error> {
        let Some(Begun { cursors, mut outbox, .. }) = cycles.begin().await? else { return Ok(None) };
        let Cycles { reader, committer, state, .. } = cycles;
        let mut list = TimeCursorList::new(reader.start(self.slice.range().clone(), Role::RangeScan, cursors));
        let outcome = engine::read(reader, committer, &mut list, &mut outbox).await;
        reader.keep_size(&list, &outcome);
        // What a broken one has found is delivered too.
        committer.deliver(&list, &mut reader.retry_queue, &mut outbox, false).await?;
        let found = outbox.fresh();
        self.found += found;
        outcome?;
        let page = reader.size.max();
        if list.records() > u64::from(page) {
            self.slice.shorten();
        }
        if self.slice.next(&self.range, list.records(), page, reader.health.time().now()) {
            state.put_task(self.task()).await?;
            return Ok(Some(found));
        }
        state.finish_task(self.kind, &self.key).await?;
        Ok(None)
    }
}
