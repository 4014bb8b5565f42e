//! `check`, `status` and a second process, as an operator meets them: output and exit codes of the real program.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
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
    let tenant = Tenant { incidents: 10, ..Tenant::default() };
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
