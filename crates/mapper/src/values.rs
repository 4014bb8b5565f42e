//! The ECS values of the document being built, and the document's assembly.

use crate::plan::{Field, FieldId, Json, Plan};
use crate::row::quote;

/// Values collected so far, as JSON text in one buffer that is reused from row to row.
#[derive(Debug, Default)]
pub(crate) struct Values {
    text: Vec<u8>,
    fields: Vec<Vec<Value>>,
    /// One bit per field that has been pushed to since the last reset.
    touched: Vec<u64>,
    /// What each push since the first mark changed: field, number of values before, first value before.
    journal: Vec<(FieldId, usize, Option<Value>)>,
    marked: bool,
}

/// The field that a value goes to, and how it competes with other values there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    pub(crate) field: FieldId,
    /// Precedence in a single-valued field: the lowest wins, the first among equals.
    pub(crate) rank: u8,
    /// In a multi-valued field, order and repetition matter; otherwise it takes each value once.
    pub(crate) repeats: bool,
}

impl From<FieldId> for Placement {
    fn from(field: FieldId) -> Self {
        Placement { field, rank: 0, repeats: false }
    }
}

/// A point in time that [`Values::back`] returns to.
pub(crate) struct Mark {
    text: usize,
    journal: usize,
}

#[derive(Debug, Clone, Copy)]
struct Value {
    start: usize,
    end: usize,
    rank: u8,
}

impl Values {
    pub(crate) fn reset(&mut self, fields: usize) {
        self.text.clear();
        self.journal.clear();
        self.marked = false;
        self.fields.resize_with(fields, Vec::new);
        for field in bits(&self.touched) {
            self.fields[field].clear();
        }
        self.touched.clear();
        self.touched.resize(fields.div_ceil(64), 0);
    }

    /// Notes the present content, so that later changes can be taken back.
    pub(crate) fn mark(&mut self) -> Mark {
        self.marked = true;
        Mark { text: self.text.len(), journal: self.journal.len() }
    }

    /// Takes back what has been pushed since the mark.
    pub(crate) fn back(&mut self, mark: &Mark) {
        for (field, count, first) in self.journal.drain(mark.journal..).rev() {
            let values = &mut self.fields[field];
            values.truncate(count);
            if let (Some(first), Some(slot)) = (first, values.first_mut()) {
                *slot = first;
            }
        }
        self.text.truncate(mark.text);
    }

    pub(crate) fn has(&self, field: FieldId) -> bool {
        !self.fields[field].is_empty()
    }

    /// JSON texts of a field's values.
    pub(crate) fn of(&self, field: FieldId) -> impl Iterator<Item = &[u8]> {
        self.fields[field].iter().map(|value| &self.text[value.start..value.end])
    }

    /// Adds a value.
    pub(crate) fn push(&mut self, plan: &Plan, to: impl Into<Placement>, text: &str) {
        let to = to.into();
        let kind = &plan.fields[to.field];
        if self.is_settled(plan, to) {
            return;
        }
        let start = self.text.len();
        match kind.json {
            Json::Text => quote(text, &mut self.text),
            // Digits as JSON writes them: no plus sign, no leading zeros.
            Json::Integer => match text.parse::<i64>() {
                // Most are written so already.
                Ok(1..) if text.starts_with(|first| matches!(first, '1'..='9')) => {
                    self.text.extend_from_slice(text.as_bytes());
                }
                Ok(number) => self.text.extend_from_slice(number.to_string().as_bytes()),
                Err(_) => return,
            },
            Json::Number if serde_json::from_str::<serde_json::Number>(text).is_ok() => {
                self.text.extend_from_slice(text.as_bytes());
            }
            Json::Flag if text == "true" || text == "false" => self.text.extend_from_slice(text.as_bytes()),
            _ => return,
        }
        self.keep(kind.many, to, start);
    }

