//! The collection, one run for each state directory: inputs of an agent share one unless the policy names others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use collect::flow::{self, Assignment, Failed, Parts, RunOptions, Target, desk::Desk};
use config::{Config, HealthReports, HttpConfig, NamedOutput, Output};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::diagnostics::Desks;
use super::units::{Place, Wanted};
use crate::cli::run::open;
use crate::control;
use common::error::Error;
use common::health::DEFAULT_OUTPUT;
use common::stats::Stats;
use output::dead_letters::{DeadLetters, Limit};
use output::settings::ElasticOutput;

/// Time until a run is begun again that could not begin: the cluster is not prepared, another process has the state.
const PAUSE: Duration = Duration::from_secs(5);
/// Lists of tenants that may wait.
const LISTS: usize = 16;

/// Every run.
#[derive(Debug)]
pub(super) struct Runs {
    stats: Arc<Stats>,
    desks: Arc<Desks>,
    runs: BTreeMap<PathBuf, Run>,
    tasks: JoinSet<(PathBuf, Result<Vec<Failed>, Trouble>)>,
    /// Runs that could not begin, why, and when they are tried again.
    troubles: BTreeMap<PathBuf, (Trouble, Instant)>,
}

/// One that is at work, or at its end.
#[derive(Debug)]
struct Run {
    stop: CancellationToken,
    lists: mpsc::Sender<Assignment>,
    /// What it was told last.
    told: Assignment,
    /// Number of its output's configuration.
    output: u64,
    desk: Arc<Desk>,
}

/// Why a run could not begin, or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The output is at fault.
    Output(String),
    /// The state directory is.
    State(String),
}

impl Runs {
    pub(super) fn new(stats: Arc<Stats>, desks: Arc<Desks>) -> Self {
        Self { stats, desks, runs: BTreeMap::new(), tasks: JoinSet::new(), troubles: BTreeMap::new() }
    }

    /// Counts and health of all runs.
    pub(super) fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Begins, changes and ends runs. One whose output is another one ends first; [`Self::ended`] says when.
    pub(super) fn reconcile(&mut self, wanted: Wanted) {
        let Wanted { output, tenants } = wanted;
        let number = output.as_ref().map(|(_, number)| *number);
        for (state, run) in &mut self.runs {
            match tenants.get(state) {
                Some(_) if run.stop.is_cancelled() => {}
                Some(list) if Some(run.output) == number => {
                    // A full queue is tried again with the next look.
                    if run.told != *list && run.lists.try_send(list.clone()).is_ok() {
                        run.told = list.clone();
                    }
                }
                _ => run.stop.cancel(),
            }
        }
        self.troubles.retain(|state, (_, due)| tenants.contains_key(state) && *due > Instant::now());
        let Some((output, number)) = output else { return };
        for (state, list) in tenants {
            if !self.runs.contains_key(&state) && !self.troubles.contains_key(&state) {
                self.begin(state, list, &output, number);
            }
        }
    }

    fn begin(&mut self, state: PathBuf, list: Assignment, output: &ElasticOutput, number: u64) {
        let stop = CancellationToken::new();
        let (lists, changes) = mpsc::channel(LISTS);
        let desk = Arc::<Desk>::default();
        self.desks.add(&state, &desk);
        let config = config(&state, list.clone(), output.clone());
        let work = Work { stats: Arc::clone(&self.stats), desk: Arc::clone(&desk), stop: stop.clone(), changes };
        let place = state.clone();
        self.tasks.spawn(async move { (place, work.run(config).await) });
        self.runs.insert(state, Run { stop, lists, told: list, output: number, desk });
    }

