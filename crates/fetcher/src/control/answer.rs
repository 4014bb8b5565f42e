//! Answers of a running process.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, BufWriter, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Head, PATIENCE, Progress, Request, Shown, SourceProgress};
use collect::flow::backfill::Meter;
use collect::flow::desk::{Desk, Span};
use common::clock;
use common::error::Error;
use common::health::Health;
use common::platform::ControlServer;

/// A client that writes nothing for so long wants the status.
const QUESTION: Duration = Duration::from_secs(1);
/// Longest question.
const MAX_QUESTION: u64 = 64 * 1024;
/// Time between two lines about a backfill.
const PROGRESS: Duration = Duration::from_millis(500);
/// Bytes of an export between two writes.
const CHUNK: usize = 64 * 1024;

/// The process that is asked.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) health: Arc<Health>,
    pub(super) desk: Arc<Desk>,
    pub(super) started: String,
}

type Out = BufWriter<WriteHalf<ControlServer>>;

impl Process {
    pub(super) async fn answer(&self, stream: ControlServer) -> io::Result<()> {
        let (input, output) = tokio::io::split(stream);
        let mut out = BufWriter::new(output);
        let mut input = BufReader::new(tokio::io::AsyncReadExt::take(input, MAX_QUESTION));
        let mut question = String::new();
        let asked = timeout(QUESTION, input.read_line(&mut question)).await;
        let request = match asked {
            Err(_) | Ok(Ok(0)) => Ok(Request::Status),
            Ok(Ok(_)) => serde_json::from_str(&question),
            Ok(Err(error)) => return Err(error),
        };
        match request {
            Ok(Request::Status) => self.status(&mut out).await?,
            Ok(Request::Show) => self.show(&mut out).await?,
            Ok(Request::Export) => self.export(&mut out).await?,
            Ok(Request::Backfill { from, to, tenant, dataset }) => {
                self.backfill(&mut out, &Span { from, to, tenant, dataset }).await?;
            }
            Err(error) => refuse(&mut out, format!("the process does not understand the question: {error}")).await?,
        }
        timeout(PATIENCE, out.shutdown()).await?
    }

    async fn status(&self, out: &mut Out) -> io::Result<()> {
        let head = Head {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started: self.started.clone(),
            at: clock::timestamp(),
            config: self.health.reloads().snapshot(),
            outputs: self.health.outputs().iter().map(|output| output.snapshot()).collect(),
            dead_letters: self.health.letters(),
        };
        put(out, &head).await?;
        for source in self.health.sources() {
            put(out, &source.snapshot()).await?;
        }
        Ok(())
    }

    async fn show(&self, out: &mut Out) -> io::Result<()> {
        let state = self.desk.state();
        let shown = blocking(move || {
            let state = state?;
            Ok(Shown { bytes: state.size(), sources: state.sources()? })
        });
        match shown.await {
            Ok(shown) => put(out, &shown).await,
            Err(error) => refuse(out, error.to_string()).await,
        }
    }

    /// A snapshot: what is written meanwhile is not in it.
    async fn export(&self, out: &mut Out) -> io::Result<()> {
        let state = self.desk.state();
        let (sender, mut chunks) = mpsc::channel(4);
        let job = blocking(move || state?.export(&mut io::BufWriter::with_capacity(CHUNK, Chunks(sender))));
        let job = tokio::spawn(job);
        while let Some(chunk) = chunks.recv().await {
            // A client that does not read must not hold the snapshot for ever.
            timeout(PATIENCE, out.write_all(&chunk)).await??;
        }
        match job.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => refuse(out, error.to_string()).await,
            Err(error) => refuse(out, error.to_string()).await,
        }
    }

    /// The client may go away: the sources read on.
    async fn backfill(&self, out: &mut Out, span: &Span) -> io::Result<()> {
        let meters = self.desk.backfill(span);
        if meters.is_empty() {
            return refuse(out, "the running process collects no such tenant or dataset".to_owned()).await;
        }
        loop {
            let progress =
                Progress { pid: std::process::id(), sources: meters.iter().map(|meter| told(meter)).collect() };
            let is_over = progress.sources.iter().all(|source| source.ended);
            put(out, &progress).await?;
            timeout(PATIENCE, out.flush()).await??;
            if is_over {
                return Ok(());
            }
            tokio::time::sleep(PROGRESS).await;
        }
    }
}

fn told(meter: &Meter) -> SourceProgress {
    // Before the figures: those of one that has ended are its last.
    let ended = meter.is_ended();
    let (done, seconds) = meter.seconds();
    SourceProgress { name: meter.name.clone(), done, seconds, found: meter.found(), ended, trouble: meter.trouble() }
}

/// Disk work beside the runtime's own threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.map_err(|error| Error::Io(format!("state: {error}")))?
}

async fn put(out: &mut Out, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    timeout(PATIENCE, out.write_all(&line)).await?
}

async fn refuse(out: &mut Out, why: String) -> io::Result<()> {
    put(out, &json!({ "error": why })).await
}

/// Hands pieces over to the task that sends them.
struct Chunks(mpsc::Sender<Vec<u8>>);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.blocking_send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
