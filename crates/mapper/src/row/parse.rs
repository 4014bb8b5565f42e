//! The pass over the bytes of a row.

use super::text::special;
use super::{Kind, MAX_DEPTH, Node, Row};
use crate::Reject;

/// Indexes the one object that the text must be.
pub(super) fn index(text: &str) -> Result<Row<'_>, Reject> {
    let mut parser = Parser { bytes: text.as_bytes(), at: 0, nodes: Vec::with_capacity(text.len() / 32 + 8) };
    parser.blank();
    if parser.peek() != Some(b'{') {
        return match serde_json::from_str::<&serde_json::value::RawValue>(text) {
            Ok(_) => Err(Reject::new("not_an_object", "a row is a JSON object")),
            Err(error) => Err(Reject::new("not_json", error.to_string())),
        };
    }
    parser.value((0, 0), false, 0)?;
    parser.blank();
    if parser.at != text.len() {
        return Err(parser.error("text after the row"));
    }
    Ok(Row { text, nodes: parser.nodes })
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn error(&self, what: &str) -> Reject {
        Reject::new("not_json", format!("{what} at byte {}", self.at))
    }

    fn expect(&mut self, byte: u8) -> Result<(), Reject> {
        if self.peek() != Some(byte) {
            return Err(self.error(&format!("expected `{}`", char::from(byte))));
        }
        self.at += 1;
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "a row is at most MAX_ROW bytes")]
    fn value(&mut self, key: (u32, u32), key_escaped: bool, depth: usize) -> Result<(), Reject> {
        if depth >= MAX_DEPTH {
            return Err(Reject::new("too_deep", format!("more than {MAX_DEPTH} levels at byte {}", self.at)));
        }
        let node = self.nodes.len();
        let start = self.at;
        self.nodes.push(Node { key, value: (0, 0), next: 0, kind: Kind::Null, key_escaped });
        let kind = match self.peek() {
            Some(b'"') => {
                if self.string()? {
                    Kind::Escaped
                } else {
                    Kind::Text
                }
            }
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b't') => self.literal("true", Kind::True)?,
            Some(b'f') => self.literal("false", Kind::False)?,
            Some(b'n') => self.literal("null", Kind::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => return Err(self.error("expected a value")),
            None => return Err(self.error("the row ends")),
        };
        let next = self.nodes.len() as u32;
        let entry = &mut self.nodes[node];
        (entry.value, entry.next, entry.kind) = ((start as u32, self.at as u32), next, kind);
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "a row is at most MAX_ROW bytes")]
    fn object(&mut self, depth: usize) -> Result<Kind, Reject> {
        self.at += 1;
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object);
        }
        loop {
            self.blank();
            let start = self.at + 1;
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a name in quotes"));
            }
            let escaped = self.string()?;
            let key = (start as u32, self.at as u32 - 1);
            self.blank();
            self.expect(b':')?;
            self.blank();
            self.value(key, escaped, depth + 1)?;
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Kind::Object);
                }
                _ => return Err(self.error("expected `,` or `}`")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Kind, Reject> {
        self.at += 1;
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::Array);
        }
        loop {
            self.blank();
            self.value((0, 0), false, depth + 1)?;
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Kind::Array);
                }
                _ => return Err(self.error("expected `,` or `]`")),
            }
        }
    }

    fn literal(&mut self, word: &str, kind: Kind) -> Result<Kind, Reject> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error("expected a value"));
        }
        self.at += word.len();
        Ok(kind)
    }

    /// Moves behind the string; true if it has escapes.
    fn string(&mut self) -> Result<bool, Reject> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at = special(self.bytes, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.error("control character in a string")),
                None => return Err(self.error("the row ends within a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Reject> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let unit = self.unit(self.at + 2)?;
                self.at += 6;
                if (0xD800..0xDC00).contains(&unit) {
                    let pair = self.bytes.get(self.at..self.at + 2) == Some(b"\\u");
                    if !pair || !(0xDC00..0xE000).contains(&self.unit(self.at + 2)?) {
                        return Err(self.error("half of a surrogate pair"));
                    }
                    self.at += 6;
                } else if (0xDC00..0xE000).contains(&unit) {
                    return Err(self.error("half of a surrogate pair"));
                }
            }
            _ => return Err(self.error("unknown escape")),
        }
        Ok(())
    }

    fn unit(&self, at: usize) -> Result<u32, Reject> {
        let digits = self.bytes.get(at..at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or_else(|| self.error("unknown escape"))
    }

    fn digits(&mut self) -> Result<(), Reject> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("expected a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Kind, Reject> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut kind = Kind::Integer;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            kind = Kind::Float;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
            kind = Kind::Float;
        }
        // Only an exponent or very many digits can leave the range of a double.
        if kind == Kind::Float || self.at - start > 300 {
            let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
            if !text.parse::<f64>().is_ok_and(f64::is_finite) {
                return Err(Reject::new("number_out_of_range", format!("number at byte {start} exceeds a double")));
            }
        }
        Ok(kind)
    }
}
