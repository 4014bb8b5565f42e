//! Identity of a document: a hash over the values that name the record and its version, never over its bytes.

use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::Reject;
use crate::plan::Plan;
use crate::raw::canonical;
use crate::row::{At, Kind, Row};

/// `_id` of a document: the first 128 bits of a SHA-256, printed as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocId(pub [u8; 16]);

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits(&mut [0; 32]))
    }
}

impl DocId {
    /// The id of something that has no identity of its own: `kind` says what it is, `content` tells it from others of the
    /// kind. The same content has the same id in every release, because ids are stored.
    pub fn of_content(kind: &str, content: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in [kind.as_bytes()].iter().chain(content) {
            // With its length before it, no part can be taken for another.
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self::head(&hasher.finalize())
    }

    /// Its lower-case hexadecimal digits, as the index has them.
    pub fn digits<'a>(&self, buffer: &'a mut [u8; 32]) -> &'a str {
        HEXLOWER.encode_mut_str(&self.0, buffer)
    }

    /// The first 128 bits of a digest.
    pub(crate) fn head(digest: &[u8]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

/// Separates the parts of an identity; no Microsoft id holds this character.
const SEPARATOR: char = '\u{1f}';

/// Computes the document's identity. `selected_items` are the elements that stand for their lists. `named_by` holds the
/// values that identify an item of its kind, with their level in the row. `shared` keeps the part of the identity that is
/// the same for all items of one row.
pub(crate) fn identify(
    plan: &Plan,
    row: &Row<'_>,
    selected_items: &[(At, Option<At>)],
    named_by: &[Option<(At, usize)>],
    shared: &mut String,
) -> Result<DocId, Reject> {
    if shared.is_empty() {
        shared.push_str(plan.name);
        parts(row, selected_items, &plan.identity[..plan.shared_identity], shared);
        check_identity(plan, row, selected_items)?;
    }
    let mut text = String::with_capacity(256);
    text.push_str(shared);
    parts(row, selected_items, &plan.identity[plan.shared_identity..], &mut text);
    if let Some((path, _)) = &plan.item
        && let Some(item) =
            selected_items.last().map_or_else(|| find(row, selected_items, 0, path), |(_, element)| *element)
    {
        let before = text.len();
        let mut named = false;
        for found in named_by {
            text.push(SEPARATOR);
            let part = text.len();
            if let Some((at, depth)) = found {
                canonical(row, *at, *depth, &mut text);
            }
            named |= text.len() > part;
        }
        if !named {
            // An item without any identifying value is identified by its whole content.
            text.truncate(before);
            text.push(SEPARATOR);
            canonical(row, item, 1, &mut text);
        }
    }
    Ok(DocId::head(&Sha256::digest(&text)))
}

/// Refuses a row without an id.
pub(crate) fn check_identity(plan: &Plan, row: &Row<'_>, selected_items: &[(At, Option<At>)]) -> Result<(), Reject> {
    let id = plan.identity.first().and_then(|path| find(row, selected_items, 0, path)).and_then(|at| row.scalar(at));
    if id.is_some_and(|id| !id.is_empty()) {
        return Ok(());
    }
    let name = plan.identity.first().map(|path| path.join(".")).unwrap_or_default();
    Err(Reject::new("no_identity", format!("`{name}` is missing or empty: the row cannot be told from others")))
}

fn parts(row: &Row<'_>, selected_items: &[(At, Option<At>)], paths: &[Vec<Box<str>>], text: &mut String) {
    // Paths in a row mostly name members of one object, so the object is looked up once.
    let (mut inside, mut object): (&[Box<str>], _) = (&[], Some(0));
    for path in paths {
        text.push(SEPARATOR);
        let Some((name, parents)) = path.split_last() else { continue };
        if parents != inside {
            (inside, object) = (parents, find(row, selected_items, 0, parents));
        }
        if let Some(at) = object.and_then(|object| find(row, selected_items, object, std::slice::from_ref(name))) {
            canonical(row, at, path.len(), text);
        }
    }
}

fn find(row: &Row<'_>, selected_items: &[(At, Option<At>)], at: At, path: &[Box<str>]) -> Option<At> {
    path.iter().try_fold(at, |at, name| {
        let child = row.member(at, name)?;
        let child =
            selected_items.iter().find(|(list, _)| *list == child).map_or(Some(child), |(_, element)| *element)?;
        (row.kind(child) != Kind::Null).then_some(child)
    })
}
