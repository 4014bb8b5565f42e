//! A piece of a dedup index: neighbouring keys of one dataset, packed into one value of about a page.
//!
//! Hour of writing (4 bytes), then for each minute: distance to the minute before, number of ids (both of variable length),
//! ids in their order (8 bytes each).

use crate::{DedupKey, MinuteBucket};

/// Longest value: with its key and the header of the page it fills a page of 4 KiB.
pub(super) const MAX: usize = 4060;
/// Longest head of a minute.
const MINUTE_HEAD: usize = 10;

/// Hour since 1970 in which a chunk was written last.
pub(super) fn hour(chunk: &[u8]) -> Option<u32> {
    chunk.first_chunk().map(|hour| u32::from_le_bytes(*hour))
}

/// Looks up sorted keys with their places, up to the last key of the chunk, and tells of each place whether its key is in
/// the chunk. Returns the number of those keys: what comes behind them may be in a later chunk. `None` if it is no chunk.
pub(super) fn look_up(chunk: &[u8], keys: &[(DedupKey, usize)], tell: &mut impl FnMut(usize, bool)) -> Option<usize> {
    let mut told = 0;
    for group in groups(chunk)? {
        let (minute, ids) = group?;
        let Some(last) = ids.last().map(|id| u64::from_le_bytes(*id)) else { continue };
        while let Some((key, place)) = keys.get(told).filter(|(key, _)| (key.minute, key.id) <= (minute, last)) {
            let is_there = || ids.binary_search_by(|id| u64::from_le_bytes(*id).cmp(&key.id)).is_ok();
            tell(*place, key.minute == minute && is_there());
            told += 1;
        }
        if told == keys.len() {
            break;
        }
    }
    Some(told)
}

/// Adds the keys of the chunk; `None` if it is no chunk.
pub(super) fn read(chunk: &[u8], keys: &mut Vec<DedupKey>) -> Option<()> {
    for group in groups(chunk)? {
        let (minute, ids) = group?;
        keys.extend(ids.iter().map(|id| DedupKey { minute, id: u64::from_le_bytes(*id) }));
    }
    Some(())
}

/// The last minute of the chunk.
pub(super) fn last_minute(chunk: &[u8]) -> Option<MinuteBucket> {
    groups(chunk)?.last()?.map(|(minute, _)| minute)
}

/// Number of ids in the chunk.
pub(super) fn count(chunk: &[u8]) -> Option<usize> {
    groups(chunk)?.try_fold(0, |count, group| Some(count + group?.1.len()))
}

/// The longest beginning of sorted keys that makes a value of at most `limit` bytes, appended to `out`; returns the
/// number of keys taken, at least one.
pub(super) fn write(hour: u32, keys: &[DedupKey], limit: usize, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&hour.to_le_bytes());
    let (mut taken, mut last) = (0, 0);
    while let Some(first) = keys.get(taken) {
        let here = keys[taken..].iter().take_while(|key| key.minute == first.minute).count();
        let room = limit.saturating_sub(out.len() - start + MINUTE_HEAD) / 8;
        let fits = here.min(if taken == 0 { room.max(1) } else { room });
        if fits == 0 {
            break;
        }
        push_number(out, first.minute.0 - last);
        push_number(out, u32::try_from(fits).unwrap_or(u32::MAX));
        for key in &keys[taken..taken + fits] {
            out.extend_from_slice(&key.id.to_le_bytes());
        }
        taken += fits;
        last = first.minute.0;
        if fits < here {
            break;
        }
    }
    taken
}

/// Bytes of the keys in one value.
pub(super) fn size(keys: &[DedupKey]) -> usize {
    let mut last = 0;
    let heads: usize = keys
        .chunk_by(|a, b| a.minute == b.minute)
        .map(|group| {
            let distance = group[0].minute.0 - last;
            last = group[0].minute.0;
            number_size(distance) + number_size(u32::try_from(group.len()).unwrap_or(u32::MAX))
        })
        .sum();
    4 + heads + keys.len() * 8
}

type Group<'a> = (MinuteBucket, &'a [[u8; 8]]);

fn groups(chunk: &[u8]) -> Option<impl Iterator<Item = Option<Group<'_>>>> {
    let mut rest = chunk.get(4..)?;
    let mut minute = 0_u32;
    Some(std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let group = next_group(&mut rest, &mut minute);
        if group.is_none() {
            rest = &[];
        }
        Some(group)
    }))
}

fn next_group<'a>(rest: &mut &'a [u8], minute: &mut u32) -> Option<Group<'a>> {
    *minute = minute.checked_add(pop_number(rest)?)?;
    let count = usize::try_from(pop_number(rest)?).ok()?;
    let (ids, tail) = rest.split_at_checked(count.checked_mul(8)?)?;
    *rest = tail;
    Some((MinuteBucket(*minute), ids.as_chunks().0))
}

fn push_number(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn number_size(number: u32) -> usize {
    (32 - (number | 1).leading_zeros()).div_ceil(7) as usize
}

fn pop_number(rest: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        number |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
