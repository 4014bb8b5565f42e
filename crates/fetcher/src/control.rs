//! The running process as others on this machine see it: a socket in the state directory that tells its health, and that
//! keeps a second process out of the same directory.
//!
//! A client writes one line, a [`Request`]; an empty one asks for the status. The answer is NDJSON, so that
//! neither side has to hold a thousand tenants, or a whole state, as one text; a line `{"error": …}` ends one that fails.

mod answer;
mod ask;
#[cfg(all(test, unix))]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use self::ask::{ask, backfill, export, show};
use collect::flow::desk::Desk;
use common::clock;
use common::error::Error;
use common::health::{ConfigSnapshot, Health, LettersSnapshot, OutputSnapshot, SourceSnapshot};
use common::platform::{self, ControlPlace, SOCKET};
use state::offline::Summary;

/// Longest time for an answer, on either side.
const PATIENCE: Duration = Duration::from_secs(20);

/// Conversations at a time.
const MOST: usize = 32;

/// A question to a running process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// How it is doing: a line about the process and its outputs ([`Head`]), then one line per source.
    Status,
    /// The sources of its state in short: one line, [`Shown`].
    Show,
    /// Its state, as `state export` writes it.
    Export,
    /// To read a span of the past. The answer is a line of [`Progress`] now and then, until all of it was read.
    Backfill {
        /// Start.
        from: DateTime<Utc>,
        /// End, exclusive.
        to: DateTime<Utc>,
        /// Only this tenant.
        tenant: Option<String>,
        /// Only this dataset.
        dataset: Option<String>,
    },
}

/// The sources of a state in short.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shown {
    /// Bytes of the file.
    pub bytes: u64,
    /// The sources.
    pub sources: Vec<Summary>,
}

/// How far a backfill is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Progress {
    /// Process id.
    pub pid: u32,
    /// By source.
    pub sources: Vec<SourceProgress>,
}

/// How far a backfill of one source is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SourceProgress {
    /// Tenant and datasets.
    pub name: String,
    /// Seconds of the span that were read.
    pub done: u64,
    /// All of them.
    pub seconds: u64,
    /// Documents that were missing.
    pub found: u64,
    /// Nothing more is read.
    pub ended: bool,
    /// The obstacle.
    pub trouble: Option<String>,
}

/// First line of an answer about the status.
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
    /// The configuration file, where the process has one.
    pub config: Option<ConfigSnapshot>,
    /// The outputs, the default one first.
    pub outputs: Vec<OutputSnapshot>,
    /// The dead letters.
    #[serde(default)]
    pub dead_letters: LettersSnapshot,
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
        /// The error of the operating system.
        error: io::Error,
    },
    /// The process says why it does not answer.
    #[error("{0}")]
    Refused(String),
    /// Its answer cannot be written.
    #[error("cannot write: {0}")]
    Output(io::Error),
}

/// The open socket. It is removed when this is dropped.
#[derive(Debug)]
pub struct Control {
    task: JoinHandle<()>,
    _place: ControlPlace,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens the socket of the state directory; refuses if another process holds it. Where no socket can be opened at all,
/// the process does without: nobody can ask it, but it collects.
pub async fn open(state: &Path, health: Arc<Health>, desk: Arc<Desk>) -> Result<Option<Control>, Error> {
    if let Ok(Ok(status)) = timeout(PATIENCE, ask(state)).await {
        return Err(Error::Io(format!(
            "another m365-fetcher (process {}) collects with the state directory {}\nhint: stop it first, or give this one \
             its own state directory (`state`; in a policy of Elastic Agent `state_path`)",
            status.head.pid,
            state.display()
        )));
    }
    let (mut listener, place) = match platform::bind(state) {
        Ok(bound) => bound,
        Err(error) => {
            let path = state.join(SOCKET);
            tracing::warn!(socket = %path.display(), %error, "no socket can be opened, `status` cannot ask this process");
            return Ok(None);
        }
    };
    let process = Arc::new(answer::Process { health, desk, started: clock::timestamp() });
    let places = Arc::new(Semaphore::new(MOST));
    let task = tokio::spawn(async move {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok(stream) => {
                    let process = Arc::clone(&process);
                    tokio::spawn(async move {
                        // A peer that went away is nobody's concern.
                        let _ = process.answer(stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "status socket cannot accept");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    });
    Ok(Some(Control { task, _place: place }))
}
