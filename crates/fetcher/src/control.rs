//! The running process as others on this machine see it: a socket in the state directory that tells its health, and that
//! keeps a second process out of the same directory.
//!
//! The answer is NDJSON: a line about the process and the output ([`Head`]), then one line per source, so that neither
//! side has to hold a thousand tenants as one text.

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::clock;
use crate::error::Fault;
use crate::health::{Health, OutputSnapshot, SourceSnapshot};

/// Name of the socket in the state directory.
pub const SOCKET: &str = "control.sock";
/// Longest time for an answer, on either side.
const PATIENCE: Duration = Duration::from_secs(20);

/// First line of an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    /// Version of the program.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// When it started, RFC 3339.
    pub started: String,
    /// When it answered, RFC 3339.
    pub at: String,
    /// The outputs, the default one first.
    pub outputs: Vec<OutputSnapshot>,
}

/// A whole answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// The process and the output.
    #[serde(flatten)]
    pub head: Head,
    /// The sources, in the order of cloud, tenant, datasets.
    pub sources: Vec<SourceSnapshot>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens.
    #[error(
        "no m365-fetcher runs with the state directory {0}\nhint: start `m365-fetcher run`, or name the right directory"
    )]
    NotRunning(PathBuf),
    /// Somebody does, but not well.
    #[error("socket {path}: {error}")]
    Broken {
        /// The socket.
        path: PathBuf,
        /// What happened.
        error: io::Error,
    },
}

/// The open socket. It is removed when this is dropped.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    inode: u64,
    task: JoinHandle<()>,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // Not the socket of a process that has taken our place.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens the socket in the state directory; refuses if another process holds it.
pub async fn open(state: &Path, health: Arc<Health>) -> Result<Control, Fault> {
    let path = state.join(SOCKET);
    if let Ok(Ok(status)) = timeout(PATIENCE, ask(state)).await {
        return Err(Fault::Local(format!(
            "another m365-fetcher (process {}) collects with the state directory {}\nhint: stop it first, or give this \
             one its own `state`",
            status.head.pid,
            state.display()
        )));
    }
    let (listener, inode) =
        bind(state, &path).map_err(|error| Fault::local(format!("socket {}", path.display()), &error))?;
    let started = clock::timestamp();
    let task = tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // One after the other: a peer that does not read holds up the next one only, and not for long.
                    let _ = timeout(PATIENCE, answer(stream, &health, &started)).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "status socket cannot accept");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    });
    Ok(Control { path, inode, task })
}

/// Binds in a private folder and moves the socket to its place: it is never open to others, and replaces a stale one.
fn bind(state: &Path, path: &Path) -> io::Result<(UnixListener, u64)> {
    fs::create_dir_all(state)?;
    let folder = tempfile::Builder::new().prefix(".").rand_bytes(4).tempdir_in(state)?;
    let private = folder.path().join("s");
    let listener = UnixListener::bind(&private)?;
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600))?;
    fs::rename(&private, path)?;
    let inode = fs::symlink_metadata(path)?.ino();
    Ok((listener, inode))
}

async fn answer(stream: UnixStream, health: &Health, started: &str) -> io::Result<()> {
    let mut out = BufWriter::new(stream);
    let head = Head {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        started: started.to_owned(),
        at: clock::timestamp(),
        outputs: health.outputs().iter().map(|output| output.snapshot()).collect(),
    };
    out.write_all(&line(&head)?).await?;
    for source in health.sources() {
        out.write_all(&line(&source.snapshot())?).await?;
    }
    out.shutdown().await
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Asks the process that collects with this state directory.
pub async fn ask(state: &Path) -> Result<Status, AskError> {
    let path = state.join(SOCKET);
    let stream = UnixStream::connect(&path).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => AskError::NotRunning(state.to_owned()),
        _ => AskError::Broken { path: path.clone(), error },
    })?;
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
    let answer = timeout(PATIENCE, read(stream)).await.map_err(late).and_then(|answer| answer);
    answer.map_err(|error| AskError::Broken { path, error })
}

async fn read(stream: UnixStream) -> io::Result<Status> {
    let mut lines = BufReader::new(stream).lines();
    let ended = || io::Error::new(io::ErrorKind::UnexpectedEof, "the process ended while it answered");
    let head = serde_json::from_str(&lines.next_line().await?.ok_or_else(ended)?)?;
    let mut sources = Vec::new();
    while let Some(line) = lines.next_line().await? {
        sources.push(serde_json::from_str(&line)?);
    }
    Ok(Status { head, sources })
}
