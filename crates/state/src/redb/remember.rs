//! Adding to a dedup index: keys are merged into the chunks of their neighbours.

use ::redb::{ReadableTable, Table};

use super::chunk;
use super::dedup_index::{chunk_key, chunk_range};
use super::file::StateFile;
use crate::DedupKey;
use common::clock;
use common::error::Error;

/// Hours after which an id that is seen again counts as written again.
const FRESH_HOURS: u32 = 24;

pub(super) type Chunks<'txn> = Table<'txn, &'static [u8; 16], &'static [u8]>;

/// Adds sorted keys to the dedup index of a dataset, delivered in this hour since 1970.
pub(super) fn remember(
    file: &StateFile,
    table: &mut Chunks<'_>,
    number: u32,
    (mut ids, hour): (&[DedupKey], u32),
) -> Result<(), Error> {
    // An hour in the future was told by a clock that was wrong: it would keep ids for ever.
    let today = hour_of(clock::now());
    let mut writer = Writer { hour: hour.min(today), today, old: Vec::new(), merged: Vec::new(), value: Vec::new() };
    while let Some(first) = ids.first() {
        let (key, next) = neighbours(file, table, number, *first)?;
        let bound = next.map_or(ids.len(), |next| ids.partition_point(|key| chunk_key(number, *key) < next));
        let (here, rest) = ids.split_at(bound.max(1));
        writer.merge(table, Target { file, number, key, is_last: next.is_none() }, here)?;
        ids = rest;
    }
    Ok(())
}

/// Keys of two chunks that follow each other.
type Neighbours = (Option<[u8; 16]>, Option<[u8; 16]>);

/// Key of the chunk that an key belongs to, and that of the one after it. Before the first chunk: that one.
fn neighbours(file: &StateFile, table: &Chunks<'_>, number: u32, key: DedupKey) -> Result<Neighbours, Error> {
    let failed = |error: ::redb::StorageError| file.to_error(&error);
    let ((first, last), wanted) = (chunk_range(number), chunk_key(number, key));
    let before = table.range::<&[u8; 16]>(&first..=&wanted).map_err(failed)?.next_back().transpose().map_err(failed)?;
    let before = before.map(|(key, _)| *key.value());
    let mut after = table.range::<&[u8; 16]>(&wanted..=&last).map_err(failed)?;
    let mut next = || -> Result<Option<[u8; 16]>, Error> {
        let found = after.next().transpose().map_err(failed)?;
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

/// The chunk that keys belong to.
#[derive(Clone, Copy)]
struct Target<'a> {
    file: &'a StateFile,
    number: u32,
    /// `None` where the dataset has no chunk.
    key: Option<[u8; 16]>,
    /// Whether no other chunk of the dataset follows.
    is_last: bool,
}

/// Buffers of a merge.
struct Writer {
    /// Hour of this writing, and the present one.
    hour: u32,
    today: u32,
    old: Vec<DedupKey>,
    merged: Vec<DedupKey>,
    value: Vec<u8>,
}

impl Writer {
    /// Merges keys into a chunk, and splits what becomes too long.
    fn merge(&mut self, table: &mut Chunks<'_>, target: Target<'_>, keys: &[DedupKey]) -> Result<(), Error> {
        let Target { file, number, key, is_last } = target;
        let Self { hour, today, old, merged, value } = self;
        let failed = |error: ::redb::StorageError| file.to_error(&error);
        old.clear();
        let mut written = 0;
        if let Some(key) = &key
            && let Some(chunk) = table.get(key).map_err(failed)?
        {
            let unreadable = || file.damaged("a dedup index cannot be read");
            written = chunk::hour(chunk.value()).ok_or_else(unreadable)?;
            chunk::read(chunk.value(), old).ok_or_else(unreadable)?;
        }
        // Late ones are few: what is at the end, or behind everything there, leaves full chunks.
        let appends = is_last || old.last().is_none_or(|last| keys[0].minute >= last.minute);
        union(old, keys, merged);
        if merged.len() == old.len() && written <= *today && written.saturating_add(FRESH_HOURS) > *hour {
            return Ok(());
        }
        if let Some(key) = &key
            && merged.first().is_none_or(|first| chunk_key(number, *first) != *key)
        {
            table.remove(key).map_err(failed)?;
        }
        let size = chunk::size(merged);
        let limit = if appends { chunk::MAX } else { (size / size.div_ceil(chunk::MAX) + 16).min(chunk::MAX) };
        let mut rest = merged.as_slice();
        while let Some(first) = rest.first() {
            value.clear();
            let taken = chunk::write(written.min(*today).max(*hour), rest, limit, value);
            table.insert(&chunk_key(number, *first), value.as_slice()).map_err(failed)?;
            rest = &rest[taken..];
        }
        Ok(())
    }
}

/// Merges two sorted lists without repetitions.
fn union(a: &[DedupKey], b: &[DedupKey], out: &mut Vec<DedupKey>) {
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

/// Hour since 1970.
pub(super) fn hour_of(time: chrono::DateTime<chrono::Utc>) -> u32 {
    u32::try_from(time.timestamp() / 3600).unwrap_or_default()
}
