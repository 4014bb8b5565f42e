//! What an alert takes from the list of its evidence, it takes by whole groups: a name without its number misleads.

use std::collections::{BTreeMap, BTreeSet};

use super::{inner, shapes};
use crate::{Content, Dataset, Shape, dataset};

type Fields = BTreeSet<&'static str>;

/// The evidence columns of a dataset by kind; the columns that every kind has come under the empty name.
fn kinds(dataset: &Dataset) -> BTreeMap<&str, &Shape> {
    let list = dataset.root.columns.iter().find(|column| column.name == "evidence").expect("a column of evidence");
    let Content::Object(evidence) = &list.content else { panic!("evidence is objects") };
    let kinds = evidence.kinds.iter().map(|kind| (kind.tag.as_str(), &kind.shape));
    kinds.chain([("", &**evidence)]).collect()
}

/// ECS fields that an object fills, by group.
fn groups(shape: &Shape) -> BTreeMap<&'static str, Fields> {
    let mut found: BTreeMap<&str, Fields> = BTreeMap::new();
    let mut add = |name: &'static str| {
        found.entry(name.split('.').next().unwrap_or_default()).or_default().insert(name);
    };
    shapes(shape, &mut |shape| {
        shape.columns.iter().flat_map(|column| &column.targets).for_each(|target| add(target.field.name));
        shape.derived.iter().for_each(|derived| add(derived.field.name));
        shape.constants.iter().for_each(|constant| add(constant.field.name));
    });
    found
}

/// Groups that tell of the record and are no thing; of `event` the category and type are taken, which are lists in ECS.
const OF_THE_RECORD: [&str; 3] = ["event", "observer", "user_agent"];

#[test]
fn a_group_is_lifted_whole_or_not_at_all() {
    let (alert, evidence) = (dataset("alert").expect("dataset"), dataset("evidence").expect("dataset"));
    let in_alert = kinds(alert);
    let mut lifted = 0;
    for (tag, shape) in kinds(evidence) {
        let taken = groups(in_alert[tag]);
        for (group, fields) in groups(shape) {
            let there = taken.get(group);
            if OF_THE_RECORD.contains(&group) {
                let only: Fields = there.into_iter().flatten().copied().collect();
                assert!(only.iter().all(|name| ["event.category", "event.type"].contains(name)), "{tag}: {only:?}");
                continue;
            }
            assert_eq!(there, Some(&fields), "{tag}: {group} is lifted in part");
            lifted += 1;
        }
    }
    assert!(lifted > 100, "{lifted} groups");
}

/// An object that passes on a group of its fields, in a list or not, passes on all of it.
#[test]
fn lists_within_a_kind_pass_whole_groups_on() {
    let whole = |tag: &str| groups(kinds(dataset("evidence").expect("dataset"))[tag]);
    let mut seen = 0;
    for (kind, list, of) in [
        ("malwareEvidence", "files", "fileEvidence"),
        ("malwareEvidence", "processes", "processEvidence"),
        ("teamsMessageEvidence", "files", "fileEvidence"),
        ("teamsMessageEvidence", "urls", "urlEvidence"),
        ("kubernetesPodEvidence", "containers", "containerEvidence"),
        ("hostLogonSessionEvidence", "host", "deviceEvidence"),
        ("hostLogonSessionEvidence", "account", "userEvidence"),
    ] {
        let tag = |name: &str| format!("#microsoft.graph.security.{name}");
        let kind = tag(kind);
        let shape = kinds(dataset("evidence").expect("dataset"))[kind.as_str()];
        let column = shape.columns.iter().find(|column| column.name == list).expect("a column");
        let whole = whole(&tag(of));
        let passed = groups(inner(column).expect("an object"));
        // What is related is passed on from everywhere; a kind within itself ends.
        for (group, fields) in passed.into_iter().filter(|(group, _)| *group != "related") {
            assert_eq!(whole.get(group), Some(&fields), "{kind}.{list}: {group} is passed on in part");
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen} groups");
}
