//! What is replayed arrives, goes, or stays with its reason.

use std::io::Write;

use output::AnyOutput;
use output::dead_letters::Raw;
use output::dead_letters::testing::{TENANT, letters, rejection};
use output::elasticsearch::Client;
use output::elasticsearch::mock::{BulkFault, Cluster, output};
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use config::{ElasticOutput, parse};

/// A folder of dead letters and a cluster to replay them to.
struct Scene {
    folder: TempDir,
    config: Config,
    cluster: Arc<Cluster>,
    output: ElasticOutput,
}

async fn scene() -> Scene {
    let folder = tempfile::tempdir().expect("folder");
    let (cluster, host) = Cluster::start().await;
    let text = format!(
        "tenants: [{{id: {TENANT}, client_id: {TENANT}, client_secret: x, datasets: [alert]}}]\n\
         output: {{elasticsearch: {{hosts: [\"{host}\"]}}}}\ndead_letter: {}",
        folder.path().display()
    );
    let config = parse("m365.yml", &text, &|_| None).expect("good");
    Scene { folder, config, cluster, output: output(vec![host]) }
}

impl Scene {
    async fn replay(&self, options: &Replay) -> Result<Summary, Error> {
        let output = AnyOutput::Elasticsearch(Client::new(&self.output).expect("client"));
        let namespace = self.config.outputs[0].namespace.clone();
        replay(&self.config, vec![Target { name: "default".into(), output, namespace }], options).await
    }

    fn dead(&self) -> DeadLetters {
        DeadLetters::new(self.folder.path())
    }

    fn letters(&self) -> Vec<Value> {
        letters(self.folder.path())
    }

