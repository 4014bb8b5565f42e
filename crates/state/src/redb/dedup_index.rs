//! Reading a dedup index: which documents of a dataset were delivered.

use std::path::PathBuf;

use ::redb::{ReadOnlyTable, ReadTransaction, StorageError};

use super::chunk;
use super::file::{DEDUP, StateFile, damaged, storage_error};
use crate::{DedupKey, EndpointKey, MinuteBucket};
use common::error::Error;

type Chunks = ReadOnlyTable<&'static [u8; 16], &'static [u8]>;

/// The documents of one dataset that were delivered, as of the moment that this was made. Not to be kept for long: the
/// file cannot reuse its space meanwhile.
#[derive(Default)]
pub(super) struct DedupIndex {
    table: Option<(Chunks, u32)>,
    path: PathBuf,
}

impl DedupIndex {
    /// For each document whether the index does not hold it. Neighbours are looked up together: they share their chunk and
    /// the way to it.
    pub(super) fn unseen(&self, keys: &[DedupKey]) -> Result<Vec<bool>, Error> {
        let mut unseen = vec![true; keys.len()];
        let mut sorted: Vec<_> = keys.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        self.look_up(&sorted, &mut |place, is_there| {
            if is_there && let Some(unseen) = unseen.get_mut(place) {
                *unseen = false;
            }
        })?;
        Ok(unseen)
    }

    /// Looks up sorted keys with their places.
    fn look_up(&self, mut keys: &[(DedupKey, usize)], tell: &mut impl FnMut(usize, bool)) -> Result<(), Error> {
        let Some((table, dataset)) = &self.table else { return Ok(()) };
        let (start, end) = chunk_range(*dataset);
        while let Some((first, _)) = keys.first() {
            let wanted = chunk_key(*dataset, *first);
            let before = table.range::<&[u8; 16]>(&start..=&wanted).and_then(|mut range| range.next_back().transpose());
            let told = match before.map_err(|error| self.to_error(&error))? {
                Some((_, chunk)) => chunk::look_up(chunk.value(), keys, tell).ok_or_else(|| self.unreadable())?,
                None => 0,
            };
            keys = &keys[told..];
            if told > 0 {
                continue;
            }
            // The first one lies behind the chunk that would hold it, and whatever lies between two chunks is in neither.
            if keys.len() == 1 {
                break;
            }
            let after = table.range::<&[u8; 16]>(&wanted..=&end).and_then(|mut range| range.next().transpose());
            let after = after.map_err(|error| self.to_error(&error))?.map(|(key, _)| *key.value());
            let between =
                after.map_or(keys.len(), |after| keys.partition_point(|(key, _)| chunk_key(*dataset, *key) < after));
            keys = &keys[between.max(1)..];
        }
        Ok(())
    }

    /// The last minute with a document; undated if there is none.
    pub(super) fn newest(&self) -> Result<MinuteBucket, Error> {
        let Some((table, dataset)) = &self.table else { return Ok(MinuteBucket::UNDATED) };
        let (first, last) = chunk_range(*dataset);
        let found = table.range::<&[u8; 16]>(&first..=&last).and_then(|mut range| range.next_back().transpose());
        let Some((_, chunk)) = found.map_err(|error| self.to_error(&error))? else { return Ok(MinuteBucket::UNDATED) };
        chunk::last_minute(chunk.value()).ok_or_else(|| self.unreadable())
    }

    fn to_error(&self, error: &StorageError) -> Error {
        storage_error(&self.path, error)
    }

    fn unreadable(&self) -> Error {
        damaged(&self.path, "a dedup index cannot be read")
    }
}

impl StateFile {
    /// The dedup index of a dataset as it is now.
    pub(super) fn index_of(&self, endpoint: &EndpointKey, dataset: &str) -> Result<DedupIndex, Error> {
        let read = self.read()?;
        let Some(endpoint) = self.endpoint(&read, endpoint)? else { return Ok(DedupIndex::default()) };
        match self.dataset(&read, endpoint, dataset)? {
            Some(number) => self.dedup_index(&read, number),
            None => Ok(DedupIndex::default()),
        }
    }

    /// The same, as of a moment and by the dataset's number.
    pub(super) fn dedup_index(&self, read: &ReadTransaction, dataset: u32) -> Result<DedupIndex, Error> {
        let table = self.table(read, DEDUP)?;
        Ok(DedupIndex { table: table.map(|table| (table, dataset)), path: self.path().to_owned() })
    }

    /// The chunks of a dedup index.
    pub(super) fn chunks(
        &self,
        read: &ReadTransaction,
        dataset: u32,
        each: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(table) = self.table(read, DEDUP)? else { return Ok(()) };
        let (first, last) = chunk_range(dataset);
        for item in table.range::<&[u8; 16]>(&first..=&last).map_err(|error| self.to_error(&error))? {
            each(item.map_err(|error| self.to_error(&error))?.1.value())?;
        }
        Ok(())
    }
}

/// Key of the chunk that begins with this document.
pub(super) fn chunk_key(dataset: u32, first: DedupKey) -> [u8; 16] {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&dataset.to_be_bytes());
    key[4..8].copy_from_slice(&first.minute.0.to_be_bytes());
    key[8..].copy_from_slice(&first.id.to_be_bytes());
    key
}

/// First and last possible key of a dataset's chunks.
pub(super) fn chunk_range(dataset: u32) -> ([u8; 16], [u8; 16]) {
    let last = DedupKey { minute: MinuteBucket(u32::MAX), id: u64::MAX };
    (chunk_key(dataset, DedupKey { minute: MinuteBucket(0), id: 0 }), chunk_key(dataset, last))
}
