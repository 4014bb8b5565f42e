//! Rows in whatever JSON people have: NDJSON, values one after the other, pretty-printed ones, lists, pages
//! (`{"value":[…]}`) and lists of pages, with or without a byte order mark. One row is held at a time.
//!
//! Only brackets and strings are looked at; whether a row is JSON is the mapper's judgement. Where brackets do not match,
//! the line on which the value began is the row that will be rejected, and reading goes on with the next line.

#[cfg(test)]
mod tests;

use std::io::{self, BufRead};

/// Lists within lists that are looked into.
const MAX_LISTS: usize = 8;
/// Values without an end after which the rest is read once more, line by line.
const MAX_AGAIN: u32 = 1000;

/// Bytes of a byte order mark. Between values nothing else begins with them.
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Reads rows.
#[derive(Debug)]
pub(super) struct Values<R> {
    bytes: Bytes<R>,
    /// Longest row that is held whole.
    max: usize,
    lists: Vec<List>,
    row: Vec<u8>,
    again: u32,
    is_empty: bool,
}

/// A list that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Plain,
    /// `value` of a page, whose other members follow.
    Page,
}

/// Kinds of objects that a file of rows holds.
enum Object {
    Whole,
    Page,
    Broken,
}

impl<R: BufRead> Values<R> {
    /// Rows longer than `max` are cut one byte behind it, so that they are still too long.
    pub(super) fn new(input: R, max: usize) -> Self {
        let bytes = Bytes { input, back: Vec::new(), at: 0, line: 1 };
        Self { bytes, max, lists: Vec::new(), row: Vec::new(), again: 0, is_empty: true }
    }

    /// Nothing but white space was found so far.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The next row and the line on which it begins.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        loop {
            let Some(byte) = self.bytes.peek()? else {
                return Ok(None);
            };
            if byte.is_ascii_whitespace() || byte == b',' || MARK.contains(&byte) {
                self.bytes.next()?;
                continue;
            }
            self.is_empty = false;
            let line = self.bytes.line;
            self.row.clear();
            match byte {
                b'[' if self.lists.len() < MAX_LISTS => {
                    self.bytes.next()?;
                    self.lists.push(List::Plain);
                }
                b']' if !self.lists.is_empty() => {
                    self.bytes.next()?;
                    if self.lists.pop() == Some(List::Page) {
                        self.skip_members()?;
                    }
                }
                b'{' => match self.object()? {
                    Object::Whole => return Ok(Some((line, &self.row))),
                    Object::Page => {
                        self.row.clear();
                        self.lists.push(List::Page);
                    }
                    Object::Broken => {
                        self.break_off(line);
                        return Ok(Some((line, &self.row)));
                    }
                },
                _ => {
                    self.word()?;
                    return Ok(Some((line, &self.row)));
                }
            }
        }
    }

    /// Takes a value that is neither object nor list: within a list up to its end, else up to the end of the line.
    fn word(&mut self) -> io::Result<()> {
        let is_listed = !self.lists.is_empty();
        while let Some(byte) = self.bytes.peek()? {
            if byte == b'\n' || is_listed && matches!(byte, b',' | b']') && !self.row.is_empty() {
                break;
            }
            self.take()?;
        }
        Ok(())
    }

    /// An object up to its end, or to the beginning of a page's list.
    fn object(&mut self) -> io::Result<Object> {
        let mut scan = Scan::default();
        while let Some(byte) = self.bytes.peek()? {
            if byte == b'[' && scan.is_value() {
                self.take()?;
                scan.step(b'[');
                if self.begins_rows()? {
                    return Ok(Object::Page);
                }
                continue;
            }
            self.take()?;
            if !scan.step(byte) {
                return Ok(Object::Broken);
            }
            if scan.closers.is_empty() {
                return Ok(Object::Whole);
            }
            // A line that begins like a row where no value can begin: the one before was cut off.
            if byte == b'\n' && !scan.may_begin() && self.bytes.peek()? == Some(b'{') {
                return Ok(Object::Broken);
            }
        }
        Ok(Object::Broken)
    }

    /// Whether objects follow, or nothing.
    fn begins_rows(&mut self) -> io::Result<bool> {
        while let Some(byte) = self.bytes.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(matches!(byte, b'{' | b']'));
            }
            self.take()?;
        }
        Ok(false)
    }

    /// The members of a page behind its list.
    fn skip_members(&mut self) -> io::Result<()> {
        let mut scan = Scan { closers: vec![b'}'], ..Scan::default() };
        while !scan.closers.is_empty()
            && let Some(byte) = self.bytes.next()?
        {
            if !scan.step(byte) {
                break;
            }
        }
        Ok(())
    }

    /// The first line is the row; what came after it is read again.
    fn break_off(&mut self, line: u64) {
        let Some(end) = self.row.iter().position(|byte| *byte == b'\n') else { return };
        if self.row.len() <= self.max && self.again < MAX_AGAIN {
            self.again += 1;
            self.bytes.give_back(&self.row[end + 1..], line + 1);
        }
        self.row.truncate(end);
    }

    fn take(&mut self) -> io::Result<()> {
        if let Some(byte) = self.bytes.next()?
            && self.row.len() <= self.max
        {
            self.row.push(byte);
        }
        Ok(())
    }
}

/// Brackets and strings of a value.
#[derive(Debug, Default)]
struct Scan {
    /// Brackets that are to come.
    closers: Vec<u8>,
    in_string: bool,
    is_escaped: bool,
    /// Bytes of the string so far, and of the last one, as far as they are `value`.
    text: Vec<u8>,
    /// Last byte outside strings that is not white space.
    last: u8,
}

impl Scan {
    /// `false` where brackets do not match.
    fn step(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => {
                    self.in_string = false;
                    self.last = byte;
                    return true;
                }
                _ => {}
            }
            if self.text.len() <= KEY.len() {
                self.text.push(byte);
            }
            return true;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.text.clear();
            }
            b'{' => self.closers.push(b'}'),
            b'[' => self.closers.push(b']'),
            b'}' | b']' if self.closers.pop() != Some(byte) => return false,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.last = byte;
        }
        true
    }

    /// The value of the outermost object's `value` begins.
    fn is_value(&self) -> bool {
        !self.in_string && self.closers == *b"}" && self.last == b':' && self.text == KEY
    }

    /// A value may begin here.
    fn may_begin(&self) -> bool {
        !self.in_string && matches!(self.last, b'[' | b',' | b':')
    }
}

const KEY: &[u8] = b"value";

/// Bytes with their line, some of which may be given back.
#[derive(Debug)]
struct Bytes<R> {
    input: R,
    back: Vec<u8>,
    at: usize,
    line: u64,
}

impl<R: BufRead> Bytes<R> {
    fn peek(&mut self) -> io::Result<Option<u8>> {
        match self.back.get(self.at) {
            Some(byte) => Ok(Some(*byte)),
            None => Ok(self.input.fill_buf()?.first().copied()),
        }
    }

    fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if self.at < self.back.len() {
            self.at += 1;
        } else if byte.is_some() {
            self.input.consume(1);
        }
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    fn give_back(&mut self, bytes: &[u8], line: u64) {
        self.back = [bytes, &self.back[self.at..]].concat();
        self.at = 0;
        self.line = line;
    }
}
