//! Changes of any number of sources in one durable step, and the forgetting of old ids.

use std::borrow::Borrow;
use std::sync::atomic::Ordering;

use redb::{ReadableTable, Table, WriteTransaction};

use super::db::{Db, LEDGER, META, PROGRESS, RETRY, SOURCE, TASK, chunk_key, source_range, task_key};
use super::slot::{Entry, Slot};
use super::{Change, Progress, SourceKey, chunk};
use common::clock;
use common::error::Fault;

/// Chunks that one step of forgetting looks at.
const PRUNED_AT_ONCE: usize = 2000;
/// Ids of records that changed this short before the cursor are never forgotten: a source without news reads them again
/// and again. Longer than the longest overlap.
const KEPT_MINUTES: u32 = 25 * 60;
/// Hours after which an id that is seen again counts as written again.
const FRESH_HOURS: u32 = 24;

pub(super) type Chunks<'txn> = Table<'txn, &'static [u8; 16], &'static [u8]>;

/// Writes the changes in one step: after a crash the file holds all of them or none.
pub(super) fn apply<K: Borrow<SourceKey>>(db: &Db, changes: impl Iterator<Item = (K, Change)>) -> Result<(), Fault> {
    let write = db.write()?;
    for (key, change) in changes {
        apply_one(db, &write, key.borrow(), change)?;
    }
    write.commit().map_err(|error| db.fault(&error))?;
    db.steps.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Adds the changes of one source to a step.
pub(super) fn apply_one(db: &Db, write: &WriteTransaction, key: &SourceKey, change: Change) -> Result<(), Fault> {
    let fault = |error: redb::StorageError| db.fault(&error);
    let open = |error: redb::TableError| db.fault(&error);
    let number = number_of(db, write, key)?;
    let Change { progress, mut ids, retry, put, done } = change;
    if let Some(progress) = progress {
        write.open_table(PROGRESS).map_err(open)?.insert(number, json(&progress)?.as_slice()).map_err(fault)?;
    }
    if let Some(retry) = retry {
        let mut table = write.open_table(RETRY).map_err(open)?;
        if retry.is_empty() {
            table.remove(number).map_err(fault)?;
        } else {
            table.insert(number, json(&retry)?.as_slice()).map_err(fault)?;
        }
    }
    if !put.is_empty() || !done.is_empty() {
        let mut table = write.open_table(TASK).map_err(open)?;
        for (kind, key) in done {
            table.remove(task_key(number, &kind, &key).as_slice()).map_err(fault)?;
        }
        for task in put {
            let body = json(&task.body)?;
            table.insert(task_key(number, &task.kind, &task.key).as_slice(), body.as_slice()).map_err(fault)?;
        }
    }
    if !ids.is_empty() {
        ids.sort_unstable();
        ids.dedup();
        let now = hour_of(clock::now());
        remember(db, &mut write.open_table(LEDGER).map_err(open)?, number, (&ids, now))?;
    }
    Ok(())
}

/// The number of a source; a new one if it has none.
pub(super) fn number_of(db: &Db, write: &WriteTransaction, key: &SourceKey) -> Result<u32, Fault> {
    let mut table = write.open_table(SOURCE).map_err(|error| db.fault(&error))?;
    let text = key.text();
    if let Some(number) = table.get(text.as_str()).map_err(|error| db.fault(&error))? {
        return Ok(number.value());
    }
    let mut meta = write.open_table(META).map_err(|error| db.fault(&error))?;
    let next = meta.get("next_source").map_err(|error| db.fault(&error))?.map(|next| next.value().parse());
    let number: u32 =
        next.transpose().map_err(|_| db.damaged("the number of its sources cannot be read"))?.unwrap_or(0);
    meta.insert("next_source", (number + 1).to_string().as_str()).map_err(|error| db.fault(&error))?;
    table.insert(text.as_str(), number).map_err(|error| db.fault(&error))?;
    Ok(number)
}

/// Adds sorted entries to the ledger of a source, delivered in the hour `now`.
pub(super) fn remember(
    db: &Db,
    table: &mut Chunks<'_>,
    number: u32,
    (mut ids, now): (&[Entry], u32),
) -> Result<(), Fault> {
    let mut writer = Writer { now, old: Vec::new(), merged: Vec::new(), value: Vec::new() };
    while let Some(first) = ids.first() {
        let (key, next) = neighbours(db, table, number, *first)?;
        let bound = next.map_or(ids.len(), |next| ids.partition_point(|entry| chunk_key(number, *entry) < next));
        let (here, rest) = ids.split_at(bound.max(1));
        writer.merge(table, Target { db, number, key, is_last: next.is_none() }, here)?;
        ids = rest;
    }
    Ok(())
}

/// Keys of two chunks that follow each other.
type Neighbours = (Option<[u8; 16]>, Option<[u8; 16]>);

/// Key of the chunk that an entry belongs to, and that of the one after it. Before the first chunk: that one.
fn neighbours(db: &Db, table: &Chunks<'_>, number: u32, entry: Entry) -> Result<Neighbours, Fault> {
    let fault = |error: redb::StorageError| db.fault(&error);
    let ((first, last), wanted) = (source_range(number), chunk_key(number, entry));
    let before = table.range::<&[u8; 16]>(&first..=&wanted).map_err(fault)?.next_back().transpose().map_err(fault)?;
    let before = before.map(|(key, _)| *key.value());
    let mut after = table.range::<&[u8; 16]>(&wanted..=&last).map_err(fault)?;
    let mut next = || -> Result<Option<[u8; 16]>, Fault> {
        let found = after.next().transpose().map_err(fault)?;
        Ok(found.map(|(key, _)| *key.value()))
    };
    let mut following = next()?;
    if following == before && before.is_some() {
        following = next()?;
    }
    Ok(match before {
        Some(before) => (Some(before), following),
        None => (following, next()?),
    })
}

/// The chunk that entries belong to.
#[derive(Clone, Copy)]
struct Target<'a> {
    db: &'a Db,
    number: u32,
    /// None where the source has no chunk.
    key: Option<[u8; 16]>,
    /// It is the source's last one.
    is_last: bool,
}

