//! The walk over a row that is split into items: what all items share is written once, and the walk returns to that
//! point for every item.

use super::{Begun, Buffers, NULL, Walk};
use crate::plan::{Content, ShapeId};
use crate::row::{At, Kind};

/// Lengths of the buffers before an item.
struct Mark {
    custom: usize,
    unmapped: usize,
    slots: usize,
    unknown: usize,
    values: crate::values::Mark,
}

impl Buffers {
    fn mark(&mut self) -> Mark {
        Mark {
            custom: self.custom.len(),
            unmapped: self.unmapped.len(),
            slots: self.slots.len(),
            unknown: self.unknown.len(),
            values: self.values.mark(),
        }
    }

    /// Takes back what was added since the mark.
    fn back(&mut self, mark: &Mark) {
        self.custom.truncate(mark.custom);
        self.unmapped.truncate(mark.unmapped);
        self.slots.truncate(mark.slots);
        self.unknown.truncate(mark.unknown);
        self.values.back(&mark.values);
    }
}

/// An object within the custom object whose key was written for the present item.
struct Opened<'o> {
    /// Length of the custom object before the key.
    before_key: usize,
    /// Objects that were open there, beside the custom object itself.
    around: usize,
    /// Objects that are open within it, itself included.
    within: usize,
    outer: Option<&'o Opened<'o>>,
}

impl Walk<'_, '_> {
    /// Walks the row once for all the items it is split by: `each` is called when the custom object is complete for
    /// one of them; then the walk returns to where the items differ.
    pub(crate) fn split(&mut self, each: &mut dyn FnMut(&mut Self)) {
        self.split_object(0, 0, None, each);
    }

    fn split_object(&mut self, shape: ShapeId, at: At, outer: Option<&Opened<'_>>, each: &mut dyn FnMut(&mut Self)) {
        let Begun { shape, base, open } = self.begin(shape, at);
        let around = outer.map_or(0, |outer| outer.within);
        let optional = matches!(self.plan.rows, schema::Rows::Outer { .. });
        let list = self.buffers.slots.last().copied().filter(|_| shape.split_column).filter(|&list| list < NULL);
        let (Some(list), Some(column)) = (list, shape.columns.last()) else {
            if optional {
                self.finish(around + open.len(), outer, each);
            }
            return self.end(base, open);
        };
        let is_list = self.row.kind(list) == Kind::Array;
        let elements = if is_list { self.row.children(list).collect() } else { vec![list] };
        let mut items = elements.into_iter().filter(|&element| self.row.kind(element) != Kind::Null).peekable();
        if items.peek().is_none() && optional {
            self.buffers.selected_items.push((list, None));
            self.finish(around + open.len(), outer, each);
            self.buffers.selected_items.pop();
        }
        for item in items {
            let mark = self.buffers.mark();
            if is_list {
                self.buffers.selected_items.push((list, Some(item)));
            }
            let mut open_here = open;
            match column.content {
                Content::Object(inner)
                    if self.plan.shapes[inner].split_column && self.row.kind(item) == Kind::Object =>
                {
                    let (before_key, around_key) = (self.buffers.custom.len(), around + open.len());
                    self.key(column, &mut open_here);
                    let within = around + open_here.len() + 1;
                    self.depth += 1;
                    self.split_object(
                        inner,
                        item,
                        Some(&Opened { before_key, around: around_key, within, outer }),
                        each,
                    );
                    self.depth -= 1;
                }
                _ => {
                    self.column(column, item, &mut open_here);
                    self.finish(around + open_here.len(), outer, each);
                }
            }
            if is_list {
                self.buffers.selected_items.pop();
            }
            self.buffers.back(&mark);
        }
        self.end(base, open);
    }

    /// Closes the open objects within the custom object, and that itself, and hands the item over.
    fn finish(&mut self, open: usize, opened: Option<&Opened<'_>>, each: &mut dyn FnMut(&mut Self)) {
        if let Some(opened) = opened
            && self.buffers.custom.ends_with(b"{")
        {
            // The object that was opened last stayed empty, so its key is left out as well.
            let written = self.buffers.custom.split_off(opened.before_key);
            self.finish(opened.around, opened.outer, each);
            self.buffers.custom.extend_from_slice(&written);
            return;
        }
        let end = self.buffers.custom.len();
        self.buffers.custom.extend(std::iter::repeat_n(b'}', open + 1));
        each(self);
        self.buffers.custom.truncate(end);
    }
}
