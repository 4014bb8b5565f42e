//! `m365-fetcher state` as its user meets it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use state::{DatasetUpdate, DedupKey, EndpointState, FILE, Options, Progress, RetryItem, StateUpdate, Store, Task};

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-fetcher");
const AT: &str = "2026-01-01T10:00:00.5Z";

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(PROGRAM)
        .arg("state")
        .args(arguments)
        .arg("--state")
        .arg(folder)
        .env_remove("M365_LOG")
        .stdin(Stdio::null())
        .output()
        .expect("runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

fn said(output: &Output, code: i32) -> &str {
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stderr)
}

fn id(number: u64) -> [u8; 16] {
    u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}

/// The part of the endpoint that a dataset comes from.
fn endpoint(store: &Store, tenant: &str, dataset: &str) -> EndpointState {
    let source = schema::dataset(dataset).expect("dataset").definition.source;
    store.endpoint("global", tenant, &source.name())
}

/// State of three sources.
async fn sample(folder: &Path) -> Store {
    let store = Store::open(folder, Options::default()).expect("opens");
    for (tenant, dataset) in [("contoso.example", "alert"), ("contoso.example", "incident"), ("other.example", "alert")]
    {
        let progress = Some(Progress { cursor: Some(AT.to_owned()), ..Progress::default() });
        let delivered = (0..3000).map(|number| DedupKey::new((number % 9 > 0).then_some(AT), id(number))).collect();
        let update = StateUpdate {
            retry: Some(vec![RetryItem { id: "7".to_owned(), attempts: 1, ..RetryItem::default() }]),
            put: vec![Task { kind: "slice".to_owned(), key: vec![0, 255], body: serde_json::json!({ "to": AT }) }],
            ..StateUpdate::of(dataset, DatasetUpdate { progress, delivered })
        };
        endpoint(&store, tenant, dataset).commit(update).await.expect("commits");
    }
    store
}

async fn written(folder: &Path) {
    sample(folder).await.close().await.expect("closes");
}

#[tokio::test]
async fn show_lists_the_sources_and_json_says_the_same() {
    let folder = tempfile::tempdir().expect("folder");
    written(folder.path()).await;
    let output = run(&["show"], folder.path());
    said(&output, 0);
    let table = text(&output.stdout);
    let lines: Vec<_> = table.lines().collect();
    assert!(lines[0].starts_with("CLOUD") && lines.len() == 5, "{table}");
    let cells: Vec<_> = lines[1].split_whitespace().collect();
    assert_eq!(cells, ["global", "contoso.example", "alert", AT, "-", "3000", "1", "1"]);
    assert!(lines[4].starts_with("3 sources, 9000 ids, file of "), "{table}");
    let output = run(&["show", "--json"], folder.path());
    let shown: serde_json::Value = serde_json::from_str(text(&output.stdout)).expect("JSON");
    assert_eq!(shown["sources"][1]["dataset"], "incident");
    assert_eq!(shown["sources"][1]["progress"]["cursor"], AT);
    assert_eq!(shown["sources"][1]["ids"], 3000);
}

