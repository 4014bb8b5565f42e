//! The supervisor starts a tenant's collectors, and stops and replaces them while the others go on.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::health_report::{self, Reporter};
use super::poll::{Plan, poll};
use super::{Collector, Failed, Parts, RunContext, collectors, outlet};
use common::error::Error;
use common::http::jitter;
use config::{BrokenTenant, Config, TenantConfig};
use output::task;

/// Time in which one more source starts: three thousand of them take a minute.
const START: Duration = Duration::from_millis(20);
/// After the order to stop, the output has this long to take what was read.
const GRACE: Duration = Duration::from_secs(8);

/// What a run is told, at first and on its way.
#[derive(Debug)]
pub struct RunOptions {
    /// One cycle of every source, then the end.
    pub once: bool,
    /// Cancelled when it is time to stop: nothing more is read, what was read is delivered.
    pub stop: CancellationToken,
    /// The tenants that are to be collected from then on.
    pub tenants: Option<mpsc::Receiver<Assignment>>,
}

/// Whom to collect, and who is named in vain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assignment {
    /// The tenants to collect.
    pub tenants: Vec<TenantConfig>,
    /// Those that cannot be collected as they are configured. One that is collected already goes on as before.
    pub broken: Vec<BrokenTenant>,
}

impl From<Vec<TenantConfig>> for Assignment {
    fn from(tenants: Vec<TenantConfig>) -> Self {
        Self { tenants, broken: Vec::new() }
    }
}

/// Collects until `stop` is cancelled, or one cycle of every source with `once`. Returns the sources whose last cycle failed.
pub async fn run(config: &Config, parts: Parts, once: bool, stop: CancellationToken) -> Result<Vec<Failed>, Error> {
    supervise(config, parts, RunOptions { once, stop, tenants: None }).await
}

/// Collects as ordered. Returns the sources whose last cycle failed.
pub async fn supervise(config: &Config, parts: Parts, orders: RunOptions) -> Result<Vec<Failed>, Error> {
    let RunOptions { once, stop, tenants: mut changes } = orders;
    let (run, mut outputs) = RunContext::open(config, parts, once.then_some(task::PATIENCE))?;
    let store = run.store.clone();
    let (handed_over, stats) = (run.outlets.meter(), Arc::clone(&run.stats));
    let mut supervisor =
        Supervisor { run, once, stop: stop.clone(), tenants: FxHashMap::default(), members: JoinSet::new() };
    let broken = supervisor.reconcile(Assignment { tenants: config.tenants.clone(), broken: config.broken.clone() });
    // Otherwise they may heal on the way, as long as somebody is there.
    let mut failed = if once || supervisor.members.is_empty() { broken } else { Vec::new() };
    let mut reporting = Reporting::new(supervisor.run.reports.interval);
    loop {
        tokio::select! {
            ended = supervisor.members.join_next() => match ended {
                Some(Ok(last)) => failed.extend(last),
                Some(Err(error)) => failed.push(crashed(&error)),
                None => break,
            },
            Some(assignment) = next_change(&mut changes) => {
                supervisor.reconcile(assignment);
            }
            () = reporting.due() => reporting.start(&supervisor),
            () = stop.cancelled() => break,
        }
    }
    let rest = async {
        while let Some(ended) = supervisor.members.join_next().await {
            failed.extend(ended.unwrap_or_default());
        }
        reporting.last(&supervisor).await;
        // The outputs end when nobody can send to them any more.
        drop(supervisor);
        outlet::ended(&mut outputs).await
    };
    if let Some(ended) = stopped_within(&stop, rest).await {
        ended?;
    } else {
        outputs.abort_all();
        tracing::warn!(
            seconds = GRACE.as_secs(),
            documents = handed_over.documents().saturating_sub(stats.settled()),
            "the output did not take what was read in time; the sources go back to where it was acknowledged"
        );
    }
    store.close().await?;
    Ok(failed)
}

/// The reports of the sources' health, one interval after the other.
struct Reporting {
    ticks: Interval,
    reporter: Reporter,
    /// The reports that are on their way.
    under_way: JoinSet<()>,
}

impl Reporting {
    fn new(interval: Duration) -> Self {
        let mut ticks = tokio::time::interval_at(Instant::now() + interval, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks, reporter: Reporter::default(), under_way: JoinSet::new() }
    }

    /// Waits for the end of the interval.
    async fn due(&mut self) {
        self.ticks.tick().await;
    }

