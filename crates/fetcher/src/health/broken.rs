//! Tenants that cannot be collected as they are configured.

use std::time::Duration;

use super::{Health, Key, Reason};
use crate::config::BrokenTenant;

/// Stands for all datasets of a tenant that cannot be collected as it is configured.
pub(super) const NO_DATASETS: &str = "-";

impl Health {
    /// The tenants that cannot be collected as they are configured, instead of all that were told before. Those that go on
    /// with a former configuration are `collected`.
    pub fn broken<'a>(&self, tenants: impl Iterator<Item = (&'a BrokenTenant, bool)>) {
        let mut told = Vec::new();
        for (tenant, collected) in tenants {
            let key = Key {
                cloud: tenant.cloud.as_str().into(),
                tenant: tenant.id.as_str().into(),
                datasets: NO_DATASETS.into(),
            };
            let source = self.source(&key, Duration::ZERO);
            source.set_name(tenant.name.as_deref());
            let (holds, over) = if collected {
                (Reason::FormerConfiguration, Reason::Configuration)
            } else {
                (Reason::Configuration, Reason::FormerConfiguration)
            };
            source.recover(over);
            source.degrade(holds, tenant.text());
            told.push(key);
        }
        let over = self
            .sources()
            .into_iter()
            .filter(|source| *source.key.datasets == *NO_DATASETS && !told.contains(&source.key));
        for source in over {
            source.recover(Reason::Configuration);
            source.recover(Reason::FormerConfiguration);
            self.remove(&source.key);
        }
    }
}

/// An error and its hint, as one line of the log has them.
pub(crate) fn in_one_line(text: &str) -> (String, Option<String>) {
    let (error, hint) = text.split_once("\nhint: ").map_or((text, None), |(error, hint)| (error, Some(hint)));
    (error.replace('\n', "; "), hint.map(|hint| hint.replace('\n', "; ")))
}
