//! How many records a page is asked for: fewer after a failure, more again after clean pages.

/// Clean pages after which a reduced size doubles.
const CLEAN: u32 = 3;

/// The `$top` of one source.
#[derive(Debug)]
pub(super) struct PageSize {
    max: u32,
    now: u32,
    clean: u32,
}

impl PageSize {
    /// Starts at the largest that the service accepts.
    pub(super) fn new(max: u32) -> Self {
        Self { max, now: max, clean: 0 }
    }

    /// Records of the next page.
    pub(super) fn get(&self) -> u32 {
        self.now
    }

    /// A page failed; `false` when one record is asked for already.
    pub(super) fn shrink(&mut self) -> bool {
        self.clean = 0;
        let shrinks = self.now > 1;
        self.now = (self.now / 2).max(1);
        shrinks
    }

    /// A page was read to its end.
    pub(super) fn clean_page(&mut self) {
        self.clean += 1;
    }

    /// A reduced size has proven itself.
    pub(super) fn may_grow(&self) -> bool {
        self.now < self.max && self.clean >= CLEAN
    }

    /// Twice as many.
    pub(super) fn grow(&mut self) {
        self.clean = 0;
        self.now = self.now.saturating_mul(2).min(self.max);
    }

    /// The largest page that the service accepts.
    pub(super) fn max(&self) -> u32 {
        self.max
    }

    /// As many as the service accepts.
    pub(super) fn is_full(&self) -> bool {
        self.now == self.max
    }

    /// One record: more are known to fail.
    pub(super) fn smallest(&mut self) {
        self.clean = 0;
        self.now = 1;
    }

    /// Back to the largest: the failures were not because of the size.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.max);
    }
}
