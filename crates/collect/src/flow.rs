//! The page to read first: one cycle of one source, from Microsoft's bytes to an acknowledged document.
//!
//! [`supervise`] starts an output task and one task per source (an endpoint of a tenant; datasets that share it share the
//! poll), each with its own failures; the fair scheduler says who may read. The [`engine`] asks for what the source's kind
//! ([`kinds`]) wants ([`microsoft::source`]), splits the page off the socket ([`page`], [`crate::json_stream`]), maps row by
//! row ([`rows`]; records too heavy for their page: [`fetch_by_id`]) and hands batches ([`output::BatchWriter`]) to the
//! output; the bytes on their way to it are bounded, so that a slow output slows the sources down. State moves strictly
//! after the output has acknowledged everything that was read.

pub mod backfill;
mod collectors;
mod deduplicator;
pub mod desk;
mod engine;
mod fetch_by_id;
mod kinds;
mod late_arrival_scan;
mod misdated;
mod nested;
mod outbox;
pub mod outlet;
mod page;
mod past;
mod poll;
mod provenance;
mod range_scan;
mod redirects;
mod retry_queue;
mod rows;
mod spilled_items;
mod supervisor;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::task::JoinSet;

use self::deduplicator::Deduplicator;
use self::desk::Desk;
use self::engine::AnyKind;
use self::kinds::list::cursor::{self, Cursor};
use self::kinds::list::page_size::PageSize;
use self::kinds::list::{Role, Start, TimeCursorList};
use self::late_arrival_scan::LateArrivalScan;
use self::misdated::Misdated;
use self::outbox::Outbox;
pub use self::outlet::Target;
use self::outlet::{Outlet, Outlets};
use self::past::Past;
use self::redirects::Redirects;
use self::retry_queue::RetryQueue;
use self::rows::Rows;
pub use self::supervisor::{Assignment, RunOptions, run, supervise};
use crate::config::{Config, DatasetConfig};
use common::error::Error;
use common::health::{Reason, SourceHealth};
use common::ids::DatasetNames;
use common::stats::Stats;
use microsoft::source::{Range, Source};
use output::dead_letters::DeadLetters;
use output::{AnyOutput, DataStreams};
use state::{DatasetUpdate, EndpointState, Progress, StateUpdate, Store};

/// Documents between two checkpoints of a window, and of all sources together: each holds their ids.
const CHECKPOINT: usize = if cfg!(test) { 50 } else { 10_000 };
const CHECKPOINT_ALL: usize = 200_000;

/// What a run works with, apart from its configuration.
#[derive(Debug)]
pub struct Parts {
    /// The outputs, the default one first.
    pub outputs: Vec<Target>,
    /// Counts, to be read by the caller.
    pub stats: Arc<Stats>,
    /// Dead letters, to be read by the caller.
    pub dead: Arc<DeadLetters>,
    /// Where the running collection finds orders.
    pub desk: Arc<Desk>,
}

impl Parts {
    /// With a single output.
    pub fn new(output: AnyOutput, stats: Arc<Stats>, dead: Arc<DeadLetters>) -> Self {
        let only = Target { name: common::health::DEFAULT_OUTPUT.into(), output, namespace: "default".to_owned() };
        Self { outputs: vec![only], stats, dead, desk: Arc::default() }
    }
}

/// What all sources share.
struct RunContext {
    clients: microsoft::Clients,
    outlets: Outlets,
    stats: Arc<Stats>,
    dead: Arc<DeadLetters>,
    desk: Arc<Desk>,
    store: Store,
    preserve_original: bool,
    /// It was told that this machine's clock is not the service's.
    clock_told: AtomicBool,
}

