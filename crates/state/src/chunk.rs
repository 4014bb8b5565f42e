//! A leaf of the ledger: neighbouring entries of one source, packed into one value of about a page.
//!
//! Hour of writing (4 bytes), then for each slot: distance to the slot before, number of ids (both of variable length),
//! ids in their order (8 bytes each).

use super::slot::{Entry, Slot};

/// Longest value: with its key and the leaf's header it fills a page of 4 KiB.
pub(super) const MAX: usize = 4060;
/// Longest head of a slot.
const SLOT_HEAD: usize = 10;

/// Hour since 1970 in which a chunk was written last.
pub(super) fn hour(chunk: &[u8]) -> Option<u32> {
    chunk.first_chunk().map(|hour| u32::from_le_bytes(*hour))
}

/// Whether the entry is in the chunk; `None` if it is no chunk.
pub(super) fn contains(chunk: &[u8], entry: Entry) -> Option<bool> {
    for group in groups(chunk)? {
        let (slot, ids) = group?;
        if slot >= entry.slot {
            return Some(
                slot == entry.slot && ids.binary_search_by(|id| u64::from_le_bytes(*id).cmp(&entry.id)).is_ok(),
            );
        }
    }
    Some(false)
}

/// Adds the entries of the chunk; `None` if it is no chunk.
pub(super) fn read(chunk: &[u8], entries: &mut Vec<Entry>) -> Option<()> {
    for group in groups(chunk)? {
        let (slot, ids) = group?;
        entries.extend(ids.iter().map(|id| Entry { slot, id: u64::from_le_bytes(*id) }));
    }
    Some(())
}

/// The last slot of the chunk.
pub(super) fn last_slot(chunk: &[u8]) -> Option<Slot> {
    groups(chunk)?.last()?.map(|(slot, _)| slot)
}

/// Number of ids in the chunk.
pub(super) fn count(chunk: &[u8]) -> Option<usize> {
    groups(chunk)?.try_fold(0, |count, group| Some(count + group?.1.len()))
}

/// The longest beginning of sorted entries that makes a value of at most `limit` bytes, appended to `out`; returns the
/// number of entries taken, at least one.
pub(super) fn write(hour: u32, entries: &[Entry], limit: usize, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&hour.to_le_bytes());
    let (mut taken, mut last) = (0, 0);
    while let Some(first) = entries.get(taken) {
        let here = entries[taken..].iter().take_while(|entry| entry.slot == first.slot).count();
        let room = limit.saturating_sub(out.len() - start + SLOT_HEAD) / 8;
        let fits = here.min(if taken == 0 { room.max(1) } else { room });
        if fits == 0 {
            break;
        }
        push_number(out, first.slot.0 - last);
        push_number(out, u32::try_from(fits).unwrap_or(u32::MAX));
        for entry in &entries[taken..taken + fits] {
            out.extend_from_slice(&entry.id.to_le_bytes());
        }
        taken += fits;
        last = first.slot.0;
        if fits < here {
            break;
        }
    }
    taken
}

/// Bytes of the entries in one value.
pub(super) fn size(entries: &[Entry]) -> usize {
    let mut last = 0;
    let heads: usize = entries
        .chunk_by(|a, b| a.slot == b.slot)
        .map(|group| {
            let distance = group[0].slot.0 - last;
            last = group[0].slot.0;
            number_size(distance) + number_size(u32::try_from(group.len()).unwrap_or(u32::MAX))
        })
        .sum();
    4 + heads + entries.len() * 8
}

type Group<'a> = (Slot, &'a [[u8; 8]]);

fn groups(chunk: &[u8]) -> Option<impl Iterator<Item = Option<Group<'_>>>> {
    let mut rest = chunk.get(4..)?;
    let mut slot = 0_u32;
    Some(std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let group = next_group(&mut rest, &mut slot);
        if group.is_none() {
            rest = &[];
        }
        Some(group)
    }))
}

fn next_group<'a>(rest: &mut &'a [u8], slot: &mut u32) -> Option<Group<'a>> {
    *slot = slot.checked_add(pop_number(rest)?)?;
    let count = usize::try_from(pop_number(rest)?).ok()?;
    let (ids, tail) = rest.split_at_checked(count.checked_mul(8)?)?;
    *rest = tail;
    Some((Slot(*slot), ids.as_chunks().0))
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
