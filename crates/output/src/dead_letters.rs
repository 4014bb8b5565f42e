//! Rows that gave no document, and documents that the output refused, kept: NDJSON files, one line per rejection.
//!
//! `<dataset>.ndjson` is appended to. At [`SEGMENT`] bytes, and by `replay`, it is put aside as
//! `<dataset>-<time>-<number>.ndjson`. Nothing is ever deleted but what a replay delivered, unless the configuration says
//! so ([`WhenFull`]). A lock on the file and a look at its name before each line let other processes put it aside while
//! this one runs.

mod known;
mod limit;
mod row;
pub mod segment;
#[cfg(any(test, feature = "test-support"))]
#[allow(clippy::missing_panics_doc, reason = "support of tests alone")]
pub mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tempfile::SpooledTempFile;

use self::known::Known;
pub use self::limit::{Limit, WhenFull};
use crate::segments;
use common::error::Error;
use common::health::{Health, Rejection};
use common::platform::FileId;
use common::private;

/// Size at which a file is put aside.
const SEGMENT: u64 = 256 * 1024 * 1024;
/// The first rejections of a kind are logged, then only every power of two.
const LOGGED: u64 = 3;

/// The rejected row.
#[derive(Debug)]
pub enum Raw<'a> {
    /// In memory.
    Bytes(&'a [u8]),
    /// In a temporary file, since it is long.
    File(SpooledTempFile),
}

/// Whether a rejection was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Now.
    New,
    /// It was before: its cycle failed, and the record was read again.
    Known,
}

/// The dead-letter files and the counts of this run.
#[derive(Debug)]
pub struct DeadLetters {
    folder: PathBuf,
    limit: Limit,
    health: Option<Arc<Health>>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<&'static str, File>,
    counts: BTreeMap<(&'static str, String), u64>,
    known: Known,
    /// Bytes of all files, as of the last look and what was written since.
    used: Option<u64>,
    /// A replay wants to know instead which documents are refused again.
    refused: Option<Vec<Refused>>,
}

/// A document that was refused while dead letters are replayed.
#[derive(Debug)]
pub struct Refused {
    /// Dataset.
    pub dataset: &'static str,
    /// Its id.
    pub id: String,
    /// Why.
    pub detail: String,
}

#[derive(Serialize)]
struct Head<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: &'a str,
    dataset: &'a str,
    tenant: &'a str,
    reason: &'a str,
    detail: &'a str,
    record: Option<&'a str>,
    /// Where the document belongs; without it the row is one of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_stream: Option<&'a str>,
    /// Replays that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
}