impl RunContext {
    /// Opens the state and sets the outputs to work; they end when nobody can send to them any more. `patience` is how
    /// long one that is out of reach is waited for.
    fn open(config: &Config, parts: Parts, patience: Option<Duration>) -> Result<(Arc<Self>, JoinSet<()>), Error> {
        let Parts { outputs, stats, dead, desk } = parts;
        let store = Store::open(&config.state, config.store)?;
        let clients = microsoft::Clients::new(&config.http)?;
        desk.open(&store);
        let (outlets, tasks) = Outlets::open(outputs, &stats, &dead, patience);
        let preserve_original = config.preserve_original_event;
        let clock_told = AtomicBool::new(false);
        let run = Self { clients, outlets, stats, dead, desk, store, preserve_original, clock_told };
        Ok((Arc::new(run), tasks))
    }
}

/// A source that ended its last cycle with an error.
#[derive(Debug)]
pub struct Failed {
    /// Tenant.
    pub tenant: String,
    /// Datasets of the source, joined.
    pub datasets: String,
    /// Why.
    pub error: Error,
}

/// One source with everything that its cycles need.
struct Collector {
    tenant: Arc<str>,
    outlet: Arc<Outlet>,
    streams: Arc<DataStreams>,
    source: Source,
    datasets: Vec<DatasetConfig>,
    state: EndpointState,
    rows: Rows,
    size: PageSize,
    health: Arc<SourceHealth>,
    retry_queue: RetryQueue,
    /// Versions of records whose nested rows were read alone, by the records' ids.
    fetched_individually: FxHashMap<String, String>,
    redirects: Redirects,
    misdated: Misdated,
    /// Records of the page whose lists are not whole.
    deferred: Vec<nested::Deferred>,
    /// Versions of records whose lists were completed, by the records' ids.
    whole: FxHashMap<String, String>,
    /// What was odd in the answers of this cycle, although nothing is known to be missing.
    odd: Option<String>,
    late_arrival_scan: LateArrivalScan,
    past: Past,
    /// What the state says of its datasets.
    stored: Vec<Progress>,
    /// What the last cycle read was acknowledged, and the state says so.
    delivered: bool,
    /// The state's cursor was moved in this cycle, trusting the order of the records.
    cursor_advanced: bool,
    interval: Duration,
    run: Arc<RunContext>,
}

impl Collector {
    /// Names of its datasets, joined: what logs and health call it.
    fn datasets(&self) -> DatasetNames {
        self.health.key().datasets.clone()
    }

