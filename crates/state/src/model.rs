//! What is remembered of an endpoint.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DedupKey, MinuteBucket};
use common::ids;

/// Whose state it is: an endpoint of a tenant. The datasets that are made of its records share its work and its retries;
/// neither the order nor the number of the configured datasets changes the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EndpointKey {
    /// Name of the cloud.
    pub cloud: String,
    /// Tenant id.
    pub tenant: String,
    /// Name of the endpoint: API family and path.
    pub endpoint: String,
}

impl EndpointKey {
    /// In the one spelling of its parts.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let word = |text: &str| text.trim().to_ascii_lowercase();
        Self { cloud: word(&self.cloud), tenant: ids::canonical(&self.tenant), endpoint: word(&self.endpoint) }
    }

    /// As it is stored.
    pub(super) fn text(&self) -> String {
        format!("{}\0{}\0{}", self.cloud, self.tenant, self.endpoint)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (cloud, rest) = text.split_once('\0')?;
        let (tenant, endpoint) = rest.split_once('\0')?;
        Some(Self { cloud: cloud.to_owned(), tenant: tenant.to_owned(), endpoint: endpoint.to_owned() })
    }

    /// Whether every part can be stored.
    pub(super) fn is_valid(&self) -> bool {
        let is_name = |name: &String| !name.is_empty() && !name.contains('\0');
        [&self.cloud, &self.tenant, &self.endpoint].into_iter().all(is_name)
    }
}

impl std::fmt::Display for EndpointKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} ({})", self.endpoint, self.tenant, self.cloud)
    }
}

/// How far a dataset has been collected and acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Largest value of the cursor property, as the service wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Where collection began: what was read since is in the dedup index (as long as that reaches back), and no poll goes
    /// back further.
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

/// What could not be read yet: an item of the retry queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryItem {
    /// What is to be read. Before the first release the member was called `owed`.
    #[serde(default, alias = "owed")]
    pub kind: RetryKind,
    /// Id of the record; of a place in the list, the time at which it begins.
    pub id: String,
    /// Value of the cursor property: the version that is wanted. Empty where any is good.
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

/// What an item of the retry queue stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryKind {
    /// A record whose nested rows could not be read with it.
    #[default]
    Nested,
    /// A record that is known by its id only: it was not read at all.
    Record,
    /// A place in the list where a record cannot be read.
    Place,
}

/// Work that waits: a time slice to be read, a blob to be fetched, a job to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What kind of work; no NUL.
    pub kind: String,
    /// Its place in the queue: tasks of a kind come in the order of their keys.
    pub key: Vec<u8>,
    /// What the work needs to know.
    pub body: serde_json::Value,
}

/// What is stored of an endpoint, without its tasks and its dedup indices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Its datasets by their names.
    pub datasets: BTreeMap<String, DatasetState>,
    /// Records that are still to be read.
    pub retry: Vec<RetryItem>,
}

impl Loaded {
    /// What is stored of a dataset; the default where nothing is.
    pub fn dataset(&self, name: &str) -> DatasetState {
        self.datasets.get(name).cloned().unwrap_or_default()
    }
}

/// What is stored of a dataset of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatasetState {
    /// How far it has come.
    pub progress: Progress,
    /// The last minute with a document in the dedup index. Documents of records that changed later cannot be in it, and
    /// need not be asked for. Undated where the index holds no document with a readable time.
    pub newest: MinuteBucket,
}

/// What an endpoint wants to be remembered, in one step. Everything in it must be acknowledged by the output.
#[derive(Debug, Default)]
pub struct StateUpdate {
    /// Updates of its datasets by their names.
    pub datasets: BTreeMap<String, DatasetUpdate>,
    /// Replaces the retry queue.
    pub retry: Option<Vec<RetryItem>>,
    /// Tasks to be added or replaced.
    pub put: Vec<Task>,
    /// Tasks that are done: kind and key. They are removed before others are put.
    pub done: Vec<(String, Vec<u8>)>,
}

/// What a dataset wants to be remembered.
#[derive(Debug, Default)]
pub struct DatasetUpdate {
    /// Replaces the progress.
    pub progress: Option<Progress>,
    /// Documents that were delivered, for the dedup index.
    pub delivered: Vec<DedupKey>,
}

impl StateUpdate {
    /// An update of one dataset.
    pub fn of(dataset: &str, update: DatasetUpdate) -> Self {
        Self { datasets: BTreeMap::from([(dataset.to_owned(), update)]), ..Self::default() }
    }

    /// There is nothing to be written.
    pub fn is_empty(&self) -> bool {
        let Self { datasets, retry, put, done } = self;
        let is_empty = |dataset: &DatasetUpdate| dataset.progress.is_none() && dataset.delivered.is_empty();
        datasets.values().all(is_empty) && retry.is_none() && put.is_empty() && done.is_empty()
    }
}

/// The number under which endpoints are held. Who takes endpoints over gets a larger one than everybody before, and from
/// then on the state refuses what their former holder commits: a worker that was believed dead cannot undo the work of the
/// one that replaced it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fence(pub(super) u64);

impl std::fmt::Display for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
