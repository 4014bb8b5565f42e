//! What a source remembers between two cycles: one small JSON file per (cloud, tenant, dataset).

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Fault;

/// Newest format of the file.
const VERSION: u32 = 2;

/// How far a dataset has been collected and acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Largest value of the cursor property, as the service wrote it.
    pub cursor: Option<String>,
    /// Ids of documents that the next poll reads again: of records without a readable time; in files of version 1
    /// those at exactly the cursor.
    pub seen: Vec<String>,
    /// From here on all documents are in `recent`: no poll goes back further.
    #[serde(default)]
    pub floor: Option<String>,
    /// Documents that the next poll reads again, since it goes back by the overlap and asks for `ge`.
    #[serde(default)]
    pub recent: Vec<Recent>,
    /// Records whose nested rows are still to be read.
    #[serde(default)]
    pub retry: Vec<Retry>,
}

/// Documents of the records that changed at the same time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recent {
    /// The time, as the service wrote it, without trailing zeros.
    pub at: String,
    /// Document ids.
    pub ids: Vec<String>,
}

/// A record whose nested rows could not be read: an entry of the retry ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Id of the record.
    pub id: String,
    /// Value of the cursor property: the version that was delivered without its nested rows.
    pub version: String,
    /// How often it failed.
    pub attempts: u32,
    /// When it is asked for again, RFC 3339.
    pub next: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnDisk {
    version: u32,
    updated: String,
    #[serde(flatten)]
    progress: Progress,
}

/// The file of one (cloud, tenant, dataset).
#[derive(Debug, Clone)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// The file below `root`; nothing is read or created yet.
    pub fn new(root: &Path, cloud: &str, tenant: &str, dataset: &str) -> Self {
        Self { path: root.join(cloud).join(tenant).join(format!("{dataset}.json")) }
    }

    /// What is stored; the default where nothing is.
    pub fn load(&self) -> Result<Progress, Fault> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Progress::default()),
            Err(error) => return Err(Fault::local(self.path.display(), &error)),
        };
        let stored: OnDisk = serde_json::from_slice(&text).map_err(|error| {
            Fault::Local(format!(
                "state file {} is damaged ({error})\nhint: move it away; the dataset then starts again at its look-back",
                self.path.display()
            ))
        })?;
        if stored.version > VERSION {
            return Err(Fault::Local(format!(
                "state file {} has version {}, this program knows up to {VERSION}\nhint: use the newer program",
                self.path.display(),
                stored.version
            )));
        }
        Ok(stored.progress)
    }

    /// Replaces the file in one step: after a crash it holds the old content or the new, never a mixture.
    pub fn store(&self, progress: &Progress) -> Result<(), Fault> {
        self.write(progress).map_err(|error| Fault::local(format!("state file {}", self.path.display()), &error))
    }

    fn write(&self, progress: &Progress) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let stored = OnDisk { version: VERSION, updated: crate::clock::timestamp(), progress: progress.clone() };
        let mut file = tempfile::Builder::new().prefix(".state-").tempfile_in(folder)?;
        serde_json::to_writer(&mut file, &stored)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        // The rename is durable once the folder is.
        File::open(folder)?.sync_all()
    }
}