    /// What a list of this source starts with.
    fn start(&self, range: Range, role: Role, cursors: Vec<Cursor>) -> Start {
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
    fn keep_size(&mut self, list: &TimeCursorList, outcome: &Result<(), Error>) {
        self.size = list.size();
        if outcome.is_err() {
            self.size.reset();
        }
    }

    /// An answer is odd: it is told, and the cycle goes on.
    fn odd(&mut self, what: String) {
        if self.odd.is_none() {
            self.health.degrade(Reason::Incomplete, &what);
            self.odd = Some(what);
        }
    }
}

/// Everything that changed since the last acknowledged cycle: poll, split, map, ship, acknowledge, commit.
async fn cycle(collector: &mut Collector) -> Result<(), Error> {
    let Some(Begun { from, cursors, mut outbox }) = begin(collector).await? else { return Ok(()) };
    collector.odd = None;
    collector.misdated.begin();
    let mut list = TimeCursorList::new(collector.start(Range::since(from), Role::Live, cursors));
    let mut outcome = engine::read(collector, &mut list, &mut outbox).await;
    collector.keep_size(&list, &outcome);
    // A list that is never whole says nothing of the retry queue.
    if matches!(outcome, Ok(()) | Err(Error::Incomplete(_))) {
        outcome = outcome.and(fetch_by_id::retry(collector, &mut outbox).await);
    }
    // What was read before an error is delivered too, and need not be read again: behind it where the order allows that,
    // and its ids are known.
    let is_whole = outcome.is_ok();
    if is_whole {
        collector.misdated.end(&collector.health);
        if collector.odd.is_none() {
            collector.health.recover(Reason::Incomplete);
        }
    }
    deliver(collector, &list, &mut outbox, is_whole).await?;
    outcome
}

/// What a cycle begins with.
struct Begun {
    /// The earliest start of the datasets' windows.
    from: String,
    cursors: Vec<Cursor>,
    outbox: Outbox,
}

/// Loads what the state remembers, and opens a way to the output.
async fn begin(collector: &mut Collector) -> Result<Option<Begun>, Error> {
    let loaded = collector.state.load().await?;
    let (mut cursors, mut seen, mut progress) = (Vec::new(), Vec::new(), Vec::new());
    for config in &collector.datasets {
        let name = config.dataset.definition.name;
        let stored = loaded.dataset(name);
        let reach = cursor::Reach { lookback: config.lookback, overlap: config.overlap };
        cursors.push(Cursor::new(&stored.progress, reach, collector.health.time().now()));
        seen.push(Deduplicator::new(collector.state.clone(), name, stored.newest));
        progress.push(stored.progress);
    }
    let starts = cursors.iter().map(Cursor::from);
    let Some(from) = starts.min_by(|a, b| cursor::order(a, b)).map(str::to_owned) else { return Ok(None) };
    collector.retry_queue = RetryQueue::new(loaded.retry);
    collector.stored = progress;
    collector.cursor_advanced = false;
    if !collector.delivered {
        collector.fetched_individually.clear();
        collector.whole.clear();
    }
    let writer = collector.outlet.writer(&collector.streams, &collector.tenant);
    let outbox = Outbox::new(writer, seen, &collector.health);
    Ok(Some(Begun { from, cursors, outbox }))
}

/// After enough documents in a long window: makes them durable, so that a crash does not start over, and ids need not
/// wait in memory.
async fn checkpoint(collector: &mut Collector, kind: &AnyKind, outbox: &mut Outbox) -> Result<(), Error> {
    // The order turned out to be another one: the cursor goes back before anything else.
    let is_wrong = collector.cursor_advanced && !kind.facts().is_ordered;
    if is_wrong || outbox.is_full_of_ids(CHECKPOINT_ALL, CHECKPOINT).await? {
        return deliver(collector, kind, outbox, false).await;
    }
    Ok(())
}

/// Waits for the output to acknowledge what was read, and writes that down. `is_whole` says that the window was read to its
/// end.
async fn deliver(collector: &mut Collector, kind: &AnyKind, outbox: &mut Outbox, is_whole: bool) -> Result<(), Error> {
    collector.delivered = false;
    outbox.flush().await.inspect_err(|error| collector.health.degrade(Reason::OutputBlocked, error))?;
    collector.health.recover(Reason::OutputBlocked);
    collector.run.dead.sync()?;
    commit(collector, kind, outbox, is_whole).await?;
    collector.delivered = true;
    Ok(())
}

/// Everything that was read is in the output: remembers the ids and the retry queue, in one step with the progress.
async fn commit(collector: &mut Collector, kind: &AnyKind, outbox: &mut Outbox, is_whole: bool) -> Result<(), Error> {
    let now = common::clock::timestamp();
    let mut update = StateUpdate { retry: collector.retry_queue.take_changed(), ..StateUpdate::default() };
    // What is read apart from the stored progress has none of its own.
    let progress = kind.progress();
    for (at, (seen, stored)) in outbox.datasets_mut().zip(&mut collector.stored).enumerate() {
        let delivered = seen.take_pending();
        let is_new = progress.get(at).is_some_and(|progress| progress.replace(stored));
        if is_whole {
            stored.last_success = Some(now.clone());
        }
        if !delivered.is_empty() {
            stored.last_new = Some(now.clone());
        }
        if let Some(newest) = &stored.cursor {
            collector.health.seen(newest);
        }
        let progress = stored.clone();
        if is_new || !delivered.is_empty() {
            let dataset = DatasetUpdate { progress: Some(progress), delivered };
            update.datasets.insert(seen.dataset().to_owned(), dataset);
        } else {
            collector.state.set_lazy(seen.dataset(), progress).await?;
        }
    }
    let facts = kind.facts();
    collector.cursor_advanced = facts.is_live && (facts.is_ordered || is_whole);
    collector.state.commit(update).await?;
    collector.health.retry_queue(collector.retry_queue.entries().len());
    Ok(())
}
