//! Walks a row along the plan: custom fields are written as they are met, ECS values are collected.

mod scalar;

use crate::drift::Counts;
use crate::plan::{Column, Content, Plan, Shape, ShapeId};
use crate::raw;
use crate::row::{At, Kind, Row, decode};
use crate::values::{Target, Values};

/// No value in a slot.
const NONE: At = At::MAX;
/// Null in a slot.
const NULL: At = At::MAX - 1;

/// Buffers of a mapper, reused from row to row.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) values: Values,
    /// The custom object.
    pub(crate) custom: Vec<u8>,
    /// What no column took.
    pub(crate) unmapped: Vec<Unmapped>,
    pub(crate) drift: Counts,
    /// Values per column of the objects on the way to where the walk stands.
    slots: Vec<At>,
    unknown: Vec<At>,
    /// Column met last time at each position of an object of each shape: services write members in one order.
    hints: Vec<Vec<u16>>,
    /// What tells the item of a split row apart, as its kind says, with its level in the row.
    pub(crate) item: Vec<Option<(At, usize)>>,
    /// Lists of which one element stands for the whole, when a row is split: (list, element or none).
    pub(crate) chosen: Vec<(At, Option<At>)>,
}

/// A value that no column took.
#[derive(Debug)]
pub(crate) struct Unmapped {
    /// Its source path.
    pub(crate) path: String,
    pub(crate) at: At,
    /// Its level in the row.
    pub(crate) depth: usize,
}

impl State {
    /// Empties the buffers for the next document.
    pub(crate) fn reset(&mut self, fields: usize) {
        self.values.reset(fields);
        self.custom.clear();
        self.unmapped.clear();
        self.slots.clear();
        self.unknown.clear();
        self.item.clear();
    }

    fn mark(&mut self) -> Mark {
        Mark {
            custom: self.custom.len(),
            unmapped: self.unmapped.len(),
            slots: self.slots.len(),
            unknown: self.unknown.len(),
            values: self.values.mark(),
        }
    }

    fn back(&mut self, mark: &Mark) {
        self.custom.truncate(mark.custom);
        self.unmapped.truncate(mark.unmapped);
        self.slots.truncate(mark.slots);
        self.unknown.truncate(mark.unknown);
        self.values.back(&mark.values);
    }
}

/// One walk.
pub(crate) struct Walk<'w, 'a> {
    pub(crate) plan: &'w Plan,
    pub(crate) row: &'w Row<'a>,
    pub(crate) state: &'w mut State,
    /// The row is a parent whose items become documents.
    pub(crate) splitting: bool,
    /// Level in the row of the object at hand. A list that a row is split by counts as its element.
    pub(crate) depth: usize,
}

/// An object whose late column is still to come.
struct Begun<'w> {
    shape: &'w Shape,
    base: usize,
    open: &'w [Box<str>],
}

/// How far the buffers were filled before an item.
struct Mark {
    custom: usize,
    unmapped: usize,
    slots: usize,
    unknown: usize,
    values: crate::values::Mark,
}

