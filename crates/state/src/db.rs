//! The file: opening, its tables, reading. All of this blocks.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase, StorageError, TableDefinition,
    TableError, WriteTransaction,
};

use super::slot::{Entry, Slot};
use super::{Progress, Retry, SourceKey, Task, chunk, migrate, spelling};
use common::error::Fault;
use common::private;

/// Name of the file in the state directory.
pub const FILE: &str = "m365-fetcher.redb";
/// Format of the file. 1 and 2 were JSON files.
pub(super) const FORMAT: u32 = 3;
/// Memory for pages. The system caches files anyway.
const CACHE_BYTES: usize = 1024 * 1024;

/// Facts about the file.
pub(super) const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");
/// Numbers of the sources.
pub(super) const SOURCE: TableDefinition<'_, &str, u32> = TableDefinition::new("source");
/// JSON of [`Progress`] by source.
pub(super) const PROGRESS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("progress");
/// Chunks by source, slot and id of their first entry.
pub(super) const LEDGER: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("ledger");
/// JSON list of [`Retry`] by source.
pub(super) const RETRY: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("retry");
/// JSON by source, kind, NUL and key.
pub(super) const TASK: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("task");

/// The open file.
#[derive(Debug)]
pub(super) struct Db {
    pub(super) database: Database,
    path: PathBuf,
    /// Durable steps since it was opened.
    pub(super) steps: AtomicU64,
}

impl Db {
    /// Opens the file of a state directory, or makes it, from the JSON files of earlier versions where there are any.
    pub(super) fn open_or_create(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(FILE);
        private::tighten_folder(folder, |name| name == FILE);
        if !path.try_exists().map_err(|error| Fault::local(path.display(), &error))? {
            create(folder, &path)?;
        }
        let db = Self::open(&path)?;
        migrate::finish(&db, folder)?;
        Ok(db)
    }

    /// Opens an existing file.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        // An empty file would be taken for a new one, and a new one for a first start.
        if fs::metadata(path).map_err(|error| Fault::local(path.display(), &error))?.len() == 0 {
            return Err(damaged(path, "it is empty"));
        }
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.open(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Fault::Local(format!(
                "state file {} is in use by a running m365-fetcher\nhint: stop it first, or give this one a state \
                 directory of its own",
                path.display()
            )),
            // A file that ends too early is no disk error.
            DatabaseError::Storage(StorageError::Io(error))
                if !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
            {
                Fault::local(format!("state file {}", path.display()), &error)
            }
            error => damaged(path, &error.to_string()),
        })?;
        let db = Self { database, path: path.to_owned(), steps: AtomicU64::new(0) };
        db.check_format()?;
        spelling::settle(&db)?;
        Ok(db)
    }

    /// The file's place.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn check_format(&self) -> Result<(), Fault> {
        let read = self.read()?;
        let version = self.meta(&read, "version")?;
        match version.and_then(|version| version.parse().ok()) {
            Some(FORMAT) => Ok(()),
            Some(version) if version > FORMAT => Err(Fault::Local(format!(
                "state file {} has format {version}, this program knows up to {FORMAT}\nhint: use the newer program, or \
                 export with it and import with this one",
                self.path.display()
            ))),
            _ => Err(damaged(&self.path, "it holds no format version")),
        }
    }

    /// A fact about the file.
    pub(super) fn meta(&self, read: &ReadTransaction, name: &str) -> Result<Option<String>, Fault> {
        let Some(table) = self.table(read, META)? else { return Ok(None) };
        let value = table.get(name).map_err(|error| self.fault(&error))?;
        Ok(value.map(|value| value.value().to_owned()))
    }

    pub(super) fn read(&self) -> Result<ReadTransaction, Fault> {
        self.database.begin_read().map_err(|error| self.fault(&error))
    }

    pub(super) fn write(&self) -> Result<WriteTransaction, Fault> {
        self.database.begin_write().map_err(|error| self.fault(&error))
    }

    /// A table to read from; `None` where nothing was ever written to it.
    pub(super) fn table<K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        read: &ReadTransaction,
        table: TableDefinition<'_, K, V>,
    ) -> Result<Option<ReadOnlyTable<K, V>>, Fault> {
        match read.open_table(table) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// Number of a source; `None` before its first commit.
    pub(super) fn number(&self, key: &SourceKey) -> Result<Option<u32>, Fault> {
        let read = self.read()?;
        let Some(table) = self.table(&read, SOURCE)? else { return Ok(None) };
        let number = table.get(key.text().as_str()).map_err(|error| self.fault(&error))?;
        Ok(number.map(|number| number.value()))
    }

    pub(super) fn progress(&self, number: u32) -> Result<Option<Progress>, Fault> {
        self.progress_at(&self.read()?, number)
    }

    /// The same, as of a moment.
    pub(super) fn progress_at(&self, read: &ReadTransaction, number: u32) -> Result<Option<Progress>, Fault> {
        let Some(table) = self.table(read, PROGRESS)? else { return Ok(None) };
        let text = table.get(number).map_err(|error| self.fault(&error))?;
        text.map(|text| self.json(text.value())).transpose()
    }

    pub(super) fn retry(&self, number: u32) -> Result<Vec<Retry>, Fault> {
        self.retry_at(&self.read()?, number)
    }

    /// The same, as of a moment.
    pub(super) fn retry_at(&self, read: &ReadTransaction, number: u32) -> Result<Vec<Retry>, Fault> {
        let Some(table) = self.table(read, RETRY)? else { return Ok(Vec::new()) };
        let text = table.get(number).map_err(|error| self.fault(&error))?;
        text.map(|text| self.json(text.value())).transpose().map(Option::unwrap_or_default)
    }

    /// At most `limit` tasks of a kind.
    pub(super) fn tasks(&self, number: u32, kind: &str, limit: usize) -> Result<Vec<Task>, Fault> {
        let prefix = task_key(number, kind, b"");
        let mut tasks = Vec::new();
        let read = self.read()?;
        let Some(table) = self.table(&read, TASK)? else { return Ok(tasks) };
        for item in table.range::<&[u8]>(prefix.as_slice()..).map_err(|error| self.fault(&error))?.take(limit) {
            let (key, body) = item.map_err(|error| self.fault(&error))?;
            let Some(key) = key.value().strip_prefix(prefix.as_slice()) else { break };
            tasks.push(Task { kind: kind.to_owned(), key: key.to_vec(), body: self.json(body.value())? });
        }
        Ok(tasks)
    }

    /// The ledger of a source as it is now.
    pub(super) fn ids(&self, number: Option<u32>) -> Result<Ids, Fault> {
        let Some(number) = number else { return Ok(Ids::default()) };
        let read = self.read()?;
        let table = self.table(&read, LEDGER)?;
        Ok(Ids { table: table.map(|table| (table, number)), path: self.path.clone() })
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, text: &[u8]) -> Result<T, Fault> {
        serde_json::from_slice(text).map_err(|error| damaged(&self.path, &error.to_string()))
    }

    pub(super) fn damaged(&self, what: &str) -> Fault {
        damaged(&self.path, what)
    }

    pub(super) fn fault(&self, error: &dyn std::error::Error) -> Fault {
        Fault::Local(format!("state file {}: {}", self.path.display(), common::error::with_causes(error)))
    }
}

