//! Walks the row types' JSON Schemas once into [`Dataset`]s; nobody else looks at JSON Schema.

mod annotation;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use self::annotation::{annotation, ecs_targets, pair, refuse_mistake, text};
use crate::attr::COLUMN;
use crate::dataset::Definition;
use crate::model::{Column, Content, Dataset, Kind, Shape};
use crate::naming::{custom_name, display_name};
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
