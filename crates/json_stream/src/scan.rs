//! Finds the end of one JSON value, over any chunking, without recursion.

mod block;
#[cfg(test)]
mod tests;

use memchr::memchr2;

use self::block::{BYTES, Block, Edge};

/// Progress inside one JSON value. The structure is followed, scalars are not checked: that is the mapper's part.
///
/// A closing bracket that fits no open one of the value is passed over, and one that skips over open ones closes them:
/// so a row with a missing or a stray bracket usually still ends where it should, and only this row is lost.
#[derive(Debug, Default)]
pub(super) struct ValueScan {
    open: Open,
    mode: Mode,
    in_object: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    #[default]
    Start,
    Between,
    Text,
    Escape,
    Scalar,
}

impl ValueScan {
    /// A scan that starts within an object whose `{` was consumed already.
    pub(super) fn inside_object() -> Self {
        Self { mode: Mode::Between, ..Self::default() }.within_object(false)
    }

    /// A scan of a member's value: a `}` that closes nothing of the value is the one of the object around it.
    pub(super) fn of_member() -> Self {
        Self { in_object: true, ..Self::default() }
    }

    /// The scan of a key goes on as the scan of the object around it.
    pub(super) fn within_object(mut self, key_ended: bool) -> Self {
        self.open.push(Bracket::Curly);
        if key_ended {
            self.mode = Mode::Between;
        }
        self
    }

    // Long, because it is one state machine: taken apart it would pay for its state at every byte.
    /// Consumes bytes up to the end of the value and returns how many; `None` when all of them belong to it and more
    /// are needed. The first byte of a new value must not be whitespace. A number or literal ends before its delimiter.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        // Up to here, bytes are looked at one by one.
        let mut slow = 0;
        while let Some(&byte) = bytes.get(at) {
            if at >= slow
                && self.is_within()
                && let Some(block) = bytes[at..].first_chunk()
            {
                match self.block(block) {
                    Blocked::Ended(n) => return Some(at + n),
                    Blocked::Passed => {
                        at += BYTES;
                        continue;
                    }
                    Blocked::Odd => slow = at + BYTES,
                }
            }
            match self.mode {
                Mode::Text => match text_end(&bytes[at..]) {
                    None => return None,
                    Some(n) => {
                        at += n + 1;
                        if bytes[at - 1] == b'\\' {
                            self.mode = Mode::Escape;
                        } else if self.open.depth == 0 {
                            return Some(at);
                        } else {
                            self.mode = Mode::Between;
                        }
                    }
                },
                // Numbers, words, commas and colons say nothing.
                Mode::Between if !TELLS[usize::from(byte)] => {
                    let silent = bytes[at..].iter().position(|byte| TELLS[usize::from(*byte)]);
                    at = silent.map_or(bytes.len(), |n| at + n);
                }
                Mode::Between => match byte {
                    b'"' => {
                        at += 1;
                        match text_end(&bytes[at..]) {
                            // Most texts are without escapes, and nothing ends with them within a value.
                            Some(n) if bytes[at + n] == b'"' && self.open.depth > 0 => at += n + 1,
                            _ => self.mode = Mode::Text,
                        }
                    }
                    // No other byte tells anything here.
                    bracket => {
                        if let Some(length) = self.bracket(bracket) {
                            return Some(at + length);
                        }
                        at += 1;
                    }
                },
                Mode::Escape => {
                    self.mode = Mode::Text;
                    at += 1;
                }
                Mode::Start => {
                    self.mode = match byte {
                        b'"' => Mode::Text,
                        b'{' | b'[' => Mode::Between,
                        _ => Mode::Scalar,
                    };
                    // A bracket is counted by the mode that it starts.
                    at += usize::from(self.mode != Mode::Between);
                }
                Mode::Scalar => match byte {
                    b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t' => return Some(at),
                    _ => at += 1,
                },
            }
        }
        None
    }

    /// Within a value with brackets, whose end is one of them.
    fn is_within(&self) -> bool {
        self.open.depth > 0 && matches!(self.mode, Mode::Between | Mode::Text | Mode::Escape)
    }

    /// Consumes a block.
    fn block(&mut self, bytes: &[u8; BYTES]) -> Blocked {
        let escaped = self.mode == Mode::Escape;
        let start = Edge { in_text: escaped || self.mode == Mode::Text, escaped };
        let Some((mut brackets, end)) = Block::of(bytes).outside(start) else { return Blocked::Odd };
        while brackets != 0 {
            let at = brackets.trailing_zeros() as usize;
            brackets &= brackets - 1;
            if let Some(length) = self.bracket(bytes[at]) {
                self.mode = Mode::Between;
                return Blocked::Ended(at + length);
            }
        }
        self.mode = match end {
            Edge { escaped: true, .. } => Mode::Escape,
            Edge { in_text: true, .. } => Mode::Text,
            _ => Mode::Between,
        };
        Blocked::Passed
    }

    /// Takes a bracket. If the value ends there, gives how many of its bytes the bracket is.
    fn bracket(&mut self, byte: u8) -> Option<usize> {
        match byte {
            b'{' => self.open.push(Bracket::Curly),
            b'[' => self.open.push(Bracket::Square),
            b'}' if self.in_object && self.open.curly == 0 => return Some(0),
            b'}' => self.open.close(Bracket::Curly),
            _ => self.open.close(Bracket::Square),
        }
        (self.open.depth == 0).then_some(1)
    }
}

/// What became of a block.
enum Blocked {
    /// All of it belongs to the value.
    Passed,
    /// The value ends behind so many bytes.
    Ended(usize),
    /// It cannot be told at once.
    Odd,
}

/// Bytes between texts that say where a value ends.
static TELLS: [bool; 256] = {
    let mut tells = [false; 256];
    (tells[b'"' as usize], tells[b'{' as usize], tells[b'}' as usize]) = (true, true, true);
    (tells[b'[' as usize], tells[b']' as usize]) = (true, true);
    tells
};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
/// Words of eight bytes that are looked at here before a search for long texts is worth its beginning.
const SHORT: usize = 4;

/// The first quote or backslash.
#[inline]
fn text_end(bytes: &[u8]) -> Option<usize> {
    let words = bytes.as_chunks::<8>().0;
    for (place, word) in words.iter().take(SHORT).enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        // The lowest set bit marks the first hit, whatever borrows do above it.
        let hits = (quote | backslash) & !word & HIGH;
        if hits != 0 {
            return Some(place * 8 + (hits.trailing_zeros() / 8) as usize);
        }
    }
    let at = words.len().min(SHORT) * 8;
    memchr2(b'"', b'\\', &bytes[at..]).map(|n| at + n)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Square = 0,
    Curly = 1,
}

/// The open brackets, one bit each, so that a depth bomb of 4 MiB costs half a megabyte and no recursion.
#[derive(Debug, Default)]
struct Open {
    depth: usize,
    curly: usize,
    bits: u64,
    full: Vec<u64>,
}

impl Open {
    fn push(&mut self, bracket: Bracket) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.full.push(self.bits);
        }
        self.bits = self.bits << 1 | bracket as u64;
        self.curly += bracket as usize;
        self.depth += 1;
    }

    fn pop(&mut self) -> Bracket {
        let top = if self.bits & 1 == 1 { Bracket::Curly } else { Bracket::Square };
        self.depth -= 1;
        self.curly -= top as usize;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.full.pop().unwrap_or_default();
        }
        top
    }

    fn close(&mut self, bracket: Bracket) {
        let open = if bracket == Bracket::Curly { self.curly } else { self.depth - self.curly };
        if open > 0 {
            while self.pop() != bracket {}
        }
    }
}
