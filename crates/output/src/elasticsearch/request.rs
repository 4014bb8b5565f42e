//! What one bulk request carries: batches of one or several sources, each with the token of its cycle.

use memchr::memmem;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use crate::ack::AckToken;
use crate::batch::{BATCH_BYTES, Batch, Entry, Pool};
use common::error::Fault;
use common::health::Receipt;
use common::health::{Reason, SourceHealth};

/// End of an action line, from the id on: 32 digits, `"}}` and the line feed.
const ACTION_TAIL: usize = 36;

/// Documents that are still to be sent, in the order of their parts.
#[derive(Debug)]
pub(super) struct BulkRequest {
    body: Bytes,
    entries: Vec<Entry>,
    parts: Vec<Part>,
    pool: Arc<Pool>,
}

/// The share of one batch.
#[derive(Debug)]
struct Part {
    /// Entries of the load that are its own.
    count: usize,
    tenant: Arc<str>,
    /// The source that hears what became of it.
    health: Option<Arc<SourceHealth>>,
    token: AckToken,
    room: Option<OwnedSemaphorePermit>,
}

/// What became of one entry.
#[derive(Debug, Clone)]
pub(super) enum ItemOutcome {
    /// It is in the output now.
    Created,
    /// It was there before.
    Duplicate,
    /// It is a dead letter.
    Refused,
    /// It is a dead letter, and in the failure store of its data stream.
    Diverted,
    /// It was kept as a dead letter before, in a cycle that failed.
    Known,
    /// It is sent again for a while, then its cycle fails: its data stream may be at fault.
    Held(Fault),
    /// It is to be sent again.
    Again,
    /// It cannot be delivered, nor can its cycle.
    Fails(Fault),
}

impl BulkRequest {
    /// Takes batches from the queue up to the size of a request; `None` if it holds nothing that is still wanted.
    pub(super) fn take(queue: &mut VecDeque<Batch>, limit: usize) -> Option<Self> {
        let target = BATCH_BYTES.min(limit);
        let first = loop {
            let batch = queue.pop_front()?;
            // What a failed cycle still sends is fetched again in the next one.
            if !batch.token.is_cancelled() {
                break batch;
            }
        };
        let pool = Arc::clone(&first.pool);
        let (mut body, mut entries, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(batch) = next.take() {
            let Batch { body: bytes, entries: mut own, tenant, health, token, room, pool, .. } = batch;
            let count = own.len();
            if parts.is_empty() {
                (body, entries) = (bytes, own);
            } else {
                append(&mut entries, &own, body.len());
                body.extend_from_slice(&bytes);
                own.clear();
                pool.give(bytes, own);
            }
            parts.push(Part { count, tenant, health, token, room: Some(room) });
            if queue.front().is_some_and(|batch| body.len() + batch.body.len() <= target) {
                next = queue.pop_front();
            }
        }
        Some(Self { body: body.into(), entries, parts, pool })
    }

    /// The bulk body.
    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }

