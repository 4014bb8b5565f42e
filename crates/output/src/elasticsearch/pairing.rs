//! A bulk reply held against what was sent: every document has exactly one answer, or the reply is not believed.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::reply::{Answered, Id, Verdict, read_reply};
use crate::batch::Item;
use common::error::Error;

/// The verdict of every document, in their order.
///
/// An item belongs to the document whose id it names; one that names none, to the document at its place. A reply with more
/// or fewer items, or about documents that were not sent, says nothing about any document.
pub(super) fn verdicts(reply: &[u8], items: &[Item<'_>]) -> Result<Vec<Verdict>, Error> {
    let mut verdicts: Vec<Option<Verdict>> = vec![None; items.len()];
    let (mut displaced, mut is_foreign) = (Vec::new(), false);
    let count = read_reply(reply, &mut |place, Answered { id, verdict }| {
        let Some((item, slot)) = items.get(place).zip(verdicts.get_mut(place)) else { return };
        match id {
            Id::Missing => *slot = Some(verdict),
            Id::Known(id) if id == item.entry.id => *slot = Some(verdict),
            Id::Known(id) => displaced.push((id, verdict)),
            Id::Foreign => is_foreign = true,
        }
    })
    .map_err(|error| Error::Permanent(format!("bulk reply cannot be read, is this Elasticsearch? {error}")))?;
    if count != items.len() {
        return Err(Error::Permanent(format!("bulk reply has {count} items for {} documents", items.len())));
    }
    if !displaced.is_empty() {
        let mut free: FxHashMap<[u8; 16], VecDeque<usize>> = FxHashMap::default();
        for (place, item) in items.iter().enumerate().filter(|(place, _)| verdicts[*place].is_none()) {
            free.entry(item.entry.id).or_default().push_back(place);
        }
        for (id, verdict) in displaced {
            match free.get_mut(&id).and_then(VecDeque::pop_front) {
                Some(place) => verdicts[place] = Some(verdict),
                None => is_foreign = true,
            }
        }
    }
    let verdicts: Option<Vec<_>> = verdicts.into_iter().collect();
    verdicts.filter(|_| !is_foreign).ok_or_else(|| {
        Error::Permanent("bulk reply has items about documents that were not sent, is this Elasticsearch?".to_owned())
    })
}
