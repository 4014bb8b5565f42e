//! Files of dead letters that nobody appends to any more: read line by line, replaced in one step by what is left.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Head, open};
use crate::segments;
use common::private;

/// Longest line that is read: a row of 4 MiB, every byte of it escaped.
const MAX_LINE: usize = 32 * 1024 * 1024;

/// One dead letter.
#[derive(Debug, Deserialize)]
pub struct Letter {
    /// When it was written.
    #[serde(rename = "@timestamp")]
    pub timestamp: String,
    /// Dataset.
    pub dataset: String,
    /// Tenant.
    pub tenant: String,
    /// Constant word for what is wrong.
    pub reason: String,
    /// What is wrong, and where.
    pub detail: String,
    /// Id of the record, or of the document.
    pub record: Option<String>,
    /// Where a document belongs; none for a row of the source.
    pub data_stream: Option<String>,
    /// Replays that failed.
    #[serde(default)]
    pub attempts: u32,
    row: Option<Box<RawValue>>,
    row_base64: Option<Box<RawValue>>,
}

impl Letter {
    /// The row's bytes.
    pub fn row(&self) -> Option<Vec<u8>> {
        if let Some(encoded) = &self.row_base64 {
            let text: String = serde_json::from_str(encoded.get()).ok()?;
            return STANDARD.decode(text).ok();
        }
        let text: String = serde_json::from_str(self.row.as_ref()?.get()).ok()?;
        Some(text.into_bytes())
    }

    /// The line with what is wrong with it now.
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let head = Head {
            timestamp: &self.timestamp,
            dataset: &self.dataset,
            tenant: &self.tenant,
            reason: &self.reason,
            detail: &self.detail,
            record: self.record.as_deref(),
            data_stream: self.data_stream.as_deref(),
            attempts: (self.attempts > 0).then_some(self.attempts),
        };
        super::row::write_head(out, &head)?;
        for (name, row) in [("row", &self.row), ("row_base64", &self.row_base64)] {
            if let Some(row) = row {
                write!(out, ",\"{name}\":{row}")?;
            }
        }
        out.write_all(b"}\n")
    }
}

/// A line of a segment.
pub enum Line {
    /// A letter.
    Letter(Box<Letter>),
    /// It is no dead letter, or too long to be held; it was copied to what is left.
    Passed,
}

/// The files of a folder, oldest first, after those that are still appended to were put aside.
pub fn collect(folder: &Path, dataset: &str) -> io::Result<Vec<PathBuf>> {
    let current = folder.join(format!("{dataset}.ndjson"));
    if current.exists() {
        // Its lock is held while a line is written.
        let file = open(&current)?;
        segments::put_aside(&current)?;
        file.unlock()?;
    }
    segments::aside(folder, dataset)
}

/// The files of a dataset that were put aside.
pub fn segments(folder: &Path, dataset: &str) -> io::Result<Vec<PathBuf>> {
    segments::aside(folder, dataset)
}

/// A segment on its way to what is left of it.
pub struct Rewrite {
    path: PathBuf,
    input: BufReader<File>,
    /// What is left; it takes the segment's place when it is complete.
    rest: BufWriter<File>,
    rest_path: PathBuf,
    left: u64,
    line: Vec<u8>,
}

impl Rewrite {
    /// Begins to rewrite a segment.
    pub fn new(path: &Path) -> io::Result<Self> {
        let rest_path = path.with_extension("rest");
        Ok(Self {
            path: path.to_owned(),
            input: BufReader::new(File::open(path)?),
            rest: BufWriter::new(private::create(&rest_path)?),
            rest_path,
            left: 0,
            line: Vec::new(),
        })
    }

    /// The next line.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            self.line.clear();
            let read = self.input.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            if self.line.last() == Some(&b'\n')
                && let Ok(letter) = serde_json::from_slice::<Letter>(&self.line)
            {
                return Ok(Some(Line::Letter(Box::new(letter))));
            }
            self.pass()?;
            return Ok(Some(Line::Passed));
        }
    }

    /// The line stays as it is, whatever it is.
    fn pass(&mut self) -> io::Result<()> {
        self.left += 1;
        self.rest.write_all(&self.line)?;
        while self.line.last() != Some(&b'\n') {
            self.line.clear();
            if self.input.by_ref().take(64 * 1024).read_until(b'\n', &mut self.line)? == 0 {
                return self.rest.write_all(b"\n");
            }
            self.rest.write_all(&self.line)?;
        }
        Ok(())
    }

    /// The letter stays.
    pub fn keep(&mut self, letter: &Letter) -> io::Result<()> {
        self.left += 1;
        letter.write(&mut self.rest)
    }

    /// What is left takes the segment's place, in one step; nothing left is no file.
    pub fn finish(self) -> io::Result<()> {
        let Self { path, rest, rest_path, left, .. } = self;
        let rest = rest.into_inner().map_err(io::IntoInnerError::into_error)?;
        rest.sync_all()?;
        if left == 0 {
            fs::remove_file(&path)?;
            fs::remove_file(&rest_path)?;
        } else {
            fs::rename(&rest_path, &path)?;
        }
        private::sync_folder(path.parent().unwrap_or(Path::new(".")))
    }

    /// Nothing changes.
    pub fn abandon(self) -> io::Result<()> {
        drop(self.rest);
        fs::remove_file(&self.rest_path)
    }
}
