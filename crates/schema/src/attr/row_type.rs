//! Annotations of row types and of kinds of evidence.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, transform::Transform};
use serde_json::{Map, Value, json};

use super::{COLUMN, KIND, drop};
use crate::ecs::Ecs;
use crate::ops::Derive;
use crate::types::{Dictionary, KEY};

/// Annotation of a row type or of a kind of evidence.
#[derive(Debug, Clone, Default)]
pub struct Kind {
    constants: Vec<Value>,
    derived: Vec<Value>,
    identity: Vec<String>,
    /// Properties of the parent's row type, and why those that this row type lacks are left out.
    parent: Option<(Properties, &'static str)>,
    /// The first thing that is wrong with the annotation.
    mistake: Option<String>,
}

/// Gives the properties of a row type by their names in the source.
type Properties = fn() -> Map<String, Value>;

/// Starts the annotation of a row type.
pub fn kind() -> Kind {
    Kind::default()
}

impl Kind {
    /// Every row of this type carries the value.
    #[must_use]
    pub fn constant(mut self, field: Ecs, value: &'static str) -> Self {
        self.constants.push(json!([field.name, value, 0]));
        self
    }

    /// Every row of this type carries the value unless a column gives another.
    #[must_use]
    pub fn otherwise(mut self, field: Ecs, value: &'static str) -> Self {
        self.constants.push(json!([field.name, value, u8::MAX]));
        self
    }

    /// Fills an ECS field from several columns (dotted source paths, separated by spaces).
    #[must_use]
    pub fn derive(mut self, field: Ecs, derive: Derive, inputs: &'static str) -> Self {
        let inputs: Vec<&str> = inputs.split_whitespace().collect();
        self.derived.push(json!({ "field": field.name, "derive": derive.word(), "inputs": inputs }));
        self
    }

    /// Says something about the value that was derived last.
    fn about_derived(mut self, key: &str, value: Value) -> Self {
        match self.derived.last_mut() {
            Some(derived) => derived[key] = value,
            None => {
                self.mistake = self.mistake.or_else(|| Some(format!("{key} {value} stands before any derived value")));
            }
        }
        self
    }

    /// The field derived last is filled only if the column holds the word, whatever its case.
    #[must_use]
    pub fn when(self, column: &'static str, word: &'static str) -> Self {
        self.about_derived("when", json!([column, word]))
    }

    /// Precedence of the value derived last among those that fill one single-valued field; a value without this word
    /// has rank 0.
    #[must_use]
    pub fn rank(self, rank: u8) -> Self {
        self.about_derived("rank", rank.into())
    }

    /// The columns (dotted source paths, separated by spaces) that tell one item of this kind from another.
    #[must_use]
    pub fn identity(mut self, paths: &'static str) -> Self {
        self.identity.extend(paths.split_whitespace().map(str::to_owned));
        self
    }

    /// Every property of the parent's row type that this row type does not have is a column left out for this reason.
    ///
    /// The rows of a dataset that is split from another one's still carry the parent's properties, so each of them must
    /// be known here, or the rows would be reported as drifting.
    #[must_use]
    pub fn drop_rest<Parent: JsonSchema>(mut self, reason: &'static str) -> Self {
        self.parent = Some((properties::<Parent>, reason));
        self
    }
}

impl Transform for Kind {
    fn transform(&mut self, schema: &mut Schema) {
        schema.insert(
            KIND.into(),
            json!({
                "constants": self.constants,
                "derived": self.derived,
                "identity": self.identity,
                "mistake": self.mistake,
            }),
        );
        let Some((parent, reason)) = self.parent else { return };
        if let Some(own) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            for (name, property) in parent() {
                own.entry(name).or_insert_with(|| left_out(property, reason));
            }
        }
    }
}

fn properties<Row: JsonSchema>() -> Map<String, Value> {
    let schema = Row::json_schema(&mut SchemaSettings::draft2020_12().into_generator());
    schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// The parent's property as a column that is left out. Nobody looks into it, so an object in it needs no columns.
fn left_out(mut property: Value, reason: &'static str) -> Value {
    let value = if property.get("items").is_some() { &mut property["items"] } else { &mut property };
    if value.get(KEY).is_none() {
        let description = value.get("description").cloned();
        *value = Dictionary::json_schema(&mut SchemaSettings::draft2020_12().into_generator()).to_value();
        if let Some(description) = description {
            value["description"] = description;
        }
    }
    let mut schema = Schema::try_from(property).unwrap_or_default();
    schema.remove(COLUMN);
    drop(reason).transform(&mut schema);
    schema.to_value()
}
