//! Rows split from their parents: the same documents as from rows that were split by hand.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use mapper::{Mapper, Row};
use schema::{Dataset, Rows};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use simulator::{Simulator, Tenant};

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::super::sources::list_of;
use super::{differences, fixtures, mapped, rows};

/// An object whose values keep their text: ids hang on it.
type Map = BTreeMap<String, Box<RawValue>>;

fn with(parent: &Map, name: &str, value: Option<Box<RawValue>>) -> Box<RawValue> {
    let mut row = parent.clone();
    match value {
        Some(value) => row.insert(name.to_owned(), value),
        None => row.remove(name),
    };
    to_raw_value(&row).unwrap()
}

fn items(of: &Map, list: &str) -> Vec<Box<RawValue>> {
    let Some(value) = of.get(list) else { return Vec::new() };
    let items = serde_json::from_str(value.get()).unwrap_or_else(|_| vec![value.clone()]);
    items.into_iter().filter(|item| item.get() != "null").collect()
}

/// An item in the place of its list. Of an item that is a list itself, the list stays, or it would be taken for it.
fn alone(item: Box<RawValue>) -> Box<RawValue> {
    if item.get().starts_with('[') { RawValue::from_string(format!("[{item}]")).unwrap() } else { item }
}

/// Leaves out what no column of the dataset names.
fn known(dataset: &Dataset, parent: &mut Map) {
    parent.retain(|name, _| dataset.root.columns.iter().any(|column| column.name == *name));
}

/// The rows that a parent stands for. Of [`Rows::Items`], properties that no column names stay with the parent.
fn by_hand(dataset: &Dataset, parent: &Map) -> Vec<Box<RawValue>> {
    match dataset.definition.rows {
        Rows::Items(list) => {
            let mut parent = parent.clone();
            known(dataset, &mut parent);
            items(&parent, list).into_iter().map(|item| with(&parent, list, Some(alone(item)))).collect()
        }
        Rows::Outer { outer, inner } => {
            let outers = items(parent, outer);
            if outers.is_empty() {
                return vec![with(parent, outer, None)];
            }
            let rows = outers.into_iter().flat_map(|one| {
                let Ok(alert) = serde_json::from_str::<Map>(one.get()) else {
                    return vec![with(parent, outer, Some(alone(one)))];
                };
                let inners = items(&alert, inner);
                if inners.is_empty() {
                    return vec![with(parent, outer, Some(with(&alert, inner, None)))];
                }
                let row = |item| with(parent, outer, Some(with(&alert, inner, Some(alone(item)))));
                inners.into_iter().map(row).collect()
            });
            rows.collect()
        }
        Rows::Elements | Rows::Rollup { .. } => vec![to_raw_value(parent).unwrap()],
    }
}

fn check(dataset: &Dataset, mapper: &mut Mapper, name: &str, parent: &[u8]) -> usize {
    let mut split = Vec::new();
    mapper.map_items(&Row::parse(parent).unwrap(), &mut |result| {
        let outcome = result.map(|(id, document)| (id.to_string(), serde_json::from_slice::<Value>(document).unwrap()));
        split.push(outcome.map_err(|reject| reject.reason));
    });
    let parent: Map = serde_json::from_slice(parent).unwrap();
    let rows = by_hand(dataset, &parent);
    assert_eq!(split.len(), rows.len(), "{name}: number of documents");
    for (position, (split, row)) in split.iter().zip(&rows).enumerate() {
        let alone = mapped(dataset, row.get()).map_err(|reject| reject.reason);
        match (split, &alone) {
            (Ok((id, document)), Ok((other_id, other))) => {
                let found = differences(document, other);
                assert!(found.is_empty(), "{name}, item {position}: split | alone:\n  {}", found.join("\n  "));
                assert_eq!(id, other_id, "{name}, item {position}: ids");
            }
            _ => assert_eq!(split, &alone, "{name}, item {position}"),
        }
    }
    rows.len()
}

