//! The page to read first: one cycle of one source, from Microsoft's bytes to an acknowledged document.
//!
//! [`run`] starts an output task and one task per source (an endpoint of a tenant; datasets that share it share the
//! poll). A source polls ([`crate::source`]), splits the page off the socket ([`crate::splitter`]), maps row by row
//! ([`rows`]) and hands encoded batches ([`crate::sink::Outbox`]) to the output through a channel of one place: a slow
//! output slows the sources down. State moves strictly after the output has acknowledged the whole cycle.

mod cursor;
mod rows;
mod seen;
mod spool;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use url::Url;

use self::cursor::Cursor;
use self::rows::Rows;
use crate::config::{Config, DatasetConfig, TenantConfig};
use crate::deadletter::DeadLetters;
use crate::error::Fault;
use crate::http::auth::{Credential, TokenSource};
use crate::http::{Backoff, connection_fault};
use crate::sink::batch::Pool;
use crate::sink::{Outbox, Sink, Streams, serve};
use crate::source::Source;
use crate::splitter::{Event, MAX_ROW, SplitError, Splitter};
use crate::state::StateFile;
use crate::stats::Stats;

/// Repetitions of one page before the source gives up this cycle.
const ATTEMPTS: u32 = 4;

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

/// Collects until `stop` changes, or one cycle of every source with `once`. Returns the sources whose last cycle failed.
pub async fn run(config: &Config, parts: Parts, once: bool, stop: watch::Receiver<bool>) -> Result<Vec<Failed>, Fault> {
    let client = crate::http::client()?;
    let (jobs, inbox) = mpsc::channel(1);
    let output = tokio::spawn(serve(parts.sink, inbox, Arc::clone(&parts.dead), Arc::clone(&parts.stats)));
    let shared = Arc::new(Shared {
        streams: parts.streams,
        stats: parts.stats,
        dead: parts.dead,
        jobs,
        pool: Arc::default(),
        state: config.state.clone(),
        preserve_original: config.preserve_original_event,
    });
    let mut sources = JoinSet::new();
    for tenant in &config.tenants {
        for feed in feeds(tenant, &client, &shared)? {
            sources.spawn(poll(feed, once, stop.clone()));
        }
    }
    drop(shared);
    let mut failed = Vec::new();
    while let Some(ended) = sources.join_next().await {
        match ended {
            Ok(last) => failed.extend(last),
            Err(error) => return Err(Fault::Local(format!("a source ended unexpectedly: {error}"))),
        }
    }
    output.await.map_err(|error| Fault::Local(format!("the output ended unexpectedly: {error}")))?;
    Ok(failed)
}

/// One source with everything that its cycles need.
struct Feed {
    tenant: Arc<str>,
    source: Source,
    datasets: Vec<DatasetConfig>,
    states: Vec<StateFile>,
    rows: Rows,
    interval: Duration,
    shared: Arc<Shared>,
}

/// Cycle after cycle; a failed one is reported and tried again after the interval.
async fn poll(mut feed: Feed, once: bool, mut stop: watch::Receiver<bool>) -> Option<Failed> {
    let datasets = feed.datasets.iter().map(|config| config.dataset.definition.name).collect::<Vec<_>>().join("+");
    let tenant = Arc::clone(&feed.tenant);
    loop {
        let outcome = tokio::select! {
            outcome = cycle(&mut feed) => outcome,
            _ = stop.wait_for(|stop| *stop) => return None,
        };
        if let Err(fault) = &outcome {
            tracing::error!(tenant = &*tenant, datasets, error = %fault, "source failed, it is polled again");
        }
        report_drift(&mut feed, &datasets);
        if once {
            return outcome.err().map(|fault| Failed { tenant: tenant.to_string(), datasets, fault });
        }
        tokio::select! {
            () = tokio::time::sleep(feed.interval) => {}
            _ = stop.wait_for(|stop| *stop) => return None,
        }
    }
}

/// Everything that changed since the last acknowledged cycle: poll, split, map, ship, acknowledge, commit.
async fn cycle(feed: &mut Feed) -> Result<(), Fault> {
    let mut cursors = Vec::new();
    for (state, config) in feed.states.iter().zip(&feed.datasets) {
        cursors.push(Cursor::new(state.load()?, config.lookback));
    }
    let Some(from) = cursors.iter().map(Cursor::from).min_by(|a, b| cursor::order(a, b)).map(str::to_owned) else {
        return Ok(());
    };
    feed.rows.begin(cursors);
    let mut outbox = Outbox::new(
        Arc::clone(&feed.shared.streams),
        feed.shared.jobs.clone(),
        Arc::clone(&feed.shared.pool),
        Arc::clone(&feed.tenant),
    );
    let mut page = Some(feed.source.first_page(&from));
    while let Some(current) = page {
        page = read_page(feed, &current, &mut outbox).await?;
    }
    outbox.flush().await?;
    feed.shared.dead.sync()?;
    for (state, cursor) in feed.states.iter().zip(feed.rows.cursors()) {
        state.store(&cursor.progress())?;
    }
    Ok(())
}

