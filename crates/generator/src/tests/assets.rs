//! Laws of rules, templates, views and pages: every field that they name is one.

use std::collections::BTreeSet;

use dashboards::state::ENTITIES;
use schema::ecs::Type;

use super::{datasets, fixtures};
use crate::package::{self, Contents, Target};
use crate::package::{alerting, knowledge, views};
use crate::{fields, rules};

/// Fields that some document has, of the history or of the state.
fn known() -> BTreeSet<String> {
    let history = datasets().iter().flat_map(fields::definitions).map(|definition| definition.name);
    let state = ENTITIES.iter().flat_map(|entity| entity.fields(datasets())).map(|field| field.name);
    let health = crate::health::definitions().into_iter().map(|definition| definition.name);
    history.chain(state).chain(health).collect()
}

/// Words of a query that are names of fields: they have dots, and are no index, number or text.
fn named(query: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in query.lines().filter(|line| !line.trim_start().starts_with("//") && !line.starts_with("FROM ")) {
        let outside = line.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let words = outside.split(|char: char| !(char.is_ascii_alphanumeric() || "._@-*".contains(char)));
        let is_field = |word: &&str| {
            word.contains('.')
                && !word.contains(['*', '-'])
                && word.starts_with(|first: char| first.is_ascii_lowercase())
        };
        names.extend(words.filter(is_field).map(|word| word.trim_end_matches('.').to_owned()));
    }
    names
}

fn assert_known(what: &str, query: &str) -> usize {
    let (known, named) = (known(), named(query));
    let unknown: Vec<_> = named.iter().filter(|name| !known.contains(*name)).collect();
    assert!(unknown.is_empty(), "{what}: {unknown:?} in\n{query}");
    named.len()
}

#[test]
fn templates_and_views_name_fields() {
    let mut seen = 0;
    for template in alerting::TEMPLATES {
        match &template.query {
            alerting::Query::Esql(text) => seen += assert_known("template", text),
            alerting::Query::AnyOf(fields) => {
                let known = known();
                assert!(fields.iter().all(|field| known.contains(*field)), "{fields:?}");
                assert_eq!(
                    fields.len(),
                    datasets().iter().map(schema::Dataset::unmapped).collect::<BTreeSet<_>>().len()
                );
            }
        }
    }
    for (name, query) in views::VIEWS {
        seen += assert_known(name, query);
        assert!(query.starts_with("FROM "), "{name}");
    }
    assert!(seen > 20, "{seen} fields seen");
}

#[test]
fn pages_name_fields() {
    let mut seen = 0;
    for text in knowledge::texts() {
        // Fenced blocks are queries; what stands in single backticks may be a field too.
        let known = known();
        for (at, block) in text.split("```").enumerate() {
            if at % 2 == 1 {
                let query = block.strip_prefix("esql").expect("a block is ES|QL").replace("\n   ", "\n");
                seen += assert_known("page", &query);
                continue;
            }
            for word in block.split('`').skip(1).step_by(2) {
                let is_field = word.starts_with("m365_defender.") && !word.contains(['*', '-', ' ']);
                assert!(!is_field || known.contains(word), "{word}");
                seen += usize::from(is_field);
            }
        }
    }
    assert!(seen > 30, "{seen} fields seen");
}

#[test]
fn a_field_that_is_none_is_found() {
    let query =
        "FROM logs-m365_security.*\n| WHERE event.kindd == \"alert\" AND message.x IS NULL\n// event.other\n| LIMIT 5";
    assert_eq!(named(query), ["event.kindd", "message.x"].map(str::to_owned).into());
    let outcome = std::panic::catch_unwind(|| assert_known("query", query));
    assert!(outcome.is_err());
}

#[test]
fn rules_are_told_apart_and_name_fields() {
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for rule in rules::all() {
        let groups: Vec<usize> = rule.id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{}", rule.id);
        assert!(ids.insert(rule.id) && titles.insert(rule.name), "{}", rule.name);
        let body = rule.body(datasets()).unwrap();
        assert_eq!(body["required_fields"].as_array().unwrap().len(), rule.fields().len());
    }
    assert!((4..=6).contains(&ids.len()), "{}", ids.len());
}

#[test]
fn a_rule_with_a_field_of_another_dataset_is_refused() {
    let mut rule = rules::all().remove(0);
    rule.dataset = "log";
    assert!(rule.body(datasets()).unwrap_err().to_string().contains("lacks"));
}

#[test]
fn rules_are_part_of_the_package_where_they_are_wanted() {
    let count = |rules| {
        let contents = Contents { target: Target::Stack819, rules };
        let files = package::built(datasets(), &fixtures(), contents).unwrap();
        let manifest = files.iter().find(|(path, _)| path.ends_with("/manifest.yml") && path.matches('/').count() == 1);
        let manifest = String::from_utf8(manifest.unwrap().1.clone()).unwrap();
        assert_eq!(manifest.contains("capabilities"), rules);
        files.iter().filter(|(path, _)| path.contains("/kibana/security_rule/")).count()
    };
    assert_eq!((count(false), count(true)), (0, rules::all().len()));
}

#[test]
fn views_and_permissions_are_for_stacks_that_know_them() {
    let has = |target| {
        let files = package::built(datasets(), &fixtures(), target).unwrap();
        let views = files.iter().filter(|(path, _)| path.contains("/esql_view/")).count();
        let permissions = files.iter().any(|(path, text)| {
            path.ends_with("/manifest.yml") && String::from_utf8_lossy(text).contains("provider_permissions")
        });
        (views, permissions)
    };
    assert_eq!(has(Target::Stack819), (0, false));
    assert_eq!(has(Target::Stack94), (views::VIEWS.len(), true));
}

/// The destination's mapping is written out: it takes no field that it does not name, and no type that one index of several
/// data streams cannot have.
#[test]
fn states_have_fields_of_their_own() {
    let of = |name: &str| dashboards::state::entity(name).unwrap().fields(datasets());
    for entity in ENTITIES {
        let fields = entity.fields(datasets());
        let names: BTreeSet<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names.len(), fields.len(), "{}", entity.name);
        assert!(fields.iter().all(|field| field.kind != Type::ConstantKeyword), "{}", entity.name);
        for key in entity.key.iter().chain(&["@timestamp", "event.module", "event.ingested"]) {
            assert!(names.contains(key), "{}: {key}", entity.name);
        }
        for first in entity.keeps {
            assert!(names.iter().any(|name| name.starts_with(first)), "{}: nothing begins with {first}", entity.name);
        }
    }
    assert!(of("alert").iter().all(|field| !field.name.starts_with("m365_defender.alert.evidence.")));
    assert!(of("device").iter().any(|field| field.name == "m365_defender.alert.evidence.risk_score"));
    assert!(of("device").iter().all(|field| !field.name.starts_with("process.")));
    assert!(of("incident_response").iter().any(|field| field.name == "m365_security.response.time_to_close"));
}
