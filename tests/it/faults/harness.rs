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
use output::AnyOutput;
use output::dead_letters::DeadLetters;
use output::file::Files;
use simulator::{Faults, Seen, Simulator, Tenant};
use state::{Options, StateUpdate, Store};
use tokio::net::TcpListener;

use super::super::expected_documents::{self, ExpectedDocuments};
use super::super::sources::{self, Source, datasets, sources};

/// A source without trouble must be done by then, in the paused clock's time.
const AT_ONCE: Duration = Duration::from_secs(4);

pub(super) type Begin = Box<dyn Fn(&Harness, &'static Source)>;

/// A row of the matrix: one trouble.
pub(super) struct Trouble {
    /// Brings the trouble about.
    pub(super) begin: Begin,
    /// How the cycles end while the trouble lasts, and afterwards.
    pub(super) course: Course,
    /// Which sources may be held up beside the one in trouble.
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
    /// The trouble lasts, and the tenant grows from cycle to cycle.
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
    /// This reason of the sources whose records are listed with nested ones, whichever list is looked at.
    OfNested(Reason),
}

/// Both tenants, what they hold, and where it is collected to.
pub(super) struct Harness {
    pub(super) simulator: Simulator,
    pub(super) start: DateTime<Utc>,
    pub(super) root: String,
    config: Config,
    folder: tempfile::TempDir,
    stats: Arc<Stats>,
    dead: Arc<DeadLetters>,
}

/// When every test begins, so that each of its runs is like the others.
pub(super) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_366_400, 0).unwrap()
}

/// The tenant without trouble.
pub(super) fn other_tenant() -> Tenant {
    Tenant { id: "22222222-2222-4222-8222-222222222222".into(), seed: 11, incidents: 6, ..Tenant::default() }
}

impl Harness {
    pub(super) async fn new() -> Self {
        let start = start();
        common::clock::set(start);
        let end = start + TimeDelta::minutes(10);
        let tenants =
            [Tenant { incidents: 40, ..Tenant::default() }, other_tenant()].map(|tenant| tenant.ending_at(end));
        let simulator = Simulator::with_tenants(tenants.to_vec());
        simulator.clock().follow(common::clock::now);
        simulator.clock().set(start);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        let folder = tempfile::tempdir().unwrap();
        let all = datasets().into_iter().map(|dataset| dataset.definition.name);
        let datasets: Vec<_> = all.map(|name| format!("{{name: {name}, lookback: 48h, overlap: 24h}}")).collect();
        let datasets = datasets.join(", ");
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
        let parts = Parts::new(AnyOutput::File(files), stats, dead);
        let stop = tokio_util::sync::CancellationToken::new();
        flow::run(&self.config, parts, true, stop).await.unwrap()
    }

    /// What has arrived: keys of documents and their lines.
    pub(super) fn found(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for dataset in datasets() {
            let name = dataset.definition.name;
            let path = self.folder.path().join(format!("out/logs-m365_security.{name}-default.ndjson"));
            let text = fs::read_to_string(path).unwrap_or_default();
            found.extend(text.lines().zip(1..).map(|(line, place)| {
                let document = serde_json::from_str(line).unwrap();
                (expected_documents::of_document(dataset, &document), format!("line {place}"))
            }));
        }
        found
    }

    /// Enters what both tenants show now and did not show before.
    fn enter(&self, expected: &mut ExpectedDocuments, since: &mut DateTime<Utc>) {
        let now = self.simulator.clock().now();
        for tenant in [Tenant::default(), other_tenant()] {
            expected.enter(&self.simulator, &tenant.id, (*since, now));
        }
        *since = now;
    }

    /// The records of a list that the first tenant shows.
    pub(super) fn seen(&self, target: &Source) -> Vec<Seen> {
        self.simulator.seen(target.list, &Tenant::default().id, self.simulator.clock().now())
    }

    /// A record of a list, as the list serves it without what it is asked to expand.
    pub(super) fn first_record(&self, target: &Source) -> Vec<u8> {
        let (mut first, span) = (Vec::new(), (self.start - TimeDelta::days(2), self.simulator.clock().now()));
        self.simulator.changed(&Tenant::default().id, span, &mut |list, record| {
            if first.is_empty() && std::ptr::eq(list, target.list) {
                first = record.to_vec();
            }
        });
        first
    }

