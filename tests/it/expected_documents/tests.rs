//! The expectation and the program must mean the same by "one document", or mistakes are seen that are none.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use mapper::Mapper;
use schema::Rows;
use serde_json::Value;
use simulator::{Simulator, Tenant, evidence_name};

use super::{of_document, sources};

/// Versions of the records of many incidents: two items have one id exactly if they are called the same here.
#[test]
fn an_item_has_one_name() {
    for dataset in schema::catalog() {
        if let Rows::Items(items) = dataset.definition.rows {
            check(dataset, items);
        }
    }
}

fn check(dataset: &'static schema::Dataset, list_of_items: &str) {
    let list = sources::list_of(dataset);
    let start: DateTime<Utc> = "2026-03-02T00:00:00Z".parse().unwrap();
    let step = TimeDelta::seconds(2);
    let simulator = Simulator::new(Tenant { incidents: u64::MAX >> 32, spacing: step, start, ..Tenant::default() });
    let mut mapper = Mapper::new(dataset);
    mapper.preserve_original(true);
    let (mut by_name, mut by_id, mut items) = (HashMap::new(), HashMap::new(), 0);
    for at in 0..400 {
        let span = (start + step * at, start + step * (at + 1));
        simulator.changed(&Tenant::default().id, span, &mut |of, record| {
            if !std::ptr::eq(of, list) {
                return;
            }
            let parent: Value = serde_json::from_slice(record).unwrap();
            let mut listed = parent[list_of_items].as_array().into_iter().flatten();
            let row = mapper.index(record).unwrap();
            mapper.map_items(&row, &mut |document| {
                let (id, document) = document.unwrap();
                let document: Value = serde_json::from_slice(document).unwrap();
                let name = format!("{} {}", parent[list.id()], evidence_name(listed.next().unwrap()));
                let name = (name, of_document(dataset, &document));
                let known = by_name.entry(name.clone()).or_insert(id);
                assert_eq!(*known, id, "two ids, one name: {name:?}");
                let known = by_id.entry(id).or_insert_with(|| name.clone());
                assert_eq!(*known, name, "one id, two names");
                items += 1;
            });
            assert!(listed.next().is_none());
        });
    }
    assert!(items > by_name.len() && by_name.len() > 1000, "{items} items of {} names prove little", by_name.len());
}
