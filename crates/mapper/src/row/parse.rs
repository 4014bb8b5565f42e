//! The pass over the bytes of a row.

mod names;

use self::names::Names;
use super::text::special;
use super::{Kind, MAX_DEPTH, Node};

/// Why a text is no strict JSON object. The lenient reading finds out what exactly is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The text breaks the grammar, names a member twice, or exceeds a bound.
    Grammar,
    /// A number exceeds a double.
    Range,
}

type Checked<T> = Result<T, Fault>;

/// Indexes the one object that the text must be.
pub(super) fn index(text: &str) -> Checked<Vec<Node>> {
    let mut parser = Parser { bytes: text.as_bytes(), at: 0, nodes: Vec::with_capacity(text.len() / 32 + 8) };
    parser.blank();
    if parser.peek() != Some(b'{') {
        return Err(Fault::Grammar);
    }
    parser.value((0, 0), false, 0)?;
    parser.blank();
    if parser.at == text.len() { Ok(parser.nodes) } else { Err(Fault::Grammar) }
}

/// The kind of a number, boolean or null that the text must be.
pub(super) fn word(text: &str) -> Checked<Kind> {
    let mut parser = Parser { bytes: text.as_bytes(), at: 0, nodes: Vec::new() };
    let kind = parser.word()?;
    if parser.at == text.len() { Ok(kind) } else { Err(Fault::Grammar) }
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

    /// Moves behind blanks.
    #[inline]
    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// The next byte that is no blank; zero at the end, as no token begins with it.
    #[inline]
    fn token(&mut self) -> u8 {
        match self.peek() {
            // Services write no blanks.
            Some(byte) if byte > b' ' => byte,
            _ => {
                self.blank();
                self.peek().unwrap_or_default()
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a row is at most MAX_ROW bytes")]
    fn value(&mut self, key: (u32, u32), key_escaped: bool, depth: usize) -> Checked<()> {
        if depth >= MAX_DEPTH {
            return Err(Fault::Grammar);
        }
        let node = self.nodes.len();
        let start = self.at as u32;
        let kind = match self.peek() {
            Some(b'"') => {
                if self.string()? {
                    Kind::Escaped
                } else {
                    Kind::Text
                }
            }
            // What lies within comes behind it.
            Some(open @ (b'{' | b'[')) => {
                self.nodes.push(Node { key, value: (start, 0), next: 0, kind: Kind::Null, key_escaped });
                let kind = if open == b'{' { self.object(depth)? } else { self.array(depth)? };
                let next = self.nodes.len() as u32;
                let entry = &mut self.nodes[node];
                (entry.value.1, entry.next, entry.kind) = (self.at as u32, next, kind);
                return Ok(());
            }
            _ => self.word()?,
        };
        self.nodes.push(Node { key, value: (start, self.at as u32), next: node as u32 + 1, kind, key_escaped });
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "a row is at most MAX_ROW bytes")]
    fn object(&mut self, depth: usize) -> Checked<Kind> {
        self.at += 1;
        if self.token() == b'}' {
            self.at += 1;
            return Ok(Kind::Object);
        }
        let mut names = Names::from(self.nodes.len());
        loop {
            if self.token() != b'"' {
                return Err(Fault::Grammar);
            }
            let start = self.at + 1;
            let escaped = self.string()?;
            let key = (start as u32, self.at as u32 - 1);
            self.name(key, escaped, &mut names)?;
            if self.token() != b':' {
                return Err(Fault::Grammar);
            }
            self.at += 1;
            self.token();
            self.value(key, escaped, depth + 1)?;
            match self.token() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    self.distinct(&names)?;
                    return Ok(Kind::Object);
                }
                _ => return Err(Fault::Grammar),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Checked<Kind> {
        self.at += 1;
        if self.token() == b']' {
            self.at += 1;
            return Ok(Kind::Array);
        }
        loop {
            self.token();
            self.value((0, 0), false, depth + 1)?;
            match self.token() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Kind::Array);
                }
                _ => return Err(Fault::Grammar),
            }
        }
    }

    fn word(&mut self) -> Checked<Kind> {
        match self.peek() {
            Some(b't') => self.literal("true", Kind::True),
            Some(b'f') => self.literal("false", Kind::False),
            Some(b'n') => self.literal("null", Kind::Null),
            _ => self.number(),
        }
    }

    fn literal(&mut self, word: &str, kind: Kind) -> Checked<Kind> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(Fault::Grammar);
        }
        self.at += word.len();
        Ok(kind)
    }

    /// Moves behind the string; returns whether the string has escapes.
    #[inline] // Called for every name and most values of every row.
    fn string(&mut self) -> Checked<bool> {
        self.at = special(self.bytes, self.at + 1);
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(false);
        }
        self.escapes()
    }

    /// Moves behind the string, from its first escape.
    fn escapes(&mut self) -> Checked<bool> {
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(true);
                }
                Some(b'\\') => self.escape()?,
                Some(_) | None => return Err(Fault::Grammar),
            }
            self.at = special(self.bytes, self.at);
        }
    }

    fn escape(&mut self) -> Checked<()> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let unit = self.unit(self.at + 2)?;
                self.at += 6;
                if (0xD800..0xDC00).contains(&unit) {
                    let pair = self.bytes.get(self.at..self.at + 2) == Some(b"\\u");
                    if !pair || !(0xDC00..0xE000).contains(&self.unit(self.at + 2)?) {
                        return Err(Fault::Grammar);
                    }
                    self.at += 6;
                } else if (0xDC00..0xE000).contains(&unit) {
                    return Err(Fault::Grammar);
                }
            }
            _ => return Err(Fault::Grammar),
        }
        Ok(())
    }

    fn unit(&self, at: usize) -> Checked<u32> {
        let digits = self.bytes.get(at..at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(Fault::Grammar)
    }

    fn digits(&mut self) -> Checked<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(Fault::Grammar);
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Checked<Kind> {
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
                return Err(Fault::Range);
            }
        }
        Ok(kind)
    }
}
