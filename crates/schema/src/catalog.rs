//! Walks the row types' JSON Schemas once into [`Dataset`]s; nobody else looks at JSON Schema.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::attr::{COLUMN, KIND};
use crate::dataset::Definition;
use crate::ecs::{self, Ecs};
use crate::model::{Column, Constant, Content, Dataset, Derived, EcsTarget, Kind, Shape};
use crate::naming::{custom_name, display_name};
use crate::ops::{Derive, Op};
use crate::tables;
use crate::types::{KEY, Semantic};

/// Reads a dataset's columns from its row type. An error names dataset and column; it is a mistake in the row type.
pub(crate) fn walk(definition: &Definition) -> Result<Dataset, String> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let root = (definition.row)(&mut generator);
    let definitions = generator.take_definitions(true);
    let walker = Walker { definition, definitions };
    let (schema, _) = walker.resolve(root.as_value());
    let context = Context::default();
    let mut shape = walker.shape(schema, &context).map_err(|error| format!("dataset {}: {error}", definition.name))?;
    shape.identity.splice(0..0, definition.identity.iter().map(|path| (*path).to_owned()));
    let text = text(schema, "description");
    Ok(Dataset { definition: *definition, description: text.replace('\n', " "), root: shape })
}

struct Walker<'a> {
    definition: &'a Definition,
    definitions: Map<String, Value>,
}

/// The place of the walk within the row type.
#[derive(Clone, Default)]
struct Context {
    /// Source path of the enclosing object.
    source: String,
    /// The place is within a list, from which fields that describe the record itself are not filled.
    list: bool,
    /// Columns at the place do not join `related.*`.
    unrelated: bool,
    /// The place is within a flattened object, whose columns have no custom field.
    flattened: bool,
    /// Redirections of ECS targets, innermost last.
    remaps: Vec<Vec<(String, String)>>,
    /// Types that enclose the place; the walk ends at a type within itself.
    types: Vec<String>,
}

