//! Writes JSON straight into a byte buffer: no tree, no formatting machinery.

use crate::filetime;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A writer over a buffer. It knows whether a comma is due from the last byte written.
pub(crate) struct Json<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    /// The client sent `Prefer: include-unknown-enum-members`.
    newer: bool,
}

impl<'a> Json<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, newer: bool) -> Json<'a> {
        Json { out, newer }
    }

    fn separate(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    /// Keys are our own constants and need no escape.
    fn key(&mut self, key: &str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.out.push(b'"');
        escape(self.out, value);
        self.out.push(b'"');
    }

    /// One string made of several parts.
    pub(crate) fn cat(&mut self, key: &str, parts: &[&str]) {
        self.key(key);
        self.quoted(parts);
    }

    fn quoted(&mut self, parts: &[&str]) {
        self.out.push(b'"');
        for part in parts {
            escape(self.out, part);
        }
        self.out.push(b'"');
    }

    pub(crate) fn opt(&mut self, key: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(key, value),
            None => self.null(key),
        }
    }

    /// What `write` writes, or `null`.
    pub(crate) fn when(&mut self, filled: bool, key: &str, write: impl FnOnce(&mut Self, &str)) {
        if filled { write(self, key) } else { self.null(key) }
    }

    pub(crate) fn null(&mut self, key: &str) {
        self.key(key);
        self.out.extend_from_slice(b"null");
    }

    pub(crate) fn nulls(&mut self, keys: &[&str]) {
        for key in keys {
            self.null(key);
        }
    }

    pub(crate) fn num(&mut self, key: &str, value: i64) {
        self.key(key);
        if value < 0 {
            self.out.push(b'-');
        }
        self.out.extend_from_slice(Digits::new(value.unsigned_abs()).as_str().as_bytes());
    }

    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Bytes that are JSON already.
    pub(crate) fn raw(&mut self, key: &str, value: &str) {
        self.key(key);
        self.out.extend_from_slice(value.as_bytes());
    }

    pub(crate) fn time(&mut self, key: &str, value: i64) {
        self.key(key);
        self.out.push(b'"');
        filetime::write(value, self.out);
        self.out.push(b'"');
    }

    pub(crate) fn opt_time(&mut self, key: &str, value: Option<i64>) {
        match value {
            Some(value) => self.time(key, value),
            None => self.null(key),
        }
    }

    /// An enumeration member. A leading `+` marks one that came after `unknownFutureValue` in Microsoft's type: without the
    /// client's `Prefer` header the service hides it behind that name.
    pub(crate) fn member(&mut self, key: &str, value: &str) {
        let shown = self.shown(value);
        self.text(key, shown);
    }

    fn shown<'v>(&self, value: &'v str) -> &'v str {
        match value.strip_prefix('+') {
            Some(_) if !self.newer => "unknownFutureValue",
            Some(name) => name,
            None => value,
        }
    }

    /// A GUID made of the bits of `seed`.
    pub(crate) fn guid(&mut self, key: &str, seed: u64) {
        self.key(key);
        self.out.push(b'"');
        write_guid(self.out, seed);
        self.out.push(b'"');
    }

    /// `len` hexadecimal digits made of `seed`.
    pub(crate) fn hex(&mut self, key: &str, seed: u64, len: usize) {
        self.key(key);
        self.out.push(b'"');
        write_hex(self.out, seed, len);
        self.out.push(b'"');
    }

    pub(crate) fn list(&mut self, key: &str, values: &[&str]) {
        self.array(key, |json| {
            for value in values {
                json.item_text(&[value]);
            }
        });
    }

    pub(crate) fn item_text(&mut self, parts: &[&str]) {
        self.separate();
        self.quoted(parts);
    }

    pub(crate) fn item(&mut self, write: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push(b'{');
        write(self);
        self.out.push(b'}');
    }

    pub(crate) fn object(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.key(key);
        self.out.push(b'{');
        write(self);
        self.out.push(b'}');
    }

    /// The beginning of an array whose items are written by others.
    pub(crate) fn open_array(&mut self, key: &str) {
        self.key(key);
        self.out.push(b'[');
    }

    pub(crate) fn array(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.key(key);
        self.out.push(b'[');
        write(self);
        self.out.push(b']');
    }
}

/// Decimal digits on the stack.
pub(crate) struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    pub(crate) fn new(value: u64) -> Digits {
        Digits::padded(value, 1)
    }

    /// At least `width` digits, zeros in front.
    pub(crate) fn padded(mut value: u64, width: usize) -> Digits {
        let (mut bytes, mut start) = ([b'0'; 20], 20);
        while value > 0 || 20 - start < width {
            start -= 1;
            bytes[start] = b'0' + (value % 10) as u8;
            value /= 10;
        }
        Digits { bytes, start }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.start..]).unwrap_or_default()
    }
}

pub(crate) fn write_hex(out: &mut Vec<u8>, seed: u64, len: usize) {
    let mut word = seed;
    for at in 0..len {
        if at % 16 == 0 {
            word = seed.wrapping_add(at as u64).wrapping_mul(0xD134_2543_DE82_EF95);
            word ^= word >> 29;
        }
        out.push(HEX[(word & 15) as usize]);
        word >>= 4;
    }
}

pub(crate) fn write_guid(out: &mut Vec<u8>, seed: u64) {
    let start = out.len();
    write_hex(out, seed, 36);
    for at in [8, 13, 18, 23] {
        out[start + at] = b'-';
    }
    out[start + 14] = b'4';
    out[start + 19] = b"89ab"[(seed & 3) as usize];
}

/// Appends `text` as the inside of a JSON string.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    #[allow(clippy::needless_bitwise_bool, reason = "lazy operators keep the loop from being vectorised")]
    let special = |b: u8| (b < 0x20) | (b == b'"') | (b == b'\\');
    let mut rest = text.as_bytes();
    // A fold without early exit is vectorised, and nearly all text is clean.
    while rest.iter().fold(false, |found, &b| found | special(b)) {
        let at = rest.iter().position(|&b| special(b)).unwrap_or(0);
        out.extend_from_slice(&rest[..at]);
        escape_byte(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}
