//! State of earlier versions: one JSON file per (cloud, tenant, dataset).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::db::{Db, FORMAT, META};
use super::slot::Entry;
use super::{Change, Progress, Retry, SourceKey, apply};
use common::clock;
use common::error::Fault;
use common::ids::parse_id;
use common::private;

/// Newest version of the JSON files.
const NEWEST_JSON: u32 = 2;

/// A JSON file, of version 1 without the last three.
#[derive(Debug, Deserialize)]
struct Old {
    version: u32,
    cursor: Option<String>,
    /// Version 1: documents at exactly the cursor. Version 2: documents of records without a readable time.
    #[serde(default)]
    seen: Vec<String>,
    floor: Option<String>,
    #[serde(default)]
    recent: Vec<Recent>,
    #[serde(default)]
    retry: Vec<Retry>,
}

#[derive(Debug, Deserialize)]
struct Recent {
    at: String,
    ids: Vec<String>,
}

/// Puts the format version and what the JSON files of the folder say into a new file.
pub(super) fn fill(db: &Db, folder: &Path) -> Result<(), Fault> {
    let old = old_files(folder).map_err(|error| Fault::local(folder.display(), &error))?;
    let mut changes = Vec::new();
    for (path, key) in &old {
        changes.push((key, read(path)?));
    }
    let taken_over = changes.len();
    apply::apply(db, changes.into_iter())?;
    let write = db.write()?;
    {
        let mut meta = write.open_table(META).map_err(|error| db.fault(&error))?;
        let state = if old.is_empty() { "none" } else { "begun" };
        for (name, value) in
            [("version", FORMAT.to_string()), ("created", clock::timestamp()), ("migration", state.to_owned())]
        {
            meta.insert(name, value.as_str()).map_err(|error| db.fault(&error))?;
        }
    }
    write.commit().map_err(|error| db.fault(&error))?;
    if taken_over > 0 {
        tracing::info!(sources = taken_over, folder = %folder.display(), "state of an earlier version is taken over");
    }
    Ok(())
}

/// Sets the JSON files aside whose content the file has taken over.
pub(super) fn finish(db: &Db, folder: &Path) -> Result<(), Fault> {
    let is_begun = db.meta(&db.read()?, "migration")?.is_some_and(|state| state == "begun");
    if !is_begun {
        return Ok(());
    }
    for (path, _) in old_files(folder).map_err(|error| Fault::local(folder.display(), &error))? {
        let aside = path.with_extension("json.migrated");
        let renamed = fs::rename(&path, aside).and_then(|()| private::sync_folder(path.parent().unwrap_or(folder)));
        renamed.map_err(|error| Fault::local(path.display(), &error))?;
    }
    let write = db.write()?;
    {
        let mut meta = write.open_table(META).map_err(|error| db.fault(&error))?;
        meta.insert("migration", "done").map_err(|error| db.fault(&error))?;
    }
    write.commit().map_err(|error| db.fault(&error))
}

/// `<cloud>/<tenant>/<dataset>.json` of datasets that exist.
fn old_files(folder: &Path) -> io::Result<Vec<(PathBuf, SourceKey)>> {
    let mut found = Vec::new();
    for cloud in folders(folder)? {
        for tenant in folders(&cloud)? {
            for dataset in schema::catalog() {
                let dataset = dataset.definition.name;
                let path = tenant.join(format!("{dataset}.json"));
                let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
                if path.is_file()
                    && let (Some(cloud), Some(tenant)) = (name(&cloud), name(&tenant))
                {
                    found.push((path, SourceKey { cloud, tenant, dataset: dataset.to_owned() }));
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Change, Fault> {
    let text = fs::read(path).map_err(|error| Fault::local(path.display(), &error))?;
    let damaged = |what: String| {
        Fault::Local(format!(
            "state file {} is damaged ({what})\nhint: move it away; the dataset then starts again at its look-back",
            path.display()
        ))
    };
    let old: Old = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    if old.version > NEWEST_JSON {
        return Err(damaged(format!("version {}, this program knows up to {NEWEST_JSON}", old.version)));
    }
    let seen_at = old.cursor.as_deref().filter(|_| old.version < 2);
    let dated = old.recent.iter().flat_map(|recent| recent.ids.iter().map(|id| (Some(recent.at.as_str()), id)));
    let all = old.seen.iter().map(|id| (seen_at, id)).chain(dated);
    let ids = all.map(|(at, id)| parse_id(id).map(|id| Entry::new(at, id)).ok_or_else(|| damaged(format!("id {id}"))));
    let ids = ids.collect::<Result<Vec<_>, Fault>>()?;
    let floor = old.floor.or_else(|| old.cursor.clone());
    let progress = Progress { cursor: old.cursor, floor, ..Progress::default() };
    Ok(Change { progress: Some(progress), ids, retry: Some(old.retry), ..Change::default() })
}
