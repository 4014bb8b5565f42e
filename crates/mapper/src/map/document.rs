//! The end of a walk: the document's id, what it carries beside its columns, and its text.

use super::Marks;
use crate::id::identify;
use crate::plan::FieldId;
use crate::row::Row;
use crate::walk::{Buffers, Unmapped, Walk, record};
use crate::{DocId, Reject, raw};

/// Tag by which Elastic's packages mark documents that keep `event.original`.
const PRESERVE_TAG: &str = "preserve_original_event";

/// Turns a finished walk into a document.
pub(super) struct Finish<'m> {
    pub(super) timestamp: Option<FieldId>,
    /// The raw row is kept in `event.original`.
    pub(super) original: bool,
    pub(super) marks: &'m Marks,
    /// Part of the identity that all documents of the row share.
    pub(super) identity: String,
}

impl Finish<'_> {
    /// Writes the document that the walk has collected, and gives its id.
    pub(super) fn document(&mut self, walk: &mut Walk<'_, '_>, out: &mut Vec<u8>) -> Result<DocId, Reject> {
        let (plan, row) = (walk.plan, walk.row);
        let id = identify(plan, row, &walk.buffers.selected_items, &walk.buffers.item, &mut self.identity)?;
        if self.original {
            let original =
                if walk.splitting { raw::part(row, &walk.buffers.selected_items) } else { row.text().into() };
            for (name, value) in [("event.original", &*original), ("tags", PRESERVE_TAG)] {
                if let Some(field) = plan.field(name) {
                    walk.buffers.values.push(plan, field, value);
                }
            }
        }
        if self.timestamp.is_some_and(|field| !walk.buffers.values.has(field)) {
            return Err(no_timestamp());
        }
        unmapped(walk);
        out.clear();
        walk.buffers.values.write(plan, &walk.buffers.custom, out);
        self.marks.write(out);
        Ok(id)
    }
}

pub(super) fn no_timestamp() -> Reject {
    Reject::new("no_timestamp", "none of the columns that give @timestamp holds a time")
}

/// Names the record in a rejection, if its id is readable.
pub(super) fn named(id: &str, row: &Row<'_>, mut reject: Reject) -> Reject {
    reject.record = reject.record.or_else(|| record(row, id));
    reject
}

/// Adds the values that no column took to the custom object, as lists by source path.
fn unmapped(walk: &mut Walk<'_, '_>) {
    let (row, Buffers { unmapped, custom, .. }) = (walk.row, &mut *walk.buffers);
    if unmapped.is_empty() {
        return;
    }
    let mut sorted: Vec<&Unmapped> = unmapped.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    custom.pop();
    if custom.last() != Some(&b'{') {
        custom.push(b',');
    }
    custom.extend_from_slice(b"\"unmapped\":{");
    let mut too_deep = Vec::new();
    for (position, same) in sorted.chunk_by(|a, b| a.path == b.path).enumerate() {
        if position > 0 {
            custom.push(b',');
        }
        crate::row::quote(&same[0].path, custom);
        custom.extend_from_slice(b":[");
        for (position, Unmapped { path, at, depth }) in same.iter().enumerate() {
            if position > 0 {
                custom.push(b',');
            }
            if raw::write(row, *at, *depth, custom) {
                too_deep.push(path.clone());
            }
        }
        custom.push(b']');
    }
    custom.extend_from_slice(b"}}");
    for path in &too_deep {
        walk.count("too_deep", path);
    }
}
