//! Rows that gave no document, and documents that the output refused, kept: NDJSON files, one line per rejection.
//!
//! `<dataset>.ndjson` is appended to. At [`SEGMENT`] bytes, and by `replay`, it is put aside as
//! `<dataset>-<time>-<number>.ndjson`. Nothing is ever deleted but what a replay delivered. A lock on the file and a look
//! at its name before each line let other processes put it aside while this one runs.

mod replay;
mod segment;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::write::EncoderWriter;
use serde::Serialize;
use tempfile::SpooledTempFile;

pub use self::replay::{Replay, Summary, replay};
use crate::error::Fault;

/// Size at which a file is put aside.
const SEGMENT: u64 = 256 * 1024 * 1024;
/// The first rejections of a kind are logged, then only every power of two.
const LOGGED: u64 = 3;

/// One rejection.
#[derive(Debug, Clone, Copy)]
pub struct Rejection<'a> {
    /// Dataset that lost the row.
    pub dataset: &'static str,
    /// Tenant of the row.
    pub tenant: &'a str,
    /// Constant word: the mapper's, `too_large` or `parent_too_large` of the splitter, `refused` of Elasticsearch.
    pub reason: &'a str,
    /// What is wrong, and where.
    pub detail: &'a str,
    /// Id of the record, where readable; of the document when the cluster refused it.
    pub record: Option<&'a str>,
}

/// The rejected row.
#[derive(Debug)]
pub enum Raw<'a> {
    /// In memory.
    Bytes(&'a [u8]),
    /// In a temporary file, since it is long.
    File(SpooledTempFile),
}

/// The dead-letter files and the counts of this run.
#[derive(Debug)]
pub struct DeadLetters {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<&'static str, File>,
    counts: BTreeMap<(&'static str, String), u64>,
    /// A replay wants to know instead which documents are refused again.
    refused: Option<Vec<Refused>>,
}

/// A document that was refused while dead letters are replayed.
#[derive(Debug)]
struct Refused {
    dataset: &'static str,
    id: String,
    detail: String,
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
        Self { folder: folder.to_owned(), inner: Mutex::default() }
    }

    /// Writes nothing, but remembers which documents the output refuses.
    fn of_replay(folder: &Path) -> Self {
        let inner = Inner { refused: Some(Vec::new()), ..Inner::default() };
        Self { folder: folder.to_owned(), inner: Mutex::new(inner) }
    }

    /// Counts, logs and keeps one row that gave no document.
    pub fn keep(&self, rejection: Rejection<'_>, raw: Raw<'_>) -> Result<(), Fault> {
        self.keep_any(rejection, None, raw)
    }

    /// Counts, logs and keeps one document that its data stream refused.
    pub fn keep_document(&self, rejection: Rejection<'_>, data_stream: &str, raw: Raw<'_>) -> Result<(), Fault> {
        self.keep_any(rejection, Some(data_stream), raw)
    }

    fn keep_any(&self, rejection: Rejection<'_>, data_stream: Option<&str>, raw: Raw<'_>) -> Result<(), Fault> {
        let Rejection { dataset, reason, .. } = rejection;
        let mut inner = self.lock();
        let count = inner.counts.entry((dataset, reason.to_owned())).or_default();
        *count += 1;
        let count = *count;
        if let Some(refused) = &mut inner.refused {
            let id = rejection.record.unwrap_or_default().to_owned();
            refused.push(Refused { dataset, id, detail: rejection.detail.to_owned() });
            return Ok(());
        }
        log(rejection, count);
        self.write(&mut inner, rejection, data_stream, raw)
            .map_err(|error| Fault::local(format!("dead-letter file {}", self.path(dataset).display()), &error))
    }

    /// Makes the files durable: belongs before the state moves.
    pub fn sync(&self) -> Result<(), Fault> {
        for (dataset, file) in &self.lock().files {
            file.sync_data()
                .map_err(|error| Fault::local(format!("dead-letter file {}", self.path(dataset).display()), &error))?;
        }
        Ok(())
    }

    /// Rejections of this run by dataset and reason.
    pub fn counts(&self) -> Vec<(&'static str, String, u64)> {
        self.lock().counts.iter().map(|((dataset, reason), count)| (*dataset, reason.clone(), *count)).collect()
    }

