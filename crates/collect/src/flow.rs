//! The page to read first: one cycle of one source, from Microsoft's bytes to an acknowledged document.
//!
//! [`supervise`] starts an output task and one task per source (an endpoint of a tenant; datasets that share it share the
//! poll), each with its own failures; the fair scheduler says who may read. The [`engine`] asks for what the source's kind
//! ([`kinds`]) wants ([`microsoft::source`]), splits the page off the socket ([`page`], [`json_stream`]), maps row by
//! row ([`rows`]; records too heavy for their page: [`fetch_by_id`]) and hands batches ([`output::BatchWriter`]) to the
//! output; the bytes on their way to it are bounded, so that a slow output slows the sources down. State moves strictly
//! after the output has acknowledged everything that was read.

pub mod backfill;
mod collectors;
mod committer;
mod deduplicator;
pub mod desk;
mod engine;
mod fetch_by_id;
mod health_report;
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
mod source_reader;
mod spilled_items;
mod supervisor;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::committer::Committer;
use self::deduplicator::Deduplicator;
use self::desk::Desk;
use self::kinds::list::cursor::{self, Cursor};
use self::kinds::list::{Role, TimeCursorList};
use self::late_arrival_scan::LateArrivalScan;
use self::outbox::Outbox;
pub use self::outlet::Target;
use self::outlet::{Outlet, Outlets};
use self::past::Past;
use self::retry_queue::RetryQueue;
use self::source_reader::SourceReader;
pub use self::supervisor::{Assignment, RunOptions, run, supervise};
use common::error::Error;
use common::health::SourceHealth;
use common::stats::Stats;
use config::{Config, DatasetConfig, HealthReports};
use microsoft::source::Range;
use output::dead_letters::DeadLetters;
use output::{AnyOutput, DataStreams};
use state::{EndpointState, Store};

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
    reports: HealthReports,
    preserve_original: bool,
    /// It was told that this machine's clock is not the service's.
    clock_told: Arc<AtomicBool>,
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
        let (reports, clock_told) = (config.health, Arc::default());
        let run = Self { clients, outlets, stats, dead, desk, store, reports, preserve_original, clock_told };
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

/// One source of one tenant at work: its cycles, and what it reads beside them.
struct Collector {
    cycles: Cycles,
    late_arrival_scan: LateArrivalScan,
    past: Past,
    interval: Duration,
}

/// One source with everything that its cycles need.
struct Cycles {
    datasets: Vec<DatasetConfig>,
    outlet: Arc<Outlet>,
    streams: Arc<DataStreams>,
    state: EndpointState,
    reader: SourceReader,
    committer: Committer,
}

impl Collector {
    /// Whose source it is.
    fn tenant(&self) -> &str {
        &self.cycles.reader.tenant
    }

    /// What is told of it.
    fn health(&self) -> &Arc<SourceHealth> {
        &self.cycles.reader.health
    }

    /// Heard while it waits.
    fn stop(&self) -> &CancellationToken {
        &self.cycles.reader.source.stop
    }
}

/// What a cycle begins with.
struct Begun {
    /// The earliest start of the datasets' windows.
    from: String,
    cursors: Vec<Cursor>,
    outbox: Outbox,
}

impl Cycles {
    /// Everything that changed since the last acknowledged cycle: poll, split, map, ship, acknowledge, commit.
    async fn cycle(&mut self) -> Result<(), Error> {
        let Some(Begun { from, cursors, mut outbox }) = self.begin().await? else { return Ok(()) };
        let Self { reader, committer, .. } = self;
        reader.begin_window();
        let mut list = TimeCursorList::new(reader.start(Range::since(from), Role::Live, cursors));
        let mut outcome = engine::read(reader, committer, &mut list, &mut outbox).await;
        reader.keep_size(&list, &outcome);
        // A list that is never whole says nothing of the retry queue.
        if matches!(outcome, Ok(()) | Err(Error::Incomplete(_))) {
            outcome = outcome.and(fetch_by_id::retry(reader, committer, &mut outbox).await);
        }
        // What was read before an error is delivered too, and need not be read again: behind it where the order allows that,
        // and its ids are known.
        let is_whole = outcome.is_ok();
        if is_whole {
            reader.end_window();
        }
        committer.deliver(&list, &mut reader.retry_queue, &mut outbox, is_whole).await?;
        outcome
    }

    /// Loads what the state remembers, and opens a way to the output.
    async fn begin(&mut self) -> Result<Option<Begun>, Error> {
        let loaded = self.state.load().await?;
        let (mut cursors, mut seen, mut progress) = (Vec::new(), Vec::new(), Vec::new());
        let health = &self.reader.health;
        for config in &self.datasets {
            let name = config.dataset.definition.name;
            let stored = loaded.dataset(name);
            let reach = cursor::Reach { lookback: config.lookback, overlap: config.overlap };
            cursors.push(Cursor::new(&stored.progress, reach, health.time().now()));
            seen.push(Deduplicator::new(self.state.clone(), name, stored.newest));
            progress.push(stored.progress);
        }
        let starts = cursors.iter().map(Cursor::from);
        let Some(from) = starts.min_by(|a, b| cursor::order(a, b)).map(str::to_owned) else { return Ok(None) };
        let writer = self.outlet.writer(&self.streams, &self.reader.tenant);
        let outbox = Outbox::new(writer, seen, health);
        let is_delivered = self.committer.begin(progress);
        self.reader.begin(RetryQueue::new(loaded.retry), is_delivered);
        Ok(Some(Begun { from, cursors, outbox }))
    }
}
