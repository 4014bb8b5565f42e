//! The state of a process that does not run: shown, exported, imported, forgotten. All of this blocks.
//!
//! An export is JSON Lines: a head, then each source followed by its tasks and its ids, and a last line that says how
//! many sources there were.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use redb::WriteTransaction;
use serde::{Deserialize, Serialize};

use super::apply::{apply_one, number_of, remember};
use super::db::{Db, FILE, FORMAT, LEDGER, PROGRESS, RETRY, SOURCE, TASK, source_range};
use super::slot::{Entry, Slot};
use super::spelling::{both, older};
use super::{Change, Progress, Retry, SourceKey, Task, chunk};
use common::clock;
use common::error::Fault;

/// A state file that this process alone uses, or, to be read, one that its writer has open.
#[derive(Debug)]
pub struct Offline {
    db: Arc<Db>,
}

/// A source in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Whose state it is.
    #[serde(flatten)]
    pub key: SourceKey,
    /// How far it has come.
    pub progress: Progress,
    /// Ids in the ledger.
    pub ids: u64,
    /// Bytes of the ledger.
    pub ledger_bytes: u64,
    /// Records whose nested rows are still to be read.
    pub retry: usize,
    /// Tasks that wait.
    pub tasks: u64,
}

/// A line of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The first line.
    Head {
        format: u32,
        exported: String,
    },
    Source {
        key: SourceKey,
        progress: Option<Progress>,
        retry: Vec<Retry>,
    },
    Task {
        kind: String,
        key: String,
        body: serde_json::Value,
    },
    /// Ids of the minute `slot` since 1970, delivered in the hour `written` since 1970: Base64 of 8 bytes each.
    Ids {
        slot: u32,
        written: u32,
        ids: String,
    },
    /// The last line.
    End {
        sources: u64,
    },
}