    /// Sends the reports, unless an output still has the last ones: the next reports tell the same and more.
    fn start(&mut self, supervisor: &Supervisor) {
        while self.under_way.try_join_next().is_some() {}
        if self.under_way.is_empty() {
            let reports = self.reporter.report(&supervisor.run, &supervisor.tenants());
            self.under_way.spawn(health_report::send(reports));
        }
    }

    /// Sends what the end of the run has to tell. Status and exit code tell it too, so the output is not waited for long.
    async fn last(&mut self, supervisor: &Supervisor) {
        let reports = self.reporter.report(&supervisor.run, &supervisor.tenants());
        // One that is not taken is dropped with its way to the output.
        let _ = tokio::time::timeout(health_report::LAST, health_report::send(reports)).await;
        self.under_way.shutdown().await;
    }
}

/// The end of `rest`, unless it takes longer than [`GRACE`] after the order to stop.
async fn stopped_within<T>(stop: &CancellationToken, rest: impl Future<Output = T>) -> Option<T> {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = rest => Some(ended),
        () = late => None,
    }
}

/// The tenant is not known any more: its task told its name to nobody.
fn crashed(error: &JoinError) -> Failed {
    tracing::error!(%error, "a tenant ended unexpectedly, the others go on");
    let error = Error::Io(format!("a tenant ended unexpectedly: {error}"));
    Failed { tenant: String::new(), datasets: String::new(), error }
}

async fn next_change(changes: &mut Option<mpsc::Receiver<Assignment>>) -> Option<Assignment> {
    match changes {
        Some(changes) => changes.recv().await,
        None => None,
    }
}

/// The tenants that are collected.
struct Supervisor {
    run: Arc<RunContext>,
    once: bool,
    /// The tokens of the tenants are its children.
    stop: CancellationToken,
    tenants: FxHashMap<Key, TenantTasks>,
    /// One task per tenant; it returns the sources whose last cycle failed.
    members: JoinSet<Vec<Failed>>,
}

/// Cloud, tenant, application.
type Key = (String, String, String);

/// The tasks of one tenant.
struct TenantTasks {
    config: TenantConfig,
    stop: CancellationToken,
    /// Closes when its sources have ended.
    done: watch::Receiver<()>,
}

fn key(config: &TenantConfig) -> Key {
    (config.cloud.name.clone(), config.id.to_ascii_lowercase(), config.client_id.to_ascii_lowercase())
}

/// Whatever the application.
fn is_same_tenant(one: &Key, other: &Key) -> bool {
    (&one.0, &one.1) == (&other.0, &other.1)
}

impl Supervisor {
    /// From now on these tenants are collected. Who does it already, with the same configuration, is left alone. Returns
    /// those that cannot be collected.
    fn reconcile(&mut self, assignment: Assignment) -> Vec<Failed> {
        let Assignment { tenants, mut broken } = assignment;
        let wanted: FxHashMap<Key, &TenantConfig> = tenants.iter().map(|config| (key(config), config)).collect();
        self.tenants.retain(|_, tasks| tasks.done.has_changed().is_ok());
        for (key, tasks) in &self.tenants {
            // A mistake in the file must not end what works; one whose id cannot be read may be any of them.
            let is_meant = |tenant: &BrokenTenant| tenant.is_nameless() || tenant.id.eq_ignore_ascii_case(&key.1);
            let is_kept = wanted.contains_key(key) || broken.iter().any(is_meant);
            if is_kept || tasks.stop.is_cancelled() {
                continue;
            }
            tasks.stop.cancel();
            tracing::info!(tenant = tasks.config.id, "tenant is removed, its sources stop");
            if !wanted.keys().any(|other| is_same_tenant(other, key)) {
                self.run.stats.health.remove_tenant(&tasks.config.cloud.name, &tasks.config.id);
            }
        }
        let is_kept =
            |tasks: &TenantTasks, config: &TenantConfig| !tasks.stop.is_cancelled() && tasks.config == *config;
        let fresh: Vec<(Key, &TenantConfig)> = wanted
            .into_iter()
            .filter(|(key, config)| !self.tenants.get(key).is_some_and(|tasks| is_kept(tasks, config)))
            .collect();
        let sources: usize = fresh.iter().map(|(_, config)| config.datasets.len()).sum();
        let spread = START.saturating_mul(u32::try_from(sources).unwrap_or(u32::MAX));
        for (key, config) in fresh {
            let stop = self.stop.child_token();
            let collectors = match collectors::collectors(config, &self.run, &stop) {
                Ok(collectors) => collectors,
                Err(error) => {
                    broken.push(BrokenTenant::refused(config, &error.to_string()));
                    continue;
                }
            };
            if let Some(former) = self.tenants.get(&key) {
                former.stop.cancel();
                tracing::info!(tenant = config.id, "tenant is configured anew, its sources start again");
            }
            let former = self.ending(&key);
            let order = Order { once: self.once, spread, stop: stop.clone() };
            let done = self.send_out(collectors, config, order, former);
            self.tenants.insert(key, TenantTasks { config: config.clone(), stop, done });
        }
        let is_collected = |tenant: &BrokenTenant| {
            let of_tenant = |(key, tasks): (&Key, &TenantTasks)| {
                tenant.id.eq_ignore_ascii_case(&key.1) && !tasks.stop.is_cancelled() && tasks.done.has_changed().is_ok()
            };
            self.tenants.iter().any(of_tenant)
        };
        let told: Vec<_> = broken.iter().map(|tenant| (tenant.told(), is_collected(tenant))).collect();
        self.run.stats.health.broken(told.into_iter());
        let error = |tenant: &BrokenTenant| Error::Permanent(tenant.text());
        broken
            .iter()
            .map(|tenant| Failed { tenant: tenant.id.clone(), datasets: String::new(), error: error(tenant) })
            .collect()
    }

