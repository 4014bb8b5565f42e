//! `check`, `status` and a second process, as an operator meets them: output and exit codes of the real program.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::Uri;
use serde_json::{Value, json};
use simulator::{Simulator, Tenant};
use tempfile::TempDir;
use tokio::net::TcpListener;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

struct Site {
    folder: TempDir,
    config: PathBuf,
}

async fn site() -> Site {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let tenant = Tenant { incidents: 10, ..Tenant::default() }.ending_at(common::clock::now());
    tokio::spawn(Simulator::new(tenant).serve(listener, std::future::pending()));
    let folder = tempfile::tempdir().expect("a folder");
    let left = folder.path().display();
    let text = format!(
        "tenants:\n  - id: {TENANT}\n    cloud: {{login: \"http://{at}\", graph: \"http://{at}\", defender: \
         \"http://{at}\"}}\n    client_id: 66666666-7777-8888-9999-000000000000\n    client_secret: \"${{SECRET}}\"\n    \
         datasets: [incident, log]\noutput:\n  file: {{directory: \"{left}/out\"}}\nstate: \"{left}/state\"\n"
    );
    let config = folder.path().join("m365.yml");
    std::fs::write(&config, text).expect("written");
    Site { folder, config }
}

impl Site {
    fn program(&self, args: &[&str], secret: Option<&str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_m365-fetcher"));
        command.args(args).arg("--config").arg(&self.config).stdin(Stdio::null()).env_remove("SECRET");
        command.envs(secret.map(|secret| ("SECRET", secret)));
        command
    }

    fn run(&self, args: &[&str], secret: Option<&str>) -> Output {
        self.program(args, secret).output().expect("the program")
    }