    /// Bytes that may be under way to its output.
    pub(super) fn room(&self) -> usize {
        self.pool.most()
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The document's JSON, without a line feed.
    pub(super) fn document(&self, entry: &Entry) -> &[u8] {
        &self.body[entry.document as usize..entry.end as usize - 1]
    }

    /// Name of the data stream that the entry's action line names.
    pub(super) fn data_stream(&self, entry: &Entry) -> &str {
        let action = &self.body[entry.start as usize..entry.document as usize];
        let create = action.strip_prefix(b"{\"create\":").unwrap_or(action);
        // We wrote it, without escapes.
        let index = memmem::find(create, b"\"_index\":\"").map(|at| &create[at + 10..]);
        let name = index.and_then(|rest| rest.split(|byte| *byte == b'"').next());
        name.and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// The data streams of the entries, each with the places of its own.
    pub(super) fn streams(&self) -> Vec<(&str, Vec<usize>)> {
        let mut heads: Vec<&[u8]> = Vec::new();
        let mut streams: Vec<(&str, Vec<usize>)> = Vec::new();
        for (place, entry) in self.entries.iter().enumerate() {
            let action = &self.body[entry.start as usize..entry.document as usize];
            // Action lines of a data stream differ in their ids only.
            let head = &action[..action.len().saturating_sub(ACTION_TAIL)];
            let known = heads.iter().position(|known| *known == head);
            let stream = known.unwrap_or_else(|| {
                heads.push(head);
                streams.push((self.data_stream(entry), Vec::new()));
                streams.len() - 1
            });
            streams[stream].1.push(place);
        }
        streams
    }

    /// Whose document the entry at this place is.
    pub(super) fn tenant(&self, place: usize) -> &str {
        self.part(place).map_or("", |part| &part.tenant)
    }

    /// The source that hears what becomes of the entry at this place.
    pub(super) fn health(&self, place: usize) -> Option<&SourceHealth> {
        self.part(place)?.health.as_deref()
    }

    fn part(&self, place: usize) -> Option<&Part> {
        let mut until = 0;
        self.parts.iter().find(|part| {
            until += part.count;
            place < until
        })
    }

    /// All sources have sent everything of their cycles: nothing more comes that could tell more.
    pub(super) fn is_awaited(&self) -> bool {
        self.parts.iter().all(|part| part.token.is_awaited())
    }

    /// Goes on with the entries that are to be sent again, given the outcome of each; the tokens of parts without any have
    /// arrived, those of a part with a failed entry fail. Adds to the receipt what became of the others.
    pub(super) fn settle(self, outcomes: &[ItemOutcome], receipt: &mut Receipt) -> Option<Self> {
        let Self { body, entries, parts, pool } = self;
        let (mut left, mut again, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        let mut start = 0;
        for mut part in parts {
            let places = start..start + part.count;
            start = places.end;
            let outcomes = outcomes.get(places.clone()).unwrap_or_default();
            part.report(&entries[places.clone()], outcomes, receipt);
            let fault = outcomes
                .iter()
                .find_map(|outcome| if let ItemOutcome::Fails(fault) = outcome { Some(fault) } else { None });
            if let Some(fault) = fault {
                part.token.fail(fault.clone());
                continue;
            }
            let before = left.len();
            for (entry, outcome) in entries[places].iter().zip(outcomes) {
                if matches!(outcome, ItemOutcome::Again) {
                    let lines = &body[entry.start as usize..entry.end as usize];
                    append(&mut again, &[back_by(*entry, entry.start as usize)], left.len());
                    left.extend_from_slice(lines);
                }
            }
            part.count = outcomes.iter().filter(|outcome| matches!(outcome, ItemOutcome::Again)).count();
            if part.count == 0 {
                part.token.arrived();
                continue;
            }
            let needed = left.len() - before;
            if let Some(room) = &mut part.room {
                drop(room.split(room.num_permits().saturating_sub(needed)));
            }
            kept.push(part);
        }
        // The request is over, so the buffer is ours again.
        pool.give(body.try_into_mut().map(Vec::from).unwrap_or_default(), entries);
        (!kept.is_empty()).then(|| Self { body: left.into(), entries: again, parts: kept, pool })
    }

    /// Halves of it, by the number of documents; whole again if there is only one.
    pub(super) fn split(self) -> Result<(Self, Self), Self> {
        if self.entries.len() < 2 {
            return Err(self);
        }
        let Self { body, mut entries, mut parts, pool } = self;
        let half = entries.len() / 2;
        let cut = entries.get(half).map_or(0, |entry| entry.start as usize);
        let mut second_entries = Vec::with_capacity(entries.len() - half);
        second_entries.extend(entries.drain(half..).map(|entry| back_by(entry, cut)));
        let (mut first_parts, mut left) = (Vec::new(), half);
        while left > 0 && !parts.is_empty() {
            let mut part = parts.remove(0);
            if part.count <= left {
                left -= part.count;
                first_parts.push(part);
            } else {
                let size: u32 =
                    second_entries.iter().take(part.count - left).map(|entry| entry.end - entry.start).sum();
                let rest = Part {
                    count: part.count - left,
                    tenant: Arc::clone(&part.tenant),
                    health: part.health.clone(),
                    token: part.token.split(),
                    room: part.room.as_mut().and_then(|room| room.split(size as usize)),
                };
                part.count = left;
                left = 0;
                first_parts.push(part);
                parts.insert(0, rest);
            }
        }
        let second = Self { body: body.slice(cut..), entries: second_entries, parts, pool: Arc::clone(&pool) };
        Ok((Self { body: body.slice(..cut), entries, parts: first_parts, pool }, second))
    }

    /// The sources of the documents that are to be sent again hear why.
    pub(super) fn blocked(&self, said: &str) {
        for health in self.parts.iter().filter_map(|part| part.health.as_ref()) {
            health.degrade(Reason::OutputBlocked, said);
        }
    }

    /// Nothing of it can be delivered.
    pub(super) fn fail(self, fault: &Fault) {
        for part in self.parts {
            part.token.fail(fault.clone());
        }
    }
}

impl Part {
    fn report(&self, entries: &[Entry], outcomes: &[ItemOutcome], all: &mut Receipt) {
        let mut receipt = Receipt::default();
        for (entry, outcome) in entries.iter().zip(outcomes) {
            let counted = |receipt: &mut Receipt| {
                let counts = receipt.of(entry.dataset);
                match outcome {
                    ItemOutcome::Created => counts.created += 1,
                    ItemOutcome::Duplicate => counts.duplicates += 1,
                    ItemOutcome::Refused => counts.refused += 1,
                    ItemOutcome::Diverted => counts.failure_store += 1,
                    ItemOutcome::Known | ItemOutcome::Again | ItemOutcome::Held(_) | ItemOutcome::Fails(_) => {}
                }
            };
            counted(&mut receipt);
            counted(all);
        }
        if let Some(health) = &self.health {
            health.delivered(&receipt);
        }
    }
}

/// Adds entries whose lines follow at `base`.
fn append(entries: &mut Vec<Entry>, more: &[Entry], base: usize) {
    let base = u32::try_from(base).unwrap_or(u32::MAX);
    entries.extend(more.iter().map(|entry| Entry {
        start: entry.start + base,
        document: entry.document + base,
        end: entry.end + base,
        ..*entry
    }));
}

/// The entry in a body that begins that much later.
fn back_by(entry: Entry, by: usize) -> Entry {
    let by = u32::try_from(by).unwrap_or(u32::MAX);
    Entry { start: entry.start - by, document: entry.document - by, end: entry.end - by, ..entry }
}
