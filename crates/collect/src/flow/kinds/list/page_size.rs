//! How many records a page is asked for: fewer after repeated failures, more again after clean pages. What failed may have
//! been an outage and not the size, so the first page that is clean again is followed by one of the full size; only if that
//! fails as well, the size grows step by step.

/// Clean pages after which a reduced size doubles.
const CLEAN: u32 = 3;

/// The `$top` of one source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageSize {
    max: u32,
    now: u32,
    clean: u32,
    /// Size of the last clean page.
    good: u32,
    trial: Trial,
}

/// Whether the full size is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// As soon as a page is clean.
    Due,
    /// It is being tried.
    Running,
    /// It failed, or it is known to fail.
    Over,
}

impl PageSize {
    /// Starts at the largest that the service accepts.
    pub(crate) fn new(max: u32) -> Self {
        Self { max, now: max, clean: 0, good: max, trial: Trial::Due }
    }

    /// Records of the next page.
    pub(crate) fn get(&self) -> u32 {
        self.now
    }

    /// A page failed; `false` when one record is asked for already.
    pub(crate) fn shrink(&mut self) -> bool {
        self.clean = 0;
        let shrinks = self.now > 1;
        self.now = match self.trial {
            Trial::Running => {
                self.trial = Trial::Over;
                self.good
            }
            Trial::Due | Trial::Over => self.now / 2,
        };
        self.now = self.now.max(1);
        shrinks
    }

    /// A page was read to its end.
    pub(crate) fn clean_page(&mut self) {
        self.clean += 1;
        self.good = self.now;
        if self.is_full() {
            self.trial = Trial::Due;
        }
    }

    /// A reduced size has proven itself.
    pub(crate) fn may_grow(&self) -> bool {
        self.now < self.max && (self.clean >= CLEAN || self.trial == Trial::Due && self.clean > 0)
    }

    /// The full size once, else twice as many.
    pub(crate) fn grow(&mut self) {
        self.clean = 0;
        self.now = match self.trial {
            Trial::Due => {
                self.trial = Trial::Running;
                self.max
            }
            Trial::Running | Trial::Over => self.now.saturating_mul(2).min(self.max),
        };
    }

    /// The largest page that the service accepts.
    pub(crate) fn max(&self) -> u32 {
        self.max
    }

    /// As many as the service accepts.
    pub(crate) fn is_full(&self) -> bool {
        self.now == self.max
    }

    /// One record: more are known to fail.
    pub(crate) fn smallest(&mut self) {
        self.clean = 0;
        self.now = 1;
        self.trial = Trial::Over;
    }

    /// Back to the largest: the failures were not because of the size.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.max);
    }
}
