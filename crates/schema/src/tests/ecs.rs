//! What goes into ECS is what ECS allows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{inner, reference, reference_data, shapes};
use crate::ecs::{self, Ecs, Type};
use crate::{Content, Dataset, Derive, Op, Semantic, Shape, catalog, tables};

/// Categories with the types that ECS allows beside them.
const CATEGORIES: &[(&str, &str)] = &[
    ("api", "access admin allowed change creation deletion denied end info start user"),
    ("authentication", "start end info"),
    ("configuration", "access change creation deletion info"),
    ("email", "info"),
    ("file", "access change creation deletion info"),
    ("host", "access change end info start"),
    ("iam", "admin change creation deletion group info user"),
    ("intrusion_detection", "allowed denied info"),
    ("malware", "info"),
    ("network", "access allowed connection denied end info protocol start"),
    ("package", "access change deletion info installation start"),
    ("process", "access change end info start"),
    ("registry", "access change creation deletion"),
    ("session", "start end info"),
    ("threat", "indicator"),
    ("web", "access error info"),
];

/// Beginnings of fields that ECS has in beta or added after [`ecs::VERSION`].
const TOO_NEW: &[&str] = &[
    "cloud.entity.",
    "device.product.",
    "device.serial_number",
    "device.type",
    "device.vendor.",
    "dll.origin_",
    "entity.",
    "file.origin_",
    "gen_ai.",
    "host.entity.",
    "orchestrator.entity.",
    "process.origin_",
    "service.entity.",
    "service.environment",
    "user.entity.",
    "volume.",
];

fn together(category: &str, kind: &str) -> bool {
    let found = CATEGORIES.iter().find(|(name, _)| *name == category);
    found.unwrap_or_else(|| panic!("{category} is no category")).1.split(' ').any(|allowed| allowed == kind)
}

#[test]
fn categories_and_types_fit_together() {
    for dataset in catalog() {
        shapes(&dataset.root, &mut |shape| {
            let values = |field: Ecs| {
                let of = shape.constants.iter().filter(move |constant| constant.field == field);
                of.map(|constant| constant.value.as_str()).collect::<Vec<_>>()
            };
            let (categories, types) = (values(ecs::EVENT_CATEGORY), values(ecs::EVENT_TYPE));
            for category in &categories {
                let fits = types.iter().any(|kind| together(category, kind));
                assert!(fits, "{}: {category} with {types:?}", dataset.definition.name);
            }
            if !categories.is_empty() {
                for kind in &types {
                    let fits = categories.iter().any(|category| together(category, kind));
                    assert!(fits, "{}: {kind} with {categories:?}", dataset.definition.name);
                }
            }
        });
    }
    for (categories, types) in
        [(tables::DETERMINATION_CATEGORY, tables::DETERMINATION_TYPE), (tables::ENTITY_CATEGORY, tables::ENTITY_TYPE)]
    {
        assert_eq!(categories.rows.len(), types.rows.len(), "{}", categories.name);
        for ((key, category), (same, kind)) in categories.rows.iter().zip(types.rows) {
            assert_eq!(key, same, "{}", categories.name);
            assert!(together(category, kind), "{category} with {kind}");
        }
    }
}

/// Values that ECS allows in a field.
fn allowed(fields: &Value, field: &str) -> BTreeSet<String> {
    let values = fields[field].as_array().unwrap_or_else(|| panic!("values of {field}"));
    values.iter().map(|value| value.as_str().expect("a word").to_owned()).collect()
}

#[test]
fn every_category_is_one_of_ecs() {
    let fields = reference("ecs_values.json");
    let (categories, types) = (allowed(&fields, "event.category"), allowed(&fields, "event.type"));
    assert!(categories.len() > 15 && types.len() > 15);
    for (category, kinds) in CATEGORIES {
        assert!(categories.contains(*category), "{category}");
        assert!(kinds.split(' ').all(|kind| types.contains(kind)), "{category}: {kinds}");
    }
}

#[test]
fn constants_are_among_the_values_that_ecs_allows() {
    let fields = reference("ecs_values.json");
    let mut seen = 0;
    for field in [ecs::EVENT_CATEGORY, ecs::EVENT_KIND, ecs::EVENT_OUTCOME, ecs::EVENT_TYPE] {
        let allowed = allowed(&fields, field.name);
        for dataset in catalog() {
            let mut check = |value: &str| {
                assert!(allowed.contains(value), "{}: {} is {value}", dataset.definition.name, field.name);
                seen += 1;
            };
            shapes(&dataset.root, &mut |shape| {
                let constants = shape.constants.iter().filter(|constant| constant.field == field);
                constants.for_each(|constant| check(&constant.value));
                let targets = shape.columns.iter().flat_map(|column| &column.targets);
                let tables = targets.filter(|target| target.field == field).filter_map(|target| target.table);
                tables.flat_map(|table| table.rows).for_each(|(_, value)| check(value));
            });
        }
    }
    assert!(seen > 100, "{seen} values");
}

#[test]
fn no_field_in_use_is_beta() {
    let Some(fields) = reference_data("ecs_flat.json") else { return };
    for dataset in catalog() {
        for field in dataset.fields().iter().filter(|field| field.ecs) {
            assert!(fields[&field.name]["beta"].is_null(), "{}: {} is beta", dataset.definition.name, field.name);
        }
    }
}

#[test]
fn fields_are_known_to_our_oldest_stack() {
    for dataset in catalog() {
        for field in dataset.fields().iter().filter(|field| field.ecs) {
            let new = TOO_NEW.iter().find(|start| field.name.starts_with(**start));
            assert!(new.is_none(), "{}: {} is newer than {}", dataset.definition.name, field.name, ecs::VERSION);
        }
    }
}