    /// The tenants that are collected, or were in this run.
    fn tenants(&self) -> Vec<&TenantConfig> {
        self.tenants.values().map(|tasks| &tasks.config).collect()
    }

    /// Ends of the tenant's sources that were told to stop, also those of another application: state is kept per tenant.
    fn ending(&self, key: &Key) -> Vec<watch::Receiver<()>> {
        let is_ending = |(other, tasks): &(&Key, &TenantTasks)| is_same_tenant(other, key) && tasks.stop.is_cancelled();
        self.tenants.iter().filter(is_ending).map(|(_, tasks)| tasks.done.clone()).collect()
    }

    /// Starts the sources of one tenant, when the former ones have ended: two would fight over one state.
    fn send_out(
        &mut self,
        collectors: Vec<Collector>,
        config: &TenantConfig,
        order: Order,
        former: Vec<watch::Receiver<()>>,
    ) -> watch::Receiver<()> {
        let (ended, done) = watch::channel(());
        let (run, config) = (Arc::clone(&self.run), config.clone());
        self.members.spawn(async move {
            for mut done in former {
                // An error is the end that is waited for.
                while done.changed().await.is_ok() {}
            }
            let failed = collect(collectors, &config, &run, order).await;
            drop(ended);
            failed
        });
        done
    }
}

/// What the sources of a tenant are told.
struct Order {
    once: bool,
    /// The first cycles start at any time within.
    spread: Duration,
    stop: CancellationToken,
}

/// The sources of one tenant. One that breaks down by a mistake of this program starts again without the others noticing.
async fn collect(
    collectors: Vec<Collector>,
    config: &TenantConfig,
    run: &Arc<RunContext>,
    order: Order,
) -> Vec<Failed> {
    let Order { once, spread, stop } = order;
    let mut sources = JoinSet::new();
    let mut places: FxHashMap<Id, usize> = FxHashMap::default();
    let first = |collector: &Collector| if once { Duration::ZERO } else { jitter(spread.min(collector.interval)) };
    for (place, collector) in collectors.into_iter().enumerate() {
        let plan = Plan { first: first(&collector), once };
        places.insert(sources.spawn(poll(collector, plan)).id(), place);
    }
    let mut failed = Vec::new();
    while let Some(ended) = sources.join_next_with_id().await {
        let error = match ended {
            Ok((_, last)) => {
                failed.extend(last);
                continue;
            }
            Err(error) => error,
        };
        tracing::error!(tenant = config.id, %error, "a source ended unexpectedly");
        let place = places.remove(&error.id());
        let again = collectors::collectors(config, run, &stop)
            .ok()
            .zip(place)
            .and_then(|(collectors, place)| collectors.into_iter().nth(place));
        match again {
            Some(collector) if !once => {
                let plan = Plan { first: collector.interval, once };
                places.extend(place.map(|place| (sources.spawn(poll(collector, plan)).id(), place)));
            }
            _ => failed.push(Failed {
                tenant: config.id.clone(),
                datasets: String::new(),
                error: Error::Io(format!("a source ended unexpectedly: {error}")),
            }),
        }
    }
    failed
}
