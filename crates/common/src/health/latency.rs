//! How old the newest record is when its cycle is acknowledged: a histogram.

use std::time::Duration;

use super::{Count, millis};

/// Upper bounds of the buckets in seconds; a last one takes the rest.
pub const BOUNDS: [u64; 12] = [1, 5, 10, 30, 60, 120, 300, 900, 3600, 10_800, 43_200, 86_400];

/// Counts by bucket.
#[derive(Debug, Default)]
pub struct Latency {
    buckets: [Count; BOUNDS.len() + 1],
    millis: Count,
}

/// A copy of the counts, to be added up.
#[derive(Debug, Default, Clone, Copy)]
pub struct Latencies {
    /// By bucket, not cumulative.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// Milliseconds of all together.
    pub millis: u64,
}

impl Latency {
    pub(super) fn observe(&self, span: Duration) {
        let place = BOUNDS.partition_point(|bound| Duration::from_secs(*bound) < span);
        self.buckets[place].add(1);
        self.millis.add(millis(span));
    }

    /// The counts as of now.
    pub fn read(&self) -> Latencies {
        Latencies { buckets: std::array::from_fn(|place| self.buckets[place].get()), millis: self.millis.get() }
    }
}

impl std::ops::AddAssign for Latencies {
    fn add_assign(&mut self, other: Self) {
        for (sum, more) in self.buckets.iter_mut().zip(other.buckets) {
            *sum += more;
        }
        self.millis += other.millis;
    }
}
