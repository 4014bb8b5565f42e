//! Single values on the walk: into the custom object, and on to ECS.

use std::borrow::Cow;

use schema::{Derive, Op, Semantic};

use super::{NULL, Walk};
use crate::convert::{Value, convert};
use crate::ops;
use crate::plan::{Column, Derived, Json};
use crate::raw;
use crate::row::{At, Kind, Row, quote};
use crate::values::Placement;

/// Inputs of a derivation that are held without allocating.
const FEW: usize = 6;

impl<'w> Walk<'w, '_> {
    /// Writes a scalar column's value and fills ECS.
    pub(super) fn scalar(&mut self, column: &'w Column, semantic: Semantic, at: At, start: usize) {
        let shown = column.key.is_some();
        if shown && column.targets.is_empty() && self.row.kind(at) == Kind::Escaped && semantic.takes_any_text() {
            // The text is only copied, so its escapes stay as they are.
            self.separate(start);
            self.buffers.custom.extend_from_slice(self.row.raw(at).as_bytes());
            return;
        }
        let value = convert(semantic, self.row, at);
        match value {
            Value::Nothing => {}
            Value::Mistyped => self.mistyped(column, at),
            Value::Text(text, quoted) => {
                if shown {
                    self.separate(start);
                    match quoted {
                        Some(quoted) => self.buffers.custom.extend_from_slice(quoted.as_bytes()),
                        None => quote(&text, &mut self.buffers.custom),
                    }
                }
                // Text without escapes is its own JSON form, so it need not be quoted anew.
                let plain = quoted.filter(|_| self.row.kind(at) == Kind::Text);
                self.fill_ecs(column, &text, plain);
            }
            Value::Integer(number) => {
                // JSON has one way to write an integer, but for a zero below zero.
                let is_written = self.row.kind(at) == Kind::Integer && number != 0;
                let text = if is_written { Cow::Borrowed(self.row.raw(at)) } else { number.to_string().into() };
                self.unquoted(column, &text, start);
            }
            Value::Number(text) => self.unquoted(column, text, start),
            Value::Flag(flag) => self.unquoted(column, if flag { "true" } else { "false" }, start),
            Value::Json(text) => {
                if shown && let Some(inner) = Row::strict(&text) {
                    let mark = self.buffers.custom.len();
                    self.separate(start);
                    if raw::write(&inner, 0, 1, &mut self.buffers.custom) {
                        self.buffers.custom.truncate(mark);
                        self.mistyped(column, at);
                    }
                }
            }
        }
    }

    /// Writes a value that JSON does not quote, and fills ECS.
    fn unquoted(&mut self, column: &'w Column, text: &str, start: usize) {
        if column.key.is_some() {
            self.separate(start);
            self.buffers.custom.extend_from_slice(text.as_bytes());
        }
        self.fill_ecs(column, text, None);
    }

    pub(super) fn url(&mut self, column: &'w Column, at: At, start: usize) {
        let Value::Text(text, _) = convert(Semantic::Url, self.row, at) else { return self.mistyped(column, at) };
        if text.is_empty() {
            return;
        }
        self.separate(start);
        let out = &mut self.buffers.custom;
        out.extend_from_slice(b"{\"original\":");
        quote(&text, out);
        let url = ops::Url::parse(&text);
        for (part, op) in Op::URL_PARTS {
            let Some(value) = url.and_then(|url| url.part(*op)) else { continue };
            out.extend_from_slice(b",\"");
            out.extend_from_slice(part.as_bytes());
            out.extend_from_slice(b"\":");
            if *op == Op::UrlPort { out.extend_from_slice(value.as_bytes()) } else { quote(&value, out) }
        }
        out.push(b'}');
        self.fill_ecs(column, &text, None);
    }

    fn fill_ecs(&mut self, column: &Column, text: &str, quoted: Option<&str>) {
        if text.is_empty() {
            return;
        }
        let (plan, values) = (self.plan, &mut self.buffers.values);
        for target in &column.targets {
            let to = Placement { field: target.field, rank: target.rank, repeats: target.op == Op::Args };
            let is_text = plan.fields[target.field].json == Json::Text;
            match quoted {
                Some(quoted) if target.op == Op::Keep && is_text => {
                    values.push_quoted(plan, to, quoted);
                }
                _ => ops::apply(target.op, target.table, text, &mut |found| match quoted {
                    // Most conversions leave most texts as they are.
                    Some(quoted) if std::ptr::eq(found, text) && is_text => values.push_quoted(plan, to, quoted),
                    _ => values.push(plan, to, found),
                }),
            }
        }
    }

    pub(super) fn derived(&mut self, derived: &Derived, base: usize) {
        let text = |(column, path): &(u16, Vec<Box<str>>)| {
            let at = self.buffers.slots.get(base + usize::from(*column)).copied().filter(|&at| at < NULL)?;
            let at = self.row.find(at, path).filter(|&at| is_input(derived.derive, self.row.kind(at)))?;
            self.row.scalar(at).filter(|text| !ops::too_long(text))
        };
        if let Some((input, word)) = &derived.when
            && !text(input).is_some_and(|text| text.eq_ignore_ascii_case(word))
        {
            return;
        }
        let (mut few, many): ([Cow<'_, str>; FEW], Vec<Cow<'_, str>>);
        let inputs = derived.inputs.iter().map(|input| text(input).unwrap_or_default());
        let inputs: &[Cow<'_, str>] = if inputs.len() <= FEW {
            few = Default::default();
            let count = inputs.len();
            few.iter_mut().zip(inputs).for_each(|(slot, text)| *slot = text);
            &few[..count]
        } else {
            many = inputs.collect();
            &many
        };
        let missing = inputs.iter().filter(|text| text.is_empty()).count();
        if missing == inputs.len() || (missing > 0 && derived.derive.needs_all()) {
            return;
        }
        if let Some(value) = ops::derive(derived.derive, inputs).filter(|value| !value.is_empty()) {
            let to = Placement { field: derived.field, rank: derived.rank, repeats: false };
            self.buffers.values.push(self.plan, to, &value);
        }
    }

    /// Writes the display names within the column's mail addresses, as a value or a list beside the column's field.
    pub(super) fn display_names(&mut self, column: &Column, at: At) {
        let Some(key) = &column.display else { return };
        let is_list = self.row.kind(at) == Kind::Array;
        let elements = is_list.then(|| self.row.children(at)).into_iter().flatten().chain((!is_list).then_some(at));
        let texts = elements.filter_map(|at| match convert(Semantic::Mail, self.row, at) {
            Value::Text(text, _) => Some(text),
            _ => None,
        });
        let names: Vec<String> = texts.flat_map(|text| ops::mail::names(&text)).collect();
        let out = &mut self.buffers.custom;
        if names.is_empty() {
            return;
        }
        out.push(b',');
        out.extend_from_slice(key.as_bytes());
        let list = column.list || names.len() > 1;
        if list {
            out.push(b'[');
        }
        for (position, name) in names.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            quote(name, out);
        }
        if list {
            out.push(b']');
        }
    }
}

/// Whether a derivation takes values of the kind.
fn is_input(derive: Derive, kind: Kind) -> bool {
    match derive {
        Derive::GeoPoint => matches!(kind, Kind::Integer | Kind::Float),
        // A fraction can be written in several ways, so its text would not be the same everywhere.
        _ => !matches!(kind, Kind::Float | Kind::Odd),
    }
}
