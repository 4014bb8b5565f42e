//! Field definitions of a dataset: the model's fields, and those that every data stream needs.

use schema::{Dataset, Field, ecs::Type};
use serde_json::{Map, Value, json};

use crate::names;

/// Longest value of a keyword that is searchable: Elastic's usual limit.
pub(crate) const KEYWORD_LIMIT: u32 = 1024;
/// Longest value of a long text that is searchable as a whole; the longest command line of cmd.exe, and four bytes for
/// each character fit Lucene's largest term, also where a stand-in type is a plain keyword. Longer values are found by
/// their words in the sub-field `text`.
pub(crate) const WILDCARD_LIMIT: u32 = 8191;

/// A field of the documents of a data stream.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    /// Full dotted name.
    pub(crate) name: String,
    /// Elasticsearch type.
    pub(crate) kind: Type,
    /// Description; empty for fields that ECS describes.
    pub(crate) description: String,
    /// ECS defines it.
    pub(crate) ecs: bool,
    /// ECS wants an array.
    pub(crate) array: bool,
    /// The one value that every document has.
    pub(crate) value: Option<String>,
    /// The field is searchable.
    pub(crate) index: bool,
}

impl Definition {
    fn new(name: &str, kind: Type, description: &str) -> Self {
        let (name, description) = (name.to_owned(), description.to_owned());
        Definition { name, kind, description, ecs: false, array: false, value: None, index: true }
    }

    fn constant(name: &str, value: Option<String>, description: &str) -> Self {
        Definition { value, ..Self::new(name, Type::ConstantKeyword, description) }
    }

    /// Type with the parameters that the mapping and the package's field definition share.
    pub(crate) fn parameters(&self) -> Map<String, Value> {
        let mut parameters = Map::new();
        parameters.insert("type".into(), self.kind.name().into());
        match self.kind {
            Type::Keyword | Type::Flattened if self.index => {
                parameters.insert("ignore_above".into(), KEYWORD_LIMIT.into());
            }
            Type::Wildcard => {
                parameters.insert("ignore_above".into(), WILDCARD_LIMIT.into());
            }
            _ => {}
        }
        if let Some(value) = &self.value {
            parameters.insert("value".into(), value.as_str().into());
        }
        if !self.index {
            parameters.insert("index".into(), false.into());
            parameters.insert("doc_values".into(), false.into());
        }
        parameters
    }

    /// Whether the value's words are searchable too.
    pub(crate) fn has_text(&self) -> bool {
        self.kind == Type::Wildcard
    }
}

impl From<Field> for Definition {
    fn from(field: Field) -> Self {
        Definition {
            index: field.name != "event.original",
            description: field.description,
            ecs: field.ecs,
            array: field.array,
            ..Definition::new(&field.name, field.kind, "")
        }
    }
}

/// All fields of a dataset's data stream, by name.
pub(crate) fn definitions(dataset: &Dataset) -> Vec<Definition> {
    definitions_of(dataset.definition.name, dataset.fields())
}

/// All fields of a data stream's documents, by name; `name` is the last part of the data stream's.
pub(crate) fn definitions_of(name: &str, fields: Vec<Field>) -> Vec<Definition> {
    let mut all = base(name);
    for field in fields {
        if all.iter().any(|known| known.name == field.name) {
            continue;
        }
        all.push(Definition::from(field));
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// Fields of the data stream itself, and those that a shipper adds.
fn base(name: &str) -> Vec<Definition> {
    let stream = Some(names::stream_of(name));
    let agent = ["agent.ephemeral_id", "agent.id", "agent.name", "agent.type", "agent.version"];
    let mut all = vec![
        Definition::constant("data_stream.type", Some("logs".into()), "Data stream type."),
        Definition::constant("data_stream.dataset", stream.clone(), "Data stream dataset."),
        Definition::constant("data_stream.namespace", None, "Data stream namespace."),
        Definition { ecs: true, ..Definition::constant("event.module", Some(names::PACKAGE.into()), "") },
        Definition { ecs: true, ..Definition::constant("event.dataset", stream, "") },
        Definition::new("input.type", Type::Keyword, "Input of Elastic Agent that shipped the document."),
        Definition { ecs: true, ..Definition::new("log.file.path", Type::Keyword, "") },
        Definition { ecs: true, ..Definition::new("labels", Type::Object, "") },
        Definition::new("log.offset", Type::Long, "Offset of the line in the file that was read."),
    ];
    let agents = ["elastic_agent.id", "elastic_agent.version"];
    all.extend(agents.map(|name| Definition::new(name, Type::Keyword, "Elastic Agent that shipped the document.")));
    all.push(Definition::new("elastic_agent.snapshot", Type::Boolean, "Elastic Agent is no release."));
    all.extend(agent.map(|name| Definition { ecs: true, ..Definition::new(name, Type::Keyword, "") }));
    all
}

/// Field definitions in the package's format, nested by common prefix.
pub(crate) fn groups(definitions: &[Definition]) -> Value {
    let mut root = Node::default();
    for definition in definitions {
        root.insert(&definition.name, definition);
    }
    root.children()
}

#[derive(Default)]
struct Node<'a> {
    below: Vec<(&'a str, Node<'a>)>,
    leaf: Option<&'a Definition>,
}

impl<'a> Node<'a> {
    fn insert(&mut self, name: &'a str, definition: &'a Definition) {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        // Sorted names arrive together, so only the last child can be the one.
        if self.below.last().is_none_or(|(last, _)| *last != first) {
            self.below.push((first, Node::default()));
        }
        if let Some((_, node)) = self.below.last_mut() {
            match rest {
                Some(rest) => node.insert(rest, definition),
                None => node.leaf = Some(definition),
            }
        }
    }

    fn children(&self) -> Value {
        self.below.iter().map(|(name, node)| node.render(name)).collect()
    }

    fn render(&self, name: &str) -> Value {
        if let Some(definition) = self.leaf {
            return leaf(name, definition);
        }
        match self.below.as_slice() {
            [(only, node)] => node.render(&format!("{name}.{only}")),
            _ => json!({ "name": name, "type": "group", "fields": self.children() }),
        }
    }
}

fn leaf(name: &str, definition: &Definition) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), name.into());
    out.extend(definition.parameters());
    if definition.has_text() {
        out.insert("multi_fields".into(), json!([{ "name": "text", "type": "match_only_text" }]));
    }
    if definition.kind == Type::Object {
        out.insert("object_type".into(), Type::Keyword.name().into());
    }
    if definition.array {
        out.insert("normalize".into(), json!(["array"]));
    }
    if !definition.description.is_empty() {
        out.insert("description".into(), definition.description.as_str().into());
    }
    Value::Object(out)
}
