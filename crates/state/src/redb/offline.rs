//! The state of a process that does not run: shown, exported, imported, forgotten. All of this blocks.
//!
//! An export is JSON Lines: a head, then each endpoint followed by its tasks and its datasets, each of these followed by its
//! ids, and a last line that says how many endpoints and datasets there were.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::file::{FORMAT, StateFile};
use super::{FILE, chunk, import};
use crate::{EndpointKey, Progress, RetryItem};
use common::clock;
use common::error::Error;

/// A state file that this process alone uses, or, to be read, one that its writer has open.
#[derive(Debug)]
pub struct Offline {
    file: Arc<StateFile>,
}

/// A dataset of an endpoint in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The endpoint.
    #[serde(flatten)]
    pub key: EndpointKey,
    /// Name of the dataset; none where the endpoint has work that waits, and nothing was collected yet.
    pub dataset: Option<String>,
    /// How far it has come.
    pub progress: Progress,
    /// Ids in the dedup index.
    pub ids: u64,
    /// Bytes of the dedup index.
    pub index_bytes: u64,
    /// Records of the endpoint that are still to be read.
    pub retry: usize,
    /// Tasks of the endpoint that wait.
    pub tasks: u64,
}

/// A line of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    /// The first line.
    Head { format: u32, exported: String },
    /// An endpoint.
    Endpoint { key: EndpointKey, retry: Vec<RetryItem> },
    /// A task of the endpoint before it.
    Task { kind: String, key: String, body: serde_json::Value },
    /// A dataset of the endpoint before it.
    Dataset { name: String, progress: Option<Progress> },
    /// Ids of the dataset before it: of the minute since 1970, delivered in the hour `written` since 1970; Base64 of 8 bytes
    /// each.
    Ids { minute: u32, written: u32, ids: String },
    /// The last line; the sources are the datasets.
    End { endpoints: u64, sources: u64 },
}

impl Offline {
    /// Opens the file of a state directory.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        if !path.is_file() {
            super::former::refuse(folder)?;
            return Err(Error::Io(format!(
                "there is no state file {}\nhint: name the directory that `state` in the configuration file names",
                path.display()
            )));
        }
        StateFile::open(&path).map(|file| Self::of(Arc::new(file)))
    }

    /// Opens the file of a state directory, or makes one.
    pub fn open_or_create(folder: &Path) -> Result<Self, Error> {
        StateFile::open_or_create(folder).map(|file| Self::of(Arc::new(file)))
    }

    pub(super) fn of(file: Arc<StateFile>) -> Self {
        Self { file }
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        std::fs::metadata(self.file.path()).map(|facts| facts.len()).unwrap_or_default()
    }

    /// The datasets of all endpoints, sorted.
    pub fn sources(&self) -> Result<Vec<Summary>, Error> {
        let (file, read) = (&*self.file, self.file.read()?);
        let mut summaries = Vec::new();
        for (key, endpoint) in file.endpoints(&read)? {
            let mut tasks = 0;
            file.every_task(&read, endpoint, &mut |_| {
                tasks += 1;
                Ok(())
            })?;
            let retry = file.retry(&read, endpoint)?.len();
            let empty =
                Summary { key, dataset: None, progress: Progress::default(), ids: 0, index_bytes: 0, retry, tasks };
            let datasets = file.datasets(&read, endpoint)?;
            if datasets.is_empty() && (retry > 0 || tasks > 0) {
                summaries.push(empty.clone());
            }
            for (name, dataset) in datasets {
                let progress = file.progress(&read, dataset)?.unwrap_or_default();
                let mut summary = Summary { dataset: Some(name), progress, ..empty.clone() };
                file.chunks(&read, dataset, &mut |chunk| {
                    summary.index_bytes += chunk.len() as u64;
                    summary.ids += chunk::count(chunk).ok_or_else(|| unreadable(file))? as u64;
                    Ok(())
                })?;
                summaries.push(summary);
            }
        }
        Ok(summaries)
    }

    /// Writes everything down. Returns the number of datasets.
    pub fn export(&self, out: &mut dyn Write) -> Result<u64, Error> {
        let (file, read) = (&*self.file, self.file.read()?);
        let mut put = |line: &Line| {
            let written = serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from);
            written.and_then(|()| out.write_all(b"\n")).map_err(|error| Error::io("export", &error))
        };
        put(&Line::Head { format: FORMAT, exported: clock::timestamp() })?;
        let (mut endpoints, mut sources) = (0, 0);
        for (key, endpoint) in file.endpoints(&read)? {
            put(&Line::Endpoint { key, retry: file.retry(&read, endpoint)? })?;
            file.every_task(&read, endpoint, &mut |task| {
                put(&Line::Task { kind: task.kind, key: STANDARD.encode(&task.key), body: task.body })
            })?;
            for (name, dataset) in file.datasets(&read, endpoint)? {
                put(&Line::Dataset { name, progress: file.progress(&read, dataset)? })?;
                let mut keys = Vec::new();
                file.chunks(&read, dataset, &mut |chunk| {
                    keys.clear();
                    let whole = chunk::hour(chunk).zip(chunk::read(chunk, &mut keys));
                    let (written, ()) = whole.ok_or_else(|| unreadable(file))?;
                    for group in keys.chunk_by(|a, b| a.minute == b.minute) {
                        let bytes: Vec<u8> = group.iter().flat_map(|key| key.id.to_be_bytes()).collect();
                        put(&Line::Ids { minute: group[0].minute.0, written, ids: STANDARD.encode(bytes) })?;
                    }
                    Ok(())
                })?;
                sources += 1;
            }
            endpoints += 1;
        }
        put(&Line::End { endpoints, sources })?;
        out.flush().map_err(|error| Error::io("export", &error))?;
        Ok(sources)
    }

    /// Reads an export, all of it or nothing. A dataset that is known already is refused, or with `replace` everything that
    /// is known of its endpoint is replaced. Returns the number of datasets.
    pub fn import(&self, input: &mut dyn BufRead, replace: bool) -> Result<u64, Error> {
        import::import(&self.file, input, replace)
    }

    /// Forgets datasets of endpoints; where no name is given, and where no dataset is left, everything of the endpoint.
    pub fn forget(&self, datasets: &[(EndpointKey, Option<String>)]) -> Result<(), Error> {
        let write = self.file.write()?;
        for (key, dataset) in datasets {
            self.file.forget(&write, key, dataset.as_deref())?;
        }
        write.commit().map_err(|error| self.file.to_error(&error))
    }
}

fn unreadable(file: &StateFile) -> Error {
    file.damaged("a dedup index cannot be read")
}