    /// Waits until a run has ended; for ever without runs.
    pub(super) async fn ended(&mut self) {
        let Some(ended) = self.tasks.join_next().await else { return std::future::pending().await };
        match ended {
            Ok((state, outcome)) => {
                let was_told = self.runs.remove(&state).is_some_and(|run| run.stop.is_cancelled());
                let trouble = match outcome {
                    Err(trouble) => Some(trouble),
                    // The last of its sources has ended, and the log says why.
                    Ok(failed) => failed.first().map(|failed| Trouble::State(failed.error.to_string())),
                };
                if let Some(trouble) = trouble.filter(|_| !was_told) {
                    self.troubles.insert(state, (trouble, Instant::now() + PAUSE));
                }
            }
            Err(error) => {
                tracing::error!(%error, "a run ended unexpectedly, it begins again");
                self.runs.retain(|_, run| !run.lists.is_closed());
            }
        }
    }

    /// Something waits for its next attempt, and its time has come.
    pub(super) fn is_due(&self) -> bool {
        self.troubles.values().any(|(_, due)| *due <= Instant::now())
    }

    /// Why the run of a state directory does not work.
    pub(super) fn trouble(&self, state: &Path) -> Option<&Trouble> {
        self.troubles.get(state).map(|(trouble, _)| trouble)
    }

    /// The first trouble that is the output's.
    pub(super) fn trouble_of_output(&self) -> Option<&str> {
        self.troubles.values().find_map(|(trouble, _)| match trouble {
            Trouble::Output(what) => Some(what.as_str()),
            Trouble::State(_) => None,
        })
    }

    /// Sources of the tenant are at work.
    pub(super) fn collects(&self, place: Option<&Place>) -> bool {
        let Some(Place { state, cloud, tenant }) = place else { return false };
        self.runs.get(state).is_some_and(|run| run.desk.collects(cloud, tenant))
    }

    /// Nothing is at work.
    pub(super) fn is_idle(&self) -> bool {
        self.runs.is_empty()
    }

    /// Runs are on their way to their end, because their output is another one.
    pub(super) fn is_ending(&self) -> bool {
        self.runs.values().any(|run| run.stop.is_cancelled())
    }

    /// Ends all runs, and waits until they have delivered and stored what they have read, or given up on that.
    pub(super) async fn stop(&mut self) {
        for run in self.runs.values() {
            run.stop.cancel();
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

/// What a run works with, apart from its configuration.
struct Work {
    stats: Arc<Stats>,
    desk: Arc<Desk>,
    stop: CancellationToken,
    changes: mpsc::Receiver<Assignment>,
}

impl Work {
    async fn run(self, config: Config) -> Result<Vec<Failed>, Trouble> {
        let Self { stats, desk, stop, changes } = self;
        let NamedOutput { output, namespace, .. } = &config.outputs[0];
        let opened = stop.run_until_cancelled(open(output, namespace, false)).await;
        let Some(opened) = opened else { return Ok(Vec::new()) };
        let output = opened.map_err(|error| Trouble::Output(error.to_string()))?;
        let target = Target { name: DEFAULT_OUTPUT.into(), output, namespace: namespace.clone() };
        let dead = DeadLetters::limited(&config.dead_letter, config.dead_letter_limit, Arc::clone(&stats.health));
        let parts =
            Parts { outputs: vec![target], stats: Arc::clone(&stats), dead: Arc::new(dead), desk: Arc::clone(&desk) };
        let of_state = |error: Error| Trouble::State(error.to_string());
        let _control = control::open(&config.state, Arc::clone(&stats.health), desk).await.map_err(of_state)?;
        let orders = RunOptions { once: false, stop, tenants: Some(changes) };
        flow::supervise(&config, parts, orders).await.map_err(of_state)
    }
}

fn config(state: &Path, list: Assignment, output: ElasticOutput) -> Config {
    let Assignment { tenants, broken } = list;
    Config {
        tenants,
        broken,
        outputs: vec![NamedOutput::only(Output::Elasticsearch(Box::new(output)))],
        state: state.to_owned(),
        store: state::Options::default(),
        dead_letter: state.join("dead_letters"),
        dead_letter_limit: Limit::default(),
        preserve_original_event: false,
        metrics: None,
        // Each tenant says by itself whether it is reported on.
        health: HealthReports { documents: Some(false), ..HealthReports::default() },
        http: HttpConfig::default(),
        unencrypted: Vec::new(),
        literal_secrets: Vec::new(),
    }
}
