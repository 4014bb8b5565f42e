//! The forms that a text may have been given on its way, undone.

use std::ops::Range;

/// Forms within forms that are undone.
const DEPTH: usize = 2;
/// A shorter run of letters is a word, and no Base64.
const SHORTEST_RUN: usize = 8;

/// Where the bytes of an undone form came from.
#[derive(Debug)]
pub(super) struct Origin(Option<Vec<usize>>);

impl Origin {
    /// The part of the original text that such a part of the undone form stands for.
    pub(super) fn range(&self, range: Range<usize>) -> Range<usize> {
        match &self.0 {
            None => range,
            Some(starts) => {
                let at = |place: usize| starts.get(place).copied().unwrap_or_default();
                at(range.start)..at(range.end)
            }
        }
    }

    fn of(&self, place: usize) -> usize {
        self.0.as_ref().map_or(place, |starts| starts.get(place).copied().unwrap_or_default())
    }
}

/// Bytes with the place that each came from, and the end.
#[derive(Debug, Default)]
struct Undone {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Undone {
    fn push(&mut self, bytes: &[u8], start: usize) {
        self.bytes.extend_from_slice(bytes);
        self.starts.extend(std::iter::repeat_n(start, bytes.len()));
    }
}

/// Calls `look` with the text and with each form of it undone.
pub(super) fn each(text: &[u8], look: &mut dyn FnMut(&[u8], &Origin)) {
    undo(text, &Origin(None), DEPTH, look);
}

/// Undoes the escape that a text begins with: what it stands for, and its length.
type Step = fn(&[u8]) -> Option<(char, usize)>;

fn undo(text: &[u8], origin: &Origin, depth: usize, look: &mut dyn FnMut(&[u8], &Origin)) {
    look(text, origin);
    packed(text, &is_base64, &base64, origin, look);
    packed(text, &|byte| byte.is_ascii_hexdigit(), &hex, origin, look);
    if depth == 0 {
        return;
    }
    let steps: [(u8, Step); 3] = [(b'%', percent), (b'\\', escaped), (b'&', entity)];
    for (sign, step) in steps {
        if memchr::memchr(sign, text).is_none() {
            continue;
        }
        let mut undone = Undone::default();
        let mut at = 0;
        while at < text.len() {
            let replaced = if text[at] == sign { step(&text[at..]) } else { None };
            match replaced {
                // A percent sign stands for a byte, the others for a character.
                Some((c, length)) if sign == b'%' => {
                    undone.push(&[u8::try_from(u32::from(c)).unwrap_or_default()], origin.of(at));
                    at += length;
                }
                Some((c, length)) => {
                    undone.push(c.encode_utf8(&mut [0; 4]).as_bytes(), origin.of(at));
                    at += length;
                }
                None => {
                    undone.push(&text[at..=at], origin.of(at));
                    at += 1;
                }
            }
        }
        undone.starts.push(origin.of(text.len()));
        if undone.bytes.len() < text.len() {
            undo(&undone.bytes, &Origin(Some(undone.starts)), depth - 1, look);
        }
    }
}

/// `%2F`: the byte, as a character below 256.
fn percent(text: &[u8]) -> Option<(char, usize)> {
    let byte = number(text.get(1..3)?, 16)?;
    char::from_u32(byte).map(|c| (c, 3))
}

/// `\/`, `\n`, `\u002f`, `\x2f`.
fn escaped(text: &[u8]) -> Option<(char, usize)> {
    Some(match text.get(1)? {
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'x' => (char::from_u32(number(text.get(2..4)?, 16)?)?, 4),
        b'u' => {
            let first = number(text.get(2..6)?, 16)?;
            if let Some(c) = char::from_u32(first) {
                (c, 6)
            } else {
                // Half of a pair.
                let second = number(text.get(8..12).filter(|_| text.get(6..8) == Some(b"\\u"))?, 16)?;
                let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
                (char::decode_utf16(units).next()?.ok()?, 12)
            }
        }
        byte if byte.is_ascii_punctuation() => (char::from(*byte), 2),
        _ => return None,
    })
}

/// `&amp;`, `&#47;`, `&#x2F;`.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    const LONGEST: usize = 10;
    let end = memchr::memchr(b';', &text[..text.len().min(LONGEST)])?;
    let c = match &text[1..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        b"sol" => '/',
        b"plus" => '+',
        b"equals" => '=',
        b"nbsp" => ' ',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((c, end + 1))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

/// Runs of characters that may hold bytes, undone from each place at which they may begin.
fn packed(
    text: &[u8],
    may_hold: &dyn Fn(u8) -> bool,
    unpack: &dyn Fn(&[u8]) -> [Undone; 4],
    origin: &Origin,
    look: &mut dyn FnMut(&[u8], &Origin),
) {
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|byte| may_hold(**byte)).count();
        if length >= SHORTEST_RUN {
            for Undone { bytes, starts } in unpack(&text[at..at + length]) {
                if bytes.len() >= super::SHORTEST {
                    let starts = starts.into_iter().map(|start| origin.of(at + start)).collect();
                    look(&bytes, &Origin(Some(starts)));
                }
            }
        }
        at += length + 1;
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// A run of either alphabet: where it begins within its four characters is not known.
fn base64(run: &[u8]) -> [Undone; 4] {
    std::array::from_fn(|shift| {
        let (mut undone, mut bits, mut count) = (Undone::default(), 0_u32, 0_u32);
        for (place, byte) in run.iter().enumerate().skip(shift) {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                _ => 63,
            };
            bits = bits << 6 | u32::from(value);
            count += 6;
            if count >= 8 {
                count -= 8;
                undone.push(&[u8::try_from(bits >> count & 0xFF).unwrap_or_default()], place - 1);
            }
        }
        undone.starts.push(run.len());
        undone
    })
}

/// A run of hexadecimal digits, from the first and from the second of them.
fn hex(run: &[u8]) -> [Undone; 4] {
    std::array::from_fn(|shift| {
        let mut undone = Undone::default();
        if shift < 2 {
            for (place, pair) in run[shift..].chunks_exact(2).enumerate() {
                let byte = number(pair, 16).and_then(|byte| u8::try_from(byte).ok()).unwrap_or_default();
                undone.push(&[byte], shift + 2 * place);
            }
        }
        undone.starts.push(run.len());
        undone
    })
}