    /// Adds a text that the caller has in JSON form already.
    pub(crate) fn push_quoted(&mut self, plan: &Plan, to: Placement, raw: &str) {
        if self.is_settled(plan, to) {
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(raw.as_bytes());
        self.keep(plan.fields[to.field].many, to, start);
    }

    /// The field takes one value and has one of the same or a better rank.
    fn is_settled(&self, plan: &Plan, to: Placement) -> bool {
        !plan.fields[to.field].many && self.fields[to.field].iter().any(|value| value.rank <= to.rank)
    }

    fn keep(&mut self, many: bool, to: Placement, start: usize) {
        let Placement { field, rank, repeats } = to;
        self.touched[field / 64] |= 1 << (field % 64);
        let (head, added) = self.text.split_at(start);
        let values = &mut self.fields[field];
        if many && !repeats && values.iter().any(|value| head.get(value.start..value.end) == Some(added)) {
            self.text.truncate(start);
            return;
        }
        if self.marked {
            self.journal.push((field, values.len(), values.first().copied()));
        }
        if !many {
            values.clear();
        }
        values.push(Value { start, end: self.text.len(), rank });
    }

    /// Appends the document: ECS fields by name, the custom object in its place among them.
    pub(crate) fn write(&self, plan: &Plan, custom: &[u8], out: &mut Vec<u8>) {
        let mut tree = Tree { out, open: None };
        tree.out.push(b'{');
        let mut pending = Some(custom);
        for id in bits(&self.touched) {
            let (field, values) = (&plan.fields[id], &self.fields[id]);
            if values.is_empty() {
                continue;
            }
            if id >= plan.after_custom {
                tree.custom(plan, &mut pending);
            }
            tree.key(field);
            let array = field.array || values.len() > 1;
            if array {
                tree.out.push(b'[');
            }
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    tree.out.push(b',');
                }
                tree.out.extend_from_slice(&self.text[value.start..value.end]);
            }
            if array {
                tree.out.push(b']');
            }
        }
        tree.custom(plan, &mut pending);
        tree.close(0);
        tree.out.push(b'}');
    }
}

/// Positions of the bits that are set, ascending.
fn bits(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(at, &word)| {
        std::iter::successors((word != 0).then_some(word), |rest| {
            let rest = rest & (rest - 1);
            (rest != 0).then_some(rest)
        })
        .map(move |rest| at * 64 + rest.trailing_zeros() as usize)
    })
}

/// Writes nested objects from sorted dotted paths.
struct Tree<'a, 'p> {
    out: &'a mut Vec<u8>,
    /// The field written last: its groups are open.
    open: Option<&'p Field>,
}

impl<'p> Tree<'_, 'p> {
    fn key(&mut self, field: &'p Field) {
        if self.open.is_none_or(|open| open.parent != field.parent) {
            let open = self.groups();
            let common = open.iter().zip(&field.groups).take_while(|(open, group)| open == group).count();
            self.close(common);
            for group in &field.path[common..field.groups.len()] {
                self.name(group);
                self.out.push(b'{');
            }
            self.open = Some(field);
        }
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.extend_from_slice(field.key.as_bytes());
    }

    fn groups(&self) -> &'p [u16] {
        self.open.map_or(&[], |field| &field.groups)
    }

    fn name(&mut self, name: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Closes the open groups except the first `depth` ones. The next key notes which groups are open then.
    fn close(&mut self, depth: usize) {
        self.out.extend(self.groups()[depth..].iter().map(|_| b'}'));
        self.open = None;
    }

    fn custom(&mut self, plan: &Plan, pending: &mut Option<&[u8]>) {
        let Some(custom) = pending.take().filter(|custom| *custom != b"{}") else { return };
        self.close(0);
        for (position, group) in plan.prefix.iter().enumerate() {
            self.name(group);
            if position + 1 < plan.prefix.len() {
                self.out.push(b'{');
            }
        }
        self.out.extend_from_slice(custom);
        self.out.extend(plan.prefix[1..].iter().map(|_| b'}'));
    }
}
