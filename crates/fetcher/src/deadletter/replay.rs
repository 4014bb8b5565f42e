//! Dead letters once more: rows are mapped by today's mapper, documents are sent again, what arrives is removed.
//!
//! Ids make a second time harmless: a segment is replaced by what is left of it only after everything else was
//! acknowledged, and a process that dies before only repeats work.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mapper::{DocId, Mapper};
use tokio::sync::mpsc;

use super::DeadLetters;
use super::segment::{self, Letter, Line, Rewrite};
use crate::config::{Config, Output as OutputConfig};
use crate::error::Fault;
use crate::sink::batch::Pool;
use crate::sink::{self, Outbox, Sink, Streams};
use crate::state::parse_id;
use crate::stats::Stats;

/// Letters that are held until the output has acknowledged what came of them.
const CHUNK: usize = 500;
/// Bytes of their rows.
const CHUNK_BYTES: usize = 8 * 1024 * 1024;
/// How long an output that is out of reach is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Reason of a row that maps today, but whose document was refused.
const REFUSED_ROW: &str = "refused_row";

/// Which letters, and how.
#[derive(Debug, Default)]
pub struct Replay {
    /// Only those of this dataset.
    pub dataset: Option<String>,
    /// Only those of this reason.
    pub reason: Option<String>,
    /// Nothing is sent and nothing changes.
    pub dry_run: bool,
}

/// What became of the letters.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Letters that are gone (with `dry_run`: that could be tried).
    pub delivered: u64,
    /// Letters that were left out.
    pub skipped: u64,
    /// Lines that are no dead letters, or too long to be mapped; they stay.
    pub unreadable: u64,
    /// Letters that failed again and stay, by dataset and reason, with what is wrong with the last of them.
    pub failed: BTreeMap<(String, String), (u64, String)>,
}

impl Summary {
    /// Letters that were tried and stay.
    pub fn failures(&self) -> u64 {
        self.failed.values().map(|(count, _)| count).sum::<u64>() + self.unreadable
    }

    fn fail(&mut self, letter: &Letter) {
        let (count, detail) = self.failed.entry((letter.dataset.clone(), letter.reason.clone())).or_default();
        *count += 1;
        detail.clone_from(&letter.detail);
    }
}

/// Documents by dataset and id.
type Ids = Vec<(u16, String)>;

/// A letter whose documents are on their way.
struct Waiting {
    letter: Box<Letter>,
    ids: Ids,
}

/// What the letters are worked with.
struct Work<'a> {
    replay: &'a Replay,
    streams: Arc<Streams>,
    mappers: BTreeMap<u16, Mapper>,
    preserve_original: bool,
    refused: Arc<DeadLetters>,
    jobs: mpsc::Sender<sink::Job>,
    pool: Arc<Pool>,
    summary: Summary,
}

/// Replays the dead letters of a configuration through its output.
pub async fn replay(config: &Config, sink: Sink, replay: &Replay) -> Result<Summary, Fault> {
    let folder = &config.dead_letter;
    if !folder.is_dir() {
        return Ok(Summary::default());
    }
    let _lock = lock(folder)?;
    let refused = Arc::new(DeadLetters::of_replay(folder));
    let (jobs, inbox) = mpsc::channel(sink::QUEUED);
    let with_actions = matches!(config.outputs[0].output, OutputConfig::Elasticsearch(_));
    let output =
        sink::Output { sink, dead: Arc::clone(&refused), stats: Arc::<Stats>::default(), patience: Some(PATIENCE) };
    let task = tokio::spawn(sink::serve(output, inbox));
    let mut work = Work {
        replay,
        streams: Arc::new(Streams::new(&config.outputs[0].namespace, with_actions)),
        mappers: BTreeMap::new(),
        preserve_original: config.preserve_original_event,
        refused,
        jobs,
        pool: Arc::default(),
        summary: Summary::default(),
    };
    let mut outcome = Ok(());
    for dataset in schema::catalog() {
        let name = dataset.definition.name;
        if replay.dataset.as_ref().is_none_or(|only| only == name) && outcome.is_ok() {
            outcome = work.dataset(folder, name).await;
        }
    }
    let Work { jobs, summary, .. } = work;
    drop(jobs);
    task.await.map_err(|error| Fault::Local(format!("the output ended unexpectedly: {error}")))?;
    outcome.map(|()| summary)
}

/// Two replays at the same time would deliver everything twice.
fn lock(folder: &Path) -> Result<File, Fault> {
    let path = folder.join("replay.lock");
    let failed = |error: &std::io::Error| Fault::local(path.display(), error);
    let file = File::create(&path).map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Fault::Local(format!("{}: another replay is running\nhint: wait for its end", path.display())))
        }
        Err(fs::TryLockError::Error(error)) => Err(failed(&error)),
    }
}