#[tokio::test]
async fn an_export_is_imported_whole_or_not_at_all() {
    let [folder, second] = [(); 2].map(|()| tempfile::tempdir().expect("folder"));
    written(folder.path()).await;
    let export = folder.path().join("export.jsonl");
    let path = export.to_str().expect("path");
    assert_eq!(said(&run(&["export", "--output", path], folder.path()), 0), "3 sources exported\n");
    let lines = std::fs::read_to_string(&export).expect("reads");
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));

    // Cut off, or with something else in it.
    let cut = folder.path().join("cut.jsonl");
    let cut_path = cut.to_str().expect("path");
    let (without_end, _) = lines.trim_end().rsplit_once('\n').expect("lines");
    let foreign = lines.replacen("\"minute\"", "\"place\"", 1);
    for bad in
        [without_end, &lines[..lines.len() / 2], "", "{}", &foreign, &lines.replace("\"format\":4", "\"format\":5")]
    {
        std::fs::write(&cut, bad).expect("writes");
        let output = run(&["import", cut_path], second.path());
        assert!(said(&output, 1).starts_with("error: "));
        let shown = run(&["show"], second.path());
        assert!(text(&shown.stdout).starts_with("0 sources"), "{}", text(&shown.stdout));
    }

    assert!(said(&run(&["import", path], second.path()), 0).starts_with("3 sources imported"));
    let head = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned()).expect("lines");
    let again = run(&["export"], second.path());
    assert_eq!(head(text(&again.stdout)), head(&lines), "what comes out is what went in");
    let output = run(&["import", path], second.path());
    assert!(said(&output, 1).contains("known here already, nothing was taken over\nhint: --force"));
    said(&run(&["import", "--force", path], second.path()), 0);
    let again = run(&["export"], second.path());
    assert_eq!(head(text(&again.stdout)), head(&lines));

    let store = Store::open(second.path(), Options::default()).expect("opens");
    let other = endpoint(&store, "other.example", "alert");
    let keys: Vec<_> = (0..3010).map(|number| DedupKey::new((number % 9 > 0).then_some(AT), id(number))).collect();
    let unseen = other.unseen("alert", &keys).await.expect("looks up");
    assert!(unseen.iter().zip(0..).all(|(unseen, number)| *unseen == (number >= 3000)));
    assert_eq!(other.tasks("slice", 2).await.expect("tasks")[0].key, [0, 255]);
    store.close().await.expect("closes");
}

#[tokio::test]
async fn reset_forgets_what_is_meant_and_only_when_confirmed() {
    let folder = tempfile::tempdir().expect("folder");
    written(folder.path()).await;
    let shown = || text(&run(&["show"], folder.path()).stdout).to_owned();
    let before = shown();
    assert!(said(&run(&["reset", "--dataset", "alert"], folder.path()), 2).contains("--yes"));
    assert!(said(&run(&["reset", "--dataset", "alarm", "--yes"], folder.path()), 2).contains("no source"));
    assert_eq!(shown(), before);
    let arguments = ["reset", "--tenant", "CONTOSO.example", "--dataset", "alert", "--yes"];
    assert_eq!(said(&run(&arguments, folder.path()), 0), "1 sources forgotten\n");
    let store = Store::open(folder.path(), Options::default()).expect("opens");
    let gone = endpoint(&store, "contoso.example", "alert");
    assert_eq!(gone.load().await.expect("loads"), state::Loaded::default());
    let kept = endpoint(&store, "contoso.example", "incident");
    // A source that comes after it shares nothing with it.
    let keys = [1, 5000].map(|number| DedupKey::new(Some(AT), id(number)));
    let update = DatasetUpdate { progress: None, delivered: vec![keys[1]] };
    gone.commit(StateUpdate::of("alert", update)).await.expect("commits");
    for (endpoint, dataset, old, new) in [(&gone, "alert", false, true), (&kept, "incident", true, false)] {
        assert_eq!(endpoint.unseen(dataset, &keys).await.expect("looks up"), [!old, !new]);
        assert_eq!(endpoint.tasks("slice", 2).await.expect("tasks").len(), usize::from(old));
    }
    store.close().await.expect("closes");
    said(&run(&["reset", "--yes"], folder.path()), 0);
    assert!(shown().starts_with("0 sources"), "{}", shown());
}

#[tokio::test]
async fn a_file_in_use_a_damaged_one_and_none_are_plain_errors() {
    let folder = tempfile::tempdir().expect("folder");
    assert!(said(&run(&["show"], folder.path()), 1).contains("there is no state file"));
    let store = sample(folder.path()).await;
    for command in [&["show"][..], &["export"], &["reset", "--yes"]] {
        assert!(said(&run(command, folder.path()), 1).contains("in use by a running m365-fetcher\nhint: stop it"));
    }
    store.close().await.expect("closes");
    drop(store);
    let path = folder.path().join(FILE);
    let bytes = std::fs::read(&path).expect("reads");
    std::fs::write(&path, &bytes[..bytes.len() / 3]).expect("writes");
    for command in [&["show"][..], &["export"], &["reset", "--yes"]] {
        let output = run(command, folder.path());
        let said = said(&output, 1);
        assert!(said.contains("is damaged") && said.contains("state import") && !said.contains("panicked"), "{said}");
    }
    assert!(run(&["show", "--config", "x.yml"], folder.path()).status.code() == Some(2), "one of the two");
}
