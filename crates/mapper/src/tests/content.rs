//! Properties over a simulated tenant's content, as it is and changed at random.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use proptest::prelude::*;
use schema::ecs::Type;
use serde_json::{Value, json};
use simulator::{Tenant, alert_count, alert_json, incident_json, legacy_incident_json};

use super::{items, json::strict, mapper};
use crate::Mapper;

const INCIDENTS: u64 = 60;

/// Rows of a simulated tenant, with the datasets they belong to.
static ROWS: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let tenant = Tenant { incidents: INCIDENTS, ..Tenant::default() };
    let mut rows = Vec::new();
    let mut add = |datasets: &[&'static str], write: &dyn Fn(&mut Vec<u8>)| {
        let mut row = Vec::new();
        write(&mut row);
        rows.extend(datasets.iter().map(|dataset| (*dataset, row.clone())));
    };
    for index in 0..INCIDENTS {
        add(&["incident"], &|out| incident_json(&tenant, index, u32::MAX, false, out));
        add(&["log"], &|out| legacy_incident_json(&tenant, index, u32::MAX, out));
        for number in 0..alert_count(&tenant, index).min(4) {
            add(&["alert", "evidence"], &|out| alert_json(&tenant, index, number, u32::MAX, out));
        }
    }
    rows
});

/// Types of a dataset's fields, by name.
fn types(dataset: &str) -> &'static HashMap<String, Type> {
    static ALL: LazyLock<HashMap<&str, HashMap<String, Type>>> = LazyLock::new(|| {
        let fields = |dataset: &schema::Dataset| dataset.fields().into_iter().map(|field| (field.name, field.kind));
        schema::catalog().iter().map(|dataset| (dataset.definition.name, fields(dataset).collect())).collect()
    });
    &ALL[dataset]
}

/// Every field of the document is one of the dataset's, and its values are of the field's type.
fn check_fields(dataset: &str, document: &Value) {
    walk(types(dataset), document, "");
}

fn walk(types: &HashMap<String, Type>, value: &Value, path: &str) {
    match (value, types.get(path)) {
        (Value::Array(list), _) => list.iter().for_each(|element| walk(types, element, path)),
        (Value::Object(_), Some(Type::Flattened)) => {}
        (Value::Object(object), None) => {
            assert!(path.is_empty() || !object.is_empty(), "{path} is empty");
            for (name, value) in object {
                walk(types, value, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") });
            }
        }
        (value, Some(kind)) => assert!(fits(value, *kind), "{path}: {value} is no {kind:?}"),
        (value, None) => panic!("{path} is no field: {value}"),
    }
}

fn fits(value: &Value, kind: Type) -> bool {
    match kind {
        Type::Long => value.as_i64().is_some(),
        Type::Float | Type::Double => value.is_number(),
        Type::Boolean => value.is_boolean(),
        Type::Date => value.as_str().is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok()),
        Type::Ip => value.as_str().is_some_and(|text| text.parse::<IpAddr>().is_ok()),
        Type::Flattened => false,
        _ => value.is_string(),
    }
}

/// The same value with the members of every object in another order.
fn turned(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(turned).collect(),
        Value::Object(object) => object.iter().rev().map(|(name, value)| (name.clone(), turned(value))).collect(),
        other => other.clone(),
    }
}

fn documents(dataset: &str, row: &[u8]) -> Vec<(String, Value)> {
    let all = items(&mut mapper(dataset), row).into_iter();
    all.map(|result| result.unwrap_or_else(|reject| panic!("{reject}")))
        .map(|(id, document)| (id.to_string(), strict(&document)))
        .collect()
}

#[test]
fn every_field_is_defined_and_of_its_type() {
    let mut seen = HashMap::<&str, usize>::new();
    for (dataset, row) in &*ROWS {
        for (_, document) in documents(dataset, row) {
            check_fields(dataset, &document);
            *seen.entry(dataset).or_default() += 1;
        }
    }
    assert!(seen.len() == 4 && seen.values().all(|count| *count >= 60), "{seen:?}");
}

#[test]
fn the_order_of_members_does_not_count() {
    for (dataset, row) in ROWS.iter().step_by(3) {
        let value: Value = serde_json::from_slice(row).expect("JSON");
        assert_eq!(documents(dataset, turned(&value).to_string().as_bytes()), documents(dataset, row));
    }
}

