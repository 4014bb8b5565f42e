//! The side that asks.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::time::timeout;

use super::{AskError, PATIENCE, Progress, Request, Shown, Status};
use common::platform::{ControlClient, SOCKET, connect};

/// An answer on its way.
struct Answer<'a> {
    state: &'a Path,
    lines: Lines<BufReader<ControlClient>>,
}

/// The line that ends an answer that fails.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Asks how the process that collects with this state directory is doing.
pub async fn ask(state: &Path) -> Result<Status, AskError> {
    let whole = async {
        let mut answer = Answer::to(&Request::Status, state).await?;
        let head = answer.one().await?;
        let mut sources = Vec::new();
        while let Some(source) = answer.next(PATIENCE).await? {
            sources.push(source);
        }
        Ok(Status { head, sources })
    };
    timeout(PATIENCE, whole).await.unwrap_or_else(|_| Err(broken(state, late())))
}

/// The state of the process, in short.
pub async fn show(state: &Path) -> Result<Shown, AskError> {
    Answer::to(&Request::Show, state).await?.one().await
}

/// Copies the process's export. Returns the number of sources.
pub async fn export(state: &Path, out: &mut dyn Write) -> Result<u64, AskError> {
    let mut answer = Answer::to(&Request::Export, state).await?;
    let mut last = String::new();
    while let Some(line) = answer.line(PATIENCE).await? {
        writeln!(out, "{line}").map_err(AskError::Output)?;
        last = line;
    }
    out.flush().map_err(AskError::Output)?;
    // An export says itself that it is whole.
    let end: serde_json::Value = serde_json::from_str(&last).unwrap_or_default();
    end["end"]["sources"].as_u64().ok_or_else(|| broken(state, ended()))
}

/// Hands a backfill over, and tells how far it is until it has ended.
pub async fn backfill(
    state: &Path,
    request: &Request,
    told: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Progress, AskError> {
    let mut answer = Answer::to(request, state).await?;
    let mut last: Option<Progress> = None;
    while let Some(progress) = answer.next(PATIENCE).await? {
        told(&progress);
        last = Some(progress);
    }
    let is_whole = |progress: &Progress| progress.sources.iter().all(|source| source.ended);
    last.filter(is_whole).ok_or_else(|| broken(state, ended()))
}

impl<'a> Answer<'a> {
    async fn to(request: &Request, state: &'a Path) -> Result<Self, AskError> {
        let mut stream = connect(state).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => AskError::NotRunning(state.to_owned()),
            _ => broken(state, error),
        })?;
        let mut question = serde_json::to_vec(request).map_err(|error| broken(state, error.into()))?;
        question.push(b'\n');
        stream.write_all(&question).await.map_err(|error| broken(state, error))?;
        Ok(Self { state, lines: BufReader::new(stream).lines() })
    }

    /// The next line; `None` for the end.
    async fn line(&mut self, patience: Duration) -> Result<Option<String>, AskError> {
        let line = timeout(patience, self.lines.next_line()).await.unwrap_or_else(|_| Err(late()));
        let Some(line) = line.map_err(|error| broken(self.state, error))? else { return Ok(None) };
        if line.starts_with("{\"error\":")
            && let Ok(Refusal { error }) = serde_json::from_str(&line)
        {
            return Err(AskError::Refused(error));
        }
        Ok(Some(line))
    }

    async fn next<T: DeserializeOwned>(&mut self, patience: Duration) -> Result<Option<T>, AskError> {
        let line = self.line(patience).await?;
        line.map(|line| serde_json::from_str(&line)).transpose().map_err(|error| broken(self.state, error.into()))
    }

    async fn one<T: DeserializeOwned>(&mut self) -> Result<T, AskError> {
        self.next(PATIENCE).await?.ok_or_else(|| broken(self.state, ended()))
    }
}

fn broken(state: &Path, error: io::Error) -> AskError {
    AskError::Broken { path: state.join(SOCKET), error }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time")
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the process ended while it answered")
}