/// Reads one page to its end, again where it breaks off; returns the address of the next one.
async fn read_page(feed: &mut Feed, page: &Url, outbox: &mut Outbox) -> Result<Option<Url>, Fault> {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30), ATTEMPTS);
    loop {
        let fault = match stream_page(feed, page, outbox).await {
            Ok(link) => return link.map(|link| feed.source.follow(&link, page)).transpose(),
            Err(fault) => fault,
        };
        if !fault.is_temporary() {
            return Err(fault);
        }
        let after = if let Fault::Throttled { after, .. } = &fault { *after } else { None };
        let Some(pause) = backoff.next(after) else { return Err(fault) };
        tracing::warn!(tenant = &*feed.tenant, error = %fault, pause = ?pause, "page is fetched again");
        tokio::time::sleep(pause).await;
    }
}

/// The stages of one page: bytes, rows, documents, batches.
async fn stream_page(feed: &mut Feed, page: &Url, outbox: &mut Outbox) -> Result<Option<String>, Fault> {
    let what = format!("GET {}", page.path());
    feed.rows.begin_page()?;
    let mut splitter = Splitter::new(feed.rows.nested(), MAX_ROW);
    let mut next_link = None;
    let mut body = feed.source.open(page).await?.bytes_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| connection_fault(&what, &error))?;
        feed.shared.stats.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        let mut rest = &chunk[..];
        while let Some(event) = splitter.next(&mut rest).map_err(|error| split_fault(&what, error))? {
            match event {
                Event::Element(row) => feed.rows.element(row, outbox).await?,
                Event::Nested(row) => feed.rows.nested_row(row)?,
                Event::TooLarge { nested, raw, length } => feed.rows.too_large(nested, raw, length)?,
                Event::NextLink(link) => next_link = Some(link),
                Event::Count(count) => tracing::debug!(count, "records announced"),
            }
            if outbox.is_full() {
                outbox.send().await?;
            }
        }
    }
    splitter.finish().map_err(|error| split_fault(&what, error))?;
    feed.shared.stats.pages.fetch_add(1, Ordering::Relaxed);
    Ok(next_link)
}

/// A page that cannot be read to its end is fetched again: the next answer may be whole.
fn split_fault(what: &str, error: SplitError) -> Fault {
    match error {
        SplitError::Spill(error) => Fault::local("temporary file for a long row", &error),
        error => Fault::Transient(format!("{what}: {error}")),
    }
}

/// The sources of a tenant: datasets of the same endpoint that split its rows alike share one.
fn feeds(tenant: &TenantConfig, client: &reqwest::Client, shared: &Arc<Shared>) -> Result<Vec<Feed>, Fault> {
    let mut groups: Vec<Vec<DatasetConfig>> = Vec::new();
    for config in &tenant.datasets {
        let key = |config: &DatasetConfig| {
            (config.dataset.definition.source, rows::nested_array(config.dataset.definition.rows))
        };
        match groups.iter_mut().find(|group| key(&group[0]) == key(config)) {
            Some(group) => group.push(*config),
            None => groups.push(vec![*config]),
        }
    }
    let mut tokens: Vec<(schema::Api, Arc<TokenSource>)> = Vec::new();
    let mut feeds = Vec::new();
    for datasets in groups {
        let endpoint = datasets[0].dataset.definition.source;
        let (root, scope) = tenant
            .cloud
            .api(endpoint.api)
            .ok_or_else(|| Fault::Refused(format!("cloud {} has no {:?} API", tenant.cloud.name, endpoint.api)))?;
        let known = tokens.iter().find(|(api, _)| *api == endpoint.api).map(|(_, tokens)| Arc::clone(tokens));
        let token_source = known.unwrap_or_else(|| {
            let credential = Credential {
                endpoint: tenant.cloud.token_endpoint(&tenant.id),
                client_id: tenant.client_id.clone(),
                proof: tenant.proof.clone(),
                scope,
            };
            Arc::new(TokenSource::new(client.clone(), credential))
        });
        tokens.push((endpoint.api, Arc::clone(&token_source)));
        let state = |config: &DatasetConfig| {
            StateFile::new(&shared.state, &tenant.cloud.name, &tenant.id, config.dataset.definition.name)
        };
        feeds.push(Feed {
            tenant: tenant.id.as_str().into(),
            source: Source { client: client.clone(), tokens: token_source, root: root.clone(), endpoint },
            states: datasets.iter().map(state).collect(),
            rows: Rows::new(&datasets, &tenant.id, Arc::clone(&shared.dead), shared.preserve_original),
            interval: datasets.iter().map(|config| config.interval).min().unwrap_or(Duration::from_mins(1)),
            datasets,
            shared: Arc::clone(shared),
        });
    }
    Ok(feeds)
}

fn report_drift(feed: &mut Feed, datasets: &str) {
    for drift in feed.rows.take_drift() {
        let mapper::Drift { kind, path, count, record } = drift;
        tracing::info!(tenant = &*feed.tenant, datasets, kind, path, count, record, "rows hold something new");
    }
}
