//! What the tenant held, entry by entry, and what the cluster holds: kept by the simulator's word alone.
//!
//! What must be there are the versions that were visible when a whole cycle ended; one that changed again before may be
//! there. An item of evidence carries no version: what must be there is its state in such a version of the alert, and the
//! document of any version that shows the item in this state will do.

mod names;
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::Value;
use simulator::{Endpoint, Simulator};

/// Datasets that are collected.
pub(crate) const DATASETS: [&str; 4] = ["incident", "alert", "evidence", "log"];

/// What of a document tells which record and version it is of.
pub(crate) const FIELDS: &str =
    "@timestamp,cloud.account.id,event.id,event.original,m365_defender.incidentId,m365_defender.alert.tenant_id";

/// Examples of each kind of mistake that are shown.
const SHOWN: usize = 20;
/// How much of each: enough for two raw items.
const LENGTH: usize = 8000;

/// A document that may be there.
#[derive(Default)]
struct Entry {
    must: bool,
    /// The item that it is made of, if its record makes several documents.
    raw: String,
}

/// Every version of every record that was visible at some time, as keys of the documents that it makes.
#[derive(Default)]
pub(crate) struct Books {
    /// The documents of each record's visible version, by list and record id.
    current: HashMap<String, Vec<String>>,
    /// Records that changed since the last [`Books::require`].
    changed: HashSet<String>,
    /// Documents that may be there.
    keys: HashMap<String, Entry>,
}

impl Books {
    /// Enters what the tenant shows at the end of a span and did not show before it.
    pub(crate) fn enter(&mut self, simulator: &Simulator, tenant: &str, span: (DateTime<Utc>, DateTime<Utc>)) {
        simulator.changed(tenant, span, &mut |list, record| {
            let endpoint = Endpoint::List(list.name());
            let record: Value = serde_json::from_slice(record).unwrap();
            let id = record.get("incidentId").filter(|_| endpoint == Endpoint::LEGACY).unwrap_or(&record["id"]);
            let name = format!("{endpoint:?} {tenant} {id}");
            let mut keys = Vec::new();
            for (key, raw) in of_record(endpoint, &record) {
                let key = format!("{key} of {tenant}");
                self.keys.entry(key.clone()).or_insert(Entry { must: false, raw });
                keys.push(key);
            }
            self.current.insert(name.clone(), keys);
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

/// Documents that a version of a record makes, and the item that each is made of. Items of evidence that have the same
/// names and state are one, as are entities that are alike in every word.
fn of_record(endpoint: Endpoint, record: &Value) -> Vec<(String, String)> {
    let items = |of: &Value, name: &str| of[name].as_array().cloned().unwrap_or_default();
    let mut keys = Vec::new();
    let mut give = |parts: [&str; 3], raw: &str| keys.push((key(parts), raw.to_owned()));
    match endpoint {
        Endpoint::INCIDENTS => give(["incident", text(&record["id"]), text(&record["lastUpdateDateTime"])], ""),
        Endpoint::ALERTS => {
            give(["alert", text(&record["id"]), text(&record["lastUpdateDateTime"])], "");
            for item in items(record, "evidence") {
                give(["evidence", text(&record["id"]), &names::of_item(&item)], &item.to_string());
            }
        }
        _ => {
            let incident = record["incidentId"].to_string();
            let version = format!("{incident} {}", text(&record["lastUpdateTime"]));
            let alerts = items(record, "alerts");
            if alerts.is_empty() {
                give(["log", &version, ""], "");
            }
            for alert in alerts {
                let place = format!("{version} {}", text(&alert["alertId"]));
                let entities = items(&alert, "entities");
                if entities.is_empty() {
                    give(["log", &place, ""], "");
                }
                // The key of an entity is all that it says.
                for entity in entities {
                    give(["log", &place, &entity.to_string()], "");
                }
            }
        }
    }
    let mut seen = HashSet::new();
    keys.retain(|(key, _)| seen.insert(key.clone()));
    keys
}

/// Members that are not JSON, for [`simulator::Fault::Members`]. The array among them is taken for one of nested rows.
pub(crate) fn odd_members() -> [Vec<u8>; 2] {
    let deep = [b"[".repeat(80), b"]".repeat(80)].concat();
    let nested =
        b"\"alerts\":[{\"id\":\"other\",\"tenantId\":\"other\",\"lastUpdateDateTime\":\"2026-01-01T00:00:00Z\"}],";
    let members: &[u8] = b"\"twice\":1,\"twice\":2,\"n\":[NaN,1e400,01,],\"\":\"a\tb\xff\\ud83d\\x41\",\"deep\":";
    [[nested, members, &deep].concat(), [members, &deep].concat()]
}

/// A row without them, as it would have come from a service in good order.
fn without_odd_members(row: &str) -> String {
    let members = odd_members().map(|members| format!("{},", String::from_utf8_lossy(&members)));
    members.iter().fold(row.to_owned(), |row, members| row.replace(members, ""))
}

/// What a document of the cluster is of, in the same words.
pub(crate) fn of_document(dataset: &str, document: &Value) -> String {
    let event = &document["event"];
    let (id, time) = (text(&event["id"]), text(&document["@timestamp"]));
    let row = without_odd_members(text(&event["original"]));
    let row: Value = serde_json::from_str(&row).unwrap();
    let key = match dataset {
        "evidence" => key([dataset, id, &names::of_item(&row["evidence"])]),
        "log" => {
            let incident = &document["m365_defender"]["incidentId"];
            let incident = incident.as_str().map_or_else(|| incident.to_string(), str::to_owned);
            let entity = &row["alerts"]["entities"];
            let entity = entity.get("entityType").map_or(String::new(), |_| entity.to_string());
            // Without an alert the row speaks of the incident.
            let alert = if id == incident { "" } else { id };
            key([dataset, format!("{incident} {time} {alert}").trim_end(), &entity])
        }
        _ => key([dataset, id, time]),
    };
    // The account of a cloud resource may be another provider's.
    let tenant = document.pointer("/m365_defender/alert/tenant_id").unwrap_or(&document["cloud"]["account"]["id"]);
    format!("{key} of {}", text(tenant))
}

fn key(parts: [&str; 3]) -> String {
    parts.join(" ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
