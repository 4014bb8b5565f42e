//! The ingest pipeline's part of the mapping: a script that walks the same plan over a raw row.

use std::collections::BTreeMap;

use schema::tables::REGISTRY_HIVE;
use schema::{Dataset, Op, ecs};
use serde_json::{Map, Value, json};

use crate::plan::{Column, Content, Derived, Input, Json, Plan, Shape};

/// The interpreter of plans, in Painless.
pub const SOURCE: &str = include_str!("pipeline/map.painless");

/// Values that every document of a dataset carries, by ECS field.
pub(crate) fn own_values(dataset: &Dataset) -> Vec<(&'static str, String)> {
    vec![
        ("ecs.version", ecs::VERSION.to_owned()),
        ("event.dataset", format!("m365_security.{}", dataset.definition.name)),
        ("event.module", "m365_security".to_owned()),
    ]
}

/// The `script` processor that maps the raw row in `event.original`, as the ingest API takes it.
pub fn script(dataset: &Dataset) -> Value {
    json!({
        "script": {
            "lang": "painless",
            "tag": "map_row",
            "description": "Map the raw row to ECS along the dataset's plan.",
            "params": params(dataset),
            "source": SOURCE,
        }
    })
}

/// The plan in the form that the script reads. An absent member means false or none.
fn params(dataset: &Dataset) -> Value {
    let plan = Plan::new(dataset);
    let own: Vec<Value> =
        own_values(dataset).into_iter().filter_map(|(name, value)| Some(json!([plan.field(name)?, value]))).collect();
    let fields: Vec<Value> = plan.fields.iter().map(field).collect();
    let shapes: Vec<Value> = plan.shapes.iter().map(shape).collect();
    let columns = || plan.shapes.iter().flat_map(|shape| &shape.columns);
    let tables: BTreeMap<&str, Value> = columns()
        .flat_map(|column| &column.targets)
        .filter_map(|target| target.table)
        .chain([REGISTRY_HIVE])
        .map(|table| (table.name, json!(table.rows)))
        .collect();
    let parts: Vec<Value> = Op::URL_PARTS.iter().map(|(name, op)| json!([name, op.word()])).collect();
    let mut params = json!({
        "name": plan.name,
        "prefix": plan.prefix,
        "identity": plan.identity,
        "own": own,
        "fields": fields,
        "shapes": shapes,
        "tables": tables,
        "url_parts": parts,
        "split": plan.rows.split().collect::<Vec<_>>(),
    });
    if let (Some((path, shape)), Some(params)) = (&plan.item, params.as_object_mut()) {
        params.insert("item".into(), json!({ "path": path, "shape": shape }));
    }
    params
}

fn field(field: &crate::plan::Field) -> Value {
    let mut json = Map::from_iter([("path".to_owned(), json!(field.path))]);
    let kind = match field.json {
        Json::Text => None,
        Json::Integer => Some("integer"),
        Json::Number => Some("number"),
        Json::Flag => Some("flag"),
    };
    if let Some(kind) = kind {
        json.insert("json".into(), kind.into());
    }
    for (name, flag) in [("many", field.many), ("array", field.array)] {
        if flag {
            json.insert(name.into(), true.into());
        }
    }
    json.into()
}

fn shape(shape: &Shape) -> Value {
    let columns: Vec<Value> = shape.columns.iter().map(column).collect();
    let mut json = Map::from_iter([("source".to_owned(), json!(shape.source)), ("columns".to_owned(), columns.into())]);
    for (name, flag) in [("flattened", shape.flattened), ("split_column", shape.split_column)] {
        if flag {
            json.insert(name.into(), true.into());
        }
    }
    if !shape.kinds.is_empty() {
        json.insert("kinds".into(), json!(shape.kinds.iter().collect::<BTreeMap<_, _>>()));
    }
    if !shape.constants.is_empty() {
        json.insert("constants".into(), json!(shape.constants));
    }
    if !shape.derived.is_empty() {
        let derived = shape.derived.iter();
        json.insert("derived".into(), derived.map(|derived| self::derived(shape, derived)).collect());
    }
    if !shape.identity.is_empty() {
        json.insert("identity".into(), paths(shape, &shape.identity));
    }
    json.into()
}

fn derived(shape: &Shape, derived: &Derived) -> Value {
    let Derived { field, derive, inputs, when, rank } = derived;
    let mut json = json!({ "field": field, "derive": derive.word(), "inputs": paths(shape, inputs), "rank": rank });
    if derive.needs_all() {
        json["all"] = true.into();
    }
    if let Some((input, word)) = when {
        json["when"] = json!([path(shape, input), word.to_ascii_lowercase()]);
    }
    json
}

/// Paths from an object; each begins with the column's name.
fn paths(shape: &Shape, inputs: &[Input]) -> Value {
    inputs.iter().map(|input| path(shape, input)).collect::<Vec<_>>().into()
}

fn path(shape: &Shape, (column, rest): &Input) -> Value {
    let column = &shape.columns[usize::from(*column)].name;
    std::iter::once(column).chain(rest).map(|name| Value::from(&**name)).collect()
}

/// A column as a list of name, kind, custom path, ECS targets, whether it is a list, shape, source path, and name of the
/// field for display names.
fn column(column: &Column) -> Value {
    let (kind, shape) = match column.content {
        _ if column.dropped => ("dropped", None),
        Content::Scalar(semantic) => (semantic.word(), None),
        Content::UrlParts => ("url_parts", None),
        Content::Dictionary => ("dictionary", None),
        Content::Object(shape) => ("object", Some(shape)),
        Content::Flattened(shape) => ("flattened", Some(shape)),
    };
    let path = column
        .key
        .as_deref()
        .map(|key| column.group.iter().map(|group| &**group).chain([leaf(key)]).collect::<Vec<_>>());
    let targets: Vec<Value> = column
        .targets
        .iter()
        .map(|target| json!([target.field, target.op.word(), target.table.map(|table| table.name), target.rank]))
        .collect();
    let targets = if targets.is_empty() { Value::Null } else { targets.into() };
    let mut json = vec![
        json!(column.name),
        kind.into(),
        json!(path),
        targets,
        column.list.into(),
        json!(shape),
        column.source.as_str().into(),
    ];
    json.extend(column.display.as_deref().map(|key| leaf(key).into()));
    json.into()
}

/// The name within a key with quotes and colon.
fn leaf(key: &str) -> &str {
    key.trim_end_matches(':').trim_matches('"')
}
