//! Two tenants, the collector, and what a cell of the matrix checks.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use collect::flow::{self, Failed, Parts};
use common::health::{Reason, SourceSnapshot, State};
use common::stats::Stats;
use fetcher::config::{self, Config, Output};
use output::deadletter::DeadLetters;
use output::sink::Sink;
use output::sink::file::Files;
use simulator::{Endpoint, Faults, Simulator, Tenant};
use state::{Change, Options, Store};
use tokio::net::TcpListener;

use super::super::books::{self, Books, DATASETS};

/// By then, in the clock's time, whoever has no trouble is done.
const AT_ONCE: Duration = Duration::from_secs(4);

/// A list that gets into trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    pub(super) path: &'static str,
    /// The source's datasets.
    pub(super) source: &'static str,
    /// Sources of the same API: they share its throttling.
    relatives: &'static [&'static str],
}

pub(super) const INCIDENT: Target = Target {
    endpoint: Endpoint::INCIDENTS,
    path: "/v1.0/security/incidents",
    source: "incident",
    relatives: &["incident", "alert", "evidence"],
};
pub(super) const ALERT: Target = Target {
    endpoint: Endpoint::ALERTS,
    path: "/v1.0/security/alerts_v2",
    source: "alert+evidence",
    relatives: &["incident", "alert", "evidence"],
};
pub(super) const LOG: Target =
    Target { endpoint: Endpoint::LEGACY, path: "/api/incidents", source: "log", relatives: &["log"] };

pub(super) type Begin = Box<dyn Fn(&Stage, Target)>;

/// A row of the matrix.
pub(super) struct Trouble {
    /// Makes it.
    pub(super) begin: Begin,
    /// How it goes on.
    pub(super) course: Course,
    /// Who may be held up by it, apart from the source itself.
    pub(super) reach: Reach,
    /// What health says after the first cycle.
    pub(super) says: Says,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// One cycle brings everything.
    Whole,
    /// The first cycle ends with these words; when the trouble is over the second one brings everything.
    Fails(&'static str),
    /// The first cycle leaves so many incidents out, which are asked for again; when the trouble is over they arrive.
    Owes(usize),
    /// It lasts, and the tenant grows from cycle to cycle.
    Grows,
    /// The tenant changes within the first cycle already.
    Changes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Nobody else.
    Source,
    /// Sources of the same API.
    Api,
    /// Every source of the tenant.
    Tenant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing to speak of.
    Healthy,
    /// Healthy, with so many requests refused because of too many.
    Throttled(u64),
    /// Healthy, with so many pages asked for again.
    Retried(u64),
    /// This reason, of the source.
    Because(Reason),
    /// This reason of the source of incidents, whichever list is looked at.
    OfIncidents(Reason),
}

/// Both tenants, what they hold, and where it is collected to.
pub(super) struct Stage {
    pub(super) simulator: Simulator,
    pub(super) start: DateTime<Utc>,
    pub(super) root: String,
    config: Config,
    folder: tempfile::TempDir,
    stats: Arc<Stats>,
    dead: Arc<DeadLetters>,
}

/// The tenant without trouble.
pub(super) fn other_tenant() -> Tenant {
    Tenant { id: "22222222-2222-4222-8222-222222222222".into(), seed: 11, incidents: 6, ..Tenant::default() }
}

impl Stage {
    pub(super) async fn new() -> Self {
        let start = common::clock::now();
        let end = start + TimeDelta::minutes(10);
        let tenants =
            [Tenant { incidents: 40, ..Tenant::default() }, other_tenant()].map(|tenant| tenant.ending_at(end));
        let simulator = Simulator::with_tenants(tenants.to_vec());
        simulator.clock().set(start);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        let folder = tempfile::tempdir().unwrap();
        let datasets = DATASETS.map(|name| format!("{{name: {name}, lookback: 48h, overlap: 24h}}")).join(", ");
        let mut text = "preserve_original_event: true\noutput: {file: {directory: '${DIR}/out'}}\nstate: '${DIR}/state'\ntenants:\n".to_owned();
        for Tenant { id, client_id, client_secret, .. } in &tenants {
            let _ = writeln!(
                text,
                "  - {{id: {id}, client_id: {client_id}, client_secret: {client_secret}, datasets: [{datasets}], \
                 cloud: {{login: '{root}', graph: '{root}', defender: '{root}'}}}}"
            );
        }
        let directory = folder.path().display().to_string();
        let config = config::parse("matrix.yml", &text, &|name| (name == "DIR").then(|| directory.clone())).unwrap();
        let dead = Arc::new(DeadLetters::new(&config.dead_letter));
        Self { simulator, start, root, config, folder, stats: Arc::default(), dead }
    }

