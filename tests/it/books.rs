//! What the tenant held, entry by entry, and what the cluster holds: kept by the simulator's word alone.

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
const SHOWN: usize = 8;

/// Every version of every record that was visible at some time, as keys of the documents that it makes.
#[derive(Default)]
pub(crate) struct Books {
    /// The documents of each record's visible version, by list and record id.
    current: HashMap<String, Vec<String>>,
    /// Records that changed since the last [`Books::require`].
    changed: HashSet<String>,
    /// Documents that may be there, and whether they must.
    keys: HashMap<String, bool>,
}

impl Books {
    /// Enters what the tenant shows at the end of a span and did not show before it.
    pub(crate) fn enter(&mut self, simulator: &Simulator, tenant: &str, span: (DateTime<Utc>, DateTime<Utc>)) {
        simulator.changed(tenant, span, &mut |endpoint, record| {
            let record: Value = serde_json::from_slice(record).unwrap();
            let id = record.get("incidentId").filter(|_| endpoint == Endpoint::Legacy).unwrap_or(&record["id"]);
            let name = format!("{endpoint:?} {tenant} {id}");
            let keys: Vec<_> = of_record(endpoint, &record).iter().map(|key| format!("{key} of {tenant}")).collect();
            for key in &keys {
                self.keys.entry(key.clone()).or_default();
            }
            self.current.insert(name.clone(), keys);
            self.changed.insert(name);
        });
    }

    /// A whole cycle has ended: what is visible must have arrived.
    pub(crate) fn require(&mut self) {
        for key in self.changed.drain().flat_map(|name| &self.current[&name]) {
            self.keys.insert(key.clone(), true);
        }
    }

    /// How many documents must be there.
    pub(crate) fn expected(&self) -> String {
        format!("{} must be there, {} may", self.keys.values().filter(|must| **must).count(), self.keys.len())
    }

    /// How many documents that must be there are missing, of those whose key `concerns`.
    pub(crate) fn missing(&self, found: &[(String, String)], concerns: impl Fn(&str) -> bool) -> usize {
        let found: HashSet<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        let must = self.keys.iter().filter(|(key, must)| **must && concerns(key));
        must.filter(|(key, _)| !found.contains(key.as_str())).count()
    }

    /// Every mistake in what was found (key, place), as text; nothing if there is none.
    pub(crate) fn compare(&self, found: &[(String, String)]) -> String {
        let mut places: HashMap<&str, Vec<&str>> = HashMap::new();
        for (key, place) in found {
            places.entry(key).or_default().push(place);
        }
        let must = self.keys.iter().filter(|(_, must)| **must).map(|(key, _)| key);
        let lost: Vec<_> = must.filter(|key| !places.contains_key(key.as_str())).cloned().collect();
        let mut twice = Vec::new();
        let mut unknown = Vec::new();
        for (key, places) in &places {
            if places.len() > 1 {
                twice.push(format!("{key}: {}", places.join(", ")));
            }
            if !self.keys.contains_key(*key) {
                unknown.push((*key).to_owned());
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
                let _ = writeln!(text, "  {}", key.chars().take(600).collect::<String>());
            }
        }
        text
    }
}

/// Documents that a version of a record makes. Items that are alike in every word are one.
fn of_record(endpoint: Endpoint, record: &Value) -> Vec<String> {
    let items = |of: &Value, name: &str| of[name].as_array().cloned().unwrap_or_default();
    let mut keys = Vec::new();
    match endpoint {
        Endpoint::Incidents => keys.push(key(["incident", text(&record["id"]), text(&record["lastUpdateDateTime"])])),
        Endpoint::Alerts => {
            keys.push(key(["alert", text(&record["id"]), text(&record["lastUpdateDateTime"])]));
            for item in items(record, "evidence") {
                keys.push(key(["evidence", text(&record["id"]), &plain(&item)]));
            }
        }
        _ => {
            let incident = record["incidentId"].to_string();
            let version = format!("{incident} {}", text(&record["lastUpdateTime"]));
            let alerts = items(record, "alerts");
            if alerts.is_empty() {
                keys.push(key(["log", &version, ""]));
            }
            for alert in alerts {
                let place = format!("{version} {}", text(&alert["alertId"]));
                let entities = items(&alert, "entities");
                if entities.is_empty() {
                    keys.push(key(["log", &place, ""]));
                }
                keys.extend(entities.iter().map(|entity| key(["log", &place, &entity.to_string()])));
            }
        }
    }
    let mut seen = HashSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    keys
}

/// What a document of the cluster is of, in the same words.
pub(crate) fn of_document(dataset: &str, document: &Value) -> String {
    let event = &document["event"];
    let (id, time) = (text(&event["id"]), text(&document["@timestamp"]));
    let raw: Value = serde_json::from_str(text(&event["original"])).unwrap();
    let key = match dataset {
        "evidence" => key([dataset, id, &plain(&raw)]),
        "log" => {
            let incident = &document["m365_defender"]["incidentId"];
            let incident = incident.as_str().map_or_else(|| incident.to_string(), str::to_owned);
            let entity = raw.get("entityType").map_or(String::new(), |_| raw.to_string());
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

/// What an item of evidence is, and its own verdict and remediation; not what is said about it beside that, nor the
/// verdicts of items within it: they may change while the document stays.
fn plain(item: &Value) -> String {
    let mut item = item.clone();
    // Two mentions of one account differ in whether the directory's id is known.
    strip(&mut item, &["createdDateTime", "roles", "detailedRoles", "tags", "activeDirectoryObjectGuid"]);
    for part in item.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        strip(part, &["verdict", "remediationStatus", "remediationStatusDetails"]);
    }
    item.to_string()
}

fn strip(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(properties) => {
            properties.retain(|name, _| !names.contains(&name.as_str()));
            properties.values_mut().for_each(|property| strip(property, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, names)),
        _ => {}
    }
}

fn key(parts: [&str; 3]) -> String {
    parts.join(" ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
