//! Many sources share requests: nothing is mixed up, and each hears of its own documents only.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Notify;

use super::*;
use crate::elasticsearch::mock::{BulkFault, Cluster, output};
use crate::settings::ElasticOutput;

/// Sources that send to one cluster.
pub(super) struct Sources {
    pub(super) cluster: Arc<Cluster>,
    streams: Arc<DataStreams>,
    jobs: mpsc::Sender<OutputCommand>,
    pool: Arc<Pool>,
    pub(super) stats: Arc<Stats>,
    pub(super) dead: Arc<DeadLetters>,
    folder: tempfile::TempDir,
}

pub(super) async fn sources(change: impl FnOnce(&mut ElasticOutput)) -> Sources {
    let (cluster, host) = Cluster::start().await;
    let mut output = output(vec![host]);
    change(&mut output);
    sources_of(cluster, &output, Some(PATIENCE))
}

fn sources_of(cluster: Arc<Cluster>, output: &ElasticOutput, patience: Option<Duration>) -> Sources {
    let folder = tempfile::tempdir().expect("folder");
    let dead = Arc::new(DeadLetters::new(folder.path()));
    let stats = Arc::<Stats>::default();
    let (jobs, inbox) = mpsc::channel(QUEUED);
    let output = AnyOutput::Elasticsearch(Client::new(output).expect("client"));
    tokio::spawn(serve(OutputTask { output, dead: Arc::clone(&dead), stats: Arc::clone(&stats), patience }, inbox));
    Sources { cluster, streams: Arc::new(DataStreams::new("default")), jobs, pool: Arc::default(), stats, dead, folder }
}

pub(super) fn id(source: u16, number: u16) -> DocId {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&source.to_be_bytes());
    id[2..4].copy_from_slice(&number.to_be_bytes());
    DocId(id)
}

impl Sources {
    pub(super) fn outbox(&self, source: u16) -> BatchWriter {
        let tenant = format!("contoso-{source}").into();
        BatchWriter::new(Arc::clone(&self.streams), self.jobs.clone(), Arc::clone(&self.pool), tenant)
    }

