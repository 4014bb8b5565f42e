//! Text between quotes, read leniently.

/// Flaws of a text.
#[derive(Debug, Default, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one kind of drift, counted by itself")]
pub(super) struct Flaws {
    /// Bytes that are not UTF-8.
    pub(super) bytes: bool,
    /// Control characters that are not escaped.
    pub(super) control: bool,
    /// An escape that JSON does not know.
    pub(super) escape: bool,
    /// Half of a surrogate pair.
    pub(super) surrogate: bool,
}

impl Flaws {
    /// Calls `each` with the word for every flaw.
    pub(super) fn each(self, mut each: impl FnMut(&'static str)) {
        for (is, word) in [
            (self.bytes, "invalid_utf8"),
            (self.control, "control_character"),
            (self.escape, "unknown_escape"),
            (self.surrogate, "lone_surrogate"),
        ] {
            if is {
                each(word);
            }
        }
    }
}

/// Value of the text. A control character stands for itself, half of a surrogate pair is replaced, and an escape that
/// JSON does not know stays as it is written, because `C:\Users` means just that.
pub(super) fn read_text(text: &str, flaws: &mut Flaws) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let (letter, length) = match escape.as_bytes().first() {
            Some(b'b') => ('\u{8}', 1),
            Some(b'f') => ('\u{c}', 1),
            Some(b'n') => ('\n', 1),
            Some(b'r') => ('\r', 1),
            Some(b't') => ('\t', 1),
            Some(&plain @ (b'"' | b'\\' | b'/')) => (char::from(plain), 1),
            Some(b'\'') => {
                flaws.escape = true;
                ('\'', 1)
            }
            Some(b'u') => match unit(escape) {
                Some(high @ 0xD800..0xDC00) => match escape.get(5..).filter(|next| next.starts_with("\\u")) {
                    Some(next) if let Some(low @ 0xDC00..0xE000) = unit(&next[1..]) => {
                        let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                        (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 11)
                    }
                    _ => {
                        flaws.surrogate = true;
                        (char::REPLACEMENT_CHARACTER, 5)
                    }
                },
                Some(code) => {
                    flaws.surrogate |= (0xDC00..0xE000).contains(&code);
                    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 5)
                }
                None => {
                    flaws.escape = true;
                    ('\\', 0)
                }
            },
            _ => {
                flaws.escape = true;
                ('\\', 0)
            }
        };
        out.push(letter);
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

/// The code unit of an escape that begins with `u`.
fn unit(escape: &str) -> Option<u32> {
    let digits = escape.get(1..5).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}
