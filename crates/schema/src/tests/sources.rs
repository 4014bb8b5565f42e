//! What the sources say of Microsoft's endpoints, against the reference.

use super::{inner, reference};
use crate::{Api, CloudName, Collection, Dataset, List, Operator, Query, Rows, catalog, dataset};

#[test]
fn sources_say_what_the_reference_says() {
    let reference = reference("lists.json");
    for dataset in catalog() {
        let (name, source) = (dataset.definition.name, dataset.definition.source);
        let path = source.path.strip_prefix("/v1.0").unwrap_or(source.path);
        let expand =
            source.list().and_then(List::expand).map(|expand| format!("?$expand={expand}")).unwrap_or_default();
        let endpoint = format!("GET {path}{expand}");
        let facts = &reference[&endpoint];
        assert!(facts.is_object(), "{name}: the reference has no {endpoint}");
        let number = |key: &str| facts[key].as_u64();
        assert_eq!(source.path.starts_with("/v1.0"), facts["version"] == "v1.0", "{name}");
        assert_eq!(source.permission, facts["permission"], "{name}");
        if let Some(list) = source.list() {
            assert_eq!(list.record.changed, facts["cursor"], "{name}");
            assert_eq!(Some(u64::from(list.page_size)), number("page_size"), "{name}");
        }
        assert_eq!(Some(u64::from(source.limit.per_minute)), number("per_minute"), "{name}");
        assert_eq!(source.limit.per_hour.map(u64::from), number("per_hour"), "{name}");
        if let Some(days) = number("lookback_days") {
            assert_eq!(u64::from(source.max_lookback), days * 24, "{name}");
        }
        let clouds = facts["clouds"].as_array().expect("clouds");
        for cloud in CloudName::ALL {
            let words = match cloud {
                CloudName::Global => "global",
                CloudName::Gcc => "GCC",
                CloudName::GccHigh => "GCC High",
                CloudName::Dod => "DoD",
                CloudName::China => "China",
            };
            let is_named = clouds.iter().any(|named| named == words);
            assert_eq!(source.clouds.contains(&cloud), is_named, "{name}: {words} in {clouds:?}");
        }
    }
}

#[test]
fn sources_can_be_polled_as_they_say() {
    for dataset in catalog() {
        let (name, source) = (dataset.definition.name, dataset.definition.source);
        assert!(source.lookback <= source.max_lookback && !source.clouds.is_empty(), "{name}");
        assert!(source.path.starts_with('/') && !source.path.contains('?'), "{name}: {}", source.path);
        for cloud in source.clouds {
            assert!(source.api.root(*cloud).is_some(), "{name}: {:?} has no host in {cloud:?}", source.api);
        }
        // A poll in each interval leaves most of the quota to the pages of a backlog.
        assert!(60 / source.interval.max(1) <= u32::from(source.limit.per_minute) / 4, "{name}");
        for other in catalog().iter().map(|other| other.definition.source) {
            if other.limit.family == source.limit.family {
                assert_eq!((other.limit, other.api), (source.limit, source.api), "{name}");
            }
            if (other.api, other.path) == (source.api, source.path) {
                assert_eq!(other, source, "{name}: datasets of one endpoint share its answers");
            }
        }
    }
}

#[test]
fn lists_can_be_asked_as_they_say() {
    for dataset in catalog() {
        let name = dataset.definition.name;
        let Some(list) = dataset.definition.source.list() else { continue };
        assert!(list.page_size > 0 && !list.record.id.is_empty(), "{name}");
        let paths = list.record.id.iter().chain([&list.record.changed, &list.record.created]);
        for path in paths.copied().chain(list.redirect) {
            assert!(has_column(dataset, path), "{name}: `{path}` is no column");
        }
        assert!(list.redirect.is_none() || list.id_to_read().is_some(), "{name}: the other record is read by its id");
        assert!(list.expand().is_none() || list.id_to_read().is_some(), "{name}: a large record is read by its id");
        if let Query::OData(odata) = list.query {
            let starts = [Operator::Ge, Operator::Gt];
            assert!(
                odata.operators.iter().any(|operator| starts.contains(operator)),
                "{name}: a range begins somewhere"
            );
        }
        if let Rows::Rollup { nested, dataset, .. } = dataset.definition.rows {
            assert_eq!(list.expand(), Some(nested), "{name}");
            assert!(crate::dataset(dataset).is_some(), "{name}: {dataset}");
        }
    }
}

/// What nothing collects yet has no dataset: a description alone would collect nothing without a word.
#[test]
fn collections_are_lists() {
    for dataset in catalog() {
        assert!(matches!(dataset.definition.source.collection, Collection::List(_)), "{}", dataset.definition.name);
    }
}

#[test]
fn hosts_are_addresses_that_links_may_name() {
    for api in Api::ALL {
        for (cloud, root) in CloudName::ALL.into_iter().filter_map(|cloud| Some((cloud, api.root(cloud)?))) {
            let host = root.strip_prefix("https://").unwrap_or_else(|| panic!("{api:?} {cloud:?}: {root}"));
            assert!(!host.contains('/'), "{api:?} {cloud:?}: {root}");
            let is_named = api.link_hosts().iter().any(|known| host.ends_with(known));
            assert!(is_named, "{api:?} {cloud:?}: links of {host} are not followed");
            assert!(api.audience(cloud).is_some_and(|audience| audience.starts_with("https://")), "{api:?} {cloud:?}");
        }
        assert!(api.root(CloudName::Global).is_some(), "{api:?}");
    }
    let words: std::collections::BTreeSet<_> = Api::ALL.iter().map(|api| api.word()).collect();
    assert_eq!(words.len(), Api::ALL.len());
}

fn has_column(dataset: &Dataset, path: &str) -> bool {
    let (mut shape, mut names) = (Some(&dataset.root), path.split('.').peekable());
    while let Some(name) = names.next() {
        let Some(column) = shape.and_then(|shape| shape.columns.iter().find(|column| column.name == name)) else {
            return false;
        };
        shape = inner(column);
        if names.peek().is_some() && shape.is_none() {
            return false;
        }
    }
    true
}

#[test]
fn paths_that_are_no_columns_are_found_out() {
    let alert = dataset("alert").expect("dataset");
    assert!(has_column(alert, "id") && !has_column(alert, "ID") && !has_column(alert, "id.nothing"));
    let log = dataset("log").expect("dataset");
    assert!(has_column(log, "alerts.alertId") && !has_column(log, "alerts.nothing"));
}