    /// A cycle of a source: so many documents, whose text says whose they are, with a tail of varying length.
    pub(super) fn cycle(&self, source: u16, documents: u16) -> tokio::task::JoinHandle<Result<(), Error>> {
        let mut outbox = self.outbox(source);
        tokio::spawn(async move {
            for number in 0..documents {
                let id = id(source, number);
                let tail = "x".repeat(usize::from((source * 7 + number * 13) % 97));
                outbox.push(number % 2, id, format!(r#"{{"id":"{id}","tail":"{tail}"}}"#).as_bytes());
                if outbox.is_full() {
                    outbox.send().await?;
                }
            }
            outbox.flush().await
        })
    }

    /// The dead letters of a dataset.
    pub(super) fn letters(&self, dataset: &str) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.folder.path().join(format!("{dataset}.ndjson"))).expect("letters");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Every document lies under its own id.
    fn check_unmixed(&self) {
        for ((index, id), source) in &*self.cluster.documents() {
            let document: serde_json::Value = serde_json::from_str(source).expect("a whole document");
            assert_eq!(document["id"], **id);
            let number = u16::from_str_radix(&id[4..8], 16).expect("number");
            assert_eq!(index, self.streams.name(number % 2), "{id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn small_batches_share_requests_and_nothing_is_mixed_up() {
    let sources = sources(|_| {}).await;
    let cycles: Vec<_> = (0..300).map(|source| sources.cycle(source, 1 + source % 5)).collect();
    let expected: usize = (0..300_usize).map(|source| 1 + source % 5).sum();
    for cycle in cycles {
        cycle.await.expect("ends").expect("delivered");
    }
    assert_eq!(sources.cluster.documents().len(), expected);
    sources.check_unmixed();
    let requests = sources.cluster.requests();
    assert!(requests.len() <= 20, "{requests:?}");
    assert_eq!(sources.stats.created(), expected as u64);
}

/// `bulk_max_size` of a policy: no request holds more, and no document waits for others that would not fit.
#[tokio::test(start_paused = true)]
async fn requests_hold_no_more_documents_than_allowed() {
    let sources = sources(|output| output.max_documents = Some(7)).await;
    let start = tokio::time::Instant::now();
    let cycles: Vec<_> = (0..40).map(|source| sources.cycle(source, 50)).collect();
    for cycle in cycles {
        cycle.await.expect("ends").expect("delivered");
    }
    assert_eq!(sources.cluster.documents().len(), 40 * 50);
    sources.check_unmixed();
    let requests = sources.cluster.requests();
    assert!(requests.iter().all(|documents| *documents <= 7), "{requests:?}");
    // Full ones do not wait for their turn: spaced out they would take a minute.
    assert!(requests.len() < 350 && start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_again_or_refused_is_still_the_right_document() {
    let sources = sources(|_| {}).await;
    // By turns, and changing with every attempt: taken, busy, refused for good.
    let mut attempts: BTreeMap<String, u32> = BTreeMap::new();
    sources.cluster.on_item(move |document| {
        let attempt = attempts.entry(document.id.clone()).or_default();
        *attempt += 1;
        let number = u32::from_str_radix(&document.id[..8], 16).expect("number");
        match number % 7 {
            0 => Some((400, "document_parsing_exception", "failed to parse")),
            kind if *attempt < kind => Some((429, "es_rejected_execution_exception", "queue full")),
            _ => None,
        }
    });
    let cycles: Vec<_> = (0..120).map(|source| sources.cycle(source, 40)).collect();
    for cycle in cycles {
        cycle.await.expect("ends").expect("delivered");
    }
    sources.check_unmixed();
    sources.dead.sync().expect("sync");
    let mut refused = 0;
    for dataset in ["alert", "evidence"] {
        let text = std::fs::read_to_string(sources.folder.path().join(format!("{dataset}.ndjson"))).expect("letters");
        for line in text.lines() {
            let letter: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let id = letter["record"].as_str().expect("id");
            let document: serde_json::Value =
                serde_json::from_str(letter["row"].as_str().expect("row")).expect("a whole document");
            assert_eq!(document["id"], id);
            let source = u16::from_str_radix(&id[..4], 16).expect("source");
            assert_eq!(letter["tenant"], format!("contoso-{source}"));
            refused += 1;
        }
    }
    assert_eq!(sources.cluster.documents().len() + refused, 120 * 40);
    assert!(refused > 500, "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_source_hears_of_its_own_documents_only() {
    let sources = sources(|_| {}).await;
    // The documents of source 3 are forbidden, those of source 5 belong to an index that cannot be made.
    sources.cluster.on_item(|document| match u16::from_str_radix(&document.id[..4], 16).expect("source") {
        3 => Some((403, "security_exception", "action is unauthorized")),
        5 => Some((404, "index_not_found_exception", "no such index")),
        _ => None,
    });
    let cycles: Vec<_> = (0..10).map(|source| (source, sources.cycle(source, 4))).collect();
    for (source, cycle) in cycles {
        let outcome = cycle.await.expect("ends");
        match source {
            3 => assert!(matches!(&outcome, Err(Error::Auth(said)) if said.contains("hint: ")), "{outcome:?}"),
            5 => assert!(matches!(&outcome, Err(Error::Permanent(said)) if said.contains("--setup")), "{outcome:?}"),
            _ => assert!(outcome.is_ok(), "{source}: {outcome:?}"),
        }
    }
    assert_eq!(sources.cluster.documents().len(), 8 * 4);
    assert_eq!(sources.dead.counts(), [], "a error of the cluster makes no dead letters");
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_every_batch_of_its_cycle_and_for_no_other() {
    let sources = sources(|output| output.max_concurrency = 4).await;
    // Warm up, so that several requests may be under way.
    for source in 100..140 {
        sources.cycle(source, 1).await.expect("ends").expect("delivered");
    }
    let release = Arc::new(Notify::new());
    let held = Arc::clone(&release);
    sources.cluster.on_request(move |request| {
        let slow = request.documents.iter().any(|document| document.id.starts_with("0001"));
        slow.then(|| BulkFault::Hold(Arc::clone(&held)))
    });
    let mut slow = sources.outbox(1);
    slow.push(0, id(1, 0), format!(r#"{{"id":"{}"}}"#, id(1, 0)).as_bytes());
    slow.send().await.expect("sent");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut waiting = tokio::spawn(async move { slow.flush().await });
    // Another source comes and goes.
    tokio::time::sleep(Duration::from_secs(1)).await;
    sources.cycle(2, 1).await.expect("ends").expect("delivered");
    assert!(tokio::time::timeout(Duration::from_secs(5), &mut waiting).await.is_err(), "acknowledged too early");
    assert!(!sources.cluster.documents().keys().any(|(_, id)| id.starts_with("0001")));
    release.notify_one();
    waiting.await.expect("ends").expect("delivered");
    assert!(sources.cluster.documents().keys().any(|(_, id)| id.starts_with("0001")));
}

#[tokio::test(start_paused = true)]
async fn a_trouble_of_one_data_stream_leaves_room_for_the_others() {
    let sources = sources(|_| {}).await;
    sources.cluster.on_item(|document| {
        (document.dataset() == "evidence").then_some((
            503,
            "unavailable_shards_exception",
            "primary shard is not active",
        ))
    });
    // Far more than may wait.
    let document = format!(r#"{{"tail":"{}"}}"#, "y".repeat(60_000));
    let mut broken = Vec::new();
    for source in 0..20 {
        let mut outbox = sources.outbox(source);
        let document = document.clone();
        broken.push(tokio::spawn(async move {
            for number in 0..40 {
                outbox.push(1, id(source, number), document.as_bytes());
                if outbox.is_full() {
                    outbox.send().await?;
                }
            }
            outbox.flush().await
        }));
    }
    tokio::time::sleep(Duration::from_secs(20)).await;
    let start = tokio::time::Instant::now();
    let mut good = sources.outbox(99);
    good.push(0, id(99, 0), br#"{"id":"0"}"#);
    good.flush().await.expect("delivered");
    assert!(start.elapsed() < Duration::from_mins(2), "{:?}", start.elapsed());
    assert_eq!(sources.stats.output.troubles()[0].dataset, "evidence");
    for cycle in broken {
        let error = cycle.await.expect("ends").expect_err("not delivered");
        assert!(error.is_temporary() && error.to_string().contains("unavailable_shards_exception"), "{error}");
    }
    assert_eq!(sources.dead.counts(), []);
}

#[tokio::test(start_paused = true)]
async fn a_body_never_exceeds_what_the_cluster_takes() {
    for (configured, cluster_says) in [(None, Some(20_000)), (Some(20_000), None), (None, None)] {
        let sources = sources(|output| output.max_body = configured).await;
        if let Some(bytes) = cluster_says {
            sources.cluster.set_max_content_length(bytes);
        }
        let limited = configured.is_some() || cluster_says.is_some();
        sources.cluster.on_request(move |request| {
            assert!(request.size <= 20_000 || !limited, "{}", request.size);
            None
        });
        let mut outbox = sources.outbox(1);
        for number in 0..100 {
            let id = id(1, number);
            let tail = "z".repeat(if number == 50 { 30_000 } else { 1_000 });
            outbox.push(0, id, format!(r#"{{"id":"{id}","tail":"{tail}"}}"#).as_bytes());
        }
        outbox.flush().await.expect("delivered");
        let dead: u64 = sources.dead.counts().iter().map(|(_, _, count)| count).sum();
        assert_eq!((sources.cluster.documents().len(), dead), if limited { (99, 1) } else { (100, 0) });
        if !limited {
            assert_eq!(sources.cluster.requests(), [100]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_proxy_refuses_as_too_large_is_not_tried_again_and_again() {
    let sources = sources(|_| {}).await;
    sources.cluster.on_request(|request| (request.size > 200_000).then_some(BulkFault::Status(413, "")));
    for source in 0..4 {
        let mut outbox = sources.outbox(source);
        for number in 0..800 {
            let id = id(source, number);
            outbox.push(0, id, format!(r#"{{"id":"{id}","tail":"{}"}}"#, "z".repeat(1_000)).as_bytes());
        }
        outbox.flush().await.expect("delivered");
    }
    assert_eq!(sources.cluster.documents().len(), 4 * 800);
    let refused: Vec<_> = sources.cluster.requests().into_iter().filter(|count| *count > 190).collect();
    assert!(refused.len() <= 4, "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_document_that_the_cluster_stumbles_over_does_not_hold_up_its_source() {
    let sources = sources(|_| {}).await;
    sources
        .cluster
        .on_item(|document| document.id.starts_with("00010002").then_some((500, "null_pointer_exception", "")));
    sources.cycle(1, 6).await.expect("ends").expect("delivered");
    assert_eq!(sources.cluster.documents().len(), 5);
    assert_eq!(sources.dead.counts(), [("alert", "refused".to_owned(), 1)]);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_requests_follows_the_cluster() {
    let sources = sources(|output| output.max_concurrency = 4).await;
    let concurrency = |sources: &Sources| sources.stats.output.concurrency.load(std::sync::atomic::Ordering::Relaxed);
    let document = format!(r#"{{"tail":"{}"}}"#, "y".repeat(100_000));
    let fill = async |source: u16| {
        let mut outbox = sources.outbox(source);
        for number in 0..200 {
            outbox.push(0, id(source, number), document.as_bytes());
            if outbox.is_full() {
                outbox.send().await.expect("sent");
            }
        }
        outbox.flush().await.expect("delivered");
    };
    fill(1).await;
    assert_eq!(concurrency(&sources), 4);
    let mut left = 6;
    sources.cluster.on_request(move |_| {
        left -= 1;
        (left >= 0).then_some(BulkFault::Status(429, "busy"))
    });
    let mut outbox = sources.outbox(2);
    outbox.push(0, id(2, 0), b"{}");
    outbox.flush().await.expect("delivered");
    assert!(concurrency(&sources) <= 2, "{}", concurrency(&sources));
    fill(3).await;
    assert_eq!(concurrency(&sources), 4);
}

#[tokio::test(start_paused = true)]
async fn an_output_that_is_down_for_hours_is_waited_for_and_memory_stays() {
    let (cluster, host) = Cluster::start().await;
    let sources = sources_of(cluster, &output(vec![host]), None);
    let mut left = 300;
    sources.cluster.on_request(move |_| {
        left -= 1;
        (left >= 0).then_some(BulkFault::Status(503, "no master"))
    });
    let start = tokio::time::Instant::now();
    let cycles: Vec<_> = (0..50).map(|source| sources.cycle(source, 1000)).collect();
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert!(sources.pool.under_way() <= crate::batch::UNDER_WAY);
    let health = sources.stats.health.output().snapshot();
    assert_eq!(health.reasons.len(), 1);
    assert!(health.reasons[0].text.contains("no master"), "{:?}", health.reasons);
    for cycle in cycles {
        cycle.await.expect("ends").expect("delivered");
    }
    assert!(start.elapsed() > Duration::from_hours(3), "{:?}", start.elapsed());
    assert_eq!(sources.cluster.documents().len(), 50 * 1000);
    assert!(sources.stats.health.output().snapshot().reasons.is_empty());
    sources.check_unmixed();
}

#[tokio::test(start_paused = true)]
async fn who_stops_while_the_output_is_down_need_not_wait_for_it() {
    let (cluster, host) = Cluster::start().await;
    cluster.on_request(|_| Some(BulkFault::Status(503, "down")));
    let folder = tempfile::tempdir().expect("folder");
    let (jobs, inbox) = mpsc::channel(QUEUED);
    let output = AnyOutput::Elasticsearch(Client::new(&output(vec![host])).expect("client"));
    let dead = Arc::new(DeadLetters::new(folder.path()));
    let task = tokio::spawn(serve(OutputTask { output, dead, stats: Arc::default(), patience: None }, inbox));
    let mut outbox =
        BatchWriter::new(Arc::new(DataStreams::new("default")), jobs, Arc::<Pool>::default(), "contoso".into());
    outbox.push(0, id(1, 1), b"{}");
    outbox.send().await.expect("sent");
    tokio::time::sleep(Duration::from_mins(10)).await;
    drop(outbox);
    tokio::time::timeout(Duration::from_secs(8), task).await.expect("in time").expect("ends");
}
