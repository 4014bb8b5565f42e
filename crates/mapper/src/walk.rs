//! Walks a row along the plan: custom fields are written as they are met, ECS values are collected.

mod custom;
mod scalar;
mod split;

use crate::drift::Counts;
use crate::plan::{Column, Plan, Shape, ShapeId};
use crate::row::{At, Kind, Row};
use crate::values::{Placement, Values};

/// Marks a slot whose column the object does not have.
const NONE: At = At::MAX;
/// Marks a slot whose column is null.
const NULL: At = At::MAX - 1;

/// Buffers of a mapper, reused from row to row.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(crate) values: Values,
    /// The custom object.
    pub(crate) custom: Vec<u8>,
    /// Values that no column took.
    pub(crate) unmapped: Vec<Unmapped>,
    pub(crate) drift: Counts,
    /// Values by column, of all objects that enclose the place of the walk.
    slots: Vec<At>,
    unknown: Vec<At>,
    /// The column that stood at each position of the last object of each shape. Services write members in one order, so
    /// the guess is mostly right.
    hints: Vec<Vec<u16>>,
    /// Values that identify the item of a split row, as its kind demands, with their level in the row.
    pub(crate) item: Vec<Option<(At, usize)>>,
    /// Lists that the row is split by, each with the element that stands for the whole list, if it has any.
    pub(crate) selected_items: Vec<(At, Option<At>)>,
}

/// A value that no column took.
#[derive(Debug)]
pub(crate) struct Unmapped {
    /// Source path of the value.
    pub(crate) path: String,
    pub(crate) at: At,
    /// Level of the value in the row.
    pub(crate) depth: usize,
}

impl Buffers {
    /// Empties the buffers for the next document.
    pub(crate) fn reset(&mut self, fields: usize) {
        self.values.reset(fields);
        self.custom.clear();
        self.unmapped.clear();
        self.slots.clear();
        self.unknown.clear();
        self.item.clear();
    }
}

/// One walk over a row, which gives one document, or one per item of a split row.
pub(crate) struct Walk<'w, 'a> {
    pub(crate) plan: &'w Plan,
    pub(crate) row: &'w Row<'a>,
    pub(crate) buffers: &'w mut Buffers,
    /// The row is a parent whose items become documents.
    pub(crate) splitting: bool,
    /// Level in the row of the object that is walked. A list that the row is split by counts as its element.
    pub(crate) depth: usize,
}

/// An object whose split column is still to be walked.
struct Begun<'w> {
    shape: &'w Shape,
    base: usize,
    open: &'w [Box<str>],
}

