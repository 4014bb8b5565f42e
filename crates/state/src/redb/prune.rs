//! Forgetting ids that were delivered long ago, in small steps.

use ::redb::ReadableTable;

use super::chunk;
use super::file::{DEDUP, StateFile};
use super::remember::hour_of;
use crate::{MinuteBucket, Progress};
use common::clock;
use common::error::Error;

/// Chunks that one step looks at.
const PRUNED_AT_ONCE: usize = 2000;
/// Ids of records that changed this short before the cursor are never forgotten: a source without news reads them again
/// and again. Longer than the longest overlap.
const KEPT_MINUTES: u32 = 25 * 60;

/// Forgets some of the ids that were written longer ago than `hours`, from the chunk `from` on. Returns where to go on.
pub(super) fn prune(file: &StateFile, hours: u32, from: [u8; 16]) -> Result<Option<[u8; 16]>, Error> {
    prune_older_than(file, hour_of(clock::now()).saturating_sub(hours), from)
}

/// The same for ids that were written before the hour `oldest` since 1970.
pub(super) fn prune_older_than(file: &StateFile, oldest: u32, from: [u8; 16]) -> Result<Option<[u8; 16]>, Error> {
    let failed = |error: ::redb::StorageError| file.to_error(&error);
    let (mut old, mut last, mut looked_at) = (Vec::new(), None, 0);
    {
        let read = file.read()?;
        let Some(table) = file.table(&read, DEDUP)? else { return Ok(None) };
        let mut kept: Option<(u32, MinuteBucket)> = None;
        for item in table.range::<&[u8; 16]>(&from..).map_err(failed)?.take(PRUNED_AT_ONCE) {
            let (key, chunk) = item.map_err(failed)?;
            let key = *key.value();
            looked_at += 1;
            last = Some(key);
            if chunk::hour(chunk.value()).is_none_or(|hour| hour >= oldest) {
                continue;
            }
            let dataset = key.first_chunk().map_or(0, |dataset| u32::from_be_bytes(*dataset));
            let keep_from = match kept {
                Some((of, minute)) if of == dataset => minute,
                _ => kept.insert((dataset, reach(&file.progress(&read, dataset)?.unwrap_or_default()))).1,
            };
            if chunk::last_minute(chunk.value()).is_some_and(|minute| minute < keep_from) {
                old.push(key);
            }
        }
    }
    if !old.is_empty() {
        let write = file.write()?;
        {
            let mut table = write.open_table(DEDUP).map_err(|error| file.to_error(&error))?;
            for key in &old {
                // It may have been written again meanwhile.
                let is_old = |chunk: &[u8]| chunk::hour(chunk).is_some_and(|hour| hour < oldest);
                if table.get(key).map_err(failed)?.is_some_and(|chunk| is_old(chunk.value())) {
                    table.remove(key).map_err(failed)?;
                }
            }
        }
        write.commit().map_err(|error| file.to_error(&error))?;
    }
    let next = last.filter(|_| looked_at == PRUNED_AT_ONCE).map(|last| u128::from_be_bytes(last).saturating_add(1));
    Ok(next.map(u128::to_be_bytes))
}

/// From here on the dataset may read its records again.
fn reach(progress: &Progress) -> MinuteBucket {
    match MinuteBucket::of(progress.cursor.as_deref().or(progress.floor.as_deref())) {
        MinuteBucket::UNDATED => MinuteBucket(u32::MAX),
        minute => minute.before(KEPT_MINUTES),
    }
}
