//! Tenants that cannot be collected as they are configured.

use std::time::Duration;

use super::{Health, Key, Reason};

/// A tenant that cannot be collected as it is configured.
#[derive(Debug, Clone)]
pub struct Broken<'a> {
    /// Name of its cloud, as far as it is known.
    pub cloud: &'a str,
    /// Its id, or its key in the file.
    pub id: &'a str,
    /// Its name for people.
    pub name: Option<&'a str>,
    /// All mistakes in one text.
    pub why: String,
}

/// Stands for all datasets of a tenant that cannot be collected as it is configured.
pub(super) const NO_DATASETS: &str = "-";

impl Health {
    /// The tenants that cannot be collected as they are configured, instead of all that were told before. Those that go on
    /// with a former configuration are `collected`.
    pub fn broken<'a>(&self, tenants: impl Iterator<Item = (Broken<'a>, bool)>) {
        let mut told = Vec::new();
        for (tenant, collected) in tenants {
            let key = Key { cloud: tenant.cloud.into(), tenant: tenant.id.into(), datasets: NO_DATASETS.into() };
            let source = self.source(&key, Duration::ZERO);
            source.set_name(tenant.name);
            let (holds, over) = if collected {
                (Reason::FormerConfiguration, Reason::Configuration)
            } else {
                (Reason::Configuration, Reason::FormerConfiguration)
            };
            source.recover(over);
            source.degrade(holds, tenant.why);
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
pub fn in_one_line(text: &str) -> (String, Option<String>) {
    let (error, hint) = text.split_once("\nhint: ").map_or((text, None), |(error, hint)| (error, Some(hint)));
    (error.replace('\n', "; "), hint.map(|hint| hint.replace('\n', "; ")))
}