impl<'w> Walk<'w, '_> {
    /// Writes the object's custom fields as `{…}` and collects its ECS values.
    pub(crate) fn object(&mut self, shape: ShapeId, at: At) {
        let Begun { shape, base, mut open } = self.begin(shape, at);
        if shape.split_column
            && let Some(column) = shape.columns.last()
        {
            let slot = base + shape.columns.len() - 1;
            let list = self.buffers.slots[slot];
            if let Some((_, element)) = self.buffers.selected_items.iter().find(|(split, _)| *split == list) {
                self.buffers.slots[slot] = element.unwrap_or(NONE);
            }
            self.slot(column, slot, &mut open, false);
        }
        self.end(base, open);
    }

    /// Walks everything of an object but its split column.
    fn begin(&mut self, shape: ShapeId, at: At) -> Begun<'w> {
        let plan = self.plan;
        let shape = self.kind(shape, at);
        let base = self.buffers.slots.len();
        let first_unknown = self.buffers.unknown.len();
        self.fill(shape, at, base);
        let shape = &plan.shapes[shape];
        if shape.item {
            self.buffers.item.clear();
            for (column, path) in &shape.identity {
                let at = self.buffers.slots[base + usize::from(*column)];
                let found = if at >= NULL { None } else { self.row.find(at, path) };
                let found = found.filter(|&at| self.row.kind(at) != Kind::Null);
                self.buffers.item.push(found.map(|at| (at, self.depth + 1 + path.len())));
            }
        }
        self.buffers.custom.push(b'{');
        let mut open: &'w [Box<str>] = &[];
        let early = shape.columns.len() - usize::from(shape.split_column);
        let mut written = false;
        for (position, column) in shape.columns[..early].iter().enumerate() {
            // Most objects have few of their columns: only the slots of the others are looked at.
            if !written && self.buffers.slots[base + position] >= NULL {
                continue;
            }
            let end = self.buffers.custom.len();
            let joined = column.joins && written;
            self.slot(column, base + position, &mut open, joined);
            written = self.buffers.custom.len() > end || joined;
        }
        for derived in &shape.derived {
            self.derived(derived, base);
        }
        for (field, value, rank) in &shape.constants {
            self.buffers.values.push(plan, Placement { field: *field, rank: *rank, repeats: false }, value);
        }
        for position in first_unknown..self.buffers.unknown.len() {
            let at = self.buffers.unknown[position];
            if self.row.kind(at) == Kind::Null {
                continue;
            }
            let path = format!("{}{}", shape.source, self.row.name(at));
            self.count("unknown_column", &path);
            self.buffers.unmapped.push(Unmapped { path, at, depth: self.depth + 1 });
        }
        self.buffers.unknown.truncate(first_unknown);
        Begun { shape, base, open }
    }

    fn slot(&mut self, column: &'w Column, slot: usize, open: &mut &'w [Box<str>], joined: bool) {
        let at = self.buffers.slots[slot];
        match joined {
            _ if at >= NULL || column.dropped => {}
            true => self.join(column, at),
            false => self.column(column, at, open),
        }
    }

    fn end(&mut self, base: usize, open: &[Box<str>]) {
        self.buffers.custom.extend(open.iter().map(|_| b'}'));
        self.buffers.custom.push(b'}');
        self.buffers.slots.truncate(base);
    }

    /// The shape of the object's own kind, if its type names a known one.
    fn kind(&mut self, id: ShapeId, at: At) -> ShapeId {
        let shape = &self.plan.shapes[id];
        if shape.kinds.is_empty() {
            return id;
        }
        let tag = self.row.member(at, "@odata.type").and_then(|tag| self.row.scalar(tag)).unwrap_or_default();
        if let Some(&kind) = shape.kinds.get(&*tag) {
            return kind;
        }
        if !shape.flattened {
            self.count("unknown_kind", if tag.is_empty() { "(none)" } else { &tag });
        }
        id
    }

    /// Puts the object's members into the slots of their columns.
    fn fill(&mut self, id: ShapeId, at: At, base: usize) {
        let shape = &self.plan.shapes[id];
        if shape.columns.is_empty() && shape.flattened {
            return;
        }
        let buffers = &mut *self.buffers;
        if buffers.hints.len() <= id {
            buffers.hints.resize(self.plan.shapes.len(), Vec::new());
        }
        let hints = &mut buffers.hints[id];
        buffers.slots.resize(base + shape.columns.len(), NONE);
        // Names that only the parent has are reported by the parent's own document, not by each of its items.
        let part = at == 0 && self.splitting && matches!(self.plan.rows, schema::Rows::Items(_));
        let slots = &mut buffers.slots[base..];
        for (position, child) in self.row.children(at).enumerate() {
            let expected = hints.get(position).copied();
            let hint = expected.filter(|&column| self.row.key_is(child, &shape.columns[usize::from(column)].name));
            let found = hint.or_else(|| shape.index.get(&*self.row.name(child)).copied());
            if let Some(column) = found.filter(|_| hint.is_none()) {
                if hints.len() <= position {
                    hints.resize(position + 1, column);
                }
                hints[position] = column;
            }
            match found {
                Some(column) => {
                    let slot = &mut slots[usize::from(column)];
                    *slot = if self.row.kind(child) == Kind::Null { NULL } else { child };
                }
                None if shape.flattened || part => {}
                None => buffers.unknown.push(child),
            }
        }
    }

    /// Counts drift, with the record that showed it.
    pub(crate) fn count(&mut self, kind: &'static str, path: &str) {
        self.buffers.drift.add(kind, path, 1, || record(self.row, &self.plan.id));
    }
}

/// The record's id, if it is readable.
pub(crate) fn record(row: &Row<'_>, id: &str) -> Option<String> {
    row.member(0, id).and_then(|id| row.scalar(id)).filter(|id| !id.is_empty()).map(Into::into)
}