impl Work<'_> {
    async fn dataset(&mut self, folder: &Path, name: &str) -> Result<(), Fault> {
        let failed = |error: std::io::Error| Fault::local(format!("dead letters of {name}"), &error);
        let mut segments =
            if self.replay.dry_run { segment::segments(folder, name) } else { segment::collect(folder, name) }
                .map_err(failed)?;
        let current: PathBuf = folder.join(format!("{name}.ndjson"));
        if self.replay.dry_run && current.exists() {
            segments.push(current);
        }
        for path in segments {
            let mut rewrite = Rewrite::new(&path).map_err(failed)?;
            let outcome = self.segment(&mut rewrite).await;
            let ended = if outcome.is_err() || self.replay.dry_run { rewrite.abandon() } else { rewrite.finish() };
            outcome?;
            ended.map_err(failed)?;
        }
        Ok(())
    }

    async fn segment(&mut self, rewrite: &mut Rewrite) -> Result<(), Fault> {
        let failed = |error: std::io::Error| Fault::local("dead letters", &error);
        let mut outbox = self.outbox();
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        while let Some(line) = rewrite.next().map_err(failed)? {
            let Line::Letter(mut letter) = line else {
                self.summary.unreadable += 1;
                continue;
            };
            if self.replay.reason.as_ref().is_some_and(|only| *only != letter.reason) {
                self.summary.skipped += 1;
                rewrite.keep(&letter).map_err(failed)?;
                continue;
            }
            match self.push(&letter, &mut outbox) {
                Ok((ids, size)) => {
                    bytes += size;
                    waiting.push(Waiting { letter, ids });
                }
                Err((reason, detail)) => {
                    (letter.reason, letter.detail) = (reason, detail);
                    self.stays(rewrite, letter).map_err(failed)?;
                }
            }
            if self.replay.dry_run {
                self.summary.delivered += waiting.drain(..).len() as u64;
                continue;
            }
            if outbox.is_full() {
                outbox.send().await?;
            }
            if waiting.len() >= CHUNK || bytes >= CHUNK_BYTES {
                self.settle(rewrite, &mut waiting, &mut outbox).await?;
                bytes = 0;
            }
        }
        if self.replay.dry_run { Ok(()) } else { self.settle(rewrite, &mut waiting, &mut outbox).await }
    }

    fn outbox(&self) -> Outbox {
        Outbox::new(Arc::clone(&self.streams), self.jobs.clone(), Arc::clone(&self.pool), "".into())
    }

    /// Hands over what comes of the letter; the ids of its documents and their size, or what is wrong with it.
    fn push(&mut self, letter: &Letter, outbox: &mut Outbox) -> Result<(Ids, usize), (String, String)> {
        let same = |detail: &str| (letter.reason.clone(), detail.to_owned());
        let found = schema::catalog().iter().zip(0..).find(|(dataset, _)| dataset.definition.name == letter.dataset);
        let Some((dataset, index)) = found else { return Err(same("this program does not know the dataset")) };
        let Some(row) = letter.row() else { return Err(same("the row is not UTF-8 text, it cannot be mapped")) };
        if letter.data_stream.is_some() || letter.reason == "refused" {
            let name = self.streams.name(index);
            if let Some(own) = letter.data_stream.as_deref().filter(|own| *own != name) {
                return Err(same(&format!("belongs to data stream {own}, but the configuration writes to {name}")));
            }
            let id = letter.record.as_deref().and_then(parse_id).map(DocId);
            let Some(id) = id else { return Err(same("the document has no id")) };
            self.deliver(outbox, index, id, &row);
            return Ok((vec![(index, id.to_string())], row.len()));
        }
        if letter.reason == "parent_too_large" {
            return Err(same("an item without its incident, which was too large: it cannot be mapped alone"));
        }
        let preserve_original = self.preserve_original;
        let mapper = self.mappers.entry(index).or_insert_with(|| {
            let mut mapper = Mapper::new(dataset);
            mapper.preserve_original(preserve_original);
            mapper
        });
        let (mut ids, mut size, mut reject) = (Vec::new(), 0, None);
        let dry_run = self.replay.dry_run;
        match mapper.index(&row) {
            Ok(row) => mapper.map_items(&row, &mut |result| match result {
                Ok((id, document)) => {
                    size += document.len();
                    ids.push((index, id.to_string()));
                    if !dry_run {
                        outbox.push(index, id, document);
                    }
                }
                Err(rejected) => reject = Some(rejected.clone()),
            }),
            Err(rejected) => reject = Some(rejected),
        }
        match reject {
            // What did map of it is on its way; the letter stays for the rest.
            Some(reject) => Err((reject.reason.to_owned(), reject.detail)),
            None => Ok((ids, size)),
        }
    }

    fn deliver(&self, outbox: &mut Outbox, index: u16, id: DocId, document: &[u8]) {
        if !self.replay.dry_run {
            outbox.push(index, id, document);
        }
    }

    /// The output has everything of the waiting letters, but what it refused.
    async fn settle(
        &mut self,
        rewrite: &mut Rewrite,
        waiting: &mut Vec<Waiting>,
        outbox: &mut Outbox,
    ) -> Result<(), Fault> {
        outbox.flush().await?;
        // A cycle is flushed once.
        *outbox = self.outbox();
        let refused: BTreeMap<(String, String), String> = self
            .refused
            .take_refused()
            .into_iter()
            .map(|refused| ((refused.dataset.to_owned(), refused.id), refused.detail))
            .collect();
        for Waiting { mut letter, ids } in waiting.drain(..) {
            let dataset = |index: u16| schema::catalog()[usize::from(index)].definition.name.to_owned();
            let again = ids.into_iter().find_map(|(index, id)| refused.get(&(dataset(index), id)));
            let Some(detail) = again else {
                self.summary.delivered += 1;
                continue;
            };
            letter.detail.clone_from(detail);
            let is_document = letter.data_stream.is_some() || letter.reason == "refused";
            (if is_document { "refused" } else { REFUSED_ROW }).clone_into(&mut letter.reason);
            self.stays(rewrite, letter).map_err(|error| Fault::local("dead letters", &error))?;
        }
        Ok(())
    }

    fn stays(&mut self, rewrite: &mut Rewrite, mut letter: Box<Letter>) -> std::io::Result<()> {
        letter.attempts += 1;
        self.summary.fail(&letter);
        rewrite.keep(&letter)
    }
}
