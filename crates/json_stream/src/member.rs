//! One member of a JSON object, found without parsing what follows it.

use std::borrow::Cow;
use std::ops::Range;

use mapper::Row;

use super::scan::ValueScan;

/// The text of a string member of the object in `row`, if it is there and is a string, as the mapper reads it: of members
/// with one name the last one counts, escapes are undone, and a row that is not JSON is read leniently.
///
/// Reading stops at the member as long as nothing behind it looks like the same name, so that an early one costs little
/// however long the row is. Of a row that was cut off, the member is what can be told.
pub fn string_member<'a>(row: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    match look(row, name) {
        Look::Plain(value) => text_of(value?).map(Cow::Borrowed),
        Look::Odd(first) => match Row::parse(row) {
            Ok(row) => row.string(name).map(|value| Cow::Owned(value.into_owned())),
            Err(_) => text_of(first?).map(Cow::Borrowed),
        },
    }
}

/// The text of a string member, or that of a number: some services write times as numbers.
pub fn scalar_member<'a>(row: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    match look(row, name) {
        Look::Plain(value) => scalar_of(value?).map(Cow::Borrowed),
        Look::Odd(first) => match Row::parse(row) {
            Ok(row) => row.text_or_number(name).map(|value| Cow::Owned(value.into_owned())),
            Err(_) => scalar_of(first?).map(Cow::Borrowed),
        },
    }
}

/// What [`scalar_member`] says of several members, found in one way through the row.
pub fn scalar_members<'a, const N: usize>(row: &'a [u8], names: [&str; N]) -> [Option<Cow<'a, str>>; N] {
    match last_values(row, names) {
        Some(values) => std::array::from_fn(|at| match values[at]? {
            value if is_odd(value) => scalar_member(row, names[at]),
            value => scalar_of(value).map(Cow::Borrowed),
        }),
        None => names.map(|name| scalar_member(row, name)),
    }
}

/// Raw values of members; `None` where the row is not so plain that they can be told, or has one of the names twice.
fn last_values<'a, const N: usize>(row: &'a [u8], names: [&str; N]) -> Option<[Option<&'a [u8]>; N]> {
    let mut values = [None; N];
    let mut members = Members::new(row)?;
    while let Some(Member { key, value, .. }) = members.step().ok()? {
        if key.contains(&b'\\') {
            return None;
        }
        for (name, found) in names.iter().zip(&mut values) {
            if key == name.as_bytes() && found.replace(value).is_some() {
                return None;
            }
        }
    }
    Some(values)
}

/// A text that does not stand for itself.
fn is_odd(value: &[u8]) -> bool {
    let odd = |byte: &u8| *byte == b'\\' || *byte < b' ';
    value.starts_with(b"\"") && (value.iter().any(odd) || std::str::from_utf8(value).is_err())
}

/// The row with another text in the place of a member's value; `None` if the member is not there.
pub fn replace_member(row: &[u8], name: &str, text: &str) -> Option<Vec<u8>> {
    let new = serde_json::to_string(text).ok()?;
    match look(row, name) {
        Look::Plain(old) => {
            let old = old?;
            let at = old.as_ptr().addr() - row.as_ptr().addr();
            Some([&row[..at], new.as_bytes(), &row[at + old.len()..]].concat())
        }
        Look::Odd(_) => Row::parse(row).ok()?.with(name, &new).map(String::into_bytes),
    }
}

fn text_of(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value.strip_prefix(b"\"")?.strip_suffix(b"\"")?).ok()
}

fn scalar_of(value: &[u8]) -> Option<&str> {
    match value.first()? {
        b'"' => text_of(value),
        _ if serde_json::from_slice::<serde_json::Number>(value).is_ok() => std::str::from_utf8(value).ok(),
        _ => None,
    }
}

/// What a quick look tells of a member.
enum Look<'a> {
    /// Its raw value, where it has one: a text without escapes, or no text.
    Plain(Option<&'a [u8]>),
    /// Only the whole reading can tell; the first value of the name, for a row that was cut off.
    Odd(Option<&'a [u8]>),
}

fn look<'a>(row: &'a [u8], name: &str) -> Look<'a> {
    let mut first = None;
    match plain_member(row, name, &mut first) {
        Some(end) => {
            let rest = row.get(end..).unwrap_or_default();
            if may_repeat(rest, name) && repeats(row, name) { Look::Odd(first) } else { Look::Plain(first) }
        }
        None => Look::Odd(None),
    }
}