impl Walker<'_> {
    fn resolve<'s>(&'s self, schema: &'s Value) -> (&'s Value, Option<&'s str>) {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
        match target.and_then(|name| self.definitions.get(name)) {
            Some(found) => (found, target),
            None => (schema, None),
        }
    }

    fn shape(&self, schema: &Value, context: &Context) -> Result<Shape, String> {
        let mut shape = Shape::default();
        self.properties(schema, context, &mut shape)?;
        annotation(schema, context, &mut shape)?;
        if !shape.columns.iter().any(|column| column.name == "@odata.type") {
            shape.columns.push(odata_type(context));
        }
        for arm in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
            shape.kinds.push(self.kind(arm, context, &shape)?);
        }
        Ok(shape)
    }

    fn kind(&self, arm: &Value, context: &Context, base: &Shape) -> Result<Kind, String> {
        let tag = arm
            .pointer("/properties/@odata.type/const")
            .and_then(Value::as_str)
            .ok_or("a kind lacks its @odata.type")?
            .to_owned();
        let (schema, name) = self.resolve(arm);
        let mut context = context.clone();
        context.types.extend(name.map(str::to_owned));
        let mut shape = Shape { kinds: Vec::new(), ..base.clone() };
        self.properties(schema, &context, &mut shape)?;
        annotation(schema, &context, &mut shape)?;
        Ok(Kind { tag, description: text(schema, "description"), shape })
    }

    fn properties(&self, schema: &Value, context: &Context, shape: &mut Shape) -> Result<(), String> {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(column) = self
                .column(name, property, context)
                .map_err(|error| format!("column {}{name}: {error}", context.source))?
            {
                shape.columns.push(column);
            }
        }
        Ok(())
    }

    fn column(&self, name: &str, property: &Value, context: &Context) -> Result<Option<Column>, String> {
        let attr = property.get(COLUMN).unwrap_or(&Value::Null);
        refuse_mistake(attr)?;
        let flag = |key: &str| attr.get(key) == Some(&Value::Bool(true));
        let (item, list) = match property.get("items") {
            Some(items) => (items, true),
            None => (property, false),
        };
        let (schema, type_name) = self.resolve(item);
        let source = format!("{}{name}", context.source);
        let mut inner = context.clone();
        inner.source = format!("{source}.");
        inner.list |= list;
        inner.flattened |= flag("flattened");
        inner.unrelated |= flag("unrelated");
        if let Some(pairs) = attr.get("remap").and_then(Value::as_array) {
            inner.remaps.push(pairs.iter().filter_map(pair).collect());
        }
        let word = schema.get(KEY).and_then(Value::as_str);
        let holds = match (word, word.and_then(Semantic::from_word)) {
            (Some("dictionary"), _) => Content::Dictionary,
            (_, Some(Semantic::Url)) if flag("parts") => Content::UrlParts,
            (_, Some(semantic)) => Content::Scalar(semantic),
            (Some(word), None) => return Err(format!("unknown semantic type {word}")),
            (None, None) => {
                let type_name = type_name.unwrap_or_default().to_owned();
                let recursive = inner.types.contains(&type_name);
                inner.types.push(type_name);
                let shape = if recursive { Shape::default() } else { self.shape(schema, &inner)? };
                if inner.flattened {
                    Content::Flattened(Box::new(prune(shape)))
                } else {
                    Content::Object(Box::new(shape))
                }
            }
        };
        let mut targets = ecs_targets(attr, context, &holds, list)?;
        if inner.unrelated {
            targets.retain(|target| !target.field.name.starts_with("related."));
        }
        let dropped = attr.get("drop").and_then(Value::as_str).map(str::to_owned);
        let has_field = !context.flattened && !flag("ecs_only") && dropped.is_none();
        let custom = attr.get("name").and_then(Value::as_str).map_or_else(|| self.custom_name(name), str::to_owned);
        let description = text(property, "description");
        let path = has_field.then_some(custom);
        let display = path.as_deref().filter(|_| matches!(holds, Content::Scalar(Semantic::Mail)));
        let display = display.map(|path| display_name(path, self.definition.camel_case));
        Ok(Some(Column {
            name: name.into(),
            source,
            path,
            display,
            description,
            content: holds,
            list,
            targets,
            dropped,
        }))
    }

    fn custom_name(&self, name: &str) -> String {
        if self.definition.camel_case { name.to_owned() } else { custom_name(name) }
    }
}

/// ECS fields that a column fills: those that its annotation names, and the one of `related.*` that its type joins.
fn ecs_targets(attr: &Value, context: &Context, holds: &Content, list: bool) -> Result<Vec<EcsTarget>, String> {
    let mut targets = Vec::new();
    for target in attr.get("targets").and_then(Value::as_array).into_iter().flatten() {
        let Some(field) = redirected(&text(target, "field"), context)? else { continue };
        let op = Op::from_word(&text(target, "op")).ok_or("unknown conversion")?;
        let table = tables::ALL.iter().find(|table| Some(table.name) == target.get("table").and_then(Value::as_str));
        let rank = rank(&target["rank"])?;
        let many = field.array || context.list || list;
        targets.push(EcsTarget { field, op, table: table.copied(), rank, many });
    }
    let related = match holds {
        Content::Scalar(Semantic::Ip) => Some((ecs::RELATED_IP, Op::Keep)),
        Content::Scalar(Semantic::Hash) => Some((ecs::RELATED_HASH, Op::Keep)),
        Content::Scalar(Semantic::User) => Some((ecs::RELATED_USER, Op::Keep)),
        Content::Scalar(Semantic::Mail) => Some((ecs::RELATED_USER, Op::MailAddress)),
        Content::Scalar(Semantic::Host) => Some((ecs::RELATED_HOSTS, Op::Keep)),
        _ => None,
    };
    targets.extend(related.map(|(field, op)| EcsTarget { field, op, table: None, rank: 0, many: true }));
    Ok(targets)
}

