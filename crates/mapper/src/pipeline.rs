//! The ingest pipeline's part of the mapping: a script that walks the same plan over a raw row.

use std::collections::BTreeMap;

use schema::{Dataset, Op, ecs};
use serde_json::{Map, Value, json};

use crate::plan::{Column, Content, Json, Plan, Shape};

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

/// The plan as the script reads it. Absent members mean false, none or nothing.
fn params(dataset: &Dataset) -> Value {
    let plan = Plan::new(dataset);
    let own: Vec<Value> =
        own_values(dataset).into_iter().filter_map(|(name, value)| Some(json!([plan.field(name)?, value]))).collect();
    let fields: Vec<Value> = plan.fields.iter().map(field).collect();
    let shapes: Vec<Value> = plan.shapes.iter().map(shape).collect();
    let columns = || plan.shapes.iter().flat_map(|shape| &shape.columns);
    let tables: BTreeMap<&str, Value> = columns()
        .flat_map(|column| &column.feeds)
        .filter_map(|feed| feed.table)
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
    for (name, flag) in [("hidden", shape.hidden), ("late", shape.late)] {
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
        let derived = derived.map(|derived| {
            json!({ "field": derived.field, "derive": derived.derive.word(), "inputs": paths(shape, &derived.inputs) })
        });
        json.insert("derived".into(), derived.collect::<Vec<_>>().into());
    }
    if !shape.identity.is_empty() {
        json.insert("identity".into(), paths(shape, &shape.identity));
    }
    json.into()
}

/// Paths from an object, its column's name first.
fn paths(shape: &Shape, inputs: &[(u16, Vec<Box<str>>)]) -> Value {
    let path = |(column, rest): &(u16, Vec<Box<str>>)| -> Vec<String> {
        let column = &shape.columns[usize::from(*column)].name;
        std::iter::once(column).chain(rest).map(ToString::to_string).collect()
    };
    inputs.iter().map(path).collect::<Vec<_>>().into()
}

/// Name, kind, custom path, feeds, list, shape, source path.
fn column(column: &Column) -> Value {
    let (kind, shape) = match column.content {
        _ if column.dropped => ("dropped", None),
        Content::Scalar(semantic) => (semantic.word(), None),
        Content::UrlParts => ("url_parts", None),
        Content::Dictionary => ("dictionary", None),
        Content::Object(shape) => ("object", Some(shape)),
        Content::Flattened(shape) => ("flattened", Some(shape)),
    };
    let path = column.key.as_deref().map(|key| {
        let leaf = key.trim_end_matches(':').trim_matches('"');
        column.group.iter().map(|group| &**group).chain([leaf]).collect::<Vec<_>>()
    });
    let feeds: Vec<Value> = column
        .feeds
        .iter()
        .map(|feed| json!([feed.field, feed.op.word(), feed.table.map(|table| table.name), feed.rank]))
        .collect();
    let feeds = if feeds.is_empty() { Value::Null } else { feeds.into() };
    json!([column.name, kind, path, feeds, column.list, shape, column.source])
}
