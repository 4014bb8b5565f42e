//! The lenient reading of a row that is not JSON: values are read as far as they are clear, and every repair is noted
//! with its path.
//!
//! A row whose structure is unclear is rejected: a string or bracket that is never closed, a name without quotes,
//! members without a comma between them. `read` in `map.painless` reads the same way.

mod scalar;
mod text;

use super::{Kind, MAX_DEPTH, Mend, Node, Row, decode, quote};
use crate::Reject;

/// Different repairs of one row that are counted each by itself.
const MAX_MENDS: usize = 100;

/// Start and end of a text.
type Span = (u32, u32);

/// Indexes the one object that the bytes must be.
pub(super) fn read(bytes: &[u8]) -> Result<Row<'static>, Reject> {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut replaced = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            replaced.push(text.len());
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    let length = text.len();
    let nodes = Vec::with_capacity(length / 32 + 8);
    let mut reader = Reader { text, length, at: 0, nodes, replaced, path: Vec::new(), mends: Vec::new() };
    while reader.text[reader.at..length].starts_with('\u{feff}') {
        reader.at += '\u{feff}'.len_utf8();
        reader.mend("byte_order_mark");
    }
    reader.blank()?;
    if reader.peek() != Some(b'{') {
        return Err(match serde_json::from_str::<&serde_json::value::RawValue>(&reader.text[reader.at..length]) {
            Ok(_) => Reject::new("not_an_object", "a row is a JSON object"),
            Err(error) => Reject::new("not_json", error.to_string()),
        });
    }
    reader.value((0, 0), false, 0)?;
    reader.blank()?;
    if reader.at != length {
        return Err(reader.error("text after the row"));
    }
    let Reader { text, nodes, mends, .. } = reader;
    Ok(Row { text: text.into(), length, nodes, mends })
}

struct Reader {
    /// The row's text, followed by the values that were mended.
    text: String,
    /// End of the row within the text.
    length: usize,
    at: usize,
    nodes: Vec<Node>,
    /// Places at which bytes that are not UTF-8 were replaced.
    replaced: Vec<usize>,
    /// Names of the members that enclose the place of reading.
    path: Vec<String>,
    mends: Vec<Mend>,
}

