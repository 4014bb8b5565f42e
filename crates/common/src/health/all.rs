//! All sources and outputs of a run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::broken::NO_DATASETS;
use super::letters::LettersHealth;
use super::{Key, OutputHealth, Reloads, SourceHealth, locked, millis};

/// All sources and outputs.
#[derive(Debug, Default)]
pub struct Health {
    pub(super) sources: Mutex<BTreeMap<Key, Arc<SourceHealth>>>,
    /// In the order of the configuration.
    pub(super) outputs: Mutex<Vec<Arc<OutputHealth>>>,
    pub(super) letters: LettersHealth,
    reloads: Reloads,
}

impl Health {
    /// The source of this key; the same one for the same key, so that counts outlive a reload.
    pub fn source(&self, key: &Key, interval: Duration) -> Arc<SourceHealth> {
        let mut sources = locked(&self.sources);
        let source = sources.entry(key.clone()).or_insert_with(|| Arc::new(SourceHealth::new(key.clone())));
        source.interval.set(millis(interval));
        Arc::clone(source)
    }

    /// The tenant is no longer collected.
    pub fn remove_tenant(&self, cloud: &str, tenant: &str) {
        locked(&self.sources)
            .retain(|key, _| &*key.cloud != cloud || &*key.tenant != tenant || &*key.datasets == NO_DATASETS);
    }

    /// The source is no longer collected.
    pub fn remove(&self, key: &Key) {
        locked(&self.sources).remove(key);
    }

    /// Every source, in the order of cloud, tenant, datasets.
    pub fn sources(&self) -> Vec<Arc<SourceHealth>> {
        locked(&self.sources).values().cloned().collect()
    }

    /// Outcome of the last reading of the configuration file.
    pub fn reloads(&self) -> &Reloads {
        &self.reloads
    }
}