    /// The script for the first tenant.
    pub(super) fn faults(&self) -> Faults {
        self.simulator.faults().of(&Tenant::default().id)
    }

    /// One cycle of every source.
    pub(super) async fn cycle(&self) -> Vec<Failed> {
        let Output::File(output) = &self.config.outputs[0].output else { unreachable!("the configuration says so") };
        let files = Files::new(output).unwrap();
        let (stats, dead) = (Arc::clone(&self.stats), Arc::clone(&self.dead));
        let parts = Parts::new(Sink::File(files), stats, dead);
        let (_sender, stop) = tokio::sync::watch::channel(false);
        flow::run(&self.config, parts, true, stop).await.unwrap()
    }

    /// What has arrived: keys of the books and the line.
    pub(super) fn found(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for dataset in DATASETS {
            let path = self.folder.path().join(format!("out/logs-m365_security.{dataset}-default.ndjson"));
            let text = fs::read_to_string(path).unwrap_or_default();
            found.extend(text.lines().zip(1..).map(|(line, place)| {
                let document = serde_json::from_str(line).unwrap();
                (books::of_document(dataset, &document), format!("line {place}"))
            }));
        }
        found
    }

    /// Enters what both tenants show now and did not show before.
    fn enter(&self, books: &mut Books, since: &mut DateTime<Utc>) {
        let now = self.simulator.clock().now();
        for tenant in [Tenant::default(), other_tenant()] {
            books.enter(&self.simulator, &tenant.id, (*since, now));
        }
        *since = now;
    }

    /// What the first tenant's source owes is to be asked for now; returns how much that is.
    async fn make_due(&self, dataset: &str) -> usize {
        let store = Store::open(&self.config.state, Options::default()).unwrap();
        let tenant = &self.config.tenants[0];
        let source = store.source(&tenant.cloud.name, &tenant.id, dataset);
        let mut retry = source.load().unwrap().retry;
        for entry in &mut retry {
            "2026-01-01T00:00:00Z".clone_into(&mut entry.next);
        }
        let count = retry.len();
        source.commit(Change { retry: Some(retry), ..Change::default() }).await.unwrap();
        store.close().await.unwrap();
        count
    }

