//! NDJSON files, one per data stream, durable at every acknowledgement.
//!
//! `<stream>.ndjson` is appended to. At a size or an age it is put aside as `<stream>-<time>-<number>.ndjson`, complete and
//! never touched again. What a crash left behind the last acknowledgement comes again: in files a document may then be
//! there twice, its `_id` tells. A disk that is full leaves whole lines, and what did not fit goes on where it stopped.

mod disk;

use std::collections::BTreeMap;
use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use mapper::DocId;

#[cfg(test)]
pub(super) use self::disk::Room;
use self::disk::{Disk, Short};
pub(super) use self::disk::{hint, is_full};
use crate::batch::{Batch, Item};
use crate::output::{ItemOutcome, Output, Undelivered};
use crate::segments;
use crate::settings::FileOutput;
use common::clock;
use common::error::Error;
use common::private;

/// Lines are written in pieces of about this size.
const PIECE: usize = 128 * 1024;

/// The files below a directory.
#[derive(Debug)]
pub struct Files {
    output: FileOutput,
    /// By data stream.
    open: BTreeMap<String, Current>,
    /// Documents of the batch under way that are in the files already.
    done: usize,
    /// Whole lines on their way to the file.
    lines: Vec<u8>,
    /// A file could not be made durable, or not be cut back to whole lines: what it held since the last sync may be lost,
    /// whoever sent it.
    broken: Option<Error>,
    /// Where another process has a file open, documents go to one of their own beside it.
    apart: bool,
    #[cfg(test)]
    pub(super) room: Option<Room>,
}

/// The file that a data stream is appended to.
#[derive(Debug)]
struct Current {
    path: PathBuf,
    disk: Box<dyn Disk>,
    /// Bytes of whole lines.
    size: u64,
    /// Of these, bytes that are durable.
    synced: u64,
    since: DateTime<Utc>,
}

impl Files {
    /// Creates the directory.
    pub fn new(output: &FileOutput) -> Result<Self, Error> {
        let directory = &output.directory;
        private::folder(directory)
            .map_err(|error| Error::io(format!("output directory {}", directory.display()), &error))?;
        private::tighten_folder(directory, |name| {
            name.starts_with("logs-m365_security.") && Path::new(name).extension().is_some_and(|end| end == "ndjson")
        });
        Ok(Self {
            output: output.clone(),
            open: BTreeMap::new(),
            done: 0,
            lines: Vec::new(),
            broken: None,
            apart: false,
            #[cfg(test)]
            room: None,
        })
    }

    /// From now on a file that another process has open is no obstacle: documents go to a file of their own, under a name
    /// of those that were put aside.
    pub fn keep_apart(&mut self) {
        self.apart = true;
    }

