//! The one model between the row types and everything else: a dataset with its columns.

use crate::dataset::Definition;
use crate::ecs::{Ecs, Type};
use crate::ops::{Derive, Op};
use crate::tables::Table;
use crate::types::Semantic;

/// A dataset: what its file states, and its columns.
#[derive(Debug)]
pub struct Dataset {
    /// What the dataset's file states.
    pub definition: Definition,
    /// First paragraph of the row type's documentation.
    pub description: String,
    /// Columns of the row.
    pub root: Shape,
}

/// Columns of an object.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// Columns in the order of the row type.
    pub columns: Vec<Column>,
    /// Values that every such object gives.
    pub constants: Vec<Constant>,
    /// Values computed from several columns.
    pub derived: Vec<Derived>,
    /// Kinds that `@odata.type` tells apart; `columns` are those of an unknown kind.
    pub kinds: Vec<Kind>,
    /// Source paths that tell objects of this shape apart.
    pub identity: Vec<String>,
}

impl Shape {
    /// Whether nothing in the object fills an ECS field.
    pub(crate) fn is_idle(&self) -> bool {
        self.constants.is_empty()
            && self.derived.is_empty()
            && self.kinds.is_empty()
            && self.columns.iter().all(|column| match &column.content {
                Content::Object(shape) | Content::Flattened(shape) => column.targets.is_empty() && shape.is_idle(),
                _ => column.targets.is_empty(),
            })
    }
}

/// One kind of a polymorphic object.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Value of `@odata.type`, for example `#microsoft.graph.security.processEvidence`.
    pub tag: String,
    /// Description of the kind.
    pub description: String,
    /// Columns of the kind, those common to all kinds included.
    pub shape: Shape,
}

/// A property of a row or of an object within it.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name in the source.
    pub name: String,
    /// Dotted source path from the row, without array indices.
    pub source: String,
    /// Custom field relative to the enclosing object's, dotted; none if the value stands in ECS only.
    pub path: Option<String>,
    /// Custom field of the display name within a mail address, relative to the enclosing object's too.
    pub display: Option<String>,
    /// Documentation.
    pub description: String,
    /// Content.
    pub content: Content,
    /// The property holds an array.
    pub list: bool,
    /// ECS fields that the column fills.
    pub targets: Vec<EcsTarget>,
    /// Why the dataset does not carry the column.
    pub dropped: Option<String>,
}

/// What a column holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// One value.
    Scalar(Semantic),
    /// A URL whose custom field is a group with the parts.
    UrlParts,
    /// Any object, kept in a `flattened` field.
    Dictionary,
    /// An object with columns of its own.
    Object(Box<Shape>),
    /// An object kept whole in a `flattened` field, whose columns fill ECS.
    Flattened(Box<Shape>),
}

/// An ECS field that a column fills.
#[derive(Debug, Clone)]
pub struct EcsTarget {
    /// The field.
    pub field: Ecs,
    /// Conversion.
    pub op: Op,
    /// Table of the conversion.
    pub table: Option<Table>,
    /// Precedence among the columns that fill one field.
    pub rank: u8,
    /// Several values may come together: the field is an array in ECS, or is filled from within a list.
    pub many: bool,
}

/// A constant value.
#[derive(Debug, Clone)]
pub struct Constant {
    /// The field.
    pub field: Ecs,
    /// The value.
    pub value: String,
    /// Precedence among what fills the field.
    pub rank: u8,
    /// Several values may come together.
    pub many: bool,
}

/// A value computed from several columns.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The field.
    pub field: Ecs,
    /// Computation.
    pub derive: Derive,
    /// Dotted source paths, relative to the object.
    pub inputs: Vec<String>,
    /// Column and the word that it has to hold.
    pub when: Option<(String, String)>,
    /// Precedence among what fills the field.
    pub rank: u8,
    /// Several values may come together.
    pub many: bool,
}

/// A field of the documents of a dataset, for mappings and documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Full dotted name.
    pub name: String,
    /// Elasticsearch type.
    pub kind: Type,
    /// Documentation; empty for ECS fields.
    pub description: String,
    /// The field belongs to ECS.
    pub ecs: bool,
    /// ECS normalises the field to an array.
    pub array: bool,
}

impl Field {
    /// A field of our own, beside ECS.
    pub fn custom(name: impl Into<String>, kind: Type, description: impl Into<String>) -> Self {
        Self { name: name.into(), kind, description: description.into(), ecs: false, array: false }
    }
}

impl From<Ecs> for Field {
    fn from(ecs: Ecs) -> Self {
        Self { name: ecs.name.into(), kind: ecs.kind, description: String::new(), ecs: true, array: ecs.array }
    }
}
