//! The file: its tables, making it, opening it. All of this blocks.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use ::redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase, StorageError, TableDefinition,
    TableError, WriteTransaction,
};

use super::{FILE, former};
use common::clock;
use common::error::Error;
use common::private;

/// Format of the file. Formats 1 to 3 belong to versions before the first release.
pub(super) const FORMAT: u32 = 4;
/// Memory for pages. The system caches files anyway.
const CACHE_BYTES: usize = 1024 * 1024;

/// Facts about the file.
pub(super) const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");
/// Numbers of the endpoints.
pub(super) const ENDPOINT: TableDefinition<'_, &str, u32> = TableDefinition::new("endpoint");
/// Numbers of the datasets, by number of their endpoint and name.
pub(super) const DATASET: TableDefinition<'_, (u32, &str), u32> = TableDefinition::new("dataset");
/// Who holds an endpoint.
pub(super) const FENCE: TableDefinition<'_, &str, u64> = TableDefinition::new("fence");
/// JSON of [`crate::Progress`] by dataset.
pub(super) const PROGRESS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("progress");
/// Chunks of the dedup indices by dataset, minute and id of their first key.
pub(super) const DEDUP: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("dedup");
/// JSON list of [`crate::RetryItem`] by endpoint.
pub(super) const RETRY: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("retry");
/// JSON by endpoint, kind, NUL and key.
pub(super) const TASK: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("task");

/// The open file.
#[derive(Debug)]
pub(super) struct StateFile {
    database: Database,
    path: PathBuf,
    /// Durable steps since it was opened.
    pub(super) steps: AtomicU64,
}

impl StateFile {
    /// Opens the file of a state directory, or makes it.
    pub(super) fn open_or_create(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        private::tighten_folder(folder, |name| name == FILE);
        if !path.try_exists().map_err(|error| Error::io(path.display(), &error))? {
            former::refuse(folder)?;
            create(folder, &path)?;
        }
        Self::open(&path)
    }

    /// Opens an existing file.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        // An empty file would be taken for a new one, and a new one for a first start.
        if fs::metadata(path).map_err(|error| Error::io(path.display(), &error))?.len() == 0 {
            return Err(damaged(path, "it is empty"));
        }
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.open(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Error::Io(format!(
                "state file {} is in use by a running m365-fetcher\nhint: stop it first, or give this one a state \
                 directory of its own",
                path.display()
            )),
            // A file that ends too early is no disk error.
            DatabaseError::Storage(StorageError::Io(error))
                if !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
            {
                Error::io(format!("state file {}", path.display()), &error)
            }
            error => damaged(path, &error.to_string()),
        })?;
        let file = Self { database, path: path.to_owned(), steps: AtomicU64::new(0) };
        file.check_format()?;
        Ok(file)
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn check_format(&self) -> Result<(), Error> {
        let read = self.read()?;
        let version = self.meta(&read, "version")?;
        match version.and_then(|version| version.parse::<u32>().ok()) {
            Some(FORMAT) => Ok(()),
            Some(version) if version > FORMAT => Err(Error::Io(format!(
                "state file {} has format {version}, this program knows format {FORMAT}\nhint: use the newer program, or \
                 export with it and import with this one",
                self.path.display()
            ))),
            Some(version) if version > 0 => Err(former::refusal(&self.path, version)),
            _ => Err(damaged(&self.path, "it holds no format version")),
        }
    }

    /// A fact about the file.
    fn meta(&self, read: &ReadTransaction, name: &str) -> Result<Option<String>, Error> {
        let Some(table) = self.table(read, META)? else { return Ok(None) };
        let value = table.get(name).map_err(|error| self.to_error(&error))?;
        Ok(value.map(|value| value.value().to_owned()))
    }

    pub(super) fn read(&self) -> Result<ReadTransaction, Error> {
        self.database.begin_read().map_err(|error| self.to_error(&error))
    }

    pub(super) fn write(&self) -> Result<WriteTransaction, Error> {
        self.database.begin_write().map_err(|error| self.to_error(&error))
    }

    /// A table to read from; `None` where nothing was ever written to it.
    pub(super) fn table<K: ::redb::Key + 'static, V: ::redb::Value + 'static>(
        &self,
        read: &ReadTransaction,
        table: TableDefinition<'_, K, V>,
    ) -> Result<Option<ReadOnlyTable<K, V>>, Error> {
        match read.open_table(table) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(self.to_error(&error)),
        }
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, text: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(text).map_err(|error| damaged(&self.path, &error.to_string()))
    }

    pub(super) fn damaged(&self, what: &str) -> Error {
        damaged(&self.path, what)
    }

    pub(super) fn to_error(&self, error: &dyn std::error::Error) -> Error {
        storage_error(&self.path, error)
    }
}

/// The file cannot be read or written.
pub(super) fn storage_error(path: &Path, error: &dyn std::error::Error) -> Error {
    Error::Io(format!("state file {}: {}", path.display(), common::error::with_causes(error)))
}

/// The file cannot be used, and what can be done.
pub(super) fn damaged(path: &Path, what: &str) -> Error {
    Error::Io(format!(
        "state file {} is damaged ({what})\nhint: move it away, then put an export back with `m365-fetcher state import`; \
         without one every dataset starts again at its look-back, and what is read twice stays one document in its backing \
         index",
        path.display()
    ))
}

/// Makes the file under another name first: one that a crash left half made is never taken for state.
fn create(folder: &Path, path: &Path) -> Result<(), Error> {
    let local = |error: std::io::Error| Error::io(format!("state directory {}", folder.display()), &error);
    private::folder(folder).map_err(local)?;
    let draft = path.with_extension("redb.new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(local(error)),
        _ => {}
    }
    // Rows of the retry queue lie in it: nobody else's business.
    private::create_new(&draft).map_err(local)?;
    let failed = |error: &dyn std::error::Error| storage_error(&draft, error);
    let database = Builder::new().set_cache_size(CACHE_BYTES).create(&draft).map_err(|error| failed(&error))?;
    let write = database.begin_write().map_err(|error| failed(&error))?;
    {
        let mut meta = write.open_table(META).map_err(|error| failed(&error))?;
        for (name, value) in [("version", FORMAT.to_string()), ("created", clock::timestamp())] {
            meta.insert(name, value.as_str()).map_err(|error| failed(&error))?;
        }
    }
    write.commit().map_err(|error| failed(&error))?;
    drop(database);
    fs::rename(&draft, path).map_err(local)?;
    // The rename is durable once the folder is.
    private::sync_folder(folder).map_err(local)
}
