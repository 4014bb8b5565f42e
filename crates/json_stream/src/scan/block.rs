//! Quotes, backslashes and brackets of 64 bytes at once, as bits: the lowest one is the first byte.

use wide::u8x16;

/// Bytes of a block.
pub(super) const BYTES: usize = 64;
/// Bytes that are compared at once.
const LANES: usize = 16;
const EVEN: u64 = 0x5555_5555_5555_5555;

/// What a block holds.
#[derive(Debug, Default)]
pub(super) struct Block {
    quotes: u64,
    backslashes: u64,
    brackets: u64,
}

/// Where in a text a block begins, or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) in_text: bool,
    /// The byte before is a backslash that escapes what follows.
    pub(super) escaped: bool,
}

impl Block {
    pub(super) fn of(bytes: &[u8; BYTES]) -> Self {
        let mut block = Self::default();
        for (place, lanes) in bytes.as_chunks::<LANES>().0.iter().enumerate() {
            let lanes = u8x16::new(*lanes);
            let bits = |found: u8x16| u64::from(found.to_bitmask()) << (place * LANES);
            let is = |byte: u8| lanes.simd_eq(u8x16::splat(byte));
            // `[` and `{` differ by one bit, and so do `]` and `}`; no other byte does.
            let curly = lanes | u8x16::splat(0x20);
            block.quotes |= bits(is(b'"'));
            block.backslashes |= bits(is(b'\\'));
            block.brackets |= bits(curly.simd_eq(u8x16::splat(b'{')) | curly.simd_eq(u8x16::splat(b'}')));
        }
        block
    }

    /// The brackets outside of texts, and where the block ends. `None` if a backslash stands outside of texts, where it
    /// escapes nothing.
    pub(super) fn outside(&self, start: Edge) -> Option<(u64, Edge)> {
        let (escaped, ends_escaped) = match (self.backslashes, start.escaped) {
            (0, escaped) => (u64::from(escaped), false),
            (backslashes, escaped) => escapes(backslashes, escaped),
        };
        // A bit is set from an opening quote on, up to before the closing one.
        let texts = parities(self.quotes & !escaped) ^ if start.in_text { u64::MAX } else { 0 };
        let end = Edge { in_text: texts >> (BYTES - 1) == 1, escaped: ends_escaped };
        (self.backslashes & !texts == 0).then_some((self.brackets & !texts, end))
    }
}

/// The bytes that a backslash escapes, and whether the last one escapes what follows the block: of a row of backslashes,
/// every second one is escaped itself.
fn escapes(backslashes: u64, first_is_escaped: bool) -> (u64, bool) {
    let first = u64::from(first_is_escaped);
    let backslashes = backslashes & !first;
    let follows = backslashes << 1 | first;
    let odd_starts = backslashes & !EVEN & !follows;
    let (even_ends, ends_escaped) = odd_starts.overflowing_add(backslashes);
    ((EVEN ^ (even_ends << 1)) & follows, ends_escaped)
}

/// For every bit, whether an odd number of bits is set up to it.
fn parities(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}
