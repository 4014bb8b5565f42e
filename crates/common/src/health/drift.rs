//! Drift: what rows held that their columns do not name.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::{Count, SourceHealth, locked};

/// Paths that are kept between two reports.
const PATHS: usize = 50;

/// Drift of one source.
#[derive(Debug, Default)]
pub(super) struct DriftHealth {
    pub(super) names: Count,
    pub(super) values: Count,
    paths: Mutex<BTreeSet<String>>,
}

impl SourceHealth {
    /// Rows held a name that no column has (`is_name`), or a value that had to be set aside or mended, at this source path.
    pub fn drift(&self, is_name: bool, path: &str, count: u64) {
        let counts = if is_name { &self.drift.names } else { &self.drift.values };
        counts.add(count);
        let mut paths = locked(&self.drift.paths);
        if paths.len() < PATHS {
            paths.insert(path.to_owned());
        }
    }

    /// The first paths of drift since the last call.
    pub fn take_drift_paths(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.drift.paths)).into_iter().collect()
    }
}
