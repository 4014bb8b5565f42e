//! The page to read first: one cycle of one source, from Microsoft's bytes to an acknowledged document.
//!
//! [`supervise`] starts an output task and one task per source (an endpoint of a tenant; datasets that share it share the
//! poll), each with its own failures; they take [`turns`] in reading. A source goes through its window page by page ([`window`]; records too heavy for their page: [`alone`]), polls
//! ([`crate::source`]), splits the page off the socket ([`page`], [`crate::splitter`]), maps row by row ([`rows`]) and
//! hands encoded batches ([`crate::sink::Outbox`]) to the output; the bytes on their way to it are bounded, so that a slow
//! output slows the sources down. State moves strictly after the output has acknowledged everything that was read.

mod alone;
mod cursor;
mod feeds;
mod ledger;
mod page;
mod pagesize;
mod poll;
mod rows;
mod seen;
mod spool;
pub(crate) mod stop;
mod supervisor;
#[cfg(test)]
mod tests;
pub(crate) mod turns;
mod window;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::mpsc;

use self::cursor::Cursor;
use self::ledger::Ledger;
use self::pagesize::PageSize;
use self::rows::Rows;
pub use self::supervisor::{Orders, run, supervise};
use self::turns::Turns;
use self::window::Window;
use crate::config::DatasetConfig;
use crate::deadletter::DeadLetters;
use crate::error::Fault;
use crate::health::{Reason, SourceHealth};
use crate::sink::batch::Pool;
use crate::sink::{Outbox, Sink, Streams};
use crate::source::Source;
use crate::state::{Progress, StateFile};
use crate::stats::Stats;

/// What a run works with, apart from its configuration.
#[derive(Debug)]
pub struct Parts {
    /// The output.
    pub sink: Sink,
    /// Data streams, as the output wants them.
    pub streams: Arc<Streams>,
    /// Counts, to be read by the caller.
    pub stats: Arc<Stats>,
    /// Dead letters, to be read by the caller.
    pub dead: Arc<DeadLetters>,
}

/// What all sources share.
struct Shared {
    client: reqwest::Client,
    turns: Arc<Turns>,
    streams: Arc<Streams>,
    stats: Arc<Stats>,
    dead: Arc<DeadLetters>,
    jobs: mpsc::Sender<crate::sink::Job>,
    pool: Arc<Pool>,
    state: PathBuf,
    preserve_original: bool,
}

/// A source that ended its last cycle with a fault.
#[derive(Debug)]
pub struct Failed {
    /// Tenant.
    pub tenant: String,
    /// Datasets of the source, joined.
    pub datasets: String,
    /// Why.
    pub fault: Fault,
}

/// One source with everything that its cycles need.
struct Feed {
    tenant: Arc<str>,
    source: Source,
    datasets: Vec<DatasetConfig>,
    states: Vec<StateFile>,
    rows: Rows,
    size: PageSize,
    health: Arc<SourceHealth>,
    ledger: Ledger,
    /// Versions of records whose nested rows were read alone, by the records' ids.
    alone: FxHashMap<String, String>,
    last: Last,
    interval: Duration,
    shared: Arc<Shared>,
}

/// How the last cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Whole,
    /// It broke off, but what it had read was delivered.
    Delivered,
    /// The output did not take what was read.
    Undelivered,
}

/// Everything that changed since the last acknowledged cycle: poll, split, map, ship, acknowledge, commit.
async fn cycle(feed: &mut Feed) -> Result<(), Fault> {
    let mut cursors = Vec::new();
    for (state, config) in feed.states.iter().zip(&feed.datasets) {
        let mut progress = state.load()?;
        let mut cursor = Cursor::new(&progress, config.lookback, config.overlap);
        if !feed.source.endpoint.orderable {
            cursor.limit(crate::clock::timestamp());
        }
        cursors.push(cursor);
        if cursors.len() == 1 {
            feed.ledger = Ledger::new(std::mem::take(&mut progress.retry));
        }
    }
    let Some(from) = cursors.iter().map(Cursor::from).min_by(|a, b| cursor::order(a, b)).map(str::to_owned) else {
        return Ok(());
    };
    feed.rows.begin(cursors, feed.last == Last::Delivered);
    if feed.last == Last::Undelivered {
        feed.alone.clear();
    }
    let mut outbox = Outbox::new(
        Arc::clone(&feed.shared.streams),
        feed.shared.jobs.clone(),
        Arc::clone(&feed.shared.pool),
        Arc::clone(&feed.tenant),
    );
    outbox.report_to(Arc::clone(&feed.health));
    let mut window = Window::new(from, feed.source.endpoint.orderable);
    let mut outcome = window::read(feed, &mut window, &mut outbox).await;
    if outcome.is_ok() {
        outcome = alone::retry(feed, &mut outbox).await;
    } else {
        feed.size.reset();
    }
    // What was read before a fault is delivered too, and need not be read again where the order allows that.
    feed.last = Last::Undelivered;
    outbox.flush().await.inspect_err(|fault| feed.health.degrade(Reason::OutputBlocked, fault))?;
    feed.health.recover(Reason::OutputBlocked);
    feed.shared.dead.sync()?;
    feed.last = if outcome.is_ok() { Last::Whole } else { Last::Delivered };
    if outcome.is_ok() || window.is_ordered() {
        commit(feed)?;
    }
    outcome
}

/// The output has everything up to the cursors.
fn commit(feed: &mut Feed) -> Result<(), Fault> {
    let mut retry = feed.ledger.entries().to_vec();
    for (state, cursor) in feed.states.iter().zip(feed.rows.cursors()) {
        let progress = Progress { retry: std::mem::take(&mut retry), ..cursor.progress() };
        state.store(&progress)?;
        if let Some(newest) = &progress.cursor {
            feed.health.seen(newest);
        }
    }
    feed.health.owed(feed.ledger.entries().len());
    Ok(())
}
