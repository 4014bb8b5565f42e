//! The steps of the page scanner: one function per place in the page.

use std::io;

use super::member::is_space;
use super::scan::ValueScan;
use super::{Found, Level, MAX_TEXT, Member, Rows, SplitError, Splitter, State};

type Step<'c> = Result<Option<Found<'c>>, SplitError>;

impl Splitter {
    /// Runs until something is found or `rest` is empty.
    pub(super) fn step<'c>(&mut self, rest: &mut &'c [u8]) -> Step<'c> {
        loop {
            let scanning = matches!(self.state, State::InKey(_) | State::InValue(_) | State::InItem(_) | State::Broken);
            if !scanning {
                let space = rest.iter().take_while(|byte| is_space(**byte)).count();
                self.take(rest, space);
            }
            let Some(&byte) = rest.first() else { return Ok(None) };
            let found = match self.state {
                State::Start => self.start(rest, byte)?,
                State::FirstKey(level) if byte == b'}' => self.close_object(rest, level)?,
                // Stray commas are for the mapper to judge.
                State::FirstKey(Level::Element) | State::Key(Level::Element) if byte == b',' => {
                    self.element.extend(b",")?;
                    self.take(rest, 1);
                    None
                }
                State::Key(Level::Element) if byte == b'}' => {
                    self.element.extend(b",")?;
                    self.close_object(rest, Level::Element)?
                }
                State::FirstKey(level) | State::Key(level) => self.key(byte, level)?,
                State::InKey(level) => self.in_key(rest, level)?,
                State::Colon(level) => self.colon(rest, byte, level)?,
                State::Value(Level::Body) => self.body_value(rest, byte)?,
                State::Value(Level::Element) => self.element_value(rest, byte)?,
                State::InValue(level) => self.in_value(rest, level)?,
                State::AfterValue(level) => self.after_value(rest, byte, level)?,
                State::Items(level) => self.items(rest, byte, level)?,
                State::InItem(level) => self.in_item(rest, level)?,
                State::Broken => self.broken(rest)?,
                State::End => return Err(self.unexpected(byte, "the end of the body")),
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn start<'c>(&mut self, rest: &mut &'c [u8], byte: u8) -> Step<'c> {
        match byte {
            b'{' => self.state = State::FirstKey(Level::Body),
            b'[' if self.form.rows.is_none() => {
                self.rows = Rows::Array;
                self.state = State::Items(Level::Body);
            }
            // A byte order mark.
            0xEF | 0xBB | 0xBF => {}
            _ => return Err(self.unexpected(byte, "`{`")),
        }
        self.take(rest, 1);
        Ok(None)
    }

    fn key(&mut self, byte: u8, level: Level) -> Step<'static> {
        match byte {
            b'"' => {
                self.key.clear();
                self.scan = ValueScan::default();
                self.state = State::InKey(level);
            }
            _ if level == Level::Element => {
                let comma: &[u8] = if self.state == State::Key(level) { b"," } else { b"" };
                self.break_element(comma)?;
            }
            _ => return Err(self.unexpected(byte, "a key")),
        }
        Ok(None)
    }

    fn in_key<'c>(&mut self, rest: &mut &'c [u8], level: Level) -> Step<'c> {
        let (read, ended) = self.scanned(rest);
        let room = MAX_TEXT.saturating_sub(self.key.len()).min(read.len());
        if room < read.len() && level == Level::Element {
            // Too long for a name: the element goes on as raw bytes.
            self.keep_key()?;
            self.element.extend(read)?;
            self.scan = std::mem::take(&mut self.scan).within_object(ended);
            self.state = State::Broken;
            return Ok(None);
        }
        self.key.extend_from_slice(&read[..room]);
        if ended {
            self.state = State::Colon(level);
        }
        Ok(None)
    }

    fn colon<'c>(&mut self, rest: &mut &'c [u8], byte: u8, level: Level) -> Step<'c> {
        match byte {
            b':' => {
                self.take(rest, 1);
                self.state = State::Value(level);
            }
            _ if level == Level::Element => {
                self.keep_key()?;
                self.break_element(b"")?;
            }
            _ => return Err(self.unexpected(byte, "`:`")),
        }
        Ok(None)
    }

    fn body_value<'c>(&mut self, rest: &mut &'c [u8], byte: u8) -> Step<'c> {
        self.member = self.body_member();
        self.scan = ValueScan::default();
        self.text.clear();
        match (self.member, byte) {
            (Member::Value, _) if self.rows != Rows::None => return Err(SplitError::Twice(self.offset)),
            (Member::Value, b'[') => {
                self.take(rest, 1);
                self.rows = Rows::Array;
                self.state = State::Items(Level::Body);
            }
            (_, b',' | b'}' | b']' | b':') => return Err(self.unexpected(byte, "a value")),
            _ => self.state = State::InValue(Level::Body),
        }
        Ok(None)
    }

    fn element_value<'c>(&mut self, rest: &mut &'c [u8], byte: u8) -> Step<'c> {
        let is_nested = self.nested.is_some_and(|name| same_key(&self.key, name));
        if is_nested && std::mem::take(&mut self.has_nested) {
            return Ok(Some(Found::Again));
        }
        if byte == b'[' && is_nested {
            self.has_nested = true;
            self.take(rest, 1);
            self.state = State::Items(Level::Element);
            return Ok(None);
        }
        self.keep_key()?;
        self.element.extend(b":")?;
        if matches!(byte, b',' | b'}') {
            // No value at all.
            self.state = State::AfterValue(Level::Element);
        } else if matches!(byte, b']' | b':') {
            self.break_element(b"")?;
        } else {
            self.scan = ValueScan::of_member();
            self.state = State::InValue(Level::Element);
        }
        Ok(None)
    }

    fn in_value<'c>(&mut self, rest: &mut &'c [u8], level: Level) -> Step<'c> {
        let (read, ended) = self.scanned(rest);
        if level == Level::Element {
            self.element.extend(read)?;
        } else if self.member != Member::Other {
            let room = MAX_TEXT.saturating_sub(self.text.len()).min(read.len());
            self.text.extend_from_slice(&read[..room]);
        }
        if !ended {
            return Ok(None);
        }
        self.state = State::AfterValue(level);
        Ok(if level == Level::Element { None } else { self.kept_member() })
    }

    fn after_value<'c>(&mut self, rest: &mut &'c [u8], byte: u8, level: Level) -> Step<'c> {
        match byte {
            b',' => {
                self.take(rest, 1);
                self.state = State::Key(level);
            }
            b'}' => return self.close_object(rest, level),
            _ if level == Level::Element => self.break_element(b"")?,
            _ => return Err(self.unexpected(byte, "`,` or `}`")),
        }
        Ok(None)
    }

    /// Between items stray commas are passed over: the rows are what counts.
    fn items<'c>(&mut self, rest: &mut &'c [u8], byte: u8, level: Level) -> Step<'c> {
        match byte {
            b',' => {
                self.take(rest, 1);
            }
            b']' => {
                self.take(rest, 1);
                let is_body = level == Level::Body && self.form.rows.is_none();
                self.state = if is_body { State::End } else { State::AfterValue(level) };
            }
            b'{' if level == Level::Body && self.nested.is_some() => {
                self.take(rest, 1);
                self.element.extend(b"{")?;
                self.first_member = true;
                self.has_nested = false;
                self.state = State::FirstKey(Level::Element);
            }
            b'}' | b':' => return Err(self.unexpected(byte, "a record, `,` or `]`")),
            _ => {
                self.scan = ValueScan::default();
                self.state = State::InItem(level);
            }
        }
        Ok(None)
    }

    fn in_item<'c>(&mut self, rest: &mut &'c [u8], level: Level) -> Step<'c> {
        let (read, ended) = self.scanned(rest);
        let buffer = if level == Level::Body { &mut self.element } else { &mut self.item };
        if !ended {
            buffer.extend(read)?;
            return Ok(None);
        }
        self.state = State::Items(level);
        if buffer.is_needless_for(read) {
            return Ok(Some(Found::Row(level, read)));
        }
        buffer.extend(read)?;
        Ok(Some(Found::Held(level)))
    }

    fn broken<'c>(&mut self, rest: &mut &'c [u8]) -> Step<'c> {
        let (read, ended) = self.scanned(rest);
        self.element.extend(read)?;
        if !ended {
            return Ok(None);
        }
        self.state = State::Items(Level::Body);
        Ok(Some(Found::Held(Level::Body)))
    }

    fn close_object<'c>(&mut self, rest: &mut &'c [u8], level: Level) -> Step<'c> {
        self.take(rest, 1);
        if level == Level::Body {
            self.state = State::End;
            return Ok(None);
        }
        self.element.extend(b"}")?;
        self.state = State::Items(Level::Body);
        Ok(Some(Found::Held(Level::Body)))
    }

    fn body_member(&self) -> Member {
        const NAMES: [(&str, Member); 3] =
            [("nextLink", Member::NextLink), ("count", Member::Count), ("error", Member::Error)];
        let key = self.key.get(1..self.key.len() - 1).unwrap_or_default();
        let escaped = key.contains(&b'\\').then(|| serde_json::from_slice::<String>(&self.key).unwrap_or_default());
        let key = escaped.as_deref().map_or(key, str::as_bytes);
        if key.eq_ignore_ascii_case(b"errors") {
            return Member::Error;
        }
        let is = |name: Option<&str>| name.is_some_and(|name| key.eq_ignore_ascii_case(name.as_bytes()));
        if is(self.form.rows) {
            return Member::Value;
        }
        if is(self.form.more) {
            return Member::More;
        }
        // Older versions of OData write `odata.` without the sign, and who copies it writes it as he likes.
        let bare = key.strip_prefix(b"@").unwrap_or(key);
        let bare = bare.get(..6).filter(|head| head.eq_ignore_ascii_case(b"odata.")).map_or(bare, |_| &bare[6..]);
        let named = NAMES.iter().find(|(name, _)| bare.eq_ignore_ascii_case(name.as_bytes()));
        match named {
            // A property of this name is none of the protocol's.
            Some((_, Member::Count)) if bare.len() == key.len() => Member::Other,
            Some((_, member)) => *member,
            None => Member::Other,
        }
    }

    fn kept_member(&mut self) -> Option<Found<'static>> {
        let is_nothing = matches!(&self.text[..], b"null" | b"false" | b"{}" | b"[]" | b"\"\"" | b"0");
        match self.member {
            Member::NextLink | Member::Error if is_nothing => None,
            Member::NextLink => match serde_json::from_slice::<String>(&self.text) {
                // An empty one leads nowhere.
                Ok(link) if link.trim().is_empty() => None,
                Ok(link) => Some(Found::Link(link)),
                Err(_) => {
                    self.text = b"\"the next link is no text\"".to_vec();
                    Some(Found::Error)
                }
            },
            Member::Count => count(&self.text).map(Found::Count),
            Member::More => Some(Found::More(!is_nothing)),
            Member::Error => Some(Found::Error),
            Member::Value if self.text == b"null" => {
                self.rows = Rows::Null;
                None
            }
            Member::Value | Member::Other => None,
        }
    }

    fn keep_key(&mut self) -> io::Result<()> {
        if !self.first_member {
            self.element.extend(b",")?;
        }
        self.first_member = false;
        self.element.extend(&self.key)
    }

    /// The members of the element cannot be told apart from here on: it is handed over as it is, for the mapper to reject.
    fn break_element(&mut self, pending: &[u8]) -> io::Result<()> {
        self.element.extend(pending)?;
        self.scan = ValueScan::inside_object();
        self.state = State::Broken;
        Ok(())
    }

    /// What the scan of the current value takes from `rest`, and whether the value ended there.
    fn scanned<'c>(&mut self, rest: &mut &'c [u8]) -> (&'c [u8], bool) {
        let end = self.scan.advance(rest);
        (self.take(rest, end.unwrap_or(rest.len())), end.is_some())
    }

    fn take<'c>(&mut self, rest: &mut &'c [u8], count: usize) -> &'c [u8] {
        let (taken, tail) = rest.split_at(count);
        *rest = tail;
        self.offset += count as u64;
        taken
    }

    fn unexpected(&self, byte: u8, expected: &'static str) -> SplitError {
        let found =
            if byte.is_ascii_graphic() { format!("`{}`", char::from(byte)) } else { format!("byte 0x{byte:02x}") };
        SplitError::Unexpected { found, expected, offset: self.offset }
    }
}

/// A number, or the text of one, as some write it.
fn count(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.trim_matches('"').trim();
    text.parse().ok().or_else(|| text.strip_suffix(".0")?.parse().ok())
}

/// Compares a key, quotes included, with a name; escapes are resolved in the rare key that has them.
fn same_key(key: &[u8], name: &str) -> bool {
    if key.contains(&b'\\') {
        return serde_json::from_slice::<String>(key).is_ok_and(|text| text == name);
    }
    key.get(1..key.len() - 1) == Some(name.as_bytes())
}