/// The dataset whose rows are the parents of a dataset's: of items the one that holds the records whole.
fn parents_of(dataset: &'static Dataset) -> &'static Dataset {
    let holds_them = |other: &&Dataset| {
        other.definition.source.path == dataset.definition.source.path && other.definition.rows == Rows::Elements
    };
    match dataset.definition.rows {
        Rows::Items(_) => schema::catalog().iter().find(holds_them).unwrap_or(dataset),
        Rows::Elements | Rows::Rollup { .. } | Rows::Outer { .. } => dataset,
    }
}

#[test]
fn fixtures_split_as_by_hand() {
    let mut rows = 0;
    for dataset in super::fixtures::split() {
        let mut mapper = Mapper::new(dataset);
        // Rows of the dataset itself are parents of one item.
        let folders = BTreeSet::from([dataset, parents_of(dataset)].map(|parents| parents.definition.name));
        for parents in folders {
            for fixture in fixtures(parents) {
                rows += check(dataset, &mut mapper, &format!("{parents} {}", fixture.name), fixture.row.as_bytes());
            }
        }
    }
    assert!(rows > 400, "{rows} rows");
}

#[test]
fn records_of_the_simulator_split_as_by_hand() {
    let tenant = Tenant { incidents: 60, ..Tenant::default() };
    let (id, start, step) = (tenant.id.clone(), tenant.start, TimeDelta::minutes(10));
    let simulator = Simulator::new(tenant);
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for at in 0..120 {
        simulator.changed(&id, (start + step * at, start + step * (at + 1)), &mut |list, record| {
            for dataset in super::fixtures::split().filter(|dataset| std::ptr::eq(list_of(dataset), list)) {
                let (name, mut mapper) = (dataset.definition.name, Mapper::new(dataset));
                let place = format!("{name} of {} in step {at}", list.name());
                *rows.entry(name).or_default() += check(dataset, &mut mapper, &place, record);
            }
        });
    }
    assert_eq!(rows.len(), super::fixtures::split().count());
    assert!(rows.values().all(|rows| *rows > 400), "{rows:?}");
}

#[test]
fn invented_rows_split_as_by_hand() {
    let mut runner = TestRunner::deterministic();
    let mut documents = 0;
    for dataset in super::fixtures::split() {
        let mut mapper = Mapper::new(dataset);
        // A row that is split twice is a parent of one inner item at most.
        let parents = parents_of(dataset);
        for _ in 0..1000 {
            let row = rows::row(parents, &vec(any::<u8>(), 0..1500).new_tree(&mut runner).unwrap().current());
            // Rows that are refused whole have no parts, and what is not JSON cannot be taken apart by hand.
            if mapped(parents, &row).is_ok() && serde_json::from_str::<Value>(&row).is_ok() {
                documents += check(dataset, &mut mapper, &row, row.as_bytes());
            }
        }
    }
    assert!(documents > 1000, "{documents} documents");
}

#[test]
fn invented_rows_of_one_part_need_not_be_split() {
    let mut runner = TestRunner::deterministic();
    let mut documents = 0;
    for dataset in super::fixtures::split() {
        let mut mapper = Mapper::new(dataset);
        for _ in 0..2000 {
            let mut row = rows::row(dataset, &vec(any::<u8>(), 0..600).new_tree(&mut runner).unwrap().current());
            if matches!(dataset.definition.rows, Rows::Items(_)) {
                let Ok(mut parent) = serde_json::from_str::<Map>(&row) else { continue };
                known(dataset, &mut parent);
                row = to_raw_value(&parent).unwrap().get().to_owned();
            }
            let Ok(index) = Row::parse(row.as_bytes()) else { continue };
            let mut split = Vec::new();
            mapper.map_items(&index, &mut |result| {
                let read = |(id, document): (mapper::DocId, &[u8])| {
                    (id.to_string(), serde_json::from_slice::<Value>(document).unwrap())
                };
                split.push(result.map(read));
            });
            if let [one] = &split[..] {
                documents += usize::from(one.is_ok());
                assert_eq!(one, &mapped(dataset, &row), "{row}");
            }
        }
    }
    assert!(documents > 1500, "{documents} documents");
}
