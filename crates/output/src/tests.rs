//! Bulk deliveries against a small server that misbehaves on demand.

use std::collections::{BTreeSet, VecDeque};
use std::io::Read;
use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mapper::DocId;

mod access;
mod contract;
mod files;
mod login;
mod redirects;
mod refusals;
mod replies;
mod share;
mod tls;

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::batch::{BatchWriter, DataStreams, Pool};
use crate::dead_letters::DeadLetters;
use crate::elasticsearch::Client;
use crate::file;
use crate::settings::{ElasticOutput, Login};
use crate::task::{AnyOutput, OutputCommand, OutputTask, PATIENCE, QUEUED, serve};
use common::error::Error;
use common::stats::Stats;

/// What the server does with one request.
enum Step {
    /// Answers this; nothing is indexed.
    Status(u16),
    /// Answers these for the items, then takes the rest. Only what is answered with 201 is indexed.
    Items(Vec<(u16, &'static str)>),
    /// Indexes everything and breaks off in the reply.
    ResetAfterAccept,
    /// Refuses bodies longer than this, with all that follow.
    MaxBody(usize),
    Garbage,
}

#[derive(Default)]
struct Cluster {
    script: Mutex<VecDeque<Step>>,
    index: Mutex<BTreeSet<String>>,
    requests: Mutex<Vec<usize>>,
    max_body: Mutex<Option<usize>>,
}

async fn bulk(State(cluster): State<Arc<Cluster>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut text = String::new();
    if headers.contains_key("content-encoding") {
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).expect("gzip");
    } else {
        text = String::from_utf8(body.to_vec()).expect("text");
    }
    let actions: Vec<&str> = text.lines().step_by(2).collect();
    cluster.requests.lock().expect("lock").push(actions.len());
    let mut step = cluster.script.lock().expect("lock").pop_front();
    if let Some(Step::MaxBody(max)) = step {
        *cluster.max_body.lock().expect("lock") = Some(max);
        step = None;
    }
    if cluster.max_body.lock().expect("lock").is_some_and(|max| text.len() > max) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let mut answers = Vec::new();
    match &step {
        Some(Step::Status(status)) => {
            return (StatusCode::from_u16(*status).expect("status"), "no canary-key here").into_response();
        }
        Some(Step::Items(items)) => answers.clone_from(items),
        Some(Step::Garbage) => return "<html>".into_response(),
        _ => {}
    }
    let mut items = Vec::new();
    for (place, action) in actions.iter().enumerate() {
        let action: serde_json::Value = serde_json::from_str(action).expect("action");
        let create = &action["create"];
        let id = format!("{}/{}", create["_index"].as_str().expect("index"), create["_id"].as_str().expect("id"));
        let (mut status, error) = answers.get(place).copied().unwrap_or((201, ""));
        if status == 201 && !cluster.index.lock().expect("lock").insert(id) {
            status = 409;
        }
        let item = if status == 201 {
            serde_json::json!({"create": {"status": status}})
        } else {
            let cause = serde_json::json!({"type": "illegal_argument_exception", "reason": "inner"});
            serde_json::json!({"create": {"status": status, "error": {"type": error, "reason": "said", "caused_by": cause}}})
        };
        items.push(item);
    }
    let reply = serde_json::json!({"errors": true, "items": items}).to_string();
    if matches!(step, Some(Step::ResetAfterAccept)) {
        let half = reply[..reply.len() / 2].to_owned();
        let pieces: [Result<String, std::io::Error>; 2] = [Ok(half), Err(std::io::Error::other("reset"))];
        return Body::from_stream(futures_util::stream::iter(pieces)).into_response();
    }
    ([("content-type", "application/json")], reply).into_response()
}

struct Run {
    cluster: Arc<Cluster>,
    result: Result<(), Error>,
    stats: Arc<Stats>,
    letters: Vec<serde_json::Value>,
}

/// Delivers ten documents (dataset by turns) and flushes.
async fn deliver(script: Vec<Step>, gzip: bool) -> Run {
    let cluster = Arc::new(Cluster { script: Mutex::new(script.into()), ..Cluster::default() });
    let app = Router::new().route("/_bulk", post(bulk)).layer(DefaultBodyLimit::disable());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let host = url::Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("url");
    let served = Arc::clone(&cluster);
    tokio::spawn(async move { axum::serve(listener, app.with_state(served)).await });
    let login = Login::ApiKey("canary-key".into());
    let mut output = ElasticOutput::new(vec![host], login);
    output.gzip = gzip.then_some(1);
    let client = Client::new(&output).expect("client");
    let folder = tempfile::tempdir().expect("folder");
    let dead = Arc::new(DeadLetters::new(folder.path()));
    let stats = Arc::<Stats>::default();
    let (jobs, inbox) = mpsc::channel(QUEUED);
    let output = OutputTask {
        output: AnyOutput::Elasticsearch(client),
        dead: Arc::clone(&dead),
        stats: Arc::clone(&stats),
        patience: Some(PATIENCE),
    };
    tokio::spawn(serve(output, inbox));
    let mut outbox =
        BatchWriter::new(Arc::new(DataStreams::new("default")), jobs, Arc::<Pool>::default(), "contoso".into());
    for number in 0..10_u8 {
        outbox.push(u16::from(number % 2), DocId([number; 16]), format!(r#"{{"number":{number}}}"#).as_bytes());
    }
    let result = outbox.flush().await;
    dead.sync().expect("sync");
    let mut letters = Vec::new();
    for file in std::fs::read_dir(folder.path()).expect("folder") {
        let text = std::fs::read_to_string(file.expect("file").path()).expect("text");
        letters.extend(text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")));
    }
    Run { cluster, result, stats, letters }
}

impl Run {
    fn requests(&self) -> Vec<usize> {
        self.cluster.requests.lock().expect("lock").clone()
    }

    #[track_caller]
    fn check(&self, created: u64, duplicates: u64, refused: u64) {
        self.result.as_ref().expect("delivered");
        let sum = self.stats.by_dataset().fold((0, 0, 0), |sum, (_, c, d, r)| (sum.0 + c, sum.1 + d, sum.2 + r));
        assert_eq!(sum, (created, duplicates, refused));
        let indexed = self.cluster.index.lock().expect("lock").len() as u64;
        assert_eq!(indexed, 10 - refused);
    }
}

#[tokio::test(start_paused = true)]
async fn everything_is_taken() {
    for gzip in [false, true] {
        let run = deliver(vec![], gzip).await;
        run.check(10, 0, 0);
        assert_eq!(run.requests(), [10]);
        let index = run.cluster.index.lock().expect("lock");
        assert!(index.contains("logs-m365_security.alert-default/00000000000000000000000000000000"), "{index:?}");
        assert!(index.contains("logs-m365_security.evidence-default/09090909090909090909090909090909"), "{index:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn busy_items_are_sent_again_and_only_these() {
    let items = |status| vec![(201, ""), (status, "es_rejected_execution_exception"), (201, ""), (status, "x")];
    let run =
        deliver(vec![Step::Items(items(429)), Step::Items(vec![(503, "unavailable_shards_exception")])], false).await;
    run.check(10, 0, 0);
    assert_eq!(run.requests(), [10, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_document_goes_to_the_dead_letters_with_the_reason() {
    let run = deliver(vec![Step::Items(vec![(201, ""), (400, "document_parsing_exception")])], false).await;
    run.check(9, 0, 1);
    let [letter] = &run.letters[..] else { panic!("{:?}", run.letters) };
    assert_eq!(letter["dataset"], "evidence");
    assert_eq!(letter["reason"], "refused");
    assert_eq!(letter["detail"], "400 document_parsing_exception: said: illegal_argument_exception: inner");
    assert_eq!(letter["record"], "01010101010101010101010101010101");
    assert_eq!(letter["row"], r#"{"number":1}"#);
}

#[tokio::test(start_paused = true)]
async fn what_is_there_already_counts_as_success() {
    let run = deliver(vec![Step::ResetAfterAccept], false).await;
    run.check(0, 10, 0);
    assert_eq!(run.requests(), [10, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_busy_cluster_is_asked_again() {
    for status in [429, 503, 502, 500] {
        let run = deliver(vec![Step::Status(status), Step::Status(status)], true).await;
        run.check(10, 0, 0);
        assert_eq!(run.requests(), [10, 10, 10], "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_is_split() {
    let run = deliver(vec![Step::MaxBody(400)], false).await;
    run.check(10, 0, 0);
    assert!(run.requests().len() > 2);
    // Nothing fits: the limit is at fault, not the documents.
    let run = deliver(vec![Step::MaxBody(10)], false).await;
    let said = run.result.expect_err("nothing is taken").to_string();
    assert!(said.contains("413 document of ") && run.letters.is_empty(), "{said} {:?}", run.letters);
}

#[tokio::test(start_paused = true)]
async fn a_missing_privilege_is_named_and_no_key_is_shown() {
    for step in [Step::Status(401), Step::Status(403), Step::Items(vec![(403, "security_exception")])] {
        let error = deliver(vec![step], false).await.result.expect_err("refused");
        let said = error.to_string();
        assert!(matches!(error, Error::Auth(_)), "{said}");
        assert!(said.contains("hint: "), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_succeeds_ends_with_an_error() {
    let error = deliver((0..40).map(|_| Step::Status(503)).collect(), false).await.result.expect_err("busy");
    assert!(error.is_temporary());
    assert!(error.to_string().starts_with("output has not taken anything for 3"), "{error}");
    let error = deliver(vec![Step::Garbage], false).await.result.expect_err("garbage");
    assert!(error.to_string().contains("is this Elasticsearch?"), "{error}");
    let error = deliver(vec![Step::Status(404)], false).await.result.expect_err("404");
    assert!(matches!(error, Error::Permanent(_)), "{error}");
}
