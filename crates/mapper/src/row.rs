//! A row as a flat index over its own bytes: one pass checks the JSON grammar and notes where each value lies.
//!
//! No tree is built and no text is copied; several mappers read the same index (an alert and its evidence). The grammar
//! is RFC 8259 as `serde_json` reads it, except that no object may name a member twice; a property test and a fuzz target
//! hold it to that. A row that the grammar refuses is read once more leniently ([`lenient`]), because one bad value must
//! not cost the record.

mod lenient;
mod parse;
mod text;

pub(crate) use text::{decode, quote};

use std::borrow::Cow;

use crate::Reject;

/// Levels of nesting that are indexed; what lies deeper becomes text. Only the upper ones are kept as objects (`raw`).
pub(crate) const MAX_DEPTH: usize = 64;
/// Longest name in UTF-16 units. A `flattened` field makes one term of bounded size from a name and its value.
const MAX_NAME: usize = 512;
/// Largest row in bytes; a larger one is a dead letter.
pub const MAX_ROW: usize = 4 << 20;

/// One JSON object, indexed once. No object in it names a member twice.
#[derive(Debug)]
pub struct Row<'a> {
    /// The row's text, followed by the values that were mended.
    text: Cow<'a, str>,
    /// Length of the row itself.
    length: usize,
    nodes: Vec<Node>,
    mends: Vec<Mend>,
}

/// A repair that was needed to read the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mend {
    /// Kind of the repair, as [`crate::Drift`] names it.
    pub(crate) kind: &'static str,
    /// Dotted source path, without array indices.
    pub(crate) path: String,
    pub(crate) count: u64,
}

/// A value: the place of its text, and the index of the next value that is not part of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    key: (u32, u32),
    value: (u32, u32),
    next: u32,
    pub(crate) kind: Kind,
    key_escaped: bool,
}

/// JSON types, divided further if the mapper treats values of one type differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    Integer,
    Float,
    /// A string without escapes, whose text is its value.
    Text,
    /// A string with escapes.
    Escaped,
    /// A word that is no JSON value (`NaN`, `01`, a number beyond a double) and was quoted to be kept as a string.
    Odd,
    Object,
    Array,
}

/// Place of a value in the index.
pub(crate) type At = u32;

impl<'a> Row<'a> {
    /// Indexes one JSON object. Values that are not JSON are mended, as long as the structure of the object is clear.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        if bytes.len() > MAX_ROW {
            return Err(Reject::new("too_large", format!("{} bytes, at most {MAX_ROW} are taken", bytes.len())));
        }
        match std::str::from_utf8(bytes).ok().and_then(Self::strict) {
            Some(row) => Ok(row),
            None => lenient::read(bytes),
        }
    }

    /// Checks and indexes the text if it is one JSON object.
    pub(crate) fn strict(text: &'a str) -> Option<Self> {
        let nodes = parse::index(text).ok()?;
        Some(Row { text: text.into(), length: text.len(), nodes, mends: Vec::new() })
    }

    /// Value of a string member of the object, as the mapper reads it.
    pub fn string(&self, name: &str) -> Option<Cow<'_, str>> {
        let at = self.member(0, name)?;
        matches!(self.kind(at), Kind::Text | Kind::Escaped).then(|| self.scalar(at))?
    }

    /// Value of a member of the object that is a string or a number, a number as it is written.
    pub fn text_or_number(&self, name: &str) -> Option<Cow<'_, str>> {
        let at = self.member(0, name)?;
        matches!(self.kind(at), Kind::Text | Kind::Escaped | Kind::Integer | Kind::Float).then(|| self.scalar(at))?
    }

    /// The row's text with another JSON text as the value of a member; none for a value that was mended.
    pub fn with(&self, name: &str, value: &str) -> Option<String> {
        let place = self.place(self.member(0, name)?);
        let text = self.text();
        Some([text.get(..place.start)?, value, text.get(place.end..)?].concat())
    }

    /// Texts of the elements of an array that is a member of the object.
    pub fn elements(&self, name: &str) -> impl Iterator<Item = &str> {
        let list = self.member(0, name).filter(|&at| self.kind(at) == Kind::Array);
        list.into_iter().flat_map(|list| self.children(list)).map(|at| self.raw(at))
    }

    /// The row's text; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&self) -> &str {
        &self.text[..self.length]
    }

    /// The row's text, followed by the values that were mended.
    pub(crate) fn all(&self) -> &str {
        &self.text
    }

    /// Repairs that were needed to read the row.
    pub(crate) fn mends(&self) -> &[Mend] {
        &self.mends
    }

    pub(crate) fn node(&self, at: At) -> Node {
        self.nodes[at as usize]
    }

    pub(crate) fn kind(&self, at: At) -> Kind {
        self.nodes[at as usize].kind
    }

    /// Place of the value in the text.
    pub(crate) fn place(&self, at: At) -> std::ops::Range<usize> {
        let (start, end) = self.node(at).value;
        start as usize..end as usize
    }

    /// JSON text of the value. The text of an object or array is the row's own, whether values in it were mended or not.
    pub(crate) fn raw(&self, at: At) -> &str {
        let (start, end) = self.node(at).value;
        &self.text[start as usize..end as usize]
    }

    /// Text between the quotes of a string value, or of an odd one.
    pub(crate) fn inner(&self, at: At) -> &str {
        let (start, end) = self.node(at).value;
        &self.text[start as usize + 1..end as usize - 1]
    }

    /// Text between the quotes of a member's name.
    pub(crate) fn key(&self, at: At) -> &str {
        let (start, end) = self.node(at).key;
        &self.text[start as usize..end as usize]
    }

    /// The member's name, escapes resolved.
    pub(crate) fn name(&self, at: At) -> Cow<'_, str> {
        let key = self.key(at);
        if self.key_escaped(at) { decode(key).into() } else { key.into() }
    }

    /// Whether the member's name is this one, written without escapes.
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
        let end = self.nodes[at as usize].next;
        let mut child = at + 1;
        std::iter::from_fn(move || {
            (child < end).then(|| {
                let this = child;
                child = self.nodes[this as usize].next;
                this
            })
        })
    }

    /// Member of an object by its name.
    pub(crate) fn member(&self, at: At, name: &str) -> Option<At> {
        let object = &self.nodes[at as usize];
        if object.kind != Kind::Object {
            return None;
        }
        let mut child = at + 1;
        while child < object.next {
            let node = &self.nodes[child as usize];
            // The length alone tells most names apart.
            let is_candidate = node.key_escaped || (node.key.1 - node.key.0) as usize == name.len();
            if is_candidate && (self.key_is(child, name) || node.key_escaped && decode(self.key(child)) == name) {
                return Some(child);
            }
            child = node.next;
        }
        None
    }

    /// Value at a path of member names, from an object.
    pub(crate) fn find(&self, at: At, path: &[Box<str>]) -> Option<At> {
        path.iter().try_fold(at, |at, name| self.member(at, name))
    }

    /// Text of a scalar: a string's value, a number or boolean as it is written; none for null, objects and arrays.
    pub(crate) fn scalar(&self, at: At) -> Option<Cow<'_, str>> {
        match self.kind(at) {
            Kind::Text => Some(self.inner(at).into()),
            Kind::Escaped | Kind::Odd => Some(decode(self.inner(at)).into()),
            Kind::Integer if self.raw(at) == "-0" => Some("0".into()),
            Kind::Integer | Kind::Float | Kind::True | Kind::False => Some(self.raw(at).into()),
            Kind::Null | Kind::Object | Kind::Array => None,
        }
    }
}

/// The record's id, if it can be read from the text of a row that may be broken.
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
