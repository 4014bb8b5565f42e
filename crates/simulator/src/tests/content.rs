//! What the records say.

#![allow(clippy::cast_precision_loss, reason = "means of small numbers")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::support::{late, tenant};
use crate::catalogue::{SERVICES, THEMES};
use crate::content::{alert_json, incident_json, legacy_incident_json};
use crate::evidence::Kind;
use crate::{AlertsPerIncident, Tenant, alert_count, incident_versions};

const LAST: u32 = u32::MAX;

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(bytes)))
}

fn incident(tenant: &Tenant, index: u64, version: u32, expand: bool) -> Value {
    let mut out = Vec::new();
    incident_json(tenant, index, version, expand, &mut out);
    parse(&out)
}

fn alert(tenant: &Tenant, index: u64, alert: u32, version: u32) -> Value {
    let mut out = Vec::new();
    alert_json(tenant, index, alert, version, &mut out);
    parse(&out)
}

/// Every alert of the tenant at its last version.
fn alerts(tenant: &Tenant) -> Vec<Value> {
    let all =
        (0..tenant.incidents).flat_map(|index| (0..alert_count(tenant, index)).map(move |number| (index, number)));
    all.map(|(index, number)| alert(tenant, index, number, LAST)).collect()
}

fn evidence(alerts: &[Value]) -> impl Iterator<Item = &Value> {
    alerts.iter().flat_map(|alert| alert["evidence"].as_array().unwrap())
}

