//! Commands beside a running process: it hands out its state, reads what is asked for of the past, and is not disturbed.
// The tests wait for processes of their own.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::{Simulator, Tenant};
use tempfile::TempDir;
use tokio::net::TcpListener;

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-fetcher");
/// Long enough for a loaded machine; what should be there is there at once.
const PATIENCE: Duration = Duration::from_secs(90);
const INCIDENTS: usize = 40;

struct Site {
    folder: TempDir,
    config: PathBuf,
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn site() -> Site {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let tenant = Tenant { incidents: INCIDENTS as u64, ..Tenant::default() }.ending_at(common::clock::now());
    let (id, client, secret) = (tenant.id.clone(), tenant.client_id.clone(), tenant.client_secret.clone());
    tokio::spawn(Simulator::new(tenant).serve(listener, std::future::pending()));
    let folder = tempfile::tempdir().expect("a folder");
    let left = folder.path().display();
    let text = format!(
        "tenants:\n  - id: {id}\n    cloud: {{login: \"http://{at}\", graph: \"http://{at}\", defender: \
         \"http://{at}\"}}\n    client_id: {client}\n    client_secret: {secret}\n    datasets: [{{name: incident, \
         lookback: 5h, interval: 1s}}]\noutput:\n  file: {{directory: \"{left}/out\"}}\nstate: \"{left}/state\"\n"
    );
    let config = folder.path().join("m365.yml");
    std::fs::write(&config, text).expect("written");
    Site { folder, config }
}

impl Site {
    fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).arg("--config").arg(&self.config).stdin(Stdio::null()).env_remove("M365_LOG");
        command
    }

    async fn run(&self, args: &[&str]) -> Output {
        let mut command = self.program(args);
        tokio::task::spawn_blocking(move || command.output().expect("the program")).await.expect("ran")
    }

    /// A process that has found something.
    async fn start(&self) -> Running {
        let log = std::fs::OpenOptions::new().append(true).create(true).open(self.folder.path().join("log"));
        let child = self.program(&["run"]).stderr(log.expect("log")).spawn().expect("the program");
        let running = Running(child);
        self.wait_for("it is well", || self.well()).await;
        running
    }

    fn well(&self) -> bool {
        let told = self.program(&["status", "--json"]).output().expect("the program");
        String::from_utf8_lossy(&told.stdout).contains("\"state\":\"healthy\"") && told.status.success()
    }

    async fn wait_for(&self, what: &str, is_there: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_there() {
            assert!(start.elapsed() < PATIENCE, "{what}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Names of the incidents that were delivered, and how many documents there are.
    fn delivered(&self) -> (usize, usize) {
        let mut documents = Vec::new();
        for file in std::fs::read_dir(self.folder.path().join("out")).into_iter().flatten() {
            let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
            documents.extend(text.lines().map(str::to_owned));
        }
        // The last line may be on its way.
        let documents: Vec<Value> = documents.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let ids: BTreeSet<String> =
            documents.iter().map(|document| document["m365_defender"]["incident"]["id"].to_string()).collect();
        (ids.len(), documents.len())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_is_shown_and_exported_and_not_changed_by_others() {
    let site = site().await;
    let running = site.start().await;
    let shown = site.run(&["state", "show", "--json"]).await;
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(shown["sources"][0]["dataset"], "incident", "{shown}");
    let exported = site.run(&["state", "export"]).await;
    assert_eq!(exported.status.code(), Some(0), "{exported:?}");
    assert!(text(&exported.stdout).ends_with("{\"end\":{\"endpoints\":1,\"sources\":1}}\n"), "{exported:?}");
    for command in [&["state", "import", "--force"][..], &["state", "reset", "--yes"]] {
        let refused = site.run(command).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(text(&refused.stderr).contains("in use by a running m365-fetcher"), "{refused:?}");
    }
    assert!(site.well());
    drop(running);
    // What was exported can be read.
    let file = site.folder.path().join("export");
    std::fs::write(&file, exported.stdout).expect("written");
    let imported = site.run(&["state", "import", "--force", file.to_str().expect("a path")]).await;
    assert_eq!(imported.status.code(), Some(0), "{imported:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_is_read_by_the_running_process() {
    let site = site().await;
    let _running = site.start().await;
    let (before, _) = site.delivered();
    assert!(before < INCIDENTS, "the look-back leaves something");
    let other = site.run(&["backfill", "--from", "2d", "--tenant", "contoso.example"]).await;
    assert_eq!(other.status.code(), Some(1), "{other:?}");
    assert!(text(&other.stderr).contains("no such tenant"), "{other:?}");
    let read = site.run(&["backfill", "--from", "2d"]).await;
    assert_eq!(read.status.code(), Some(0), "{read:?}");
    assert!(text(&read.stderr).contains("handed over to the running process"), "{read:?}");
    assert!(text(&read.stdout).contains("complete: "), "{read:?}");
    assert_eq!(site.delivered(), (INCIDENTS, INCIDENTS), "all, and none twice");
    let again = site.run(&["backfill", "--from", "2d"]).await;
    assert!(text(&again.stdout).contains("complete: 0 documents were missing"), "{again:?}");
    assert!(site.well());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_goes_on_without_the_command_and_after_a_restart() {
    let site = site().await;
    let running = site.start().await;
    let mut command = site.program(&["backfill", "--from", "2d"]);
    let mut asking = Running(command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program"));
    let mut said = String::new();
    BufReader::new(asking.0.stderr.as_mut().expect("piped")).read_line(&mut said).expect("reads");
    assert!(said.contains("handed over"), "{said}");
    drop(asking);
    drop(running);
    let _running = site.start().await;
    site.wait_for("all incidents", || site.delivered().0 == INCIDENTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_replayed_beside_a_process_that_writes_files() {
    let site = site().await;
    let _running = site.start().await;
    let letters = site.folder.path().join("state/dead-letter");
    std::fs::create_dir_all(&letters).expect("created");
    let row = r#"{"id":"777","tenantId":"t","lastUpdateDateTime":"2026-01-01T00:00:00Z","createdDateTime":"2026-01-01T00:00:00Z"}"#;
    let letter = serde_json::json!({ "@timestamp": "2026-01-01T00:00:00Z", "dataset": "incident", "tenant": "t",
        "reason": "x", "detail": "x", "record": "777", "row": row });
    std::fs::write(letters.join("incident.ndjson"), format!("{letter}\n")).expect("written");
    let (before, _) = site.delivered();
    let replayed = site.run(&["replay"]).await;
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    assert!(text(&replayed.stdout).contains("1 dead letters delivered"), "{replayed:?}");
    assert_eq!(site.delivered().0, before + 1);
    assert!(site.well());
}