/// Buffers of a merge.
struct Writer {
    now: u32,
    old: Vec<Entry>,
    merged: Vec<Entry>,
    value: Vec<u8>,
}

impl Writer {
    /// Merges entries into a chunk, and splits what becomes too long.
    fn merge(&mut self, table: &mut Chunks<'_>, target: Target<'_>, entries: &[Entry]) -> Result<(), Fault> {
        let Target { db, number, key, is_last } = target;
        let Self { now, old, merged, value } = self;
        let fault = |error: redb::StorageError| db.fault(&error);
        old.clear();
        let mut written = 0;
        if let Some(key) = &key
            && let Some(chunk) = table.get(key).map_err(fault)?
        {
            let unreadable = || db.damaged("its ledger cannot be read");
            written = chunk::hour(chunk.value()).ok_or_else(unreadable)?;
            chunk::read(chunk.value(), old).ok_or_else(unreadable)?;
        }
        // Late ones are few: what is at the end, or behind everything there, leaves full chunks.
        let appends = is_last || old.last().is_none_or(|last| entries[0].slot >= last.slot);
        union(old, entries, merged);
        if merged.len() == old.len() && written.saturating_add(FRESH_HOURS) > *now {
            return Ok(());
        }
        if let Some(key) = &key
            && merged.first().is_none_or(|first| chunk_key(number, *first) != *key)
        {
            table.remove(key).map_err(fault)?;
        }
        let size = chunk::size(merged);
        let limit = if appends { chunk::MAX } else { (size / size.div_ceil(chunk::MAX) + 16).min(chunk::MAX) };
        let mut rest = merged.as_slice();
        while let Some(first) = rest.first() {
            value.clear();
            let taken = chunk::write(written.max(*now), rest, limit, value);
            table.insert(&chunk_key(number, *first), value.as_slice()).map_err(fault)?;
            rest = &rest[taken..];
        }
        Ok(())
    }
}

/// Merges two sorted lists without repetitions.
fn union(a: &[Entry], b: &[Entry], out: &mut Vec<Entry>) {
    out.clear();
    let (mut a, mut b) = (a, b);
    while let (Some(first), Some(second)) = (a.first(), b.first()) {
        out.push(*first.min(second));
        let (from_a, from_b) = (first <= second, second <= first);
        a = &a[usize::from(from_a)..];
        b = &b[usize::from(from_b)..];
    }
    out.extend_from_slice(a);
    out.extend_from_slice(b);
}

/// Forgets some of the ids that were written longer ago than `hours`, from the chunk `from` on. Returns where to go on.
pub(super) fn prune(db: &Db, hours: u32, from: [u8; 16]) -> Result<Option<[u8; 16]>, Fault> {
    prune_older_than(db, hour_of(clock::now()).saturating_sub(hours), from)
}

/// The same for ids that were written before the hour `oldest` since 1970.
pub(super) fn prune_older_than(db: &Db, oldest: u32, from: [u8; 16]) -> Result<Option<[u8; 16]>, Fault> {
    let fault = |error: redb::StorageError| db.fault(&error);
    let (mut old, mut last, mut looked_at) = (Vec::new(), None, 0);
    {
        let read = db.read()?;
        let Some(table) = db.table(&read, LEDGER)? else { return Ok(None) };
        let mut kept: Option<(u32, Slot)> = None;
        for item in table.range::<&[u8; 16]>(&from..).map_err(fault)?.take(PRUNED_AT_ONCE) {
            let (key, chunk) = item.map_err(fault)?;
            let key = *key.value();
            looked_at += 1;
            last = Some(key);
            if chunk::hour(chunk.value()).is_none_or(|hour| hour >= oldest) {
                continue;
            }
            let number = key.first_chunk().map_or(0, |number| u32::from_be_bytes(*number));
            let keep_from = match kept {
                Some((of, slot)) if of == number => slot,
                _ => kept.insert((number, reach(&db.progress(number)?.unwrap_or_default()))).1,
            };
            if chunk::last_slot(chunk.value()).is_some_and(|slot| slot < keep_from) {
                old.push(key);
            }
        }
    }
    if !old.is_empty() {
        let write = db.write()?;
        {
            let mut table = write.open_table(LEDGER).map_err(|error| db.fault(&error))?;
            for key in &old {
                // It may have been written again meanwhile.
                let is_old = |chunk: &[u8]| chunk::hour(chunk).is_some_and(|hour| hour < oldest);
                if table.get(key).map_err(fault)?.is_some_and(|chunk| is_old(chunk.value())) {
                    table.remove(key).map_err(fault)?;
                }
            }
        }
        write.commit().map_err(|error| db.fault(&error))?;
    }
    let next = last.filter(|_| looked_at == PRUNED_AT_ONCE).map(|last| u128::from_be_bytes(last).saturating_add(1));
    Ok(next.map(u128::to_be_bytes))
}

/// From here on the source may read its records again.
fn reach(progress: &Progress) -> Slot {
    match Slot::of(progress.cursor.as_deref().or(progress.floor.as_deref())) {
        Slot::UNDATED => Slot(u32::MAX),
        slot => slot.before(KEPT_MINUTES),
    }
}

fn hour_of(time: chrono::DateTime<chrono::Utc>) -> u32 {
    u32::try_from(time.timestamp() / 3600).unwrap_or_default()
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|error| Fault::Local(format!("state: {error}")))
}