    /// Writes the documents that are not in the files yet.
    fn write(&mut self, items: &[Item<'_>]) -> Result<(), (PathBuf, io::Error)> {
        while let Some(stream) = items.get(self.done).map(|item| item.data_stream()) {
            if !self.open.contains_key(stream) {
                let path = self.output.directory.join(format!("{stream}.ndjson"));
                let fresh = match Current::open(&path) {
                    Err(error) if self.apart && error.kind() == io::ErrorKind::ResourceBusy => {
                        segments::free_name(&path).and_then(|path| Current::open(&path))
                    }
                    opened => opened,
                };
                let fresh = fresh.map_err(|error| (path, error))?;
                #[cfg(test)]
                let fresh = Current { disk: Room::hold(self.room.as_ref(), fresh.disk), ..fresh };
                self.open.insert(stream.to_owned(), fresh);
            }
            let Some(current) = self.open.get_mut(stream) else { return Ok(()) };
            self.lines.clear();
            let mut count = 0;
            for Item { batch, entry } in items[self.done..].iter().take_while(|item| item.data_stream() == stream) {
                let length = entry.size() as u64;
                let size = current.size + self.lines.len() as u64;
                let is_due = size > 0 && (size + length > self.output.rotate_size || current.is_old(&self.output));
                if is_due && count == 0 {
                    current.rotate(&self.output).map_err(|error| (current.path.clone(), error))?;
                } else if is_due || self.lines.len() >= PIECE {
                    break;
                }
                line(&mut self.lines, batch.line(entry), self.output.ids.then_some(DocId(entry.id)));
                count += 1;
            }
            let written = disk::append(&mut *current.disk, current.size, &self.lines);
            let Err(Short { whole, error, is_torn }) = written else {
                current.size += self.lines.len() as u64;
                self.done += count;
                continue;
            };
            current.size += whole as u64;
            self.done += memchr::memchr_iter(b'\n', &self.lines[..whole]).count();
            let path = current.path.clone();
            if is_torn {
                // Opening the file again cuts the line off.
                self.open.remove(stream);
                self.broken = Some(failed(&path, &error));
            }
            return Err((path, error));
        }
        Ok(())
    }
}

/// The document with its line feed; its id goes first where asked.
fn line(lines: &mut Vec<u8>, document: &[u8], id: Option<DocId>) {
    match (id, document.strip_prefix(b"{")) {
        (Some(id), Some(members)) => {
            lines.extend_from_slice(format!("{{\"_id\":\"{id}\",").as_bytes());
            lines.extend_from_slice(members);
        }
        _ => lines.extend_from_slice(document),
    }
}

impl Output for Files {
    async fn deliver(&mut self, batches: &[Batch]) -> Result<Vec<ItemOutcome>, Undelivered> {
        let items: Vec<_> = Item::of(batches).collect();
        match self.write(&items) {
            Ok(()) => {
                self.abandon();
                Ok(vec![ItemOutcome::Created; items.len()])
            }
            Err((path, error)) => {
                let failure = failed(&path, &error);
                Err(if is_full(&error) { Undelivered::Busy(failure, None) } else { Undelivered::Failed(failure) })
            }
        }
    }

    fn abandon(&mut self) {
        self.done = 0;
    }

    async fn sync(&mut self) -> Result<(), Error> {
        let mut broken = self.broken.take();
        let output = &self.output;
        self.open.retain(|_, current| {
            if current.synced == current.size {
                return true;
            }
            let synced =
                current.sync().and_then(|()| if current.is_old(output) { current.rotate(output) } else { Ok(()) });
            if let Err(error) = &synced {
                broken = Some(failed(&current.path, error));
                // What is not durable comes again.
                if let Err(error) = current.disk.set_len(current.synced) {
                    tracing::warn!(file = %current.path.display(), %error, "documents may be there twice");
                }
            }
            synced.is_ok()
        });
        broken.map_or(Ok(()), Err)
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let hint = if is_full(error) { hint(path.parent().unwrap_or(path)) } else { String::new() };
    Error::Io(format!("output file {}: {error}{hint}", path.display()))
}

impl Current {
    /// Opens the file for appending, alone.
    fn open(path: &Path) -> io::Result<Self> {
        let (file, size) = segments::open(path, |file| match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => {
                let text = "another process writes to it\nhint: give each its own directory";
                Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
            }
            Err(TryLockError::Error(error)) => Err(error),
        })?;
        let mut since = clock::now();
        if size > 0 {
            let metadata = file.metadata()?;
            since = metadata.created().or_else(|_| metadata.modified()).map_or(since, DateTime::from);
        }
        Ok(Self { path: path.to_owned(), disk: Box::new(file), size, synced: size, since })
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.synced < self.size {
            self.disk.sync()?;
            self.synced = self.size;
        }
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
        segments::put_aside(&self.path)?;
        *self = Self::open(&self.path)?;
        if let Some(keep) = output.keep {
            forget(&output.directory, &stem, keep)?;
        }
        Ok(())
    }
}

/// Deletes the oldest files put aside of a data stream, beyond those that are kept.
fn forget(directory: &Path, stem: &str, keep: usize) -> io::Result<()> {
    let aside = segments::aside(directory, stem)?;
    let surplus = aside.len().saturating_sub(keep);
    for path in aside.into_iter().take(surplus) {
        tracing::info!(file = %path.display(), "file beyond `keep` is deleted");
        fs::remove_file(path)?;
    }
    Ok(())
}
