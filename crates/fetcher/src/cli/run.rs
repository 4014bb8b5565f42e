//! `run`: collects until it is told to stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::signals::Start;
use super::{End, LogFormat, RunArgs, reload, told};
use crate::config::{Config, NamedOutput, Output};
use crate::control;
use crate::metrics;
use collect::flow;
use collect::flow::{Parts, RunOptions, Target};
use common::error::Error;
use common::health::Health;
use common::stats::Stats;
use output::dead_letters::DeadLetters;
use output::elasticsearch::prepared::{Prepared, index_in_the_way};
use output::elasticsearch::{Client, setup};
use output::{AnyOutput, file, stdout};

/// `start` received signals before the command line was read.
pub(super) fn run(args: &RunArgs, format: LogFormat, start: Option<Start>) -> anyhow::Result<End> {
    let Start { runtime, stop, reloads } = start.map_or_else(Start::new, Ok)?;
    let path = args.config.clone();
    // A file that does not answer keeps no signal waiting.
    let loading = runtime.spawn_blocking(move || super::load(&path));
    let loaded = runtime.block_on(stop.run_until_cancelled(loading));
    let Some(loaded) = loaded else {
        runtime.shutdown_background();
        return Ok(End::Done);
    };
    let config = match loaded.context("the configuration cannot be read")? {
        Ok(config) => config,
        Err(error) => return Ok(End::Usage(error.to_string())),
    };
    let started = Instant::now();
    let (stats, dead) = counters(&config);
    let failed = runtime.block_on(async {
        let metrics = serve_metrics(&config, &stats.health).await?;
        let prepared = async {
            let parts = parts(&config, &stats, &dead, args.setup).await?;
            let control = control::open(&config.state, Arc::clone(&stats.health), Arc::clone(&parts.desk)).await?;
            Ok::<_, Error>((parts, control))
        };
        let Some(prepared) = stop.run_until_cancelled(prepared).await else { return Ok(Vec::new()) };
        let (parts, _control) = prepared?;
        told::start(&config);
        stats.health.reloads().loaded(&args.config.display().to_string());
        let watch = tokio::spawn(told::watch(Arc::clone(&stats.health), Arc::clone(&dead), format));
        let tenants = (!args.once).then(|| reload::watch(&args.config, reloads, &config, Arc::clone(&stats.health)));
        let orders = RunOptions { once: args.once, stop, tenants };
        let failed = flow::supervise(&config, parts, orders).await;
        watch.abort();
        if let Some(metrics) = metrics {
            metrics.abort();
        }
        failed
    });
    // A task that hangs (a name that is not resolved) is not waited for.
    runtime.shutdown_background();
    let failed = failed?;
    for (dataset, created, duplicates, refused) in stats.by_dataset().filter(|(_, c, d, r)| c + d + r > 0) {
        tracing::info!(dataset, created, duplicates, refused, "documents");
    }
    for (dataset, reason, count) in dead.counts() {
        tracing::warn!(dataset, reason, count, folder = %config.dead_letter.display(), "not delivered, kept as dead letters");
    }
    told::Totals::of(&stats.health).tell(started.elapsed().as_secs());
    let seconds = started.elapsed().as_secs_f64();
    let peak_memory_kib = peak_memory_kib();
    let (documents, bytes) = (stats.created(), stats.bytes.load(Ordering::Relaxed));
    tracing::info!(documents, bytes, seconds, peak_memory_kib, "run ended");
    // Each was logged when it failed. A collector that was told to stop has done what it should; one cycle is judged.
    let is_whole = failed.is_empty() && (!args.once || dead.counts().is_empty());
    Ok(if is_whole { End::Done } else { End::Failed })
}

async fn serve_metrics(config: &Config, health: &Arc<Health>) -> Result<Option<JoinHandle<()>>, Error> {
    let Some(address) = config.metrics else { return Ok(None) };
    let listener =
        TcpListener::bind(address).await.map_err(|error| Error::io(format!("metrics.listen {address}"), &error))?;
    tracing::info!(%address, "metrics are served");
    Ok(Some(tokio::spawn(metrics::serve(listener, Arc::clone(health)))))
}

pub(super) fn counters(config: &Config) -> (Arc<Stats>, Arc<DeadLetters>) {
    let stats = Arc::<Stats>::default();
    let dead = DeadLetters::limited(&config.dead_letter, config.dead_letter_limit, Arc::clone(&stats.health));
    (stats, Arc::new(dead))
}

/// Opens the outputs; `set_up` prepares clusters.
pub(super) async fn parts(
    config: &Config,
    stats: &Arc<Stats>,
    dead: &Arc<DeadLetters>,
    set_up: bool,
) -> Result<Parts, Error> {
    let (mut outputs, mut failed) = (Vec::new(), None);
    for NamedOutput { name, output, namespace } in &config.outputs {
        match open(output, namespace, set_up).await {
            Ok(output) => outputs.push(Target { name: name.as_str().into(), output, namespace: namespace.clone() }),
            Err(error) if config.outputs.len() == 1 => return Err(error),
            Err(error) => {
                tracing::error!(output = name, %error, "FAILED: output, its tenants are not collected");
                failed = Some(error);
            }
        }
    }
    if let (true, Some(error)) = (outputs.is_empty(), failed) {
        return Err(error);
    }
    Ok(Parts { outputs, stats: Arc::clone(stats), dead: Arc::clone(dead), desk: Arc::default() })
}

/// Opens an output; `set_up` prepares a cluster, else one that is not prepared is refused.
pub(crate) async fn open(output: &Output, namespace: &str, set_up: bool) -> Result<AnyOutput, Error> {
    Ok(match output {
        Output::Elasticsearch(output) => {
            let client = Client::new(output)?;
            if set_up {
                let artefacts = setup::install(&client).await?;
                tracing::info!(artefacts, "cluster is prepared");
            } else {
                look(&client, namespace).await?;
            }
            AnyOutput::Elasticsearch(client)
        }
        Output::File(files) => AnyOutput::File(file::Files::new(files)?),
        Output::Stdout => AnyOutput::Stdout(stdout::Stdout::default()),
    })
}

/// Refuses a cluster that is not prepared; one that is out of reach is waited for, and looked at before the first document.
async fn look(client: &Client, namespace: &str) -> Result<(), Error> {
    let unprepared = |what| Error::Permanent(format!("the cluster is not prepared: {what}"));
    match client.look().await {
        Ok(Prepared::No(what)) => return Err(unprepared(what)),
        Ok(Prepared::Other(names)) => tracing::warn!(
            templates = names.join(", "),
            "templates of the cluster were made by another version; install the package of this one, or run `m365-fetcher setup`"
        ),
        Ok(Prepared::Unknown(reason)) => {
            tracing::warn!(reason, "templates are not looked at; nothing is written but to data streams");
        }
        Ok(Prepared::Yes) => {}
        Err(error) => {
            tracing::warn!(%error, "the cluster cannot be looked at yet, it is before the first document");
            return Ok(());
        }
    }
    let node = client.node().await?;
    match index_in_the_way(&node, namespace).await {
        Ok(Some(what)) => Err(unprepared(what)),
        Ok(None) | Err(_) => Ok(()),
    }
}

/// `VmHWM`: the most memory that this process ever held, in KiB. Linux only.
pub(super) fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