impl<'w> Walk<'w, '_> {
    /// Writes the object's custom fields as `{…}` and collects its ECS values.
    pub(crate) fn object(&mut self, shape: ShapeId, at: At) {
        let Begun { shape, base, mut open } = self.begin(shape, at);
        if shape.late
            && let Some(column) = shape.columns.last()
        {
            let slot = base + shape.columns.len() - 1;
            let list = self.state.slots[slot];
            if let Some((_, element)) = self.state.chosen.iter().find(|(chosen, _)| *chosen == list) {
                self.state.slots[slot] = element.unwrap_or(NONE);
            }
            self.slot(column, slot, &mut open, false);
        }
        self.end(base, open);
    }

    /// Walks the row once for all the items it is split by: `each` is called when the custom object is complete for
    /// one of them; then the walk returns to where the items differ.
    pub(crate) fn split(&mut self, shape: ShapeId, at: At, depth: usize, each: &mut dyn FnMut(&mut Self)) {
        let Begun { shape, base, open } = self.begin(shape, at);
        let optional = matches!(self.plan.rows, schema::Rows::Outer { .. });
        let list = self.state.slots.last().copied().filter(|_| shape.late).filter(|&list| list < NULL);
        let (Some(list), Some(column)) = (list, shape.columns.last()) else {
            if optional {
                self.finish(open.len() + depth, each);
            }
            return self.end(base, open);
        };
        let is_list = self.row.kind(list) == Kind::Array;
        let elements = if is_list { self.row.children(list).collect() } else { vec![list] };
        let mut items = elements.into_iter().filter(|&element| self.row.kind(element) != Kind::Null).peekable();
        if items.peek().is_none() && optional {
            self.state.chosen.push((list, None));
            self.finish(open.len() + depth, each);
            self.state.chosen.pop();
        }
        for item in items {
            let mark = self.state.mark();
            if is_list {
                self.state.chosen.push((list, Some(item)));
            }
            let mut open = open;
            match column.content {
                Content::Object(inner) if self.plan.shapes[inner].late && self.row.kind(item) == Kind::Object => {
                    self.key(column, &mut open);
                    self.depth += 1;
                    self.split(inner, item, depth + 1 + open.len(), each);
                    self.depth -= 1;
                }
                _ => {
                    self.column(column, item, &mut open);
                    self.finish(open.len() + depth, each);
                }
            }
            if is_list {
                self.state.chosen.pop();
            }
            self.state.back(&mark);
        }
        self.end(base, open);
    }

    /// Closes the custom object for the item at hand.
    fn finish(&mut self, open: usize, each: &mut dyn FnMut(&mut Self)) {
        if open > 0 && self.state.custom.ends_with(b"{") {
            return self.finish_without(open - 1, each);
        }
        let end = self.state.custom.len();
        self.state.custom.extend(std::iter::repeat_n(b'}', open + 1));
        each(self);
        self.state.custom.truncate(end);
    }

    /// The same where nothing of the object that opened last was written: its key goes too.
    fn finish_without(&mut self, open: usize, each: &mut dyn FnMut(&mut Self)) {
        let before = self.state.custom.clone();
        let key = self.plan.shapes[0].columns.last().and_then(|column| column.key.as_deref()).unwrap_or_default();
        self.state.custom.truncate(before.len() - 1 - key.len());
        if self.state.custom.ends_with(b",") {
            self.state.custom.pop();
        }
        self.finish(open, each);
        self.state.custom = before;
    }

    /// Everything of an object but its late column.
    fn begin(&mut self, shape: ShapeId, at: At) -> Begun<'w> {
        let plan = self.plan;
        let shape = self.kind(shape, at);
        let base = self.state.slots.len();
        let first_unknown = self.state.unknown.len();
        self.fill(shape, at, base);
        let shape = &plan.shapes[shape];
        if shape.item {
            self.state.item.clear();
            for (column, path) in &shape.identity {
                let at = self.state.slots[base + usize::from(*column)];
                let found = if at >= NULL { None } else { self.row.find(at, path) };
                let found = found.filter(|&at| self.row.kind(at) != Kind::Null);
                self.state.item.push(found.map(|at| (at, self.depth + 1 + path.len())));
            }
        }
        self.state.custom.push(b'{');
        let mut open: &'w [Box<str>] = &[];
        let early = shape.columns.len() - usize::from(shape.late);
        let mut written = false;
        for (position, column) in shape.columns[..early].iter().enumerate() {
            let end = self.state.custom.len();
            let joined = column.joins && written;
            self.slot(column, base + position, &mut open, joined);
            written = self.state.custom.len() > end || joined;
        }
        for derived in &shape.derived {
            self.derived(derived, base);
        }
        for (field, value, rank) in &shape.constants {
            self.state.values.push(plan, Target { field: *field, rank: *rank, repeats: false }, value);
        }
        for position in first_unknown..self.state.unknown.len() {
            let at = self.state.unknown[position];
            if self.row.kind(at) == Kind::Null {
                continue;
            }
            let path = format!("{}{}", shape.source, decode(self.row.key(at)));
            self.count("unknown_column", &path);
            self.state.unmapped.push(Unmapped { path, at, depth: self.depth + 1 });
        }
        self.state.unknown.truncate(first_unknown);
        Begun { shape, base, open }
    }

    fn slot(&mut self, column: &'w Column, slot: usize, open: &mut &'w [Box<str>], joined: bool) {
        let at = self.state.slots[slot];
        match joined {
            _ if at >= NULL || column.dropped => {}
            true => self.join(column, at),
            false => self.column(column, at, open),
        }
    }

    /// Adds a list to the one that the column before wrote.
    fn join(&mut self, column: &'w Column, at: At) {
        self.state.custom.pop();
        self.values(column, at, 0);
        self.state.custom.push(b']');
    }

    fn end(&mut self, base: usize, open: &[Box<str>]) {
        self.state.custom.extend(open.iter().map(|_| b'}'));
        self.state.custom.push(b'}');
        self.state.slots.truncate(base);
    }

    /// The shape of the object's own kind, where it has one.
    fn kind(&mut self, id: ShapeId, at: At) -> ShapeId {
        let shape = &self.plan.shapes[id];
        if shape.kinds.is_empty() {
            return id;
        }
        let tag = self.row.member(at, "@odata.type").and_then(|tag| self.row.scalar(tag)).unwrap_or_default();
        if let Some(&kind) = shape.kinds.get(&*tag) {
            return kind;
        }
        if !shape.hidden {
            self.count("unknown_kind", if tag.is_empty() { "(none)" } else { &tag });
        }
        id
    }

    /// Puts the object's members into the slots of their columns.
    fn fill(&mut self, id: ShapeId, at: At, base: usize) {
        let shape = &self.plan.shapes[id];
        let state = &mut *self.state;
        if state.hints.len() <= id {
            state.hints.resize(self.plan.shapes.len(), Vec::new());
        }
        let hints = &mut state.hints[id];
        state.slots.resize(base + shape.columns.len(), NONE);
        // An item split from its parent: what only the parent knows is in the parent's own document.
        let part = at == 0 && self.splitting && matches!(self.plan.rows, schema::Rows::Items(_));
        for (position, child) in self.row.children(at).enumerate() {
            let expected = hints.get(position).copied();
            let hint = expected.filter(|&column| self.row.key_is(child, &shape.columns[usize::from(column)].name));
            let found = hint.or_else(|| {
                let key = self.row.key(child);
                if self.row.key_escaped(child) { shape.index.get(&*decode(key)) } else { shape.index.get(key) }.copied()
            });
            if let Some(column) = found.filter(|_| hint.is_none()) {
                if hints.len() <= position {
                    hints.resize(position + 1, column);
                }
                hints[position] = column;
            }
            match found {
                Some(column) => {
                    let slot = &mut state.slots[base + usize::from(column)];
                    *slot = if self.row.kind(child) == Kind::Null { NULL } else { child };
                }
                None if shape.hidden || part => {}
                None => state.unknown.push(child),
            }
        }
    }

    fn column(&mut self, column: &'w Column, at: At, open: &mut &'w [Box<str>]) {
        let mark = (self.state.custom.len(), *open);
        if column.key.is_some() {
            self.key(column, open);
        }
        let before = self.state.custom.len();
        let list = column.list && column.key.is_some();
        if list {
            self.state.custom.push(b'[');
        }
        self.values(column, at, before);
        // Nothing was written: the key goes too.
        if self.state.custom.len() == before + usize::from(list) {
            self.state.custom.truncate(mark.0);
            *open = mark.1;
            return;
        }
        if list {
            self.state.custom.push(b']');
        }
        if column.display.is_some() {
            self.display_names(column, at);
        }
    }

    /// Writes the elements of a list, or the one value.
    fn values(&mut self, column: &'w Column, at: At, start: usize) {
        if column.list && self.row.kind(at) == Kind::Array {
            self.depth += 1;
            for element in self.row.children(at) {
                self.value(column, element, start);
            }
            self.depth -= 1;
        } else {
            self.value(column, at, start);
        }
    }

    /// Writes the column's key, closing and opening groups on the way.
    fn key(&mut self, column: &'w Column, open: &mut &'w [Box<str>]) {
        let out = &mut self.state.custom;
        if column.group.len() != open.len() || *column.group != **open {
            let common = open.iter().zip(&column.group).take_while(|(open, group)| open == group).count();
            out.extend(open[common..].iter().map(|_| b'}'));
            for group in &column.group[common..] {
                comma(out);
                out.push(b'"');
                out.extend_from_slice(group.as_bytes());
                out.extend_from_slice(b"\":{");
            }
            *open = &column.group;
        }
        comma(out);
        out.extend_from_slice(column.key.as_deref().unwrap_or_default().as_bytes());
    }

    /// Writes one value (an element, for a list) and feeds ECS. `start` is where the column's values begin.
    fn value(&mut self, column: &'w Column, at: At, start: usize) {
        let kind = self.row.kind(at);
        if kind == Kind::Null {
            return;
        }
        let shown = column.key.is_some();
        match column.content {
            Content::Scalar(semantic) => self.scalar(column, semantic, at, start),
            Content::UrlParts => self.url(column, at, start),
            _ if kind != Kind::Object => self.mistyped(column, at),
            Content::Dictionary => self.kept(column, at, start),
            Content::Object(shape) => {
                let mark = self.state.custom.len();
                self.separate(start);
                let before = self.state.custom.len();
                self.inside(shape, at);
                if self.state.custom.len() == before + 2 || !shown {
                    self.state.custom.truncate(mark);
                }
            }
            Content::Flattened(shape) => {
                if shown {
                    self.kept(column, at, start);
                }
                let mark = self.state.custom.len();
                self.inside(shape, at);
                self.state.custom.truncate(mark);
            }
        }
    }

    /// An object within the one at hand.
    fn inside(&mut self, shape: ShapeId, at: At) {
        self.depth += 1;
        self.object(shape, at);
        self.depth -= 1;
    }

    /// Writes an object as it is.
    fn kept(&mut self, column: &Column, at: At, start: usize) {
        self.separate(start);
        if raw::write(self.row, at, self.depth + 1, &mut self.state.custom) {
            self.count("too_deep", &column.source);
        }
    }

    /// A comma before the second and later values of a list.
    fn separate(&mut self, start: usize) {
        let out = &mut self.state.custom;
        if out.len() > start && out.last() != Some(&b'[') {
            out.push(b',');
        }
    }

    fn mistyped(&mut self, column: &Column, at: At) {
        if column.hidden {
            return;
        }
        self.state.unmapped.push(Unmapped { path: column.source.clone(), at, depth: self.depth + 1 });
        self.count("mistyped", &column.source);
    }

    /// Counts a surprise, with the record that it was met in.
    pub(crate) fn count(&mut self, kind: &'static str, path: &str) {
        self.state.drift.add(kind, path, 1, || record(self.row, &self.plan.id));
    }
}

/// The record's id, where it is readable.
pub(crate) fn record(row: &Row<'_>, id: &str) -> Option<String> {
    row.member(0, id).and_then(|id| row.scalar(id)).filter(|id| !id.is_empty()).map(Into::into)
}

fn comma(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}
