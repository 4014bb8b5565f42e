//! Index and component templates, ready to PUT without Fleet.

use schema::ecs::Type;
use serde_json::{Map, Value, json};

use crate::fields::{self, Definition};
use crate::names;

/// Levels of a kept object that are searchable; Elasticsearch refuses a document beyond, its default is 20.
const FLATTENED_DEPTH: u32 = 100;
/// Fields beyond our own that an operator's `@custom` template or a shipper may add.
const SPARE_FIELDS: usize = 500;

/// Component template with settings and mappings; `name` is the last part of the data stream's.
///
/// `dynamic` is false: what the model does not name is kept in `_source` and in the dataset's `flattened` field, and can
/// neither grow the mapping nor conflict with it. `strict` would refuse documents over a field that an operator's own
/// shipper adds. `ignore_malformed` gives up one value, listed in `_ignored`, instead of the document.
pub(crate) fn component(name: &str, definitions: &[Definition]) -> Value {
    json!({
        "template": {
            "settings": {
                "index": {
                    "codec": "best_compression",
                    "default_pipeline": names::pipeline_of(name),
                    "mapping": {
                        "ignore_malformed": true,
                        "total_fields": { "limit": field_limit(definitions) },
                    },
                },
            },
            "mappings": {
                "_meta": meta(),
                "dynamic": false,
                "date_detection": false,
                "dynamic_templates": dynamic(definitions),
                "properties": properties(definitions),
            },
        },
        "_meta": meta(),
    })
}

/// Index template. Templates that may exist (Elastic's settings and life cycle, the retention of a set-up, the operator's
/// own) are used if they do.
pub(crate) fn index(name: &str) -> Value {
    let template = names::template_of(name);
    let before = ["logs@settings".to_owned()];
    let own = |part: &str| format!("logs-{}@{part}", names::PACKAGE);
    let after = [own("lifecycle"), "logs@custom".to_owned(), own("custom"), format!("{template}@custom")];
    let optional: Vec<&String> = before.iter().chain(&after).collect();
    let component = names::component_of(name);
    let composed: Vec<&String> = before.iter().chain([&component]).chain(&after).collect();
    json!({
        "index_patterns": [format!("{template}-*")],
        "data_stream": {},
        "priority": 200,
        "composed_of": composed,
        "ignore_missing_component_templates": optional,
        "_meta": meta(),
    })
}

/// Metadata that names the writer of an artefact.
pub(crate) fn meta() -> Value {
    json!({
        "managed_by": "m365-generator",
        "package": { "name": names::PACKAGE, "version": names::VERSION },
        "description": names::MARKER,
    })
}

/// Limit on fields, objects and sub-fields: what we define, and room, rounded up.
pub(crate) fn field_limit(definitions: &[Definition]) -> usize {
    let mut paths = std::collections::BTreeSet::new();
    for definition in definitions {
        paths.extend(definition.name.match_indices('.').map(|(at, _)| &definition.name[..at]));
    }
    let texts = definitions.iter().filter(|definition| definition.has_text()).count();
    (definitions.len() + texts + paths.len() + SPARE_FIELDS).next_multiple_of(500).max(1000)
}

/// Mapping of the fields, nested as Elasticsearch writes it.
pub(crate) fn properties(definitions: &[Definition]) -> Value {
    let mut root = Map::new();
    for definition in definitions {
        insert(&mut root, &definition.name, mapping(definition));
    }
    Value::Object(root)
}

fn insert(properties: &mut Map<String, Value>, name: &str, mapping: Value) {
    let Some((first, rest)) = name.split_once('.') else {
        properties.insert(name.to_owned(), mapping);
        return;
    };
    let object = properties.entry(first).or_insert_with(|| json!({ "properties": {} }));
    if let Some(Value::Object(below)) = object.get_mut("properties") {
        insert(below, rest, mapping);
    }
}

/// Dynamic templates for objects whose members are not known in advance.
fn dynamic(definitions: &[Definition]) -> Vec<Value> {
    let objects = definitions.iter().filter(|definition| definition.kind == Type::Object);
    let template = |definition: &Definition| {
        let mapping = json!({ "type": "keyword", "ignore_above": fields::KEYWORD_LIMIT });
        json!({ &definition.name: { "path_match": format!("{}.*", definition.name), "mapping": mapping } })
    };
    objects.map(template).collect()
}

fn mapping(definition: &Definition) -> Value {
    let mut parameters = definition.parameters();
    if definition.kind == Type::Object {
        // Only the members of this object may add fields to the mapping.
        parameters.insert("dynamic".into(), true.into());
    }
    if definition.kind == Type::Flattened {
        parameters.insert("depth_limit".into(), FLATTENED_DEPTH.into());
    }
    if definition.has_text() {
        parameters.insert("fields".into(), json!({ "text": { "type": "match_only_text" } }));
    }
    Value::Object(parameters)
}