    /// Makes everything in the retry queue of the first tenant's source due now; returns how many records that are.
    async fn make_due(&self, dataset: &str) -> usize {
        let store = Store::open(&self.config.state, Options::default()).unwrap();
        let tenant = &self.config.tenants[0];
        let endpoint = schema::dataset(dataset).unwrap().definition.source.name();
        let state = store.endpoint(&tenant.cloud.name, &tenant.id, &endpoint);
        let mut retry = state.load().await.unwrap().retry;
        for entry in &mut retry {
            "2026-01-01T00:00:00Z".clone_into(&mut entry.next);
        }
        let count = retry.len();
        state.commit(StateUpdate { retry: Some(retry), ..StateUpdate::default() }).await.unwrap();
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

/// A cell of the matrix: a trouble of the list with this name.
pub(super) async fn check(trouble: Trouble, list: &str) {
    let target = sources::source(list);
    let harness = Harness::new().await;
    let (mut expected, mut since) = (ExpectedDocuments::default(), harness.start - TimeDelta::days(2));
    (trouble.begin)(&harness, target);
    harness.enter(&mut expected, &mut since);
    if trouble.course != Course::Changes {
        expected.require();
    }
    let early = async {
        tokio::time::sleep(AT_ONCE).await;
        harness.found()
    };
    let (failed, early) = tokio::join!(harness.cycle(), early);
    check_others(&expected, &early, &trouble, target);
    check_health(&harness, &trouble, target);
    match trouble.course {
        Course::Whole => assert!(failed.is_empty(), "{failed:?}"),
        Course::Fails(words) => {
            let alone = trouble.reach != Reach::Tenant;
            assert!(!alone || failed.len() == 1, "{failed:?}");
            let of_target = failed.iter().find(|failed| failed.datasets == target.name).expect("its source fails");
            assert_eq!(of_target.tenant, Tenant::default().id);
            assert!(of_target.error.to_string().contains(words), "{}", of_target.error);
            harness.simulator.faults().clear();
            let failed = harness.cycle().await;
            assert!(failed.is_empty(), "{failed:?}");
        }
        Course::Owes(count) => {
            assert!(failed.is_empty(), "{failed:?}");
            assert_eq!(expected.missing(&harness.found(), |_| true), count);
            harness.simulator.faults().clear();
            let mut due = 0;
            for source in with_nested() {
                due += harness.make_due(source.datasets[0].definition.name).await;
            }
            assert_eq!(due, count);
            let failed = harness.cycle().await;
            assert!(failed.is_empty(), "{failed:?}");
        }
        Course::Grows | Course::Changes => {
            assert!(failed.is_empty(), "{failed:?}");
            for time in [None, Some(harness.start + TimeDelta::minutes(9))] {
                if let Some(time) = time {
                    harness.simulator.clock().set(time);
                }
                harness.enter(&mut expected, &mut since);
                let failed = harness.cycle().await;
                assert!(failed.is_empty(), "{failed:?}");
                expected.require();
            }
        }
    }
    let wrong = expected.compare(&harness.found());
    assert!(wrong.is_empty(), "{wrong}");
    let mine = |key: &str| key.ends_with(&Tenant::default().id);
    assert!(expected.missing(&[], mine) > 1000, "a tenant with little in it proves little");
    assert_eq!(harness.dead.counts(), []);
    // When the trouble is over, no source is degraded any more.
    for source in sources() {
        let health = harness.health(&source.name);
        assert_eq!((health.state, health.reasons.len()), (State::Healthy, 0), "{:?}", health.reasons);
    }
    // Another cycle reads the overlap again and delivers nothing twice.
    let count = harness.found().len();
    assert!(harness.cycle().await.is_empty());
    assert_eq!(harness.found().len(), count);
}

/// Sources whose records are listed with nested ones.
fn with_nested() -> impl Iterator<Item = &'static Source> {
    sources().iter().filter(|source| source.list.expand().is_some())
}

/// The sources without trouble were done at once.
fn check_others(expected: &ExpectedDocuments, early: &[(String, String)], trouble: &Trouble, target: &'static Source) {
    let of_nested = matches!(trouble.says, Says::OfNested(_));
    let held_up = |source: &Source| match trouble.reach {
        Reach::Source if of_nested => source.list.expand().is_some(),
        Reach::Source => source.name == target.name,
        Reach::Api => source.is_related(target),
        Reach::Tenant => true,
    };
    let waiting: Vec<_> =
        sources().iter().filter(|source| held_up(source)).flat_map(|source| &source.datasets).collect();
    let missing = expected.missing(early, |key| {
        let dataset = key.split(' ').next().unwrap_or_default();
        let waits = waiting.iter().any(|waiting| waiting.definition.name == dataset);
        !key.ends_with(&Tenant::default().id) || !waits
    });
    assert_eq!(missing, 0, "documents of sources without trouble that had to wait");
}

fn check_health(harness: &Harness, trouble: &Trouble, target: &'static Source) {
    let health = harness.health(&target.name);
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
        Says::OfNested(reason) => with_nested().for_each(|source| because(&harness.health(&source.name), reason)),
        Says::Healthy | Says::Throttled(_) | Says::Retried(_) => {
            assert_eq!((health.state, health.reasons.len()), (State::Healthy, 0), "{:?}", health.reasons);
            match trouble.says {
                Says::Throttled(times) => assert!(health.throttled >= times, "throttled {} times", health.throttled),
                Says::Retried(times) => assert!(health.retries >= times, "retried {} times", health.retries),
                _ => {}
            }
        }
    }
    for source in sources() {
        let other = harness.health(&source.name);
        if source.name != target.name && trouble.reach == Reach::Source && !matches!(trouble.says, Says::OfNested(_)) {
            assert_eq!(
                (other.state, other.throttled, other.retries),
                (State::Healthy, 0, 0),
                "{} is blamed, too",
                source.name
            );
        }
    }
}
