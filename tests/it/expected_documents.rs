//! The documents that a tenant's records must have made, by the simulator's word alone, against those that were found.
//!
//! What must be there are the versions that were visible when a whole cycle ended; one that changed again before may be
//! there. An item whose document carries no version must be there in the state that such a version shows; the document of
//! any version that shows the item in this state will do.

mod keys;
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::Value;
use simulator::Simulator;

pub(crate) use self::keys::{FIELDS, odd_members, of_document};
use super::sources;

/// Examples of each kind of mistake that are shown.
const SHOWN: usize = 20;
/// How much of each: enough for two raw items.
const LENGTH: usize = 8000;

/// A document that may be there.
#[derive(Default)]
struct Entry {
    must: bool,
    /// The item that the document is made of, if its record makes several.
    raw: String,
}

/// Every version of every record that was visible at some time, as keys of the documents that it makes.
#[derive(Default)]
pub(crate) struct ExpectedDocuments {
    /// The documents of each record's visible version, by list and record id.
    current: HashMap<String, Vec<String>>,
    /// Records that changed since the last [`ExpectedDocuments::require`].
    changed: HashSet<String>,
    /// Documents that may be there.
    keys: HashMap<String, Entry>,
}

impl ExpectedDocuments {
    /// Enters what the tenant shows at the end of a span and did not show before it.
    pub(crate) fn enter(&mut self, simulator: &Simulator, tenant: &str, span: (DateTime<Utc>, DateTime<Utc>)) {
        simulator.changed(tenant, span, &mut |list, record| {
            let Some(source) = sources::sources().iter().find(|source| std::ptr::eq(source.list, list)) else { return };
            let record: Value = serde_json::from_slice(record).unwrap();
            let name = format!("{} {tenant} {}", list.name(), keys::at(&record, list.id()));
            let mut documents = Vec::new();
            for dataset in &source.datasets {
                for (key, raw) in keys::of_record(dataset, list, &record) {
                    let key = format!("{key} of {tenant}");
                    self.keys.entry(key.clone()).or_insert(Entry { must: false, raw });
                    documents.push(key);
                }
            }
            self.current.insert(name.clone(), documents);
            self.changed.insert(name);
        });
    }

    /// A whole cycle has ended: what is visible must have arrived.
    pub(crate) fn require(&mut self) {
        for key in self.changed.drain().flat_map(|name| &self.current[&name]) {
            self.keys.entry(key.clone()).or_default().must = true;
        }
    }

    /// How many documents must be there.
    pub(crate) fn expected(&self) -> String {
        format!("{} must be there, {} may", self.keys.values().filter(|entry| entry.must).count(), self.keys.len())
    }

    /// How many documents that must be there are missing, of those whose key `concerns`.
    pub(crate) fn missing(&self, found: &[(String, String)], concerns: impl Fn(&str) -> bool) -> usize {
        let found: HashSet<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        let must = self.keys.iter().filter(|(key, entry)| entry.must && concerns(key));
        must.filter(|(key, _)| !found.contains(key.as_str())).count()
    }

    /// Every mistake in what was found (key, place), as text; nothing if there is none.
    pub(crate) fn compare(&self, found: &[(String, String)]) -> String {
        let mut places: HashMap<&str, Vec<&str>> = HashMap::new();
        for (key, place) in found {
            places.entry(key).or_default().push(place);
        }
        let lost = self.keys.iter().filter(|(key, entry)| entry.must && !places.contains_key(key.as_str()));
        let lost = lost.map(|(key, entry)| format!("{key} from {}", entry.raw)).collect();
        let mut twice = Vec::new();
        let mut unknown = Vec::new();
        for (key, places) in &places {
            if places.len() > 1 {
                twice.push(format!("{key}: {}", places.join(", ")));
            }
            if !self.keys.contains_key(*key) {
                unknown.push(format!("{key}: {}", places.join(", ")));
            }
        }
        let mut text = String::new();
        for (what, mut keys) in [("lost", lost), ("twice", twice), ("never shown", unknown)] {
            if keys.is_empty() {
                continue;
            }
            keys.sort();
            let mut by_dataset: BTreeMap<&str, usize> = BTreeMap::new();
            for key in &keys {
                *by_dataset.entry(key.split(' ').next().unwrap_or_default()).or_default() += 1;
            }
            let _ = writeln!(text, "{} {what} {by_dataset:?}", keys.len());
            for key in keys.iter().take(SHOWN) {
                let _ = writeln!(text, "  {}", key.chars().take(LENGTH).collect::<String>());
            }
        }
        text
    }
}