#[expect(clippy::cast_possible_truncation, reason = "a row is at most MAX_ROW bytes, and mending makes few of one")]
impl Reader {
    fn bytes(&self) -> &[u8] {
        &self.text.as_bytes()[..self.length]
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn error(&self, what: &str) -> Reject {
        Reject::new("not_json", format!("{what} at byte {}", self.at))
    }

    fn mend(&mut self, kind: &'static str) {
        let path = if self.mends.len() < MAX_MENDS { self.path.join(".") } else { "(others)".to_owned() };
        match self.mends.iter_mut().find(|mend| mend.kind == kind && mend.path == path) {
            Some(mend) => mend.count += 1,
            None => self.mends.push(Mend { kind, path, count: 1 }),
        }
    }

    /// Passes over blanks and comments, which Elasticsearch passes over too.
    fn blank(&mut self) -> Result<(), Reject> {
        loop {
            let rest = &self.bytes()[self.at..];
            match rest {
                [b' ' | b'\n' | b'\r' | b'\t', ..] => self.at += 1,
                [b'/', b'/', ..] => {
                    self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                    self.mend("comment");
                }
                [b'/', b'*', inside @ ..] => {
                    let Some(end) = memchr::memmem::find(inside, b"*/") else {
                        return Err(self.error("the row ends within a comment"));
                    };
                    self.at += end + 4;
                    self.mend("comment");
                }
                _ => return Ok(()),
            }
        }
    }

    fn value(&mut self, key: Span, key_escaped: bool, depth: usize) -> Result<(), Reject> {
        let node = self.nodes.len();
        let start = self.at as u32;
        self.nodes.push(Node { key, value: (0, 0), next: 0, kind: Kind::Null, key_escaped });
        let (kind, value) = match self.peek() {
            Some(b'"') => self.string()?,
            Some(open @ (b'{' | b'[')) => {
                match open {
                    _ if depth >= MAX_DEPTH => self.skip()?,
                    b'{' => self.object(depth)?,
                    _ => self.array(depth)?,
                }
                (if open == b'{' { Kind::Object } else { Kind::Array }, (start, self.at as u32))
            }
            Some(b',' | b'}' | b']') => {
                self.mend("missing_value");
                (Kind::Null, self.add(|text| text.push_str("null")))
            }
            Some(b':') => return Err(self.error("expected a value")),
            Some(_) => self.word(),
            None => return Err(self.error("the row ends")),
        };
        let next = self.nodes.len() as u32;
        let entry = &mut self.nodes[node];
        (entry.value, entry.next, entry.kind) = (value, next, kind);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), Reject> {
        self.at += 1;
        let first = self.nodes.len();
        let mut after_comma = false;
        loop {
            self.blank()?;
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.mend("extra_comma");
                    continue;
                }
                Some(b'}') => break,
                Some(b'"') => {}
                Some(_) => return Err(self.error("expected a name in quotes")),
                None => return Err(self.error("the row ends within an object")),
            }
            let (escaped, key) = self.name()?;
            self.blank()?;
            if self.peek() != Some(b':') {
                return Err(self.error("expected `:`"));
            }
            self.at += 1;
            self.blank()?;
            self.value(key, escaped, depth + 1)?;
            self.path.pop();
            after_comma = self.comma(b'}')?;
        }
        self.at += 1;
        if after_comma {
            self.mend("extra_comma");
        }
        self.distinct(first);
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Reject> {
        self.at += 1;
        let mut after_comma = false;
        loop {
            self.blank()?;
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.mend("extra_comma");
                    continue;
                }
                Some(b']') => break,
                _ => self.value((0, 0), false, depth + 1)?,
            }
            after_comma = self.comma(b']')?;
        }
        self.at += 1;
        if after_comma {
            self.mend("extra_comma");
        }
        Ok(())
    }

    /// Reads what follows a member or an element; true for a comma, false for the end.
    fn comma(&mut self, end: u8) -> Result<bool, Reject> {
        self.blank()?;
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == end => Ok(false),
            _ => Err(self.error(&format!("expected `,` or `{}`", char::from(end)))),
        }
    }

    /// Adds a value that was mended and returns its place.
    fn add(&mut self, write: impl FnOnce(&mut String)) -> Span {
        let start = self.text.len() as u32;
        write(&mut self.text);
        (start, self.text.len() as u32)
    }

    fn add_quoted(&mut self, value: &str) -> Span {
        let mut quoted = Vec::with_capacity(value.len() + 2);
        quote(value, &mut quoted);
        self.add(|text| text.push_str(&String::from_utf8_lossy(&quoted)))
    }

    /// Passes over an object or array that is too deep to be indexed.
    fn skip(&mut self) -> Result<(), Reject> {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                Some(b'{' | b'[') => open += 1,
                Some(b'}' | b']') => open -= 1,
                Some(b'"') => loop {
                    let rest = self.bytes().get(self.at + 1..).unwrap_or_default();
                    self.at = memchr::memchr2(b'"', b'\\', rest).map_or(self.length, |found| self.at + 1 + found);
                    match self.peek() {
                        Some(b'\\') => self.at += 1,
                        _ => break,
                    }
                },
                Some(_) => {}
                None => return Err(self.error("the row ends")),
            }
            self.at = (self.at + 1).min(self.length);
            if open == 0 {
                return Ok(());
            }
        }
    }

    /// Keeps only the last one of several members with one name.
    fn distinct(&mut self, first: usize) {
        let mut last = rustc_hash::FxHashMap::default();
        let mut members = Vec::new();
        let mut at = first;
        while let Some(node) = self.nodes.get(at) {
            let (start, end) = node.key;
            let name = &self.text[start as usize..end as usize];
            let name = if node.key_escaped { decode(name) } else { name.to_owned() };
            last.insert(name.clone(), at);
            members.push((name, at, node.next as usize));
            at = node.next as usize;
        }
        if last.len() == members.len() {
            return;
        }
        let mut kept = Vec::with_capacity(self.nodes.len() - first);
        for (name, start, end) in members {
            if last.get(&name) == Some(&start) {
                let before = (start - first - kept.len()) as u32;
                kept.extend(self.nodes[start..end].iter().map(|node| Node { next: node.next - before, ..*node }));
            } else {
                self.path.push(name);
                self.mend("duplicate_key");
                self.path.pop();
            }
        }
        self.nodes.truncate(first);
        self.nodes.append(&mut kept);
    }
}