impl Offline {
    /// Opens the file of a state directory.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Err(Fault::Local(format!(
                "there is no state file {}\nhint: name the directory that `state` in the configuration file names",
                path.display()
            )));
        }
        Db::open(&path).map(|db| Self::of(Arc::new(db)))
    }

    /// Opens the file of a state directory, or makes one.
    pub fn open_or_create(folder: &Path) -> Result<Self, Fault> {
        Db::open_or_create(folder).map(|db| Self::of(Arc::new(db)))
    }

    pub(super) fn of(db: Arc<Db>) -> Self {
        Self { db }
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        std::fs::metadata(self.db.path()).map(|facts| facts.len()).unwrap_or_default()
    }

    /// The sources, sorted.
    pub fn sources(&self) -> Result<Vec<Summary>, Fault> {
        let (db, read) = (&*self.db, self.db.read()?);
        let mut summaries = Vec::new();
        for (key, number) in self.db.numbers(&read)? {
            let (mut ids, mut ledger_bytes) = (0, 0);
            self.db.chunks(&read, number, &mut |chunk| {
                ledger_bytes += chunk.len() as u64;
                ids += chunk::count(chunk).ok_or_else(|| db.damaged("its ledger cannot be read"))? as u64;
                Ok(())
            })?;
            let mut tasks = 0;
            self.db.every_task(&read, number, &mut |_| {
                tasks += 1;
                Ok(())
            })?;
            let progress = db.progress_at(&read, number)?.unwrap_or_default();
            let retry = db.retry_at(&read, number)?.len();
            summaries.push(Summary { key, progress, ids, ledger_bytes, retry, tasks });
        }
        Ok(summaries)
    }

    /// Writes everything down. Returns the number of sources.
    pub fn export(&self, out: &mut dyn Write) -> Result<u64, Fault> {
        let (db, read) = (&*self.db, self.db.read()?);
        let mut put = |line: &Line| {
            let written = serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from);
            written.and_then(|()| out.write_all(b"\n")).map_err(|error| Fault::local("export", &error))
        };
        put(&Line::Head { format: FORMAT, exported: clock::timestamp() })?;
        let mut sources = 0;
        for (key, number) in self.db.numbers(&read)? {
            put(&Line::Source { key, progress: db.progress_at(&read, number)?, retry: db.retry_at(&read, number)? })?;
            self.db.every_task(&read, number, &mut |task| {
                put(&Line::Task { kind: task.kind, key: STANDARD.encode(&task.key), body: task.body })
            })?;
            let mut entries = Vec::new();
            self.db.chunks(&read, number, &mut |chunk| {
                entries.clear();
                let read = chunk::hour(chunk).zip(chunk::read(chunk, &mut entries));
                let (written, ()) = read.ok_or_else(|| db.damaged("its ledger cannot be read"))?;
                for group in entries.chunk_by(|a, b| a.slot == b.slot) {
                    let bytes: Vec<u8> = group.iter().flat_map(|entry| entry.id.to_be_bytes()).collect();
                    put(&Line::Ids { slot: group[0].slot.0, written, ids: STANDARD.encode(bytes) })?;
                }
                Ok(())
            })?;
            sources += 1;
        }
        put(&Line::End { sources })?;
        out.flush().map_err(|error| Fault::local("export", &error))?;
        Ok(sources)
    }

    /// Reads an export, all of it or nothing. A source that is known already is refused, or replaced with `replace`.
    pub fn import(&self, input: &mut dyn BufRead, replace: bool) -> Result<u64, Fault> {
        let write = self.db.write()?;
        let mut import = Import {
            db: &self.db,
            write: &write,
            replace,
            source: None,
            taken: Vec::new(),
            sources: 0,
            is_over: false,
        };
        let mut count = 0_u64;
        for line in input.lines() {
            count += 1;
            let refused = |what: &dyn std::fmt::Display| Fault::Refused(format!("export, line {count}: {what}"));
            let line = line.map_err(|error| refused(&error))?;
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&line).map_err(|error| refused(&error))?;
            import.take(line, count == 1).map_err(|fault| match fault {
                Fault::Refused(what) => refused(&what),
                other => other,
            })?;
        }
        let Import { sources, is_over, .. } = import;
        if !is_over {
            return Err(Fault::Refused(
                "the export ends too early, nothing was taken over\nhint: it is complete with a last line `end`"
                    .to_owned(),
            ));
        }
        write.commit().map_err(|error| self.db.fault(&error))?;
        Ok(sources)
    }

    /// Forgets everything of these sources.
    pub fn forget(&self, keys: &[SourceKey]) -> Result<(), Fault> {
        let write = self.db.write()?;
        for key in keys {
            forget(&self.db, &write, key)?;
        }
        write.commit().map_err(|error| self.db.fault(&error))
    }
}

/// An import on its way.
struct Import<'a> {
    db: &'a Db,
    write: &'a WriteTransaction,
    replace: bool,
    source: Option<(SourceKey, u32)>,
    /// Those before it.
    taken: Vec<(SourceKey, Progress, Vec<Retry>)>,
    sources: u64,
    is_over: bool,
}