    fn take_refused(&self) -> Vec<Refused> {
        self.lock().refused.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, dataset: &str) -> PathBuf {
        self.folder.join(format!("{dataset}.ndjson"))
    }

    fn write(
        &self,
        inner: &mut Inner,
        rejection: Rejection<'_>,
        data_stream: Option<&str>,
        raw: Raw<'_>,
    ) -> io::Result<()> {
        let Rejection { dataset, tenant, reason, detail, record } = rejection;
        let path = self.path(dataset);
        let file = match inner.files.remove(dataset) {
            Some(file) if locked_in_place(&file, &path)? => file,
            _ => open(&path)?,
        };
        // The lock goes with the last step, so that whoever puts the file aside sees whole lines.
        let timestamp = crate::clock::timestamp();
        let head = Head { timestamp: &timestamp, dataset, tenant, reason, detail, record, data_stream, attempts: None };
        let mut out = BufWriter::new(&file);
        write_head(&mut out, &head)?;
        match raw {
            Raw::Bytes(bytes) => write_row(&mut out, &mut io::Cursor::new(bytes))?,
            Raw::File(mut file) => write_row(&mut out, &mut file)?,
        }
        out.write_all(b"}\n")?;
        out.flush()?;
        drop(out);
        if file.metadata()?.len() >= SEGMENT {
            // The next line makes a new file.
            file.sync_data()?;
            segment::put_aside(&path)?;
        }
        file.unlock()?;
        inner.files.insert(dataset, file);
        Ok(())
    }
}

/// Takes the file's lock; `false` if another file, or none, has its name by now.
fn locked_in_place(file: &File, path: &Path) -> io::Result<bool> {
    file.lock()?;
    let own = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) if (named.dev(), named.ino()) == (own.dev(), own.ino()) => Ok(true),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opens the file for appending and takes its lock. A line that a crash cut off is ended, so that it spoils no other.
fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    loop {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        if !locked_in_place(&file, path)? {
            continue;
        }
        if file.metadata()?.len() > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        } else if let Some(folder) = path.parent() {
            // Its name is durable too.
            File::open(folder)?.sync_all()?;
        }
        return Ok(file);
    }
}

/// `{…` without the closing brace: the row follows.
fn write_head(out: &mut impl Write, head: &Head<'_>) -> io::Result<()> {
    let mut text = serde_json::to_vec(head)?;
    text.pop();
    out.write_all(&text)
}

/// Writes the row as a JSON string, piece by piece: it may be longer than what should be held.
fn write_row(out: &mut impl Write, row: &mut (impl Read + Seek)) -> io::Result<()> {
    row.rewind()?;
    let is_text = for_each_text(row, &mut |_| Ok(()))?;
    row.rewind()?;
    if is_text {
        out.write_all(b",\"row\":\"")?;
        for_each_text(row, &mut |text| {
            let quoted = serde_json::to_string(text)?;
            out.write_all(&quoted.as_bytes()[1..quoted.len() - 1])
        })?;
    } else {
        out.write_all(b",\"row_base64\":\"")?;
        let mut encoder = EncoderWriter::new(&mut *out, &base64::engine::general_purpose::STANDARD);
        io::copy(row, &mut encoder)?;
        encoder.finish()?;
    }
    out.write_all(b"\"")
}

/// Reads UTF-8 in pieces; `false` if it is not UTF-8.
fn for_each_text(row: &mut impl Read, each: &mut dyn FnMut(&str) -> io::Result<()>) -> io::Result<bool> {
    let mut buffer = vec![0; 64 * 1024];
    let mut held = 0;
    loop {
        let read = row.read(&mut buffer[held..])?;
        let filled = held + read;
        let valid = match std::str::from_utf8(&buffer[..filled]) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
            Err(_) => return Ok(false),
        };
        if read == 0 {
            return Ok(true);
        }
        each(std::str::from_utf8(&buffer[..valid]).unwrap_or_default())?;
        buffer.copy_within(valid..filled, 0);
        held = filled - valid;
    }
}

fn log(rejection: Rejection<'_>, count: u64) {
    if count <= LOGGED || count.is_power_of_two() {
        let Rejection { dataset, tenant, reason, detail, record } = rejection;
        tracing::warn!(dataset, tenant, reason, detail, record, count, "row rejected");
    }
}