    fn keep_document(&self, number: u8) {
        let id = format!("{number:032x}");
        let row = format!(r#"{{"number":{number}}}"#);
        let stream = "logs-m365_security.alert-default";
        self.dead().keep_document(rejection("refused", Some(&id)), stream, Raw::Bytes(row.as_bytes())).expect("kept");
    }
}

fn alert(id: &str) -> String {
    let time = "2026-05-01T00:00:00Z";
    format!(
        r#"{{"id":"{id}","providerAlertId":"{id}","tenantId":"{TENANT}","title":"a","createdDateTime":"{time}","lastUpdateDateTime":"{time}"}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn documents_and_rows_that_are_taken_now_are_gone() {
    let scene = scene().await;
    for number in 1..=3 {
        scene.keep_document(number);
    }
    for id in ["a", "b"] {
        scene.dead().keep(rejection("no_id", Some(id)), Raw::Bytes(alert(id).as_bytes())).expect("kept");
    }
    let dry = scene.replay(&Replay { dry_run: true, ..Replay::default() }).await.expect("replayed");
    assert_eq!((dry.delivered, dry.failures()), (5, 0));
    assert_eq!((scene.letters().len(), scene.cluster.requests().len()), (5, 0));

    let summary = scene.replay(&Replay::default()).await.expect("replayed");
    assert_eq!((summary.delivered, summary.failures()), (5, 0), "{summary:?}");
    assert_eq!(scene.letters().len(), 0);
    let documents = scene.cluster.of("alert");
    assert_eq!(documents.len(), 5);
    assert!(documents.contains(&r#"{"number":2}"#.to_owned()));
    // The same document as the collector's.
    let mut text = Vec::new();
    let mut mapper = mapper::Mapper::new(schema::dataset("alert").expect("dataset"));
    let id = mapper.map(alert("a").as_bytes(), &mut text).expect("maps").to_string();
    let key = ("logs-m365_security.alert-default".to_owned(), id);
    assert_eq!(scene.cluster.documents()[&key].as_bytes(), text);
    // Nothing is left to do.
    assert_eq!(scene.replay(&Replay::default()).await.expect("replayed"), Summary::default());
}

#[tokio::test(start_paused = true)]
async fn what_fails_again_stays_with_the_new_reason_and_the_number_of_attempts() {
    let scene = scene().await;
    scene.keep_document(1);
    scene.keep_document(2);
    scene.dead().keep(rejection("no_id", None), Raw::Bytes(br#"{"title":"nobody"}"#)).expect("kept");
    scene.dead().keep(rejection("no_id", None), Raw::Bytes(alert("taken").as_bytes())).expect("kept");
    scene.dead().keep(rejection("no_id", None), Raw::Bytes(alert("refused").as_bytes())).expect("kept");
    scene.dead().keep(rejection("parent_too_large", None), Raw::Bytes(b"{}")).expect("kept");
    scene.dead().keep(rejection("not_utf8", None), Raw::Bytes(b"\xff\xfe")).expect("kept");
    let mut file = fs::OpenOptions::new().append(true).open(scene.folder.path().join("alert.ndjson")).expect("file");
    file.write_all(b"{\"half\": \n").expect("writes");
    scene.cluster.on_item(|document| {
        let bad = document.id.ends_with("01") || document.source.contains("\"refused\"");
        bad.then_some((400, "document_parsing_exception", "still wrong"))
    });
    for attempt in 1..=3 {
        let summary = scene.replay(&Replay::default()).await.expect("replayed");
        assert_eq!(summary.delivered, if attempt == 1 { 2 } else { 0 });
        assert_eq!((summary.failures(), summary.unreadable), (6, 1), "{summary:?}");
        let left: Vec<Value> =
            fs::read_to_string(&segment::segments(scene.folder.path(), "alert").expect("segments")[0])
                .expect("text")
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect();
        let reasons: Vec<_> = left.iter().map(|letter| letter["reason"].as_str().expect("reason")).collect();
        assert_eq!(left.len(), 5, "{reasons:?}");
        for reason in ["refused", "refused_row", "parent_too_large", "not_json"] {
            assert!(reasons.contains(&reason), "{reason}: {reasons:?}");
        }
        assert!(left.iter().all(|letter| letter["attempts"] == attempt), "{left:?}");
        let refused = left.iter().find(|letter| letter["reason"] == "refused").expect("refused");
        assert_eq!(refused["detail"], "400 document_parsing_exception: still wrong");
        assert_eq!(refused["row"], r#"{"number":1}"#);
        assert!(left.iter().any(|letter| letter["row_base64"] == "//4="), "{left:?}");
    }
    assert_eq!(scene.cluster.documents().len(), 2);
    // Later both are taken, the row as a row.
    scene.cluster.on_item(|_| None);
    let summary = scene.replay(&Replay::default()).await.expect("replayed");
    assert_eq!((summary.delivered, summary.failures()), (2, 4), "{summary:?}");
    assert_eq!(scene.cluster.documents().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_asked_for_is_tried() {
    let scene = scene().await;
    scene.keep_document(1);
    scene.dead().keep(rejection("no_id", None), Raw::Bytes(alert("a").as_bytes())).expect("kept");
    let before = scene.letters();
    let other = Replay { dataset: Some("incident".to_owned()), ..Replay::default() };
    assert_eq!(scene.replay(&other).await.expect("replayed"), Summary::default());
    assert_eq!(scene.letters(), before);
    let only = Replay { reason: Some("refused".to_owned()), ..Replay::default() };
    let summary = scene.replay(&only).await.expect("replayed");
    assert_eq!((summary.delivered, summary.skipped), (1, 1));
    let left = scene.letters();
    assert_eq!(left, before[1..]);
}

#[tokio::test(start_paused = true)]
async fn an_output_that_fails_changes_nothing() {
    let scene = scene().await;
    for number in 1..=200 {
        scene.keep_document(number);
    }
    let before = scene.letters();
    scene.cluster.on_request(|_| Some(BulkFault::Status(503, "down")));
    let error = scene.replay(&Replay::default()).await.expect_err("down");
    assert!(error.is_temporary(), "{error}");
    assert_eq!(scene.letters(), before);
    assert!(
        fs::read_dir(scene.folder.path())
            .expect("folder")
            .all(|file| { !file.expect("file").file_name().to_string_lossy().ends_with(".rest") })
    );
    // Another data stream's documents are not put into this one.
    let mut elsewhere = scene;
    elsewhere.config.outputs[0].namespace = "other".to_owned();
    elsewhere.cluster.on_request(|_| None);
    let summary = elsewhere.replay(&Replay::default()).await.expect("replayed");
    assert_eq!((summary.delivered, summary.failures()), (0, 200));
    assert!(elsewhere.cluster.documents().is_empty());
    elsewhere.config.outputs[0].namespace = "default".to_owned();
    let summary = elsewhere.replay(&Replay::default()).await.expect("replayed");
    assert_eq!((summary.delivered, elsewhere.cluster.documents().len()), (200, 200));
}

#[tokio::test(start_paused = true)]
async fn two_replays_do_not_run_at_the_same_time() {
    let scene = scene().await;
    scene.keep_document(1);
    let file = File::create(scene.folder.path().join("replay.lock")).expect("file");
    file.lock().expect("locked");
    let error = scene.replay(&Replay::default()).await.expect_err("locked");
    assert!(error.to_string().contains("another replay is running"), "{error}");
}
