//! What reads a source: asks the service, maps what comes, and remembers what could not be read.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustc_hash::FxHashMap;

use super::RunContext;
use super::kinds::list::cursor::Cursor;
use super::kinds::list::page_size::PageSize;
use super::kinds::list::{Role, Start, TimeCursorList};
use super::misdated::Misdated;
use super::nested::Deferred;
use super::redirects::Redirects;
use super::retry_queue::RetryQueue;
use super::rows::Rows;
use common::error::Error;
use common::health::{Reason, SourceHealth};
use common::ids::DatasetNames;
use common::stats::Stats;
use microsoft::source::{Range, Source};

/// A source with everything that reading its pages needs.
pub(super) struct SourceReader {
    pub(super) tenant: Arc<str>,
    pub(super) source: Source,
    pub(super) health: Arc<SourceHealth>,
    pub(super) stats: Arc<Stats>,
    /// It was told that this machine's clock is not the service's; all sources share it.
    pub(super) clock_told: Arc<AtomicBool>,
    pub(super) rows: Rows,
    pub(super) size: PageSize,
    pub(super) retry_queue: RetryQueue,
    /// Versions of records that were fetched by their ids because their nested rows did not come with them, by those ids.
    pub(super) fetched_individually: FxHashMap<String, String>,
    pub(super) redirects: Redirects,
    pub(super) misdated: Misdated,
    /// Records of the page whose lists are not whole.
    pub(super) deferred: Vec<Deferred>,
    /// Versions of records whose lists were completed, by the records' ids.
    pub(super) whole: FxHashMap<String, String>,
    /// What was odd in the answers of this cycle, although nothing is known to be missing.
    odd: Option<String>,
}

impl SourceReader {
    /// Before the first cycle.
    pub(super) fn new(source: Source, rows: Rows, size: PageSize, run: &RunContext) -> Self {
        Self {
            tenant: Arc::clone(&source.health.key().tenant),
            health: Arc::clone(&source.health),
            source,
            stats: Arc::clone(&run.stats),
            clock_told: Arc::clone(&run.clock_told),
            rows,
            size,
            retry_queue: RetryQueue::default(),
            fetched_individually: FxHashMap::default(),
            redirects: Redirects::default(),
            misdated: Misdated::default(),
            deferred: Vec::new(),
            whole: FxHashMap::default(),
            odd: None,
        }
    }

    /// Names of its datasets, joined: what logs and health call it.
    pub(super) fn datasets(&self) -> DatasetNames {
        self.health.key().datasets.clone()
    }

    /// A cycle begins, with what the state remembers to be asked for again. `is_delivered` says that what earlier cycles
    /// have read was acknowledged.
    pub(super) fn begin(&mut self, retry_queue: RetryQueue, is_delivered: bool) {
        self.retry_queue = retry_queue;
        if !is_delivered {
            self.fetched_individually.clear();
            self.whole.clear();
        }
    }

    /// A live window begins.
    pub(super) fn begin_window(&mut self) {
        self.odd = None;
        self.misdated.begin();
    }

    /// A live window was read to its end.
    pub(super) fn end_window(&self) {
        self.misdated.end(&self.health);
        if self.odd.is_none() {
            self.health.recover(Reason::Incomplete);
        }
    }

    /// What a list of this source starts with.
    pub(super) fn start(&self, range: Range, role: Role, cursors: Vec<Cursor>) -> Start {
        Start {
            tenant: Arc::clone(&self.tenant),
            requests: self.source.requests.clone(),
            range,
            role,
            cursors,
            size: self.size,
            places: self.retry_queue.places().cloned().collect(),
            oversized: self.retry_queue.oversized().chain(self.fetched_individually.values()).cloned().collect(),
            now: self.health.time().now(),
        }
    }

    /// The page size that has proven itself, unless the failures were not because of it.
    pub(super) fn keep_size(&mut self, list: &TimeCursorList, outcome: &Result<(), Error>) {
        self.size = list.size();
        if outcome.is_err() {
            self.size.reset();
        }
    }

    /// An answer is odd: it is told, and the cycle goes on.
    pub(super) fn odd(&mut self, what: String) {
        if self.odd.is_none() {
            self.health.degrade(Reason::Incomplete, &what);
            self.odd = Some(what);
        }
    }
}
