//! The collection, one run for each state directory: inputs of an agent share one unless the policy names others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use collect::flow::{self, Assignment, Failed, Parts, RunOptions, desk::Desk};
use config::{Config, HealthReports, HttpConfig, NamedOutput, Output};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::diagnostics::Desks;
use super::units::{Place, Wanted};
use crate::cli::run::open;
use crate::control;
use common::error::Error;
use common::stats::Stats;
use output::dead_letters::{DeadLetters, Limit};
use output::settings::ElasticOutput;

/// Time until a run is begun again that could not begin: the cluster is not prepared, another process has the state.
const PAUSE: Duration = Duration::from_secs(5);
/// Lists of tenants that may wait. A later one says everything that a former one says, so more would only be work.
const LISTS: usize = 1;

/// Every run.
#[derive(Debug)]
pub(super) struct Runs {
    stats: Arc<Stats>,
    desks: Arc<Desks>,
    known: BTreeMap<PathBuf, Run>,
    tasks: JoinSet<Result<Vec<Failed>, Trouble>>,
    /// Runs that could not begin, until they collect.
    failures: BTreeMap<PathBuf, Failure>,
    /// Number of the output that is wanted.
    output: Option<u64>,
}

/// Why a run could not begin.
#[derive(Debug)]
struct Failure {
    trouble: Trouble,
    /// When it is tried again; `None` while it is.
    due: Option<Instant>,
    /// What it was begun with.
    output: u64,
    tenants: Assignment,
}