/// Adds constants, derived values and identity from the annotation of a row type or kind.
fn annotation(schema: &Value, context: &Context, shape: &mut Shape) -> Result<(), String> {
    let Some(kind) = schema.get(KIND) else { return Ok(()) };
    refuse_mistake(kind)?;
    for constant in kind.get("constants").and_then(Value::as_array).into_iter().flatten() {
        let Some((name, value)) = pair(constant) else { return Err("a constant needs field and value".into()) };
        let rank = rank(&constant[2])?;
        if let Some(field) = redirected(&name, context)? {
            shape.constants.push(Constant { field, value, rank, many: field.array || context.list });
        }
    }
    for derived in kind.get("derived").and_then(Value::as_array).into_iter().flatten() {
        let Some(field) = redirected(&text(derived, "field"), context)? else { continue };
        let derive = Derive::from_word(&text(derived, "derive")).ok_or("unknown derivation")?;
        let inputs = strings(derived, "inputs");
        let when = derived.get("when").and_then(pair);
        let rank = rank(&derived["rank"])?;
        shape.derived.push(Derived { field, derive, inputs, when, rank, many: field.array || context.list });
    }
    shape.identity.extend(strings(kind, "identity"));
    Ok(())
}

/// Refuses an annotation that noted a mistake when it was written.
fn refuse_mistake(annotation: &Value) -> Result<(), String> {
    annotation.get("mistake").and_then(Value::as_str).map_or(Ok(()), |mistake| Err(mistake.to_owned()))
}

fn rank(value: &Value) -> Result<u8, String> {
    u8::try_from(value.as_u64().unwrap_or(0)).map_err(|_| "rank above 255".into())
}

/// The ECS field that a target means at this place: the enclosing objects may redirect it, or leave it unfilled.
fn redirected(name: &str, context: &Context) -> Result<Option<Ecs>, String> {
    if context.unrelated && name.starts_with("related.") {
        return Ok(None);
    }
    let mut name = name.to_owned();
    for remap in context.remaps.iter().rev() {
        if name.starts_with("related.") {
            break;
        }
        let into = remap.iter().find_map(|(from, into)| match name.strip_prefix(from.as_str()) {
            Some("") => Some(into.clone()),
            Some(rest) if from.ends_with('.') => Some(format!("{into}{rest}")),
            _ => None,
        });
        match into {
            Some(into) => name = into,
            None => return Ok(None),
        }
    }
    let field = ecs::find(&name).ok_or_else(|| format!("no ECS field {name}"))?;
    let lifted = is_lifted(&name) || name == ecs::EVENT_CATEGORY.name || name == ecs::EVENT_TYPE.name;
    Ok((!context.list || lifted).then_some(field))
}

/// Groups whose fields describe the record itself, or take one value only; they are not filled from within lists. All
/// other groups are filled as a whole, because the fields of one thing belong together.
const OF_THE_RECORD: &[&str] =
    &["@timestamp", "ecs", "error", "event", "message", "observer", "rule", "tags", "user_agent"];

/// Whether the field's group is filled from within lists.
pub(crate) fn is_lifted(name: &str) -> bool {
    !OF_THE_RECORD.contains(&name.split('.').next().unwrap_or_default())
}

/// The column of an object's own type, which every object may have; Elastic's package keeps it as `odata_type`.
fn odata_type(context: &Context) -> Column {
    Column {
        name: "@odata.type".into(),
        source: format!("{}@odata.type", context.source),
        path: (!context.flattened).then(|| "odata_type".into()),
        display: None,
        description: "OData type of the object, with a leading `#`.".into(),
        content: Content::Scalar(Semantic::Keyword),
        list: false,
        targets: Vec::new(),
        dropped: None,
    }
}

/// Removes the columns of a flattened object that fill no ECS field, because its custom field holds the whole object.
fn prune(mut shape: Shape) -> Shape {
    shape.columns.retain(|column| {
        let inner = match &column.content {
            Content::Object(shape) | Content::Flattened(shape) => !shape.is_idle(),
            _ => false,
        };
        inner || !column.targets.is_empty()
    });
    for kind in &mut shape.kinds {
        kind.shape = prune(std::mem::take(&mut kind.shape));
    }
    shape.kinds.retain(|kind| !kind.shape.is_idle());
    shape.identity.clear();
    shape
}

fn pair(value: &Value) -> Option<(String, String)> {
    Some((value.get(0)?.as_str()?.to_owned(), value.get(1)?.as_str()?.to_owned()))
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn strings(value: &Value, key: &str) -> Vec<String> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