type Chunks = ReadOnlyTable<&'static [u8; 16], &'static [u8]>;

/// The documents of one source that were delivered, as of the moment that this was made. Not to be kept for long: the
/// file cannot reuse its space meanwhile.
#[derive(Default)]
pub struct Ids {
    table: Option<(Chunks, u32)>,
    path: PathBuf,
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids")
    }
}

impl Ids {
    /// Whether the document was delivered, as far as the ledger reaches back.
    pub fn contains(&self, entry: Entry) -> Result<bool, Fault> {
        let Some((table, number)) = &self.table else { return Ok(false) };
        let (first, wanted) = (chunk_key(*number, Entry { slot: Slot(0), id: 0 }), chunk_key(*number, entry));
        let found = table.range::<&[u8; 16]>(&first..=&wanted).and_then(|mut range| range.next_back().transpose());
        let found = found.map_err(|error| self.fault(&error))?;
        let Some((_, chunk)) = found else { return Ok(false) };
        chunk::contains(chunk.value(), entry).ok_or_else(|| damaged(&self.path, "its ledger cannot be read"))
    }

    /// The last slot with a document; undated if there is none.
    pub fn newest(&self) -> Result<Slot, Fault> {
        let Some((table, number)) = &self.table else { return Ok(Slot::UNDATED) };
        let (first, last) = source_range(*number);
        let found = table.range::<&[u8; 16]>(&first..=&last).and_then(|mut range| range.next_back().transpose());
        let Some((_, chunk)) = found.map_err(|error| self.fault(&error))? else { return Ok(Slot::UNDATED) };
        chunk::last_slot(chunk.value()).ok_or_else(|| damaged(&self.path, "its ledger cannot be read"))
    }

    fn fault(&self, error: &StorageError) -> Fault {
        Fault::Local(format!("state file {}: {}", self.path.display(), common::error::with_causes(error)))
    }
}

pub(super) fn chunk_key(number: u32, entry: Entry) -> [u8; 16] {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&number.to_be_bytes());
    key[4..8].copy_from_slice(&entry.slot.0.to_be_bytes());
    key[8..].copy_from_slice(&entry.id.to_be_bytes());
    key
}

/// First and last possible key of a source's chunks.
pub(super) fn source_range(number: u32) -> ([u8; 16], [u8; 16]) {
    let last = Entry { slot: Slot(u32::MAX), id: u64::MAX };
    (chunk_key(number, Entry { slot: Slot(0), id: 0 }), chunk_key(number, last))
}

pub(super) fn task_key(number: u32, kind: &str, key: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], kind.as_bytes(), b"\0", key].concat()
}

/// The file cannot be used, and what can be done.
pub(super) fn damaged(path: &Path, what: &str) -> Fault {
    Fault::Local(format!(
        "state file {} is damaged ({what})\nhint: move it away, then put an export back with `m365-fetcher state import`; \
         without one every dataset starts again at its look-back, and what is read twice stays one document in its backing \
         index",
        path.display()
    ))
}

/// Makes the file under another name first: one that a crash left half made is never taken for state.
fn create(folder: &Path, path: &Path) -> Result<(), Fault> {
    let fault = |error: std::io::Error| Fault::local(format!("state directory {}", folder.display()), &error);
    private::folder(folder).map_err(fault)?;
    let draft = path.with_extension("redb.new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fault(error)),
        _ => {}
    }
    // Rows that are owed lie in it: nobody else's business.
    private::create_new(&draft).map_err(fault)?;
    let database = Builder::new()
        .set_cache_size(CACHE_BYTES)
        .create(&draft)
        .map_err(|error| Fault::Local(format!("state file {}: {error}", draft.display())))?;
    let db = Db { database, path: draft.clone(), steps: AtomicU64::new(0) };
    migrate::fill(&db, folder)?;
    drop(db);
    fs::rename(&draft, path).map_err(fault)?;
    // The rename is durable once the folder is.
    private::sync_folder(folder).map_err(fault)
}
