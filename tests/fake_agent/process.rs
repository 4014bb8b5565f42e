//! A process, started as an agent starts a component.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// What is started.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    folder: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Program {
    /// A binary, and the agent's folder, below which run folders are. Its first argument is `agent-input`.
    pub fn new(path: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            folder: folder.into(),
            arguments: vec!["agent-input".to_owned()],
            environment: Vec::new(),
        }
    }

    /// With other arguments of the spec file (`command.args`).
    #[must_use]
    pub fn arguments<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// With one more variable of the spec file (`command.env`).
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder that a component runs in, and where it keeps its state (`path.data`).
    pub fn run_folder(&self, component: &str) -> PathBuf {
        self.folder.join("run").join(component)
    }

    /// What an agent looks at before it starts a file.
    fn check(&self) -> Result<()> {
        let metadata =
            fs::metadata(&self.path).with_context(|| format!("{} cannot be started", self.path.display()))?;
        let mode = metadata.permissions().mode();
        if !metadata.is_file() || mode & 0o100 == 0 {
            bail!("{} is not executable by owner", self.path.display());
        }
        if mode & 0o022 != 0 {
            bail!("{} can be written by group or others", self.path.display());
        }
        Ok(())
    }

    /// Starts it and writes the start-up info.
    pub(super) async fn start(&self, component: &str, start_up: &[u8]) -> Result<Child> {
        self.check()?;
        let run = self.run_folder(component);
        fs::create_dir_all(&run)?;
        fs::set_permissions(&run, fs::Permissions::from_mode(0o770))?;
        let kind = component.rsplit_once('-').map_or(component, |(kind, _)| kind);
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .args(["-E", &format!("path.data={}", run.display())])
            .current_dir(&run)
            // The agent's own folder: a component that trusts it is wrong.
            .env("PWD", &self.folder)
            .env("AGENT_COMPONENT_ID", component)
            .env("AGENT_COMPONENT_TYPE", kind)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", self.path.display()))?;
        let mut input = child.stdin.take().context("no standard input")?;
        // An error is a process that has ended without reading: its exit says more.
        let _ = input.write_all(start_up).await;
        Ok(child)
    }

    pub(super) fn remove_run_folder(&self, component: &str) {
        remove(&self.run_folder(component));
    }
}

fn remove(folder: &Path) {
    // It may never have been made.
    let _ = fs::remove_dir_all(folder);
}

/// Sends a signal.
pub(super) fn signal(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no process id")?;
    Ok(kill_process(pid, signal)?)
}
