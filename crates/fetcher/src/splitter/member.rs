//! One string member of a JSON object, found without parsing what follows it.

use super::scan::ValueScan;

/// The raw text of a string member of the object in `row`, without its quotes, if it is there, is a string and holds no
/// escape. Reading stops at the member, so that an early one costs little however long the row is.
pub fn string_member<'a>(row: &'a [u8], name: &str) -> Option<&'a str> {
    let mut rest = skip_space(row).strip_prefix(b"{")?;
    loop {
        rest = skip_space(rest);
        let key = rest.strip_prefix(b"\"").and_then(|_| ValueScan::default().advance(rest))?;
        let is_wanted = rest.get(1..key - 1) == Some(name.as_bytes());
        rest = skip_space(skip_space(&rest[key..]).strip_prefix(b":")?);
        let length = ValueScan::default().advance(rest)?;
        if is_wanted {
            let text = rest[..length].strip_prefix(b"\"")?.strip_suffix(b"\"")?;
            return (!text.contains(&b'\\')).then(|| std::str::from_utf8(text).ok()).flatten();
        }
        rest = skip_space(&rest[length..]).strip_prefix(b",")?;
    }
}

pub(super) fn skip_space(bytes: &[u8]) -> &[u8] {
    let at = bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len());
    &bytes[at..]
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
