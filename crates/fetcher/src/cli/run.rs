//! `run`: collects until it is told to stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{End, LogFormat, RunArgs, logs, reload, runtime, summary};
use crate::config::{Config, NamedOutput, Output};
use crate::control;
use crate::deadletter::DeadLetters;
use crate::error::Fault;
use crate::flow::{self, Failed, Orders, Parts, Target};
use crate::health::Health;
use crate::metrics;
use crate::sink::{Sink, elastic, file, setup, stdout};
use crate::stats::Stats;

/// Time between two looks of the watchdogs.
const WATCH: Duration = Duration::from_secs(30);

pub(super) fn run(args: &RunArgs, format: LogFormat) -> anyhow::Result<End> {
    let config = match super::load(&args.config) {
        Ok(config) => config,
        Err(error) => return Ok(End::Usage(error.to_string())),
    };
    let started = Instant::now();
    let (stats, dead) = counters(&config);
    let runtime = runtime()?;
    let failed = runtime.block_on(async {
        let mut stop = stop_signal();
        let parts = tokio::select! {
            parts = parts(&config, &stats, &dead, args.setup) => parts?,
            _ = stop.wait_for(|stop| *stop) => return Ok(Vec::new()),
        };
        let _control = control::open(&config.state, Arc::clone(&stats.health)).await?;
        let metrics = serve_metrics(&config, &stats.health).await?;
        let watch = tokio::spawn(watch(Arc::clone(&stats.health), format));
        let tenants = (!args.once).then(|| reload::watch(&args.config));
        let orders = Orders { once: args.once, stop, tenants };
        let failed = flow::supervise(&config, parts, orders).await;
        watch.abort();
        if let Some(metrics) = metrics {
            metrics.abort();
        }
        failed
    });
    // What hangs (a name that is not resolved) is not waited for.
    runtime.shutdown_background();
    let failed = failed?;
    for (dataset, created, duplicates, refused) in stats.by_dataset().filter(|(_, c, d, r)| c + d + r > 0) {
        tracing::info!(dataset, created, duplicates, refused, "documents");
    }
    for (dataset, reason, count) in dead.counts() {
        tracing::warn!(dataset, reason, count, folder = %config.dead_letter.display(), "rows rejected");
    }
    let seconds = started.elapsed().as_secs_f64();
    let peak_memory_kib = summary::peak_memory_kib();
    let (documents, bytes) = (stats.created(), stats.bytes.load(Ordering::Relaxed));
    tracing::info!(documents, bytes, seconds, peak_memory_kib, "run ended");
    // Each was logged when it failed.
    Ok(if failed.is_empty() { End::Done } else { End::Failed })
}

async fn serve_metrics(config: &Config, health: &Arc<Health>) -> Result<Option<JoinHandle<()>>, Fault> {
    let Some(address) = config.metrics else { return Ok(None) };
    let listener =
        TcpListener::bind(address).await.map_err(|error| Fault::local(format!("metrics.listen {address}"), &error))?;
    tracing::info!(%address, "metrics are served");
    Ok(Some(tokio::spawn(metrics::serve(listener, Arc::clone(health)))))
}

/// Looks for what no single fault shows.
async fn watch(health: Arc<Health>, format: LogFormat) {
    loop {
        tokio::time::sleep(WATCH).await;
        health.watch();
        logs::flush(format, false);
    }
}

pub(super) fn counters(config: &Config) -> (Arc<Stats>, Arc<DeadLetters>) {
    (Arc::default(), Arc::new(DeadLetters::new(&config.dead_letter)))
}

/// Opens the outputs; `set_up` prepares clusters.
pub(super) async fn parts(
    config: &Config,
    stats: &Arc<Stats>,
    dead: &Arc<DeadLetters>,
    set_up: bool,
) -> Result<Parts, Fault> {
    let mut outputs = Vec::new();
    for NamedOutput { name, output, namespace } in &config.outputs {
        let sink = open(output, set_up).await?;
        outputs.push(Target { name: name.as_str().into(), sink, namespace: namespace.clone() });
    }
    Ok(Parts { outputs, stats: Arc::clone(stats), dead: Arc::clone(dead) })
}

async fn open(output: &Output, set_up: bool) -> Result<Sink, Fault> {
    Ok(match output {
        Output::Elasticsearch(output) => {
            let elastic = elastic::Elastic::new(output)?;
            if set_up {
                let artefacts = setup::install(&elastic).await?;
                tracing::info!(artefacts, "cluster is prepared");
            }
            Sink::Elastic(elastic)
        }
        Output::File(files) => Sink::File(file::Files::new(files)?),
        Output::Stdout => Sink::Stdout(stdout::Stdout::default()),
    })
}

/// Collects once; what failed was logged.
pub(super) async fn once(config: &Config, parts: Parts) -> Result<Vec<Failed>, Fault> {
    let (_sender, stop) = watch::channel(false);
    flow::run(config, parts, true, stop).await
}

/// Becomes true with SIGTERM or SIGINT; the second signal ends the process at once.
pub(super) fn stop_signal() -> watch::Receiver<bool> {
    let (sender, stop) = watch::channel(false);
    tokio::spawn(async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            tracing::error!("signals cannot be received; the process stops only when killed, which loses nothing");
            // The sender must stay: a closed channel stops the sources.
            return std::future::pending().await;
        };
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if sender.send_replace(true) {
                // Nothing is lost: the state moves only after acknowledgement.
                #[expect(clippy::disallowed_methods, reason = "the second signal ends at once")]
                std::process::exit(1);
            }
            tracing::info!("stopping; a second signal ends at once");
        }
    });
    stop
}