fn shape(value: &Value) -> (usize, usize) {
    let children: Vec<&Value> = match value {
        Value::Object(map) => map.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => return (0, 0),
    };
    let own = (value.as_object().map_or(0, Map::len), 1);
    children.iter().map(|child| shape(child)).fold(own, |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn near(what: &str, value: f64, wanted: f64, tolerance: f64) {
    let off = (value / wanted - 1.0).abs();
    assert!(off <= tolerance, "{what}: {value:.1}, wanted {wanted} within {:.0} %", tolerance * 100.0);
}

#[test]
fn sizes_are_those_of_real_tenants() {
    let tenant = tenant(600, AlertsPerIncident::Realistic);
    let (mut bytes, mut keys, mut containers, mut count, mut items) = (0, 0, 0, 0, Vec::new());
    for index in 0..tenant.incidents {
        for number in 0..alert_count(&tenant, index) {
            let mut out = Vec::new();
            alert_json(&tenant, index, number, LAST, &mut out);
            let value = parse(&out);
            let (k, c) = shape(&value);
            (bytes, keys, containers, count) = (bytes + out.len(), keys + k, containers + c, count + 1);
            items.push(value["evidence"].as_array().unwrap().len());
        }
    }
    items.sort_unstable();
    let mean = |sum: usize| sum as f64 / f64::from(count);
    println!("{:.0} bytes, {:.1} keys, {:.1} containers", mean(bytes), mean(keys), mean(containers));
    near("bytes of an alert", mean(bytes), 5729.0, 0.05);
    near("keys of an alert", mean(keys), 120.8, 0.15);
    near("containers of an alert", mean(containers), 28.2, 0.15);
    near("evidence of an alert", mean(items.iter().sum()), 3.48, 0.05);
    assert_eq!((items[items.len() / 2], *items.last().unwrap()), (3, 11));
    let mut out = Vec::new();
    (0..tenant.incidents).for_each(|index| incident_json(&tenant, index, LAST, false, &mut out));
    near("bytes of an incident", out.len() as f64 / tenant.incidents as f64, 987.0, 0.05);
}

#[test]
fn content_is_a_function_of_tenant_index_and_version() {
    let (one, other) = (Tenant::default(), Tenant { seed: 8, ..Tenant::default() });
    for index in [0, 5, 77] {
        let versions: Vec<_> = (0..incident_versions(&one, index)).map(|v| incident(&one, index, v, true)).collect();
        assert_eq!(
            versions,
            (0..incident_versions(&one, index)).map(|v| incident(&one, index, v, true)).collect::<Vec<_>>()
        );
        let times: BTreeSet<_> = versions.iter().map(|version| version["lastUpdateDateTime"].to_string()).collect();
        assert_eq!(times.len(), versions.len(), "each version has its own update time");
    }
    assert_ne!(incident(&one, 5, 0, true), incident(&other, 5, 0, true));
    let moved = Tenant { id: "99999999-8888-7777-6666-555555555555".into(), ..Tenant::default() };
    let text = incident(&moved, 5, 0, true).to_string().replace(&moved.id, &one.id);
    assert_eq!(text, incident(&one, 5, 0, true).to_string(), "tenants with one seed differ in their id only");
}

#[test]
fn the_demo_tenant_has_every_kind_severity_and_service() {
    let tenant = Tenant::default();
    let alerts = alerts(&tenant);
    let kinds: BTreeSet<_> = evidence(&alerts).map(|item| item["@odata.type"].as_str().unwrap()).collect();
    let missing: Vec<_> = Kind::ALL
        .iter()
        .map(|kind| kind.1)
        .filter(|kind| !kinds.contains(&*format!("#microsoft.graph.security.{kind}")))
        .collect();
    assert_eq!((Kind::ALL.len(), missing), (48, vec![]));
    for service in SERVICES {
        let name = service.source.trim_start_matches('+');
        assert!(alerts.iter().any(|alert| alert["serviceSource"] == name), "{name}");
    }
    let share =
        |severity: &str| alerts.iter().filter(|alert| alert["severity"] == severity).count() * 100 / alerts.len();
    let shares = ["informational", "low", "medium", "high"].map(share);
    assert!(shares.iter().all(|share| (8..=50).contains(share)), "{shares:?}");
    let titles: BTreeSet<_> = THEMES.iter().flat_map(|theme| theme.templates).map(|template| template.title).collect();
    assert!(titles.len() >= 25, "{}", titles.len());
}

/// Every property of every kind is filled in some records; what may be absent is null or empty in others.
#[test]
fn every_property_of_every_kind_is_filled_somewhere() {
    let types = types();
    let alerts = alerts(&tenant(4000, AlertsPerIncident::Realistic));
    let mut filled: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for item in evidence(&alerts) {
        let kind = item["@odata.type"].as_str().unwrap().trim_start_matches("#microsoft.graph.security.");
        for (name, value) in item.as_object().unwrap() {
            let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            let known = filled.entry(kind).or_default();
            if !empty {
                known.insert(name);
            }
        }
    }
    for (_, kind) in Kind::ALL {
        let wanted = types.properties(&format!("microsoft.graph.security.{kind}"));
        let missing: Vec<_> = wanted.keys().filter(|name| !filled[kind].contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{kind} never has {missing:?}");
    }
}

#[test]
fn only_names_and_members_of_the_metadata_are_used() {
    let types = types();
    let tenant = tenant(400, AlertsPerIncident::Realistic);
    let mut seen = BTreeSet::new();
    for index in 0..tenant.incidents {
        for version in 0..incident_versions(&tenant, index) {
            let value = incident(&tenant, index, version, true);
            types.check("microsoft.graph.security.incident", &value, &mut seen);
        }
    }
    assert!(seen.len() > 45, "{} types seen", seen.len());
}

struct Types(Value);

/// What the repository keeps of Microsoft's metadata.
fn types() -> Types {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/graph_types.json");
    Types(parse(&std::fs::read(path).unwrap())["facts"].clone())
}

impl Types {
    /// Own and inherited properties: name to (type, collection).
    fn properties(&self, name: &str) -> BTreeMap<String, (String, bool)> {
        let mut all = BTreeMap::new();
        let mut at = Some(name.to_owned());
        while let Some(name) = at {
            let one = &self.0["types"][&name];
            for part in ["properties", "navigation"] {
                for (property, kind) in one[part].as_object().into_iter().flatten() {
                    let kind = kind.as_str().unwrap();
                    let item = kind.strip_prefix("Collection(").and_then(|kind| kind.strip_suffix(')'));
                    all.insert(property.clone(), (item.unwrap_or(kind).to_owned(), item.is_some()));
                }
            }
            at = one["base"].as_str().map(ToOwned::to_owned);
        }
        all
    }

    fn check(&self, declared: &str, value: &Value, seen: &mut BTreeSet<String>) {
        let name = value["@odata.type"].as_str().map_or(declared, |text| text.trim_start_matches('#'));
        seen.insert(name.to_owned());
        if self.0["types"][name]["open"] == true {
            return;
        }
        let properties = self.properties(name);
        for (key, value) in value.as_object().unwrap_or_else(|| panic!("{name} is {value}")) {
            if key == "@odata.type" {
                continue;
            }
            let (of, collection) = properties.get(key).unwrap_or_else(|| panic!("{name} has no {key}"));
            match value {
                Value::Null => assert!(!collection, "{name}.{key} is a collection"),
                Value::Array(items) => {
                    assert!(*collection, "{name}.{key} is no collection");
                    for item in items {
                        self.check_one(of, item, seen);
                    }
                }
                one => self.check_one(of, one, seen),
            }
        }
    }

    fn check_one(&self, of: &str, value: &Value, seen: &mut BTreeSet<String>) {
        let right = match of {
            "Edm.String" => value.is_string(),
            "Edm.Int32" | "Edm.Int64" => value.is_i64(),
            "Edm.Double" => value.is_number(),
            "Edm.Boolean" => value.is_boolean(),
            "Edm.Guid" => value.as_str().is_some_and(|text| text.len() == 36),
            "Edm.DateTimeOffset" => {
                value.as_str().is_some_and(|text| text.parse::<chrono::DateTime<chrono::Utc>>().is_ok())
            }
            _ => match self.0["enums"][of].as_array() {
                Some(members) => members.contains(value),
                None => return self.check(of, value, seen),
            },
        };
        assert!(right, "{value} is no {of}");
    }
}

#[test]
fn the_story_is_told_in_order_about_the_same_people() {
    let tenant = Tenant::default();
    let alerts: Vec<_> = (0..12).map(|number| alert(&tenant, 0, number, LAST)).collect();
    let chain: Vec<_> = alerts.iter().map(|alert| alert["category"].as_str().unwrap()).collect();
    let at = |category: &str| chain.iter().position(|one| *one == category).unwrap();
    assert!(at("InitialAccess") < at("Execution") && at("Execution") < at("CommandAndControl"), "{chain:?}");
    assert!(at("CommandAndControl") < at("LateralMovement") && at("LateralMovement") < at("Exfiltration"), "{chain:?}");
    let first: Vec<_> = alerts.iter().map(|alert| alert["firstActivityDateTime"].as_str().unwrap()).collect();
    assert!(first.is_sorted(), "{first:?}");
    let upns: BTreeSet<_> =
        evidence(&alerts).filter_map(|item| item["userAccount"]["userPrincipalName"].as_str()).collect();
    assert_eq!(upns, BTreeSet::from(["mara.lindqvist@contoso.example"]));
    let hosts: BTreeSet<_> = evidence(&alerts).filter_map(|item| item["hostName"].as_str()).collect();
    assert_eq!(hosts, BTreeSet::from(["srv-fin-0008", "wks-fin-0112"]));
    let outside: BTreeSet<_> = evidence(&alerts).filter_map(|item| item["ipAddress"].as_str()).collect();
    assert_eq!(outside, BTreeSet::from(["203.0.113.65"]));
    let loader: BTreeSet<_> = evidence(&alerts)
        .filter(|item| item["fileDetails"]["fileName"] == "ledger_update.dll")
        .map(|item| item["fileDetails"]["sha256"].as_str().unwrap())
        .collect();
    assert_eq!(loader.len(), 1);
    let shell = evidence(&alerts).find(|item| item["imageFile"]["fileName"] == "powershell.exe").unwrap();
    assert_eq!(shell["parentProcessImageFile"]["fileName"], "WINWORD.EXE");
    assert!(shell["processCommandLine"].as_str().unwrap().contains("ledger_update.dll"));
    let mut processes: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for item in evidence(&alerts).filter(|item| item["@odata.type"] == "#microsoft.graph.security.processEvidence") {
        let own = [&item["processCommandLine"], &item["processCreationDateTime"]].map(Value::to_string);
        processes.entry(item["processId"].as_u64()).or_default().insert(own);
        let (parent, child) = (&item["parentProcessCreationDateTime"], &item["processCreationDateTime"]);
        assert!(parent.as_str() < child.as_str(), "a parent starts before its child");
    }
    assert!(processes.len() >= 5 && processes.values().all(|of| of.len() == 1), "{processes:#?}");
    assert_eq!(incident(&tenant, 1, LAST, true)["redirectIncidentId"], incident(&tenant, 0, LAST, false)["id"]);
    assert_eq!(incident(&tenant, 1, LAST, true)["alerts"], serde_json::json!([]));
    let whole = incident(&tenant, 0, LAST, true);
    assert_eq!(whole["alerts"].as_array().unwrap().len(), 14);
    assert!(whole["alerts"].as_array().unwrap().iter().all(|alert| alert["incidentId"] == whole["id"]));
}

#[test]
fn a_tenant_that_ends_at_a_time_has_arrived_by_then() {
    let end = late();
    let tenant = Tenant::default().ending_at(end);
    let census = crate::census::take(&tenant, end);
    assert_eq!(census.incidents.len(), 120);
    for (index, seen) in (0..).zip(&census.incidents) {
        assert_eq!(seen.version + 1, incident_versions(&tenant, index));
    }
    assert!(census.incidents.iter().all(|seen| end - seen.last_update < chrono::TimeDelta::hours(24)));
}

#[test]
fn extreme_tenants_do_not_panic() {
    for (spacing, incidents) in
        [(chrono::TimeDelta::MAX, 50), (chrono::TimeDelta::MIN, 50), (chrono::TimeDelta::nanoseconds(1), 50)]
    {
        let tenant = Tenant { incidents, spacing, ..Tenant::default() };
        (0..incidents).for_each(|index| drop(incident(&tenant, index, LAST, true)));
        crate::census::take(&tenant, late());
        crate::census::take(&tenant.ending_at(late()), late());
    }
    assert_eq!(crate::census::take(&tenant(0, AlertsPerIncident::Realistic), late()), crate::Census::default());
}

#[test]
fn nested_alerts_are_the_alerts() {
    let tenant = tenant(60, AlertsPerIncident::Exactly(7));
    for index in 0..tenant.incidents {
        let nested = incident(&tenant, index, LAST, true);
        let single: Vec<_> = (0..7).map(|number| alert(&tenant, index, number, LAST)).collect();
        assert_eq!(nested["alerts"], Value::Array(single));
    }
}

#[test]
fn legacy_records_have_the_documented_shape() {
    let tenant = tenant(200, AlertsPerIncident::Realistic);
    let census = crate::census::take(&tenant, late());
    let (mut rows, mut types) = (0, BTreeSet::new());
    for index in 0..tenant.incidents {
        let mut out = Vec::new();
        legacy_incident_json(&tenant, index, LAST, &mut out);
        let value = parse(&out);
        assert_eq!(value["incidentId"], 20_000 + index);
        let alerts = value["alerts"].as_array().unwrap();
        for entity in alerts.iter().flat_map(|alert| alert["entities"].as_array().unwrap()) {
            assert_eq!(entity.as_object().unwrap().len(), 32);
            types.insert(entity["entityType"].as_str().unwrap().to_owned());
        }
        rows += alerts.iter().map(|alert| alert["entities"].as_array().unwrap().len().max(1)).sum::<usize>().max(1);
    }
    assert_eq!(rows, census.log_rows.len());
    assert_eq!(types.len(), 11, "{types:?}");
}

#[test]
fn times_are_written_as_the_services_write_them() {
    for (ticks, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (17_724_384_000_000_000 + 5_533_333, "2026-03-02T08:00:00.5533333Z"),
        (17_095_247_991_000_000, "2024-03-04T03:59:59.1Z"),
        (-1, "1969-12-31T23:59:59.9999999Z"),
    ] {
        let mut out = Vec::new();
        crate::filetime::write(ticks, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), text);
        assert_eq!(crate::filetime::from_time(text.parse().unwrap()), ticks);
    }
}