impl Import<'_> {
    fn take(&mut self, line: Line, is_first: bool) -> Result<(), Fault> {
        let refused = |what: &str| Err(Fault::Refused(what.to_owned()));
        if is_first != matches!(line, Line::Head { .. }) || self.is_over {
            return refused("this is no export of the state; its first line is `head`, its last `end`");
        }
        let source = self.source.as_ref();
        match (line, source) {
            (Line::Head { format, .. }, _) if format > FORMAT => {
                refused(&format!("format {format}, this program knows up to {FORMAT}; use the newer program"))
            }
            (Line::Head { .. }, _) => Ok(()),
            (Line::Source { key, progress, retry }, _) => self.begin(&key, progress, retry),
            (Line::Task { kind, key, body }, Some((source, _))) => {
                let Ok(key) = STANDARD.decode(key) else { return refused("the task's key is no Base64") };
                if kind.contains('\0') {
                    return refused("the task's kind holds a NUL");
                }
                let put = vec![Task { kind, key, body }];
                apply_one(self.db, self.write, source, Change { put, ..Change::default() })
            }
            (Line::Ids { slot, written, ids }, Some((_, number))) => {
                let bytes = STANDARD.decode(ids).unwrap_or_default();
                let (ids, []) = bytes.as_chunks::<8>() else { return refused("the ids are cut off") };
                if ids.is_empty() {
                    return refused("the ids are no Base64");
                }
                let entry = |id: &[u8; 8]| Entry { slot: Slot(slot), id: u64::from_be_bytes(*id) };
                let mut ids: Vec<_> = ids.iter().map(entry).collect();
                ids.sort_unstable();
                ids.dedup();
                let mut table = self.write.open_table(LEDGER).map_err(|error| self.db.fault(&error))?;
                remember(self.db, &mut table, *number, (&ids, written))
            }
            (Line::End { sources }, _) if sources == self.sources => {
                self.is_over = true;
                Ok(())
            }
            (Line::End { sources }, _) => refused(&format!("there were {sources} sources, {} were read", self.sources)),
            (Line::Task { .. } | Line::Ids { .. }, None) => refused("it belongs to no source"),
        }
    }

    fn begin(&mut self, key: &SourceKey, progress: Option<Progress>, retry: Vec<Retry>) -> Result<(), Fault> {
        let key = key.canonical();
        let SourceKey { cloud, tenant, dataset } = &key;
        let is_name = |name: &str| !name.is_empty() && !name.contains('/');
        if ![cloud, tenant, dataset].into_iter().all(|name| is_name(name)) {
            return Err(Fault::Refused("a source has no name".to_owned()));
        }
        // Another spelling of it may stand in the same export.
        if let Some((_, known, owed)) = self.taken.iter().find(|(taken, ..)| *taken == key) {
            let progress = progress.map(|progress| older(known.clone(), progress));
            let change = Change { progress, retry: Some(both(owed.clone(), retry)), ..Change::default() };
            apply_one(self.db, self.write, &key, change)?;
            let number = number_of(self.db, self.write, &key)?;
            self.source = Some((key, number));
            self.sources += 1;
            return Ok(());
        }
        if self.db.number(&key)?.is_some() {
            if !self.replace {
                return Err(Fault::Refused(format!(
                    "{dataset} of {tenant} ({cloud}) is known here already, nothing was taken over\nhint: --force replaces \
                     what is known of it"
                )));
            }
            forget(self.db, self.write, &key)?;
        }
        self.taken.push((key.clone(), progress.clone().unwrap_or_default(), retry.clone()));
        apply_one(self.db, self.write, &key, Change { progress, retry: Some(retry), ..Change::default() })?;
        let number = number_of(self.db, self.write, &key)?;
        self.source = Some((key, number));
        self.sources += 1;
        Ok(())
    }
}

pub(super) fn forget(db: &Db, write: &WriteTransaction, key: &SourceKey) -> Result<(), Fault> {
    let fault = |error: redb::StorageError| db.fault(&error);
    let open = |error: redb::TableError| db.fault(&error);
    let removed =
        write.open_table(SOURCE).map_err(open)?.remove(key.text().as_str()).map_err(fault)?.map(|n| n.value());
    let Some(number) = removed else { return Ok(()) };
    write.open_table(PROGRESS).map_err(open)?.remove(number).map_err(fault)?;
    write.open_table(RETRY).map_err(open)?.remove(number).map_err(fault)?;
    let (first, last) = source_range(number);
    let mut chunks = write.open_table(LEDGER).map_err(open)?;
    chunks.retain_in::<&[u8; 16], _>(&first..=&last, |_, _| false).map_err(fault)?;
    let (first, next) = (number.to_be_bytes(), (u64::from(number) + 1).to_be_bytes());
    let mut tasks = write.open_table(TASK).map_err(open)?;
    if number == u32::MAX {
        return tasks.retain_in::<&[u8], _>(first.as_slice().., |_, _| false).map_err(fault);
    }
    tasks.retain_in::<&[u8], _>(first.as_slice()..&next[4..], |_, _| false).map_err(fault)
}