/// Looks for the first member of the name; where its value ends, or where the object does. `None` where the row is not
/// so plain that this can be told: there is an escape in a name or in the value, or something that is not JSON.
fn plain_member<'a>(row: &'a [u8], name: &str, first: &mut Option<&'a [u8]>) -> Option<usize> {
    let mut members = Members::new(row)?;
    while let Some(Member { key, value, .. }) = members.step().ok()? {
        if key.contains(&b'\\') {
            return None;
        }
        if key == name.as_bytes() {
            if is_odd(value) {
                return None;
            }
            *first = Some(value);
            return Some(row.len() - members.rest.len());
        }
    }
    Some(row.len())
}

/// Cheaply: something in the rest of the row could be the name once more, perhaps with escapes.
fn may_repeat(rest: &[u8], name: &str) -> bool {
    let quoted = [b"\"", name.as_bytes(), b"\""].concat();
    memchr::memmem::find(rest, &quoted).is_some() || memchr::memmem::find(rest, b"\\u00").is_some()
}

/// The object has the name more than once, or that cannot be told.
fn repeats(row: &[u8], name: &str) -> bool {
    let Some(mut members) = Members::new(row) else { return true };
    let mut count = 0;
    loop {
        match members.step() {
            Ok(Some(Member { key, .. })) if key.contains(&b'\\') => return true,
            Ok(Some(Member { key, .. })) => count += usize::from(key == name.as_bytes()),
            Ok(None) => return count > 1,
            Err(NotPlain) => return true,
        }
    }
}

/// A member of the object in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name as it is written, without quotes.
    key: &'a [u8],
    /// Where its key begins and its value ends.
    pub place: Range<usize>,
    /// Its value's JSON text.
    pub value: &'a [u8],
}

impl Member<'_> {
    /// Its name, escapes resolved.
    pub fn name(&self) -> Cow<'_, str> {
        match std::str::from_utf8(self.key) {
            Ok(name) if !name.contains('\\') => Cow::Borrowed(name),
            _ => Cow::Owned(serde_json::from_slice(&[b"\"", self.key, b"\""].concat()).unwrap_or_default()),
        }
    }
}

/// The members of the object in `row`, in their order, as far as they can be told apart.
pub fn members(row: &[u8]) -> impl Iterator<Item = Member<'_>> {
    let mut members = Members::new(row);
    std::iter::from_fn(move || members.as_mut()?.step().ok().flatten())
}

/// All members of the object in `row`, for who writes it anew; `None` if they cannot be told apart to its end.
pub fn all_members(row: &[u8]) -> Option<Vec<Member<'_>>> {
    let (mut members, mut found) = (Members::new(row)?, Vec::new());
    while let Some(member) = members.step().ok()? {
        found.push(member);
    }
    Some(found)
}

/// The structure of the object cannot be told.
struct NotPlain;

/// The members of an object, as long as the structure is plain.
struct Members<'a> {
    row: &'a [u8],
    rest: &'a [u8],
    is_first: bool,
}

impl<'a> Members<'a> {
    fn new(row: &'a [u8]) -> Option<Self> {
        Some(Self { row, rest: skip_space(row).strip_prefix(b"{")?, is_first: true })
    }

    /// The next member; `None` at the end of the object.
    fn step(&mut self) -> Result<Option<Member<'a>>, NotPlain> {
        let mut text = skip_space(self.rest);
        if text.starts_with(b"}") {
            return Ok(None);
        }
        if !std::mem::take(&mut self.is_first) {
            text = skip_space(text.strip_prefix(b",").ok_or(NotPlain)?);
        }
        let end = text.strip_prefix(b"\"").and_then(|_| ValueScan::default().advance(text)).ok_or(NotPlain)?;
        let key = text.get(1..end - 1).ok_or(NotPlain)?;
        let value = skip_space(skip_space(&text[end..]).strip_prefix(b":").ok_or(NotPlain)?);
        let length = ValueScan::of_member().advance(value).ok_or(NotPlain)?;
        self.rest = &value[length..];
        let value = &value[..length];
        let place = self.row.len() - text.len()..self.row.len() - self.rest.len();
        if is_closed(value) { Ok(Some(Member { key, place, value })) } else { Err(NotPlain) }
    }
}

/// What looks like a value is one, and not the beginning of another member's.
fn is_closed(value: &[u8]) -> bool {
    match value {
        [b'"', .., b'"'] | [b'{', .., b'}'] | [b'[', .., b']'] => true,
        [first, ..] => {
            !matches!(first, b'"' | b'{' | b'[')
                && value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        }
        [] => false,
    }
}

pub(super) fn skip_space(bytes: &[u8]) -> &[u8] {
    let at = bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len());
    &bytes[at..]
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
