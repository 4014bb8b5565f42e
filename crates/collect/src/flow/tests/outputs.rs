//! What clusters do to their clients, on a paused clock: a table of troubles and datasets, each cell a test. Every
//! document is in the index exactly once (or a dead letter where it was refused), the other datasets do not notice, and
//! health says what happened while it lasted.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use common::health::State;
use output::elasticsearch::Client;
use output::elasticsearch::mock::{BulkFault, Cluster, Document, output};
use output::settings::ElasticOutput;

/// A trouble, and where health tells of it.
struct Trouble {
    begin: fn(&Cluster, &'static str),
    says: Says,
}

enum Says {
    /// The output is degraded, with this text.
    Output(&'static str),
    /// The source of the dataset is degraded, with this text.
    Source(&'static str),
    /// There is nothing to tell.
    Nothing,
    /// The source counts refused documents, and the reason is kept with each.
    Refused(&'static str),
}

/// The first requests that concern the dataset.
fn requests(cluster: &Cluster, dataset: &'static str, times: u32, fault: BulkFault) {
    let mut left = times;
    cluster.on_request(move |request| {
        let hit = left > 0 && request.concerns(dataset);
        left -= u32::from(hit);
        hit.then(|| fault.clone())
    });
}

/// Items of the dataset that `chosen` picks, the first times.
fn items(
    cluster: &Cluster,
    chosen: impl Fn(&Document) -> bool + Send + 'static,
    times: u32,
    answer: (u16, &'static str, &'static str),
) {
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    cluster.on_item(move |document| {
        if !chosen(document) {
            return None;
        }
        let count = seen.entry(document.id.clone()).or_default();
        *count += 1;
        (*count <= times).then_some(answer)
    });
}

fn third(document: &Document) -> bool {
    document.id.bytes().map(u32::from).sum::<u32>().is_multiple_of(3)
}

const BLOCKED: &str = "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];";

const ITEM_429: Trouble = Trouble {
    begin: |cluster, dataset| {
        let answer = (429, "es_rejected_execution_exception", "rejected execution of coordinating operation");
        items(cluster, move |document| document.dataset() == dataset, 3, answer);
    },
    says: Says::Source("es_rejected_execution_exception"),
};
const WHOLE_429: Trouble = Trouble {
    begin: |cluster, dataset| requests(cluster, dataset, 3, BulkFault::Status(429, "circuit_breaking_exception")),
    says: Says::Output("429 Too Many Requests: circuit_breaking_exception"),
};
const WHOLE_413: Trouble = Trouble {
    begin: |cluster, dataset| {
        cluster.on_request(move |request| {
            (request.size > 80_000 && request.concerns(dataset)).then_some(BulkFault::Status(413, ""))
        });
    },
    says: Says::Nothing,
};
const WHOLE_503: Trouble = Trouble {
    begin: |cluster, dataset| requests(cluster, dataset, 4, BulkFault::Status(503, "master_not_discovered_exception")),
    says: Says::Output("503 Service Unavailable: master_not_discovered_exception"),
};
const PARTIAL: Trouble = Trouble {
    begin: |cluster, dataset| {
        let answer = (503, "unavailable_shards_exception", "primary shard is not active");
        items(cluster, move |document| document.dataset() == dataset && third(document), 2, answer);
    },
    says: Says::Source("primary shard is not active"),
};
const HUNG: Trouble = Trouble {
    begin: |cluster, dataset| requests(cluster, dataset, 2, BulkFault::Hang),
    says: Says::Output("timed out"),
};
const RESET: Trouble = Trouble {
    begin: |cluster, dataset| requests(cluster, dataset, 2, BulkFault::ResetAfterAccept),
    says: Says::Output("closed before message completed"),
};
const MAPPING: Trouble = Trouble {
    begin: |cluster, dataset| {
        let answer = (400, "document_parsing_exception", "failed to parse field [x] of type [ip]");
        // Bad documents among good ones: a request that holds no good one would leave open whose fault it is.
        let is_good = Arc::new(AtomicBool::new(false));
        let good = Arc::clone(&is_good);
        cluster.on_request(move |request| {
            let mut own = request.documents.iter().filter(|document| document.dataset() == dataset);
            good.store(own.any(|document| !third(document)), Ordering::Relaxed);
            None
        });
        let is_bad = move |document: &Document| {
            document.dataset() == dataset && third(document) && is_good.load(Ordering::Relaxed)
        };
        items(cluster, is_bad, u32::MAX, answer);
    },
    says: Says::Refused("400 document_parsing_exception: failed to parse field [x] of type [ip]"),
};
const BLOCK: Trouble = Trouble {
    begin: |cluster, dataset| {
        items(cluster, move |document| document.dataset() == dataset, 4, (429, "cluster_block_exception", BLOCKED));
    },
    says: Says::Source("the disk of a node is nearly full (flood stage)"),
};
/// As older versions say it.
const BLOCK_403: Trouble = Trouble {
    begin: |cluster, dataset| {
        let said = "index [x] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];";
        items(cluster, move |document| document.dataset() == dataset, 4, (403, "cluster_block_exception", said));
    },
    says: Says::Source("the disk of a node is nearly full (flood stage)"),
};

macro_rules! table {
    ($($name:ident: $trouble:expr),* $(,)?) => {$(
        mod $name {
            #[tokio::test(start_paused = true)]
            async fn incident() {
                super::check(&$trouble, "incident").await;
            }

            #[tokio::test(start_paused = true)]
            async fn alert() {
                super::check(&$trouble, "alert").await;
            }

            #[tokio::test(start_paused = true)]
            async fn log() {
                super::check(&$trouble, "log").await;
            }
        }
    )*};
}

table! {
    item_429: super::ITEM_429,
    whole_429: super::WHOLE_429,
    whole_413: super::WHOLE_413,
    whole_503: super::WHOLE_503,
    partial: super::PARTIAL,
    hung: super::HUNG,
    reset_after_accept: super::RESET,
    mapping_error: super::MAPPING,
    read_only_block: super::BLOCK,
    read_only_block_of_older_versions: super::BLOCK_403,
}

impl Scene {
    async fn ship(&self, output: &ElasticOutput, stats: &Arc<Stats>) -> Vec<Failed> {
        let output = AnyOutput::Elasticsearch(Client::new(output).expect("client"));
        let parts = Parts::new(output, Arc::clone(stats), Arc::clone(&self.dead));
        let stop = CancellationToken::new();
        run(&self.config, parts, true, stop).await.expect("runs")
    }
}

const DATASETS: [&str; 4] = ["alert", "evidence", "incident", "log"];

/// What health says: (reasons of the output, reasons of the dataset's source, reasons of the others).
fn told(stats: &Stats, dataset: &str) -> [String; 3] {
    let snapshot = stats.health.snapshot();
    let reasons = |own: bool| {
        let sources =
            snapshot.sources.iter().filter(|source| source.dataset.split('+').any(|name| name == dataset) == own);
        sources.flat_map(|source| source.reasons.iter().map(|reason| format!("{}\n", reason.text))).collect::<String>()
    };
    let output = snapshot.outputs[0].reasons.iter().map(|reason| reason.text.clone()).collect();
    [output, reasons(true), reasons(false)]
}

async fn check(trouble: &Trouble, dataset: &'static str) {
    let mut scene = scene_of(40, AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    let expected: Vec<_> = DATASETS.map(|name| sorted(scene.documents(name))).into();
    scene.start_over();
    let (cluster, host) = Cluster::start().await;
    (trouble.begin)(&cluster, dataset);
    let stats = Arc::<Stats>::default();
    let watched = Arc::clone(&stats);
    cluster.observe(move || told(&watched, dataset).join("\u{1}"));
    let failed = scene.ship(&output(vec![host]), &stats).await;
    assert!(failed.is_empty(), "{failed:?}");

    // Every document, once.
    for (name, expected) in DATASETS.iter().zip(&expected) {
        let mut found = cluster.of(name);
        if *name == dataset
            && let Says::Refused(_) = trouble.says
        {
            let letters = scene.dead_letters(name);
            assert!(!letters.is_empty() && !found.is_empty());
            found.extend(letters.iter().map(|letter| letter["row"].as_str().expect("row").to_owned()));
        }
        assert!(sorted(found) == *expected, "{name}: {} of {}", cluster.of(name).len(), expected.len());
    }

    // What was said while it lasted.
    let observed: Vec<Vec<String>> =
        cluster.observed().iter().map(|told| told.split('\u{1}').map(str::to_owned).collect()).collect();
    let heard = |place: usize, text: &str| observed.iter().any(|told| told[place].contains(text));
    let is_silent = |place: usize| observed.iter().all(|told| told[place].is_empty());
    match trouble.says {
        Says::Output(text) => assert!(heard(0, text), "{observed:?}"),
        // The documents of several sources may have shared the request, but only this one is told.
        Says::Source(text) => assert!(heard(1, text) && is_silent(0) && is_silent(2), "{observed:?}"),
        Says::Nothing => assert!(is_silent(0) && is_silent(1), "{observed:?}"),
        Says::Refused(reason) => {
            assert!(is_silent(0) && is_silent(2) && heard(1, "kept as dead letters"), "{observed:?}");
            assert!(scene.dead_letters(dataset).iter().all(|letter| letter["detail"] == reason));
        }
    }
    if !matches!(trouble.says, Says::Refused(_)) {
        assert_eq!(scene.dead.counts(), []);
        let requests = cluster.requests().len();
        assert!(requests < 200, "{requests}");
    }

    // And after it; what was not delivered stays told.
    let after = told(&stats, dataset).concat();
    match trouble.says {
        Says::Refused(reason) => assert!(after.contains(reason), "{after}"),
        _ => assert_eq!(after, ""),
    }
    assert_eq!(stats.health.output().snapshot().state, State::Healthy);
    assert!(stats.output.troubles().is_empty());
    assert_eq!(stats.output.in_flight.load(std::sync::atomic::Ordering::Relaxed), 0);
}

fn sorted(mut documents: Vec<String>) -> Vec<String> {
    documents.sort();
    documents
}

#[tokio::test(start_paused = true)]
async fn an_output_that_is_out_of_reach_costs_a_cycle_and_no_record() {
    let scene = scene_of(40, AlertsPerIncident::Realistic).await;
    let (cluster, host) = Cluster::start().await;
    cluster.on_request(|_| Some(BulkFault::Status(503, "down")));
    let stats = Arc::<Stats>::default();
    let failed = scene.ship(&output(vec![host.clone()]), &stats).await;
    assert_eq!(failed.len(), 3);
    assert!(failed.iter().all(|failed| failed.error.to_string().contains("output has not taken anything for")));
    assert!(cluster.documents().is_empty());
    cluster.on_request(|_| None);
    assert!(scene.ship(&output(vec![host]), &stats).await.is_empty());
    let [alerts, evidence, incidents, logs] = scene.expected().await;
    assert_eq!(DATASETS.map(|name| cluster.of(name).len()), [alerts, evidence, incidents, logs]);
}

#[tokio::test(start_paused = true)]
async fn a_credential_without_privileges_is_one_fault_and_no_dead_letter() {
    let scene = scene_of(40, AlertsPerIncident::Realistic).await;
    let (cluster, host) = Cluster::start().await;
    cluster.on_item(|document| {
        (document.dataset() == "alert").then_some((
            403,
            "security_exception",
            "action [indices:data/write] is unauthorized",
        ))
    });
    let stats = Arc::<Stats>::default();
    let failed = scene.ship(&output(vec![host]), &stats).await;
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].datasets.contains("alert"));
    assert!(failed[0].error.to_string().contains("auto_configure"), "{}", failed[0].error);
    assert_eq!(scene.dead.counts(), []);
    let [_, _, incidents, logs] = scene.expected().await;
    assert_eq!([cluster.of("incident").len(), cluster.of("log").len()], [incidents, logs]);
}