    /// What health says of a source of the first tenant.
    pub(super) fn health(&self, source: &str) -> SourceSnapshot {
        let tenant = Tenant::default().id;
        let mut sources = self.stats.health.snapshot().sources.into_iter();
        sources.find(|of| of.tenant == tenant && of.dataset == source).unwrap()
    }
}

/// A cell of the matrix.
pub(super) async fn check(trouble: Trouble, target: Target) {
    let stage = Stage::new().await;
    let (mut books, mut since) = (Books::default(), stage.start - TimeDelta::days(2));
    (trouble.begin)(&stage, target);
    stage.enter(&mut books, &mut since);
    if trouble.course != Course::Changes {
        books.require();
    }
    let early = async {
        tokio::time::sleep(AT_ONCE).await;
        stage.found()
    };
    let (failed, early) = tokio::join!(stage.cycle(), early);
    check_others(&books, &early, &trouble, target);
    check_health(&stage, &trouble, target);
    match trouble.course {
        Course::Whole => assert!(failed.is_empty(), "{failed:?}"),
        Course::Fails(words) => {
            let alone = trouble.reach != Reach::Tenant;
            assert!(!alone || failed.len() == 1, "{failed:?}");
            let of_target = failed.iter().find(|failed| failed.datasets == target.source).expect("its source fails");
            assert_eq!(of_target.tenant, Tenant::default().id);
            assert!(of_target.fault.to_string().contains(words), "{}", of_target.fault);
            stage.simulator.faults().clear();
            let failed = stage.cycle().await;
            assert!(failed.is_empty(), "{failed:?}");
        }
        Course::Owes(count) => {
            assert!(failed.is_empty(), "{failed:?}");
            assert_eq!(books.missing(&stage.found(), |_| true), count);
            stage.simulator.faults().clear();
            assert_eq!(stage.make_due(INCIDENT.source).await, count);
            let failed = stage.cycle().await;
            assert!(failed.is_empty(), "{failed:?}");
        }
        Course::Grows | Course::Changes => {
            assert!(failed.is_empty(), "{failed:?}");
            for time in [None, Some(stage.start + TimeDelta::minutes(9))] {
                if let Some(time) = time {
                    stage.simulator.clock().set(time);
                }
                stage.enter(&mut books, &mut since);
                let failed = stage.cycle().await;
                assert!(failed.is_empty(), "{failed:?}");
                books.require();
            }
        }
    }
    let wrong = books.compare(&stage.found());
    assert!(wrong.is_empty(), "{wrong}");
    let mine = |key: &str| key.ends_with(&Tenant::default().id);
    assert!(books.missing(&[], mine) > 1000, "a tenant with little in it proves little");
    assert_eq!(stage.dead.counts(), []);
    // Over: nothing of it is left.
    for source in [INCIDENT.source, ALERT.source, LOG.source] {
        let health = stage.health(source);
        assert_eq!((health.state, health.reasons.len()), (State::Healthy, 0), "{:?}", health.reasons);
    }
    // What was read again is known.
    let count = stage.found().len();
    assert!(stage.cycle().await.is_empty());
    assert_eq!(stage.found().len(), count);
}

/// Whoever has no trouble was done at once.
fn check_others(books: &Books, early: &[(String, String)], trouble: &Trouble, target: Target) {
    let troubled = if matches!(trouble.says, Says::OfIncidents(_)) { INCIDENT } else { target };
    let own: Vec<_> = troubled.source.split('+').collect();
    let held_up = |dataset: &str| match trouble.reach {
        Reach::Source => own.contains(&dataset),
        Reach::Api => target.relatives.contains(&dataset),
        Reach::Tenant => true,
    };
    let missing = books.missing(early, |key| {
        let dataset = key.split(' ').next().unwrap_or_default();
        !key.ends_with(&Tenant::default().id) || !held_up(dataset)
    });
    assert_eq!(missing, 0, "documents of sources without trouble that had to wait");
}

fn check_health(stage: &Stage, trouble: &Trouble, target: Target) {
    let health = stage.health(target.source);
    let because = |health: &SourceSnapshot, reason| {
        assert!(
            health.reasons.iter().any(|found| found.reason == reason),
            "{reason:?} is not among {:?}",
            health.reasons
        );
        assert!(matches!(health.state, State::Degraded | State::Failed), "{:?}", health.state);
        assert!(health.reasons.iter().all(|found| !found.text.is_empty()));
    };
    match trouble.says {
        Says::Because(reason) => because(&health, reason),
        Says::OfIncidents(reason) => because(&stage.health(INCIDENT.source), reason),
        Says::Healthy | Says::Throttled(_) | Says::Retried(_) => {
            assert_eq!((health.state, health.reasons.len()), (State::Healthy, 0), "{:?}", health.reasons);
            match trouble.says {
                Says::Throttled(times) => assert!(health.throttled >= times, "throttled {} times", health.throttled),
                Says::Retried(times) => assert!(health.retries >= times, "retried {} times", health.retries),
                _ => {}
            }
        }
    }
    for source in [INCIDENT.source, ALERT.source, LOG.source] {
        let other = stage.health(source);
        if source != target.source && trouble.reach == Reach::Source && !matches!(trouble.says, Says::OfIncidents(_)) {
            assert_eq!(
                (other.state, other.throttled, other.retries),
                (State::Healthy, 0, 0),
                "{source} is blamed, too"
            );
        }
    }
}
