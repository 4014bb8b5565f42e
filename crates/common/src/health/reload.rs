//! The configuration file as a running process has read it.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::locked;
use crate::clock;

/// Outcomes of reading the configuration file, at the start and whenever it was read again.
#[derive(Debug, Default)]
pub struct Reloads(Mutex<Option<ConfigSnapshot>>);

/// The configuration file at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigSnapshot {
    /// The file.
    pub file: String,
    /// When what is in use was read, RFC 3339.
    pub loaded: String,
    /// When the file was refused, RFC 3339; `None` if it is in use as it is.
    pub refused: Option<String>,
    /// Why.
    pub error: Option<String>,
    /// The file was changed apart from its tenants, which needs a restart.
    pub restart_needed: bool,
}

impl Reloads {
    /// The file is in use.
    pub fn loaded(&self, file: &str) {
        let mut known = locked(&self.0);
        let restart_needed = known.as_ref().is_some_and(|known| known.restart_needed);
        let (file, loaded) = (file.to_owned(), clock::timestamp());
        *known = Some(ConfigSnapshot { file, loaded, refused: None, error: None, restart_needed });
    }

    /// The file cannot be used, the former configuration stays.
    pub fn refused(&self, error: &str) {
        if let Some(known) = locked(&self.0).as_mut() {
            if known.error.as_deref() != Some(error) {
                known.refused = Some(clock::timestamp());
            }
            known.error = Some(error.to_owned());
        }
    }

    /// Whether what it says apart from the tenants waits for a restart.
    pub fn restart_needed(&self, needed: bool) {
        if let Some(known) = locked(&self.0).as_mut() {
            known.restart_needed = needed;
        }
    }

    /// The file as it is now; `None` where there is none.
    pub fn snapshot(&self) -> Option<ConfigSnapshot> {
        locked(&self.0).clone()
    }
}
