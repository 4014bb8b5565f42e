//! What holds for the fixtures themselves.

use std::collections::BTreeSet;

use mapper::Mapper;
use schema::{Content, Dataset, Shape};
use serde_json::Value;

use super::fixtures;

fn parsed(row: &str) -> Value {
    serde_json::from_str(row).unwrap()
}

#[test]
fn every_dataset_has_fixtures_and_no_folder_is_left_over() {
    let folder = it::repository().join("tests/fixtures");
    let folders: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !fixtures(name).is_empty())
        .collect();
    let datasets: BTreeSet<String> =
        schema::catalog().iter().map(|dataset| dataset.definition.name.to_owned()).collect();
    assert_eq!(folders, datasets);
}

#[test]
fn fixtures_follow_the_schema_of_their_rows() {
    let mut wrong = Vec::new();
    for dataset in schema::catalog() {
        let validator = jsonschema::validator_for(&schema::row_schema(&dataset.definition)).unwrap();
        for fixture in fixtures(dataset.definition.name).iter().filter(|fixture| !fixture.odd()) {
            let errors =
                validator.iter_errors(&parsed(&fixture.row)).map(|error| error.to_string()).collect::<Vec<_>>();
            // A kind that the schema does not know is open by design.
            if !errors.is_empty() && fixture.name != "unknown-kind" {
                wrong.push(format!("{} {}: {}", dataset.definition.name, fixture.name, errors.join("; ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn fixtures_hold_nothing_unexpected() {
    let mut wrong = Vec::new();
    for dataset in schema::catalog() {
        let mut mapper = Mapper::new(dataset);
        for fixture in fixtures(dataset.definition.name).iter().filter(|fixture| !fixture.odd()) {
            mapper.map(fixture.row.as_bytes(), &mut Vec::new()).unwrap();
            let drift = mapper.take_drift();
            if drift.is_empty() == (fixture.name == "unknown-kind") {
                wrong.push(format!("{} {}: {drift:?}", dataset.definition.name, fixture.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_column_stands_in_a_fixture() {
    for dataset in schema::catalog() {
        let mut missing = BTreeSet::new();
        columns(&dataset.root, &mut missing);
        let mut seen = BTreeSet::new();
        for fixture in fixtures(dataset.definition.name).iter().filter(|fixture| !fixture.odd()) {
            paths(&parsed(&fixture.row), "", &mut seen);
        }
        missing.retain(|path| !seen.contains(path));
        // Added by the collector to rows that lack it, and told by the services in annotations.
        missing.retain(|path| !path.ends_with("@odata.type"));
        assert!(missing.is_empty(), "dataset {}: {missing:?}", dataset.definition.name);
    }
}

fn columns(shape: &Shape, into: &mut BTreeSet<String>) {
    for column in &shape.columns {
        into.insert(column.source.clone());
        if let Content::Object(inner) | Content::Flattened(inner) = &column.content {
            columns(inner, into);
        }
    }
    shape.kinds.iter().for_each(|kind| columns(&kind.shape, into));
}

fn paths(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                paths(value, &path, into);
                into.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, path, into)),
        _ => {}
    }
}

/// Every kind has a fixture of its own with every property filled.
#[test]
fn every_kind_of_evidence_is_filled() {
    let evidence = schema::dataset("evidence").unwrap();
    let list = evidence.root.columns.iter().find(|column| column.name == "evidence").unwrap();
    let Content::Object(items) = &list.content else { panic!("evidence is an object") };
    let rows: Vec<Value> =
        fixtures("evidence").iter().filter(|fixture| !fixture.odd()).map(|fixture| parsed(&fixture.row)).collect();
    assert_eq!(items.kinds.len(), 48);
    for kind in &items.kinds {
        let filled = rows.iter().map(|row| &row["evidence"]).filter(|item| item["@odata.type"] == kind.tag.as_str());
        let lacking = |item: &Value| -> Vec<String> {
            let empty = |name: &str| item.get(name).is_none_or(Value::is_null);
            kind.shape.columns.iter().map(|column| column.name.clone()).filter(|name| empty(name)).collect()
        };
        let fewest = filled.map(lacking).min_by_key(Vec::len);
        assert_eq!(fewest, Some(Vec::new()), "{}", kind.tag);
    }
}

/// Addresses of the stand-in's geo table would make pipeline tests of the package depend on a database.
#[test]
fn no_fixture_has_an_address_with_a_place() {
    for dataset in schema::catalog() {
        for fixture in fixtures(dataset.definition.name) {
            for word in fixture.row.split(|letter: char| !(letter.is_ascii_hexdigit() || ".:".contains(letter))) {
                assert!(!placed(word), "{} {}: {word}", dataset.definition.name, fixture.name);
            }
        }
    }
}

fn placed(word: &str) -> bool {
    let last = |prefix: &str| word.strip_prefix(prefix).and_then(|rest| rest.parse::<u8>().ok()).unwrap_or(0);
    last("192.0.2.") >= 128
        || last("198.51.100.") >= 192
        || last("203.0.113.") >= 224
        || word.to_lowercase().starts_with("2001:db8:5:")
        || word.to_lowercase().starts_with("2001:db8:6:")
}

/// The datasets whose rows are parts of a parent.
pub(super) fn split() -> impl Iterator<Item = &'static Dataset> {
    let parts =
        |dataset: &&Dataset| matches!(dataset.definition.rows, schema::Rows::Items(_) | schema::Rows::Outer { .. });
    schema::catalog().iter().filter(parts)
}
