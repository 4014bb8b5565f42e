//! The fields of all datasets together.

use std::collections::BTreeMap;

use crate::ecs::Type;
use crate::{Dataset, catalog};

/// Elasticsearch refuses an index with more fields than its limit; 1000 is the default.
const LIMIT: usize = 1000;

/// Number of fields as Elasticsearch counts them: leaves and the objects above them.
fn count(dataset: &Dataset) -> usize {
    let mut names = std::collections::BTreeSet::new();
    for field in dataset.fields() {
        let mut at = 0;
        while let Some(dot) = field.name[at..].find('.') {
            names.insert(field.name[..at + dot].to_owned());
            at += dot + 1;
        }
        names.insert(field.name);
    }
    names.len()
}

#[test]
fn a_field_has_one_type_everywhere() {
    let mut types: BTreeMap<String, (Type, &str)> = BTreeMap::new();
    for dataset in catalog() {
        for field in dataset.fields() {
            let name = dataset.definition.name;
            let (kind, other) = *types.entry(field.name.clone()).or_insert((field.kind, name));
            assert_eq!(kind, field.kind, "{} in {name} and {other}", field.name);
        }
    }
    for name in types.keys() {
        let below = format!("{name}.");
        let child = types.range(below.clone()..).next().filter(|(child, _)| child.starts_with(&below));
        assert!(child.is_none(), "{name} is a value, {child:?} lies below it");
    }
}

/// Within one dataset, `fields()` keeps the first type of a name: columns of several kinds must agree.
#[test]
fn kinds_agree_about_shared_fields() {
    for dataset in catalog() {
        let mut types = BTreeMap::new();
        walk(&dataset.root, dataset.definition.prefix, &mut |name, kind| {
            let first = *types.entry(name.clone()).or_insert(kind);
            assert_eq!(first, kind, "{}: {name}", dataset.definition.name);
        });
    }
}

fn walk(shape: &crate::Shape, prefix: &str, visit: &mut impl FnMut(String, &'static str)) {
    use crate::Content;
    for column in &shape.columns {
        let Some(path) = &column.path else { continue };
        let name = format!("{prefix}.{path}");
        match &column.content {
            Content::Object(shape) => {
                visit(name.clone(), "object");
                walk(shape, &name, visit);
            }
            Content::UrlParts => visit(name, "object"),
            Content::Flattened(_) | Content::Dictionary => visit(name, Type::Flattened.name()),
            Content::Scalar(semantic) => visit(name, semantic.field_type().name()),
        }
    }
    for kind in &shape.kinds {
        walk(&kind.shape, prefix, visit);
    }
}

#[test]
fn datasets_stay_below_the_field_limit() {
    for dataset in catalog() {
        let (leaves, all) = (dataset.fields().len(), count(dataset));
        eprintln!("{}: {leaves} fields, {all} with the objects above them", dataset.definition.name);
        assert!(all <= LIMIT, "{}", dataset.definition.name);
    }
}
