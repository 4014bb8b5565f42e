//! NDJSON files, one per data stream, durable at every acknowledgement.
//!
//! `<stream>.ndjson` is appended to. At a size or an age it is put aside as `<stream>-<time>-<number>.ndjson`, complete and
//! never touched again. What a crash left behind the last acknowledgement comes again: in files a document may then be
//! there twice, its `_id` tells.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use mapper::DocId;

use super::{Batch, Local, Receipt};
use crate::clock;
use crate::config::FileOutput;
use crate::error::Fault;

/// The files below a directory.
#[derive(Debug)]
pub struct Files {
    output: FileOutput,
    /// By data stream.
    open: BTreeMap<String, Current>,
    /// A file could not be written to: what it held since the last sync may be lost, whoever sent it.
    broken: Option<Fault>,
    /// Where another process has a file open, documents go to one of their own beside it.
    apart: bool,
}

/// The file that a data stream is appended to.
#[derive(Debug)]
struct Current {
    path: PathBuf,
    file: BufWriter<File>,
    size: u64,
    since: DateTime<Utc>,
    /// It holds what is not durable yet.
    dirty: bool,
}

impl Files {
    /// Creates the directory.
    pub fn new(output: &FileOutput) -> Result<Self, Fault> {
        let directory = &output.directory;
        fs::create_dir_all(directory)
            .map_err(|error| Fault::local(format!("output directory {}", directory.display()), &error))?;
        Ok(Self { output: output.clone(), open: BTreeMap::new(), broken: None, apart: false })
    }

    /// From now on a file that another process has open is no obstacle: documents go to a file of their own, under a name
    /// of those that were put aside.
    pub(crate) fn keep_apart(&mut self) {
        self.apart = true;
    }

    fn write(&mut self, batch: &Batch) -> Result<(), (PathBuf, io::Error)> {
        for entry in batch.entries() {
            let stream = batch.streams.name(entry.dataset);
            let current = match self.open.get_mut(stream) {
                Some(open) => open,
                None => {
                    let path = self.output.directory.join(format!("{stream}.ndjson"));
                    let fresh = match Current::open(&path) {
                        Err(error) if self.apart && error.kind() == io::ErrorKind::ResourceBusy => {
                            aside(&path).and_then(|path| Current::open(&path))
                        }
                        opened => opened,
                    };
                    let fresh = fresh.map_err(|error| (path, error))?;
                    self.open.entry(stream.to_owned()).or_insert(fresh)
                }
            };
            let document = batch.document(entry);
            let id = self.output.ids.then_some(DocId(entry.id));
            if let Err(error) = current.append(document, id, &self.output) {
                // The next document must not follow half of this one: opening the file again ends the line.
                let path = current.path.clone();
                self.open.remove(stream);
                self.broken = Some(failed(&path, &error));
                return Err((path, error));
            }
        }
        Ok(())
    }
}

impl Local for Files {
    fn deliver(&mut self, batch: &Batch) -> Result<Receipt, Fault> {
        match self.write(batch) {
            Ok(()) => Ok(Receipt::all_created(batch)),
            Err((path, error)) => Err(failed(&path, &error)),
        }
    }

    fn sync(&mut self) -> Result<(), Fault> {
        let mut broken = self.broken.take();
        let output = &self.output;
        self.open.retain(|_, current| {
            if !current.dirty {
                return true;
            }
            let synced =
                current.sync().and_then(|()| if current.is_old(output) { current.rotate(output) } else { Ok(()) });
            if let Err(error) = &synced {
                broken = Some(failed(&current.path, error));
            }
            synced.is_ok()
        });
        broken.map_or(Ok(()), Err)
    }
}

fn failed(path: &Path, error: &io::Error) -> Fault {
    Fault::local(format!("output file {}", path.display()), error)
}

impl Current {
    /// Opens the file for appending. A line that a crash cut off is ended, so that it spoils no other.
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = "another process writes to it\nhint: give each its own directory";
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let metadata = file.metadata()?;
        let mut size = metadata.len();
        let mut since = clock::now();
        if size > 0 {
            since = metadata.created().or_else(|_| metadata.modified()).map_or(since, DateTime::from);
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
                size += 1;
            }
        } else {
            sync_folder(path)?;
        }
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), size, since, dirty: false })
    }

    fn append(&mut self, document: &[u8], id: Option<DocId>, output: &FileOutput) -> io::Result<()> {
        if self.size > 0 && (self.size + document.len() as u64 > output.rotate_size || self.is_old(output)) {
            self.rotate(output)?;
        }
        self.dirty = true;
        self.size += document.len() as u64;
        match (id, document.strip_prefix(b"{")) {
            (Some(id), Some(members)) => {
                let head = format!("{{\"_id\":\"{id}\",");
                self.size += head.len() as u64 - 1;
                self.file.write_all(head.as_bytes())?;
                self.file.write_all(members)
            }
            _ => self.file.write_all(document),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        self.dirty = false;
        Ok(())
    }

    fn is_old(&self, output: &FileOutput) -> bool {
        let is_old = |age: Duration| (clock::now() - self.since).to_std().is_ok_and(|old| old >= age);
        self.size > 0 && output.rotate_age.is_some_and(is_old)
    }

    /// Puts the file aside and begins a new one.
    fn rotate(&mut self, output: &FileOutput) -> io::Result<()> {
        self.sync()?;
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        fs::rename(&self.path, aside(&self.path)?)?;
        *self = Self::open(&self.path)?;
        if let Some(keep) = output.keep {
            forget(&output.directory, &stem, keep)?;
        }
        Ok(())
    }
}

/// A name for a file of this stream that is put aside.
fn aside(path: &Path) -> io::Result<PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let time = clock::now().format("%Y%m%dT%H%M%SZ");
    let name = |number: u32| path.with_file_name(format!("{stem}-{time}-{number:04}.ndjson"));
    let free = (1..=u32::MAX).map(name).find(|path| !path.exists());
    free.ok_or_else(|| io::ErrorKind::AlreadyExists.into())
}

/// Deletes the oldest files put aside of a data stream, beyond those that are kept.
fn forget(directory: &Path, stem: &str, keep: usize) -> io::Result<()> {
    let mut aside = Vec::new();
    for file in fs::read_dir(directory)? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = name.strip_prefix(stem).and_then(|rest| rest.strip_suffix(".ndjson"));
        // Of `stream-20260501T120000Z-0001`, not of a stream whose name goes on.
        let is_aside = |rest: &str| {
            let rest = rest.as_bytes();
            rest.len() >= 22 && rest[0] == b'-' && rest[1..9].iter().all(u8::is_ascii_digit) && rest[9] == b'T'
        };
        if rest.is_some_and(is_aside) {
            aside.push(path);
        }
    }
    aside.sort();
    let surplus = aside.len().saturating_sub(keep);
    for path in aside.into_iter().take(surplus) {
        tracing::info!(file = %path.display(), "file beyond `keep` is deleted");
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Makes names in the file's folder durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
