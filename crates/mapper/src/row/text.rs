//! JSON strings: finding their ends, reading and writing escapes.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// First byte from `at` that is a quote, a backslash or a control character; the length if there is none.
#[inline]
pub(super) fn special(bytes: &[u8], at: usize) -> usize {
    let (words, tail) = bytes.get(at..).unwrap_or_default().as_chunks::<8>();
    // Eight bytes at a time: the lowest set bit marks the first hit, whatever borrows do above it.
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let control = word.wrapping_sub(ONES * 0x20);
        // Neither mark has the highest bit, so that one test leaves letters beyond ASCII out for all three.
        let hits = (quote | backslash | control) & !word & HIGH;
        if hits != 0 {
            return at + place * 8 + (hits.trailing_zeros() / 8) as usize;
        }
    }
    let found = tail.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    found.map_or(bytes.len(), |n| bytes.len() - tail.len() + n)
}

/// Value of the text between the quotes of a checked JSON string.
pub(crate) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let mut letters = rest[at + 1..].chars();
        match letters.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let high = unit(&mut letters);
                let code = if (0xD800..0xDC00).contains(&high) {
                    letters.nth(1);
                    0x1_0000 + ((high - 0xD800) << 10) + (unit(&mut letters) - 0xDC00)
                } else {
                    high
                };
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out
}

fn unit(letters: &mut std::str::Chars<'_>) -> u32 {
    letters.take(4).fold(0, |value, digit| value * 16 + digit.to_digit(16).unwrap_or(0))
}

/// Appends the text as a JSON string.
pub(crate) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = special(bytes, from);
        out.extend_from_slice(&bytes[from..at]);
        let Some(&byte) = bytes.get(at) else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => {
                let digit = |value: u8| char::from_digit(u32::from(value), 16).map_or(b'0', |digit| digit as u8);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(other >> 4), digit(other & 15)]);
            }
        }
        from = at + 1;
    }
    out.push(b'"');
}
