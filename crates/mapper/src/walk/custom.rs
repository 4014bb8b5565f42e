//! Custom fields on the walk: keys, groups, lists, objects within objects.

use super::{Unmapped, Walk};
use crate::plan::{Column, Content, ShapeId};
use crate::raw;
use crate::row::{At, Kind};

impl<'w> Walk<'w, '_> {
    pub(super) fn column(&mut self, column: &'w Column, at: At, open: &mut &'w [Box<str>]) {
        let mark = (self.buffers.custom.len(), *open);
        if column.key.is_some() {
            self.key(column, open);
        }
        let before = self.buffers.custom.len();
        let list = column.list && column.key.is_some();
        if list {
            self.buffers.custom.push(b'[');
        }
        self.values(column, at, before);
        // A column without any value written has no key either.
        if self.buffers.custom.len() == before + usize::from(list) {
            self.buffers.custom.truncate(mark.0);
            *open = mark.1;
            return;
        }
        if list {
            self.buffers.custom.push(b']');
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
    pub(super) fn key(&mut self, column: &'w Column, open: &mut &'w [Box<str>]) {
        let out = &mut self.buffers.custom;
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

    /// Writes one value (an element, for a list) and fills ECS. `start` is where the column's values begin.
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
                let mark = self.buffers.custom.len();
                self.separate(start);
                let before = self.buffers.custom.len();
                self.inside(shape, at);
                if self.buffers.custom.len() == before + 2 || !shown {
                    self.buffers.custom.truncate(mark);
                }
            }
            Content::Flattened(shape) => {
                if shown {
                    self.kept(column, at, start);
                }
                let mark = self.buffers.custom.len();
                self.inside(shape, at);
                self.buffers.custom.truncate(mark);
            }
        }
    }

    /// Walks an object within the present one.
    fn inside(&mut self, shape: ShapeId, at: At) {
        self.depth += 1;
        self.object(shape, at);
        self.depth -= 1;
    }

    /// Writes an object as it is.
    fn kept(&mut self, column: &Column, at: At, start: usize) {
        self.separate(start);
        if raw::write(self.row, at, self.depth + 1, &mut self.buffers.custom) {
            self.count("too_deep", &column.source);
        }
    }

    /// Writes a comma before the second and later values of a list.
    pub(super) fn separate(&mut self, start: usize) {
        let out = &mut self.buffers.custom;
        if out.len() > start && out.last() != Some(&b'[') {
            out.push(b',');
        }
    }

    pub(super) fn mistyped(&mut self, column: &Column, at: At) {
        if column.flattened {
            return;
        }
        self.buffers.unmapped.push(Unmapped { path: column.source.clone(), at, depth: self.depth + 1 });
        self.count("mistyped", &column.source);
    }

    /// Adds a list to the one that the column before wrote, because both columns share a custom field.
    pub(super) fn join(&mut self, column: &'w Column, at: At) {
        self.buffers.custom.pop();
        self.values(column, at, 0);
        self.buffers.custom.push(b']');
    }
}

fn comma(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}