#[test]
fn targets_accept_what_comes() {
    for dataset in catalog() {
        super::columns(&dataset.root, &mut |column| {
            for target in &column.targets {
                let fits = match target.op {
                    Op::Table | Op::Prefix => {
                        let rows = target.table.expect("a table").rows;
                        rows.iter().all(|(_, value)| target.field.kind != Type::Long || value.parse::<i64>().is_ok())
                    }
                    Op::UrlPort => target.field.kind == Type::Long,
                    Op::UrlIp => target.field.kind == Type::Ip,
                    Op::Keep => match &column.content {
                        Content::Scalar(semantic) => accepts(target.field.kind, *semantic),
                        Content::UrlParts => accepts(target.field.kind, Semantic::Url),
                        _ => false,
                    },
                    _ => is_words(target.field.kind),
                };
                assert!(fits, "{}: {} into {}", dataset.definition.name, column.source, target.field.name);
            }
        });
        shapes(&dataset.root, &mut |shape| {
            for derived in &shape.derived {
                assert!(match derived.derive {
                    Derive::Duration => derived.field.kind == Type::Long,
                    Derive::GeoPoint => derived.field.kind == Type::GeoPoint,
                    _ => is_words(derived.field.kind),
                });
            }
            assert!(shape.constants.iter().all(|constant| is_words(constant.field.kind)));
        });
    }
}

fn is_words(kind: Type) -> bool {
    matches!(kind, Type::Keyword | Type::Wildcard | Type::MatchOnlyText | Type::ConstantKeyword)
}

fn accepts(target: Type, semantic: Semantic) -> bool {
    match semantic {
        Semantic::Integer => matches!(target, Type::Long | Type::Float | Type::Double),
        Semantic::Number => matches!(target, Type::Float | Type::Double),
        Semantic::Flag => target == Type::Boolean,
        Semantic::Timestamp => target == Type::Date,
        Semantic::Ip => target == Type::Ip || target == Type::Keyword,
        Semantic::JsonText => target == Type::Flattened,
        _ => is_words(target),
    }
}

/// Who fills a field, with the rank.
type Fillers = BTreeMap<(&'static str, u8), Vec<String>>;

#[test]
fn single_valued_fields_have_one_filler_of_each_rank() {
    for dataset in catalog() {
        check(dataset, &dataset.root, &Fillers::new());
    }
}

/// Collects the fillers of a shape; the kinds of a polymorphic object exclude each other.
fn check(dataset: &Dataset, shape: &Shape, outside: &Fillers) {
    let mut fillers = outside.clone();
    let mut polymorphic = Vec::new();
    collect(shape, &mut fillers, &mut polymorphic);
    for (target, who) in &fillers {
        assert!(who.len() < 2, "{}: {target:?} is filled by {who:?}", dataset.definition.name);
    }
    for object in polymorphic {
        for kind in &object.kinds {
            // The columns common to all kinds are among the kind's.
            let mut outside = Fillers::new();
            collect_except(shape, object, &mut outside);
            check(dataset, &kind.shape, &outside);
        }
    }
}

fn collect<'a>(shape: &'a Shape, fillers: &mut Fillers, polymorphic: &mut Vec<&'a Shape>) {
    own(shape, fillers);
    for inner in shape.columns.iter().filter_map(inner) {
        if !inner.kinds.is_empty() {
            polymorphic.push(inner);
        }
        collect(inner, fillers, polymorphic);
    }
}

fn collect_except(shape: &Shape, except: &Shape, fillers: &mut Fillers) {
    own(shape, fillers);
    for inner in shape.columns.iter().filter_map(inner).filter(|inner| !std::ptr::eq(*inner, except)) {
        collect_except(inner, except, fillers);
    }
}

fn own(shape: &Shape, fillers: &mut Fillers) {
    let mut add = |field: Ecs, rank: u8, who: &str| fillers.entry((field.name, rank)).or_default().push(who.into());
    for column in &shape.columns {
        column
            .targets
            .iter()
            .filter(|target| !target.many)
            .for_each(|target| add(target.field, target.rank, &column.source));
    }
    let derived = shape.derived.iter().filter(|derived| !derived.many);
    derived.for_each(|derived| add(derived.field, derived.rank, "a derivation"));
    let constants = shape.constants.iter().filter(|constant| !constant.many);
    constants.for_each(|constant| add(constant.field, constant.rank, "a constant"));
}

/// What an alert is about can be searched from the alert itself, whatever the place in the list of its evidence.
#[test]
fn evidence_is_lifted_into_the_alert() {
    let alert = crate::dataset("alert").expect("dataset alert");
    let fields: BTreeSet<String> = alert.fields().into_iter().map(|field| field.name).collect();
    for name in "host.id host.name host.hostname host.ip host.os.type user.id user.name user.email user.domain \
                 file.name file.path file.hash.md5 file.hash.sha1 file.hash.sha256 process.pid process.name \
                 process.executable process.command_line process.hash.sha256 process.hash.sha1 source.ip url.full \
                 url.domain email.subject email.from.address email.to.address email.message_id registry.key \
                 registry.path registry.hive process.parent.name process.parent.pid dns.question.name dns.resolved_ip \
                 cloud.instance.id cloud.provider container.id related.hash related.hosts related.ip related.user"
        .split_whitespace()
    {
        assert!(fields.contains(name), "{name}");
    }
    // The analyst who owns an alert is no actor in it.
    assert!(!fields.iter().any(|name| name.starts_with("source.user.")));
}
