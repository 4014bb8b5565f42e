//! What is remembered of a source.

use serde::{Deserialize, Serialize};

use common::ids;

/// Whose state it is. A new configuration file with the same tenant and dataset goes on where the old one ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceKey {
    /// Name of the cloud.
    pub cloud: String,
    /// Tenant id.
    pub tenant: String,
    /// Name of the dataset.
    pub dataset: String,
}

impl SourceKey {
    /// As it is stored. Neither part holds a slash.
    pub(super) fn text(&self) -> String {
        format!("{}/{}/{}", self.cloud, self.tenant, self.dataset)
    }

    /// In the one spelling of its parts.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let word = |text: &str| text.trim().to_ascii_lowercase();
        Self { cloud: word(&self.cloud), tenant: ids::canonical(&self.tenant), dataset: word(&self.dataset) }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (cloud, rest) = text.split_once('/')?;
        let (tenant, dataset) = rest.rsplit_once('/')?;
        Some(Self { cloud: cloud.to_owned(), tenant: tenant.to_owned(), dataset: dataset.to_owned() })
    }
}

/// How far a dataset has been collected and acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Largest value of the cursor property, as the service wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Where collection began: what was read since is in the ledger (as long as the ledger reaches back), and no poll
    /// goes back further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// The floor was found by this machine's clock: the service has not told its time yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guessed: bool,
    /// Last cycle that read everything and was acknowledged, RFC 3339. May lag behind after a crash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<String>,
    /// Last time that the source had something new, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_new: Option<String>,
    /// What other versions of the program remember here.
    #[serde(flatten)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

/// What could not be read yet: an entry of the retry ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// What is owed.
    #[serde(default)]
    pub owed: Owed,
    /// Id of the record; of a place in the list, the time at which it begins.
    pub id: String,
    /// Value of the cursor property: the version that is owed. Empty where any is good.
    pub version: String,
    /// How often it failed.
    pub attempts: u32,
    /// When it is asked for again, RFC 3339.
    pub next: String,
    /// The record without its nested rows, as long as that was not delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// End of a place in the list, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What an entry of the retry ledger stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owed {
    /// A record whose nested rows could not be read with it.
    #[default]
    Nested,
    /// A record that is known by its id only: it was not read at all.
    Record,
    /// A place in the list where a record cannot be read.
    Place,
}

/// Work that waits: a slice to be read, a blob to be fetched, a job to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What kind of work; no NUL.
    pub kind: String,
    /// Its place in the queue: tasks of a kind come in the order of their keys.
    pub key: Vec<u8>,
    /// What the work needs to know.
    pub body: serde_json::Value,
}

/// What a source wants to be remembered, in one step. Everything in it must be acknowledged by the output.
#[derive(Debug, Default)]
pub struct Change {
    /// Replaces the progress.
    pub progress: Option<Progress>,
    /// Documents that were delivered.
    pub ids: Vec<super::Entry>,
    /// Replaces the retry ledger.
    pub retry: Option<Vec<Retry>>,
    /// Tasks to be added or replaced.
    pub put: Vec<Task>,
    /// Tasks that are done: kind and key.
    pub done: Vec<(String, Vec<u8>)>,
}

impl Change {
    /// There is nothing to be written.
    pub fn is_empty(&self) -> bool {
        let Self { progress, ids, retry, put, done } = self;
        progress.is_none() && ids.is_empty() && retry.is_none() && put.is_empty() && done.is_empty()
    }
}