    /// A process that has finished a cycle of every source.
    async fn start(&self, secret: &str, word: &str) -> Running {
        let mut command = self.program(&["run"], Some(secret));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
        let running = Running(child);
        for _ in 0..600 {
            let told = self.run(&["status", "--json"], None);
            let told: Value = serde_json::from_slice(&told.stdout).unwrap_or_default();
            let sources = told["sources"].as_array().map(Vec::as_slice).unwrap_or_default();
            if sources.len() == 2 && sources.iter().all(|source| source["state"] == word) {
                return running;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the sources do not become {word}: {:?}", self.run(&["status"], None));
    }
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_tells_how_the_process_is_by_words_and_exit_codes() {
    let site = site().await;
    // The secret is the process's: who asks needs none.
    let none = site.run(&["status"], None);
    assert_eq!(none.status.code(), Some(3), "{none:?}");
    assert!(text(&none.stderr).contains("no m365-fetcher runs"), "{none:?}");

    let running = site.start("demo-secret", "healthy").await;
    let good = site.run(&["status"], None);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    assert!(text(&good.stdout).starts_with("healthy: 1 tenant, 1 ok, 0 degraded, 0 failed; output "), "{good:?}");
    let second = site.run(&["run", "--once"], Some("demo-secret"));
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    assert!(text(&second.stderr).contains("hint: "), "{second:?}");
    // It is killed: its socket stays, and the next process takes its place.
    drop(running);
    assert!(site.folder.path().join("state").join("control.sock").exists());
    assert_eq!(site.run(&["status"], None).status.code(), Some(3));

    let running = site.start("another-secret", "failed").await;
    let bad = site.run(&["status"], None);
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let told = text(&bad.stdout);
    assert!(told.contains("AADSTS7000215") && told.contains("what to do: "), "{told}");
    drop(running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_tells_cause_and_cure_by_words_json_and_exit_codes() {
    let site = site().await;
    let good = site.run(&["check"], Some("demo-secret"));
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    assert!(text(&good.stdout).contains(" 0 warnings, 0 failed"), "{good:?}");
    let bad = site.run(&["check", "--json", "--tenant", TENANT], Some("another-secret"));
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let report: Value = serde_json::from_slice(&bad.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let failed: Vec<_> = findings.iter().filter(|finding| finding["outcome"] == "failed").collect();
    assert_eq!(report["failed"], failed.len());
    assert!(failed.iter().all(|finding| finding["item"] == "token" && finding["tenant"] == TENANT), "{failed:?}");
    assert!(failed[0]["cure"].as_str().is_some_and(|cure| cure.contains("secret's value")), "{failed:?}");
    let unknown = site.run(&["check", "--tenant", "contoso.example"], Some("demo-secret"));
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
}

/// How a cluster takes documents.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Unprepared,
    RefusesAll,
    RefusesOne,
    Diverts,
}

/// A cluster with these manners, and the number of its bulk requests.
async fn cluster(manner: Manner) -> (String, Arc<AtomicUsize>) {
    let requests = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&requests);
    let handler = move |uri: Uri, body: Bytes| {
        let answer = if uri.path() == "/_bulk" {
            counted.fetch_add(1, Ordering::Relaxed);
            let mut body = flate2::read::GzDecoder::new(&body[..]);
            let mut text = String::new();
            std::io::Read::read_to_string(&mut body, &mut text).expect("gzip");
            let item = |(place, action): (usize, &str)| {
                let action: Value = serde_json::from_str(action).expect("an action");
                let id = &action["create"]["_id"];
                let bad = json!({ "type": "whatever_exception", "reason": "no" });
                let item = match manner {
                    Manner::RefusesAll => json!({ "_id": id, "status": 400, "error": bad }),
                    Manner::RefusesOne if place == 0 => json!({ "_id": id, "status": 400, "error": bad }),
                    Manner::Diverts if place == 0 => json!({ "_id": id, "status": 201, "failure_store": "used" }),
                    _ => json!({ "_id": id, "status": 201 }),
                };
                json!({ "create": item })
            };
            json!({ "errors": true, "items": text.lines().step_by(2).enumerate().map(item).collect::<Vec<_>>() })
        } else if manner == Manner::Unprepared && uri.path().starts_with("/_index_template/") {
            json!({ "index_templates": [] })
        } else {
            json!({})
        };
        std::future::ready(([("content-type", "application/json")], answer.to_string()))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    (address, requests)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_delivered_is_told_by_the_exit_code() {
    for (manner, said, letters) in [
        (Manner::Unprepared, "index templates are missing", false),
        (Manner::RefusesAll, "refuses documents", false),
        (Manner::RefusesOne, "kept as dead letters", true),
        (Manner::Diverts, "failure store", true),
    ] {
        let site = site().await;
        let (address, requests) = cluster(manner).await;
        let text = std::fs::read_to_string(&site.config).expect("read");
        let output = format!("file: {{directory: \"{}/out\"}}", site.folder.path().display());
        let text = text.replace(&output, &format!("elasticsearch: {{hosts: [\"http://{address}\"]}}"));
        std::fs::write(&site.config, text.replace("[incident, log]", "[{name: incident, lookback: 30d}]"))
            .expect("written");
        let run = site.run(&["run", "--once"], Some("demo-secret"));
        let told = self::text(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{told}");
        assert!(told.contains(said), "{said}: {told}");
        let kept = site.folder.path().join("state/dead-letter/incident.ndjson");
        assert_eq!(kept.exists(), letters, "{said}: {told}");
        assert_eq!(requests.load(Ordering::Relaxed) == 0, manner == Manner::Unprepared);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_left_behind_is_for_its_owner_alone() {
    let site = site().await;
    // The widest mask there is.
    let run =
        format!("umask 000; exec {} run --once --config {}", env!("CARGO_BIN_EXE_m365-fetcher"), site.config.display());
    let done = Command::new("sh").args(["-c", &run]).env("SECRET", "demo-secret").output().expect("the program");
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let export = site.folder.path().join("export.jsonl");
    let export = format!(
        "umask 000; exec {} state export --state {} {}",
        env!("CARGO_BIN_EXE_m365-fetcher"),
        site.folder.path().join("state").display(),
        format_args!("--output {}", export.display())
    );
    let done = Command::new("sh").args(["-c", &export]).output().expect("the program");
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let (mut folders, mut seen) = (vec![site.folder.path().to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path == site.config {
                continue;
            }
            let mode = std::fs::metadata(&path).expect("there").permissions().mode() & 0o777;
            assert_eq!(format!("{mode:o}"), if path.is_dir() { "700" } else { "600" }, "{}", path.display());
            seen += 1;
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    assert!(seen >= 5, "{seen}");
}