impl DeadLetters {
    /// Dead letters below `folder`, which is created with the first of them.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), limit: Limit::default(), health: None, inner: Mutex::default() }
    }

    /// The same with a limit of its own, and somebody who hears how near it is.
    pub fn limited(folder: &Path, limit: Limit, health: Arc<Health>) -> Self {
        private::tighten_folder(folder, |name| name.ends_with(".ndjson"));
        let dead = Self { limit, health: Some(health), ..Self::new(folder) };
        dead.refresh();
        dead
    }

    /// Writes nothing, but remembers which documents the output refuses.
    pub fn of_replay(folder: &Path) -> Self {
        let inner = Inner { refused: Some(Vec::new()), ..Inner::default() };
        Self { inner: Mutex::new(inner), ..Self::new(folder) }
    }

    /// Nothing is kept here: whoever replays decides what becomes of refused documents.
    pub(crate) fn is_replay(&self) -> bool {
        self.lock().refused.is_some()
    }

    /// Looks at the files, which others may have replayed or taken away, and tells how it is.
    pub fn refresh(&self) {
        let mut inner = self.lock();
        if let Err(error) = self.look(&mut inner) {
            tracing::warn!(folder = %self.folder.display(), %error, "dead letters cannot be looked at");
        }
    }

    /// Counts, logs and keeps one row that gave no document.
    pub fn keep(&self, rejection: Rejection<'_>, raw: Raw<'_>) -> Result<Kept, Error> {
        self.keep_any(rejection, None, raw)
    }

    /// Counts, logs and keeps one document that its data stream refused.
    pub fn keep_document(&self, rejection: Rejection<'_>, data_stream: &str, raw: Raw<'_>) -> Result<Kept, Error> {
        self.keep_any(rejection, Some(data_stream), raw)
    }

    fn keep_any(&self, rejection: Rejection<'_>, data_stream: Option<&str>, mut raw: Raw<'_>) -> Result<Kept, Error> {
        let Rejection { dataset, reason, .. } = rejection;
        let mut inner = self.lock();
        let failed = |error: &io::Error| Error::io(format!("dead-letter file {}", self.path(dataset).display()), error);
        if inner.refused.is_none() {
            let (mark, length) = known::mark(rejection, &mut raw).map_err(|error| failed(&error))?;
            if inner.known.contains(mark) {
                return Ok(Kept::Known);
            }
            self.make_room(&mut inner, length)?;
            let written = self.write(&mut inner, rejection, data_stream, raw).map_err(|error| failed(&error))?;
            inner.known.insert(mark);
            inner.used = inner.used.map(|used| used + written);
            self.tell(&inner);
        } else if let Some(refused) = &mut inner.refused {
            let id = rejection.record.unwrap_or_default().to_owned();
            refused.push(Refused { dataset, id, detail: rejection.detail.to_owned() });
        }
        let is_replay = inner.refused.is_some();
        let count = inner.counts.entry((dataset, reason.to_owned())).or_default();
        *count += 1;
        if !is_replay {
            log(rejection, *count);
        }
        Ok(Kept::New)
    }

    /// Makes the files durable: belongs before the state moves.
    pub fn sync(&self) -> Result<(), Error> {
        let mut inner = self.lock();
        let failed = inner.files.iter().find_map(|(dataset, file)| Some((*dataset, file.sync_data().err()?)));
        let Some((dataset, error)) = failed else { return Ok(()) };
        // What is not on the disk is to be written again.
        inner.known = Known::default();
        Err(Error::io(format!("dead-letter file {}", self.path(dataset).display()), &error))
    }

    /// Rejections of this run by dataset and reason.
    pub fn counts(&self) -> Vec<(&'static str, String, u64)> {
        self.lock().counts.iter().map(|((dataset, reason), count)| (*dataset, reason.clone(), *count)).collect()
    }

    /// What the output refused since the last call.
    pub fn take_refused(&self) -> Vec<Refused> {
        self.lock().refused.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, dataset: &str) -> PathBuf {
        self.folder.join(format!("{dataset}.ndjson"))
    }

    fn look(&self, inner: &mut Inner) -> io::Result<u64> {
        let used = limit::used(&self.folder)?;
        inner.used = Some(used);
        self.tell(inner);
        Ok(used)
    }

    /// Says how much there is, and that it comes near the limit, or no longer.
    fn tell(&self, inner: &Inner) {
        let (Some(health), Some(used)) = (&self.health, inner.used) else { return };
        let Limit { bytes, when_full } = self.limit;
        let near = self.limit.is_near(used).then(|| {
            let (policy, cure) = match when_full {
                WhenFull::Stop => ("nothing is acknowledged that would need more", "replay them, or move them away"),
                WhenFull::DropOldest => ("the oldest are deleted for new ones", "replay them, or move them away in time"),
            };
            format!(
                "dead letters in {} take {used} bytes of at most {bytes}; at the limit {policy}\nhint: {cure}, or raise \
                 `dead_letter.max_size`",
                self.folder.display()
            )
        });
        health.dead_letters(used, bytes, near);
    }

    /// Room for a letter of about this length, as the policy says.
    fn make_room(&self, inner: &mut Inner, length: u64) -> Result<(), Error> {
        /// What a line holds beside the row.
        const HEAD: u64 = 512;
        let Limit { bytes, when_full } = self.limit;
        let needed = length + HEAD;
        let failed = |error: io::Error| Error::io(format!("dead letters in {}", self.folder.display()), &error);
        if inner.used.is_some_and(|used| used + needed <= bytes) {
            return Ok(());
        }
        // Others may have replayed or taken some away.
        let mut used = self.look(inner).map_err(failed)?;
        while used > 0 && used + needed > bytes {
            if when_full == WhenFull::Stop {
                return Err(Error::Io(format!(
                    "dead letters in {} take {used} bytes of at most {bytes}: there is no room for another, so its record \
                     is not acknowledged\nhint: replay them, move them away, or raise `dead_letter.max_size`",
                    self.folder.display()
                )));
            }
            let Some((bytes, letters)) = limit::drop_oldest(&self.folder).map_err(failed)? else { break };
            tracing::error!(folder = %self.folder.display(), letters, bytes, "LOST: oldest dead letters are deleted for new ones");
            if let Some(health) = &self.health {
                health.dead_letters_dropped(letters);
            }
            used = self.look(inner).map_err(failed)?;
        }
        Ok(())
    }

    /// Appends a line; returns its length. One that cannot be written whole is not there.
    fn write(
        &self,
        inner: &mut Inner,
        rejection: Rejection<'_>,
        data_stream: Option<&str>,
        raw: Raw<'_>,
    ) -> io::Result<u64> {
        let Rejection { dataset, tenant, reason, detail, record } = rejection;
        let path = self.path(dataset);
        let file = match inner.files.remove(dataset) {
            Some(file) if locked_in_place(&file, &path)? => file,
            _ => open(&path)?,
        };
        let before = file.metadata()?.len();
        // The lock goes with the last step, so that whoever puts the file aside sees whole lines.
        let timestamp = common::clock::timestamp();
        let head = Head { timestamp: &timestamp, dataset, tenant, reason, detail, record, data_stream, attempts: None };
        let mut out = BufWriter::new(&file);
        let written = row::write_letter(&mut out, &head, raw).and_then(|()| out.flush());
        // What it still holds belongs to a line that is broken.
        drop(out.into_parts());
        if let Err(error) = written {
            file.set_len(before)?;
            return Err(error);
        }
        let after = file.metadata()?.len();
        if after >= self.limit.segment() {
            // The next line makes a new file.
            file.sync_data()?;
            segments::put_aside(&path)?;
        }
        file.unlock()?;
        inner.files.insert(dataset, file);
        Ok(after.saturating_sub(before))
    }
}

/// Takes the file's lock; `false` if another file, or none, has its name by now.
fn locked_in_place(file: &File, path: &Path) -> io::Result<bool> {
    file.lock()?;
    let own = FileId::of_file(file)?;
    match FileId::of_path(path) {
        Ok(named) => Ok(named == own),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opens the file for appending and takes its lock.
fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        private::folder(folder)?;
    }
    segments::open(path, |file| locked_in_place(file, path)).map(|(file, _)| file)
}

fn log(rejection: Rejection<'_>, count: u64) {
    if count <= LOGGED || count.is_power_of_two() {
        let Rejection { dataset, tenant, reason, detail, record } = rejection;
        tracing::warn!(dataset, tenant, reason, detail, record, count, "row rejected");
    }
}
