//! Rows that gave no document, kept: one NDJSON file per dataset, one line per rejection.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::write::EncoderWriter;
use serde::Serialize;
use tempfile::SpooledTempFile;

use crate::error::Fault;

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
    files: BTreeMap<&'static str, BufWriter<File>>,
    counts: BTreeMap<(&'static str, String), u64>,
}

#[derive(Serialize)]
struct Head<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: String,
    dataset: &'a str,
    tenant: &'a str,
    reason: &'a str,
    detail: &'a str,
    record: Option<&'a str>,
}

impl DeadLetters {
    /// Dead letters below `folder`, which is created with the first of them.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), inner: Mutex::default() }
    }

    /// Counts, logs and keeps one rejection.
    pub fn keep(&self, rejection: Rejection<'_>, raw: Raw<'_>) -> Result<(), Fault> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let count = inner.counts.entry((rejection.dataset, rejection.reason.to_owned())).or_default();
        *count += 1;
        log(rejection, *count);
        let path = self.path(rejection.dataset);
        self.write(&mut inner, rejection, raw)
            .map_err(|error| Fault::local(format!("dead-letter file {}", path.display()), &error))
    }

    /// Makes the files durable: belongs before the state moves.
    pub fn sync(&self) -> Result<(), Fault> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for (dataset, file) in &mut inner.files {
            file.flush()
                .and_then(|()| file.get_ref().sync_data())
                .map_err(|error| Fault::local(format!("dead-letter file {}", self.path(dataset).display()), &error))?;
        }
        Ok(())
    }

    /// Rejections of this run by dataset and reason.
    pub fn counts(&self) -> Vec<(&'static str, String, u64)> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.counts.iter().map(|((dataset, reason), count)| (*dataset, reason.clone(), *count)).collect()
    }

    fn path(&self, dataset: &str) -> PathBuf {
        self.folder.join(format!("{dataset}.ndjson"))
    }

    fn write(&self, inner: &mut Inner, rejection: Rejection<'_>, raw: Raw<'_>) -> io::Result<()> {
        if !inner.files.contains_key(rejection.dataset) {
            fs::create_dir_all(&self.folder)?;
            let file = OpenOptions::new().create(true).append(true).open(self.path(rejection.dataset))?;
            inner.files.insert(rejection.dataset, BufWriter::new(file));
        }
        let Some(out) = inner.files.get_mut(rejection.dataset) else { return Ok(()) };
        let mut head = serde_json::to_vec(&Head {
            timestamp: crate::clock::timestamp(),
            dataset: rejection.dataset,
            tenant: rejection.tenant,
            reason: rejection.reason,
            detail: rejection.detail,
            record: rejection.record,
        })?;
        head.pop();
        out.write_all(&head)?;
        match raw {
            Raw::Bytes(bytes) => write_row(out, &mut io::Cursor::new(bytes))?,
            Raw::File(mut file) => write_row(out, &mut file)?,
        }
        out.write_all(b"}\n")
    }
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