#[test]
fn layout_does_not_count() {
    for (dataset, row) in ROWS.iter().step_by(7) {
        let value: Value = serde_json::from_slice(row).expect("JSON");
        let pretty = serde_json::to_string_pretty(&value).expect("JSON");
        assert_eq!(documents(dataset, pretty.as_bytes()), documents(dataset, row));
    }
}

#[test]
fn nothing_leaks_from_row_to_row() {
    for dataset in schema::catalog() {
        let name = dataset.definition.name;
        let mut used = Mapper::new(dataset);
        let rows: Vec<&Vec<u8>> = ROWS.iter().filter(|(dataset, _)| *dataset == name).map(|(_, row)| row).collect();
        for row in rows.iter().chain(rows.iter().rev()) {
            assert_eq!(items(&mut used, row), items(&mut Mapper::new(dataset), row));
            // Neither does a rejected one.
            let _ = used.map(br#"{"id":"x","title":"leak","severity":"high","x":1,"x":2}"#, &mut Vec::new());
        }
        // Neither does a rest between them, which keeps what was counted.
        let counted = used.take_drift();
        let mut tired = Mapper::new(dataset);
        for row in rows.iter().chain(rows.iter().rev()) {
            assert_eq!(items(&mut tired, row), items(&mut Mapper::new(dataset), row));
            let _ = tired.map(br#"{"id":"x","title":"leak","severity":"high","x":1,"x":2}"#, &mut Vec::new());
            tired.rest();
        }
        assert_eq!(tired.take_drift(), counted);
    }
}

#[test]
fn identities_are_unique() {
    let mut seen = HashMap::new();
    for (dataset, row) in &*ROWS {
        for (id, document) in documents(dataset, row) {
            if let Some(other) = seen.insert((*dataset, id), document.clone()) {
                assert_eq!(other, document, "two documents, one identity");
            }
        }
    }
}

#[test]
fn nothing_unexpected_in_the_simulated_tenant() {
    for dataset in schema::catalog() {
        let mut mapper = Mapper::new(dataset);
        for (_, row) in ROWS.iter().filter(|(name, _)| *name == dataset.definition.name) {
            items(&mut mapper, row);
        }
        let unknown: Vec<_> = mapper.take_drift().into_iter().filter(|drift| drift.kind == "unknown_column").collect();
        assert_eq!(unknown, [], "{}", dataset.definition.name);
    }
}

/// JSON pointers of all values.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(position, value)| pointers(value, &format!("{at}/{position}"), all));
        }
        Value::Object(object) => {
            for (name, value) in object {
                pointers(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), all);
            }
        }
        _ => {}
    }
}

fn replacement() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[1, null], {"a.b": "c"}])),
        Just(json!({"@odata.type": "#microsoft.graph.security.processEvidence", "processId": "x", "": 1})),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "0",
            "007",
            "+7",
            "-0",
            "1e5",
            "true",
            "TRUE",
            "192.0.2.1",
            "::1",
            "fe80::1%eth0",
            "2026-03-02T09:40:01",
            "https://h:007/a.b",
            "T1059.001",
            "{\"a\":1}",
            "{\"a\":1,\"a\":2}",
            "a@b",
            "C:\\x\\y.z",
            "SHA256",
            "\u{1f}",
        ])
        .prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn changed_rows_give_sound_documents(
        row: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), replacement()), 1..6),
    ) {
        let (dataset, row) = &ROWS[row.index(ROWS.len())];
        let mut value: Value = serde_json::from_slice(row).expect("JSON");
        for (place, replacement) in changes {
            let mut all = Vec::new();
            pointers(&value, "", &mut all);
            let place = &all[1..][place.index(all.len() - 1)];
            *value.pointer_mut(place).expect("a place") = replacement;
        }
        let row = value.to_string();
        let results = items(&mut mapper(dataset), row.as_bytes());
        for (_, document) in results.iter().flatten() {
            check_fields(dataset, &strict(document));
        }
        let turned = items(&mut mapper(dataset), turned(&value).to_string().as_bytes());
        let plain = |results: Vec<Result<(crate::DocId, Vec<u8>), crate::Reject>>| -> Vec<_> {
            results.into_iter().map(|result| result.map(|(id, document)| (id, strict(&document))).map_err(|reject| reject.reason)).collect()
        };
        prop_assert_eq!(plain(turned), plain(results));
    }
}