/// One that is at work, or at its end.
#[derive(Debug)]
struct Run {
    stop: CancellationToken,
    lists: mpsc::Sender<Assignment>,
    /// What it was told last.
    told: Assignment,
    /// It could not be told what is wanted yet.
    is_behind: bool,
    /// The cluster has answered, or is known to be out of reach.
    is_open: Arc<AtomicBool>,
    task: Id,
    /// Number of its output's configuration.
    output: u64,
    desk: Arc<Desk>,
    dead: Arc<DeadLetters>,
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
        Self { stats, desks, known: BTreeMap::new(), tasks: JoinSet::new(), failures: BTreeMap::new(), output: None }
    }

    /// Counts and health of all runs.
    pub(super) fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Begins, changes and ends runs. One whose output is another one ends first; [`Self::ended`] says when.
    pub(super) fn reconcile(&mut self, wanted: Wanted) {
        let Wanted { output, tenants } = wanted;
        let number = output.as_ref().map(|(_, number)| *number);
        self.output = number;
        for (state, run) in &mut self.known {
            match tenants.get(state) {
                Some(_) if run.stop.is_cancelled() => {}
                Some(list) if Some(run.output) == number => run.tell(list),
                _ => run.stop.cancel(),
            }
        }
        self.failures.retain(|state, failure| {
            let Some(list) = tenants.get(state) else { return false };
            let is_former = Some(failure.output) != number;
            if is_former || failure.tenants != *list {
                failure.due = failure.due.map(|_| Instant::now());
            }
            // What a former output could not do says nothing of the one that is wanted.
            number.is_some() && !(is_former && matches!(failure.trouble, Trouble::Output(_)))
        });
        let Some((output, number)) = output else { return };
        for (state, list) in tenants {
            let is_early = |failure: &Failure| failure.due.is_some_and(|due| due > Instant::now());
            if !self.known.contains_key(&state) && !self.failures.get(&state).is_some_and(is_early) {
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
        let is_open = Arc::<AtomicBool>::default();
        let dead = DeadLetters::limited(&config.dead_letter, config.dead_letter_limit, Arc::clone(&self.stats.health));
        let dead = Arc::new(dead);
        let work = Work {
            stats: Arc::clone(&self.stats),
            desk: Arc::clone(&desk),
            dead: Arc::clone(&dead),
            is_open: Arc::clone(&is_open),
            stop: stop.clone(),
            changes,
        };
        let task = self.tasks.spawn(work.run(config)).id();
        if let Some(failure) = self.failures.get_mut(&state) {
            failure.due = None;
        }
        let run = Run { stop, lists, told: list, is_behind: false, is_open, task, output: number, desk, dead };
        self.known.insert(state, run);
    }

    /// Waits until a run has ended; for ever without runs.
    pub(super) async fn ended(&mut self) {
        let Some(ended) = self.tasks.join_next_with_id().await else { return std::future::pending().await };
        let (task, trouble) = match ended {
            Ok((task, Err(trouble))) => (task, Some(trouble)),
            // The last of its sources has ended, and the log says why.
            Ok((task, Ok(failed))) => (task, failed.first().map(|failed| Trouble::State(failed.error.to_string()))),
            Err(error) => {
                tracing::error!(%error, "the collection ended unexpectedly, it begins again");
                (error.id(), Some(Trouble::State("the collection ended unexpectedly, it begins again soon".to_owned())))
            }
        };
        let Some(state) = self.known.iter().find(|(_, run)| run.task == task).map(|(state, _)| state.clone()) else {
            return;
        };
        let run = self.known.remove(&state).filter(|run| !run.stop.is_cancelled());
        match run.zip(trouble) {
            Some((Run { told: tenants, output, .. }, trouble)) => {
                let due = Some(Instant::now() + PAUSE);
                self.failures.insert(state, Failure { trouble, due, output, tenants });
            }
            None => drop(self.failures.remove(&state)),
        }
    }

    /// Forgets why runs could not begin that have begun by now.
    pub(super) fn settle(&mut self) {
        let runs = &self.known;
        self.failures.retain(|state, _| !runs.get(state).is_some_and(Run::is_at_work));
    }

    /// Something waits for its next attempt, and its time has come.
    pub(super) fn is_due(&self) -> bool {
        let is_due = |failure: &Failure| failure.due.is_some_and(|due| due <= Instant::now());
        self.failures.values().any(is_due) || self.known.values().any(|run| run.is_behind)
    }

    /// Why the run of a state directory does not work.
    pub(super) fn trouble(&self, state: &Path) -> Option<&Trouble> {
        self.failures.get(state).map(|failure| &failure.trouble)
    }

    /// The first trouble that is the output's.
    pub(super) fn trouble_of_output(&self) -> Option<&str> {
        self.failures.values().find_map(|failure| match &failure.trouble {
            Trouble::Output(what) => Some(what.as_str()),
            Trouble::State(_) => None,
        })
    }

    /// The cluster is asked for the first time. Another attempt after a failure is no news.
    pub(super) fn is_asking(&self) -> bool {
        let asks = |(state, run): (&PathBuf, &Run)| !run.stop.is_cancelled() && !self.failures.contains_key(state);
        !self.known.values().any(|run| run.is_open.load(Ordering::Relaxed)) && self.known.iter().any(asks)
    }

    /// Sources of the tenant are at work.
    pub(super) fn collects(&self, place: Option<&Place>) -> bool {
        let Some(Place { state, cloud, tenant }) = place else { return false };
        self.known.get(state).is_some_and(|run| run.desk.collects(cloud, tenant))
    }

    /// Nothing is at work.
    pub(super) fn is_idle(&self) -> bool {
        self.known.is_empty()
    }

    /// Runs are on their way to their end, because their output is another one.
    pub(super) fn is_ending(&self) -> bool {
        self.known.values().any(|run| run.stop.is_cancelled() && Some(run.output) != self.output)
    }

    /// Looks for what no single error shows; to be called twice a minute or so.
    pub(super) fn watch(&self) {
        self.stats.health.watch();
        for run in self.known.values() {
            run.dead.refresh();
        }
    }

    /// Ends all runs, and waits until they have delivered and stored what they have read, or given up on that.
    pub(super) async fn stop(&mut self) {
        for run in self.known.values() {
            run.stop.cancel();
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Run {
    /// Hands over whom to collect. One that still has the former list is told later ([`Runs::is_due`]).
    fn tell(&mut self, list: &Assignment) {
        let is_news = self.told != *list;
        self.is_behind = is_news && self.lists.try_send(list.clone()).is_err();
        if is_news && !self.is_behind {
            self.told = list.clone();
        }
    }

    /// It has a cluster and a state, and collects.
    fn is_at_work(&self) -> bool {
        self.told.tenants.iter().any(|tenant| self.desk.collects(&tenant.cloud.name, &tenant.id))
    }
}

/// What a run works with, apart from its configuration.
struct Work {
    stats: Arc<Stats>,
    desk: Arc<Desk>,
    dead: Arc<DeadLetters>,
    is_open: Arc<AtomicBool>,
    stop: CancellationToken,
    changes: mpsc::Receiver<Assignment>,
}

impl Work {
    async fn run(self, config: Config) -> Result<Vec<Failed>, Trouble> {
        let Self { stats, desk, dead, is_open, stop, changes } = self;
        let NamedOutput { output, namespace, .. } = &config.outputs[0];
        let opened = stop.run_until_cancelled(open(output, namespace, false)).await;
        let Some(opened) = opened else { return Ok(Vec::new()) };
        let output = opened.map_err(|error| Trouble::Output(error.to_string()))?;
        is_open.store(true, Ordering::Relaxed);
        let parts = Parts { desk: Arc::clone(&desk), ..Parts::new(output, Arc::clone(&stats), dead) };
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
