//! The program as a process: started, killed, run to its end.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use simulator::Tenant;

use super::super::sources;

/// The program with its files.
pub(super) struct Program {
    folder: Option<tempfile::TempDir>,
    kept: PathBuf,
    namespace: String,
}

/// A running process; ends with this value at the latest.
pub(super) struct Run {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Writes a configuration that collects everything from `tenant` into the cluster at `output`, as often as possible.
    pub(super) fn new(tenant: SocketAddr, output: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().to_owned();
        let namespace = format!("kill{}", std::process::id());
        let Tenant { id, client_id, client_secret, .. } = Tenant::default();
        let mut datasets = String::new();
        for dataset in sources::datasets() {
            let name = dataset.definition.name;
            let _ = writeln!(datasets, "      - {{name: {name}, interval: 1s, lookback: 48h}}");
        }
        let config = format!(
            "tenants:\n  - id: {id}\n    cloud: {{login: \"http://{tenant}\", graph: \"http://{tenant}\", \
             defender: \"http://{tenant}\"}}\n    client_id: {client_id}\n    client_secret: {client_secret}\n    \
             datasets:\n{datasets}output:\n  elasticsearch:\n    hosts: [\"http://{output}\"]\n    gzip: true\n    \
             namespace: {namespace}\nstate: {}\npreserve_original_event: true\n",
            kept.join("state").display()
        );
        fs::write(kept.join("m365.yml"), config).unwrap();
        Self { folder: Some(folder), kept, namespace }
    }

    /// Last part of its data streams' names.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    fn command(&self) -> (Command, PathBuf) {
        let log = self.kept.join("log");
        let file = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_collector"));
        command.args(["run", "--config"]).arg(self.kept.join("m365.yml"));
        command.env_remove("M365_LOG").stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        (command, log)
    }

    /// Starts collecting without end.
    pub(super) fn start(&self) -> Run {
        let (mut command, log) = self.command();
        Run { child: command.spawn().unwrap(), log }
    }

    /// One cycle of every source, to the end.
    pub(super) async fn complete(&self, arguments: &[&str]) {
        let (mut command, log) = self.command();
        let status = tokio::task::spawn_blocking({
            command.arg("--once").args(arguments);
            move || command.status().unwrap()
        });
        let status = status.await.unwrap();
        assert!(status.success(), "{status}\n{}", tail(&log));
    }

    /// Keeps the files and says where.
    pub(super) fn keep(&mut self) -> String {
        if let Some(folder) = self.folder.take() {
            self.kept = folder.keep();
        }
        self.kept.display().to_string()
    }

    /// Bytes of dead letters.
    pub(super) fn dead_letters(&self) -> u64 {
        let Ok(entries) = fs::read_dir(self.kept.join("state/dead-letter")) else { return 0 };
        entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
    }
}

impl Run {
    /// The process has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// `kill -9`.
    pub(super) fn kill(mut self, step: u64) {
        assert!(!self.has_ended(), "the program ended by itself in step {step}\n{}", tail(&self.log));
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tail(log: &Path) -> String {
    let text = File::open(log).and_then(|mut file| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file, &mut text).map(|_| text)
    });
    let text = text.unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
