//! Whose fault refusals are: the documents', or their data stream's. It is recognised by what happens, not by what the
//! cluster says: a data stream that takes other documents at the same time is well, one that takes none is not.
//!
//! A document is at fault when its data stream took another one in the same reply or since, and refusals are neither a long
//! run nor the greater part; it becomes a dead letter. Everything else is held: the cycle fails, the documents are read and
//! sent again, and the first document that is taken tells. A few refused documents of a data stream to which nothing
//! else comes are given up after [`PATIENCE`]. Duplicates tell nothing: they did not have to be indexed.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

/// So many documents refused one after the other are the data stream's fault, although it took others before.
const RUN: usize = 10;
/// Fewer than these, with nothing else to tell by, are given up in the end.
const FEW: usize = 3;
/// How long.
const PATIENCE: Duration = Duration::from_hours(1);
/// The last documents, of which the greater part may not be refused, and how many refusals that needs at least.
const WINDOW: usize = 200;
const MANY: usize = 10;
/// Refused documents that are remembered.
const REMEMBERED: usize = 10_000;

/// What is known of every data stream.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<FxHashMap<String, Stream>>);

#[derive(Debug, Default)]
struct Stream {
    /// Whether the last documents, each counted once, were refused.
    recent: VecDeque<bool>,
    refused: usize,
    /// Documents refused since the last one was taken.
    run: usize,
    taken: Option<Instant>,
    /// Documents whose refusal is undecided, and since when.
    held: FxHashMap<[u8; 16], Instant>,
}

/// Whose fault a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    Document,
    /// Or it cannot be told yet.
    Stream,
}

impl Refusals {
    /// The data stream answered for documents, in their order: (id, it was refused).
    pub(super) fn hear(&self, stream: &str, answers: impl Iterator<Item = ([u8; 16], bool)>) {
        let now = Instant::now();
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !streams.contains_key(stream) {
            streams.insert(stream.to_owned(), Stream::default());
        }
        let Some(stream) = streams.get_mut(stream) else { return };
        for (id, is_refused) in answers {
            if is_refused { stream.refused(id, now) } else { stream.taken(id, now) }
        }
    }

    /// Whose fault it is that this document was refused.
    pub(super) fn blame(&self, stream: &str, id: [u8; 16]) -> Blame {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stream) = streams.get_mut(stream) else { return Blame::Stream };
        let blame = stream.blame(id, Instant::now());
        if blame == Blame::Document {
            stream.held.remove(&id);
        }
        blame
    }
}

impl Stream {
    fn refused(&mut self, id: [u8; 16], now: Instant) {
        if self.held.contains_key(&id) {
            return;
        }
        if self.held.len() >= REMEMBERED {
            self.held.clear();
        }
        self.held.insert(id, now);
        self.run += 1;
        self.push(true);
    }

    fn taken(&mut self, id: [u8; 16], now: Instant) {
        self.taken = Some(now);
        self.run = 0;
        // It was the data stream: the refusal says nothing about it any more.
        if self.held.remove(&id).is_some()
            && let Some(sign) = self.recent.iter_mut().find(|is_refused| **is_refused)
        {
            *sign = false;
            self.refused -= 1;
        } else {
            self.push(false);
        }
    }

    fn push(&mut self, is_refused: bool) {
        self.recent.push_back(is_refused);
        self.refused += usize::from(is_refused);
        if self.recent.len() > WINDOW && self.recent.pop_front() == Some(true) {
            self.refused -= 1;
        }
    }

    fn blame(&self, id: [u8; 16], now: Instant) -> Blame {
        let since = self.held.get(&id).copied().unwrap_or(now);
        let is_at_fault = if self.taken.is_some_and(|taken| taken >= since) {
            let mostly = self.refused >= MANY && self.refused * 2 > self.recent.len();
            self.run < RUN && !mostly
        } else {
            self.run < FEW && now.saturating_duration_since(since) >= PATIENCE
        };
        if is_at_fault { Blame::Document } else { Blame::Stream }
    }
}

/// What to do about a data stream that refuses everything, by what the cluster says of it.
pub(super) fn hint(said: &str) -> &'static str {
    let has = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
    if has(&["limit of total fields", "total_fields"]) {
        "raise index.mapping.total_fields.limit of the data stream, or remove what a custom template adds to its mapping"
    } else if has(&["script_exception", "pipeline", "processor", "ingest"]) {
        "an ingest pipeline of the data stream fails: mend it, or install the package or --setup again"
    } else if has(&["write index", "alias"]) {
        "the data stream has no index to write to: roll it over, or remove the alias that has its name"
    } else if has(&["document_parsing", "mapper_parsing", "strict_dynamic_mapping", "mapper ["]) {
        "the data stream's mapping is not that of this version: install the package or --setup again, then roll the data \
         stream over"
    } else if has(&["security", "unauthorized", "denied"]) {
        super::PRIVILEGES
    } else {
        "the data stream, its templates and pipelines are at fault rather than the documents: mend what the reason names; \
         `m365-fetcher check` says more"
    }
}
