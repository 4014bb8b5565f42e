//! A row as a flat index over its own bytes: one pass checks the JSON grammar and notes where each value lies.
//!
//! No tree is built and no text is copied; several mappers read the same index (an alert and its evidence). The grammar
//! is RFC 8259 as `serde_json` reads it, which a property test and a fuzz target hold it to.

mod parse;
mod text;

pub(crate) use text::{decode, quote};

use crate::Reject;

/// Deepest nesting that a row may have. Elasticsearch's `flattened` type takes 20 levels below its field.
pub(crate) const MAX_DEPTH: usize = 64;
/// Largest row in bytes; a larger one is a dead letter.
pub const MAX_ROW: usize = 4 << 20;

/// One JSON object, indexed once.
#[derive(Debug)]
pub struct Row<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

/// A value: where its text lies, and where the next value after it and all it holds is found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    key: (u32, u32),
    value: (u32, u32),
    next: u32,
    pub(crate) kind: Kind,
    key_escaped: bool,
}

/// JSON types, told apart where the mapper treats them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    Integer,
    Float,
    /// A string without escapes: its text is its value.
    Text,
    /// A string with escapes.
    Escaped,
    Object,
    Array,
}

/// Place of a value in the index.
pub(crate) type At = u32;

impl<'a> Row<'a> {
    /// Checks and indexes one JSON object.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        if bytes.len() > MAX_ROW {
            return Err(Reject::new("too_large", format!("{} bytes, at most {MAX_ROW} are taken", bytes.len())));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Reject::new("invalid_utf8", format!("byte {} is not UTF-8", error.valid_up_to())))?;
        parse::index(text)
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn node(&self, at: At) -> Node {
        self.nodes[at as usize]
    }

    pub(crate) fn kind(&self, at: At) -> Kind {
        self.node(at).kind
    }

    /// Where the value lies in the text.
    pub(crate) fn place(&self, at: At) -> std::ops::Range<usize> {
        let (start, end) = self.node(at).value;
        start as usize..end as usize
    }

    /// JSON text of the value.
    pub(crate) fn raw(&self, at: At) -> &'a str {
        let (start, end) = self.node(at).value;
        &self.text[start as usize..end as usize]
    }

    /// Text between the quotes of a string value.
    pub(crate) fn inner(&self, at: At) -> &'a str {
        let (start, end) = self.node(at).value;
        &self.text[start as usize + 1..end as usize - 1]
    }

    /// Text between the quotes of a member's name.
    pub(crate) fn key(&self, at: At) -> &'a str {
        let (start, end) = self.node(at).key;
        &self.text[start as usize..end as usize]
    }

    /// A member's name is written without escapes, and is this one.
    pub(crate) fn key_is(&self, at: At, name: &str) -> bool {
        let node = &self.nodes[at as usize];
        let (start, end) = node.key;
        !node.key_escaped && self.text.as_bytes().get(start as usize..end as usize) == Some(name.as_bytes())
    }

    pub(crate) fn key_escaped(&self, at: At) -> bool {
        self.node(at).key_escaped
    }

    /// Members of an object, or elements of an array, in their order.
    pub(crate) fn children(&self, at: At) -> impl Iterator<Item = At> + '_ {
        let end = self.node(at).next;
        let mut child = at + 1;
        std::iter::from_fn(move || {
            (child < end).then(|| {
                let this = child;
                child = self.node(this).next;
                this
            })
        })
    }

    /// Member of an object by its name.
    pub(crate) fn member(&self, at: At, name: &str) -> Option<At> {
        if self.kind(at) != Kind::Object {
            return None;
        }
        self.children(at)
            .find(|&child| self.key_is(child, name) || self.key_escaped(child) && decode(self.key(child)) == name)
    }

    /// Value at a path of member names, from an object.
    pub(crate) fn find(&self, at: At, path: &[Box<str>]) -> Option<At> {
        path.iter().try_fold(at, |at, name| self.member(at, name))
    }

    /// Text of a scalar other than null: a string's value, a number or boolean as written.
    pub(crate) fn scalar(&self, at: At) -> Option<std::borrow::Cow<'a, str>> {
        match self.kind(at) {
            Kind::Text => Some(self.inner(at).into()),
            Kind::Escaped => Some(decode(self.inner(at)).into()),
            Kind::Integer if self.raw(at) == "-0" => Some("0".into()),
            Kind::Integer | Kind::Float | Kind::True | Kind::False => Some(self.raw(at).into()),
            Kind::Null | Kind::Object | Kind::Array => None,
        }
    }
}

/// The record's id, as far as it can be read from the text of a row that may be broken.
pub(crate) fn readable_id(bytes: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let at = text.find(&format!("\"{name}\""))?;
    let rest = text[at + name.len() + 2..].trim_start().strip_prefix(':')?.trim_start();
    let id: String = match rest.strip_prefix('"') {
        Some(quoted) => quoted.chars().take_while(|&letter| letter != '"').take(128).collect(),
        None => rest.chars().take_while(char::is_ascii_digit).take(32).collect(),
    };
    (!id.is_empty()).then_some(id)
}
