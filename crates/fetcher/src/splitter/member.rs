//! One member of a JSON object, found without parsing what follows it.

use std::borrow::Cow;
use std::ops::Range;

use super::scan::ValueScan;

/// The text of a string member of the object in `row`, if it is there and is a string. Reading stops at the member, so that
/// an early one costs little however long the row is.
pub fn string_member<'a>(row: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    text_of(member(row, name)?)
}

/// The text of a string member, or that of a number: some services write times as numbers.
pub fn scalar_member<'a>(row: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let value = member(row, name)?;
    match value.first()? {
        b'-' | b'0'..=b'9' => std::str::from_utf8(value).ok().map(Cow::Borrowed),
        _ => text_of(value),
    }
}

/// The row with another text for a scalar member; `None` if it is not there, or `with` does not want to replace it.
pub fn replace_scalar(row: &[u8], name: &str, with: impl FnOnce(&str) -> Option<String>) -> Option<Vec<u8>> {
    let text = with(&scalar_member(row, name)?)?;
    let old = member(row, name)?;
    let at = old.as_ptr().addr() - row.as_ptr().addr();
    let new = serde_json::to_vec(&text).ok()?;
    Some([&row[..at], &new, &row[at + old.len()..]].concat())
}

fn text_of(value: &[u8]) -> Option<Cow<'_, str>> {
    let text = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if text.contains(&b'\\') {
        return serde_json::from_slice(value).ok().map(Cow::Owned);
    }
    std::str::from_utf8(text).ok().map(Cow::Borrowed)
}

/// The raw value of a member.
fn member<'a>(row: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = skip_space(row).strip_prefix(b"{")?;
    loop {
        rest = skip_space(rest);
        let key = rest.strip_prefix(b"\"").and_then(|_| ValueScan::default().advance(rest))?;
        let is_wanted = rest.get(1..key - 1) == Some(name.as_bytes());
        rest = skip_space(skip_space(&rest[key..]).strip_prefix(b":")?);
        let length = ValueScan::default().advance(rest)?;
        if is_wanted {
            return Some(&rest[..length]);
        }
        rest = skip_space(&rest[length..]).strip_prefix(b",")?;
    }
}

/// A member of the object in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// Its name, escapes resolved.
    pub(crate) name: Cow<'a, str>,
    /// Where its key begins and its value ends.
    pub(crate) place: Range<usize>,
    /// Its value's JSON text.
    pub(crate) value: &'a [u8],
}

/// The members of the object in `row`, in their order, as far as they can be told apart.
pub(crate) fn members(row: &[u8]) -> impl Iterator<Item = Member<'_>> {
    let mut rest = skip_space(row).strip_prefix(b"{");
    std::iter::from_fn(move || {
        let text = skip_space(rest.take()?);
        let key = text.strip_prefix(b"\"").and_then(|_| ValueScan::default().advance(text))?;
        let start = row.len() - text.len();
        let name = match std::str::from_utf8(&text[1..key - 1]) {
            Ok(name) if !name.contains('\\') => Cow::Borrowed(name),
            _ => Cow::Owned(serde_json::from_slice(&text[..key]).unwrap_or_default()),
        };
        let value = skip_space(skip_space(&text[key..]).strip_prefix(b":")?);
        let length = ValueScan::of_member().advance(value)?;
        let end = row.len() - value.len() + length;
        rest = skip_space(&value[length..]).strip_prefix(b",");
        Some(Member { name, place: start..end, value: &value[..length] })
    })
}

pub(super) fn skip_space(bytes: &[u8]) -> &[u8] {
    let at = bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len());
    &bytes[at..]
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
