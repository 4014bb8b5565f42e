//! Pure pseudo-randomness: every choice is a function of the seed and of where it is made.

/// A point in the tenant's content from which choices are drawn. The same point always gives the same choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const ZERO: Rng = Rng(0);

    pub(crate) fn new(seed: u64) -> Rng {
        Rng(scramble(seed))
    }

    /// The point below this one, named by `salt`.
    pub(crate) fn sub(self, salt: u64) -> Rng {
        Rng(self.draw(salt))
    }

    /// 64 random bits for the choice named `salt`.
    pub(crate) fn draw(self, salt: u64) -> u64 {
        scramble(self.0 ^ salt.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number in `0..limit`.
    pub(crate) fn below(self, salt: u64, limit: u64) -> u64 {
        self.draw(salt) % limit.max(1)
    }

    /// True in `percent` of a hundred points.
    pub(crate) fn chance(self, salt: u64, percent: u64) -> bool {
        self.below(salt, 100) < percent
    }

    pub(crate) fn pick<T: Copy>(self, salt: u64, of: &[T]) -> T {
        of[self.below(salt, of.len() as u64) as usize]
    }
}

/// The finaliser of `SplitMix64`.
fn scramble(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
