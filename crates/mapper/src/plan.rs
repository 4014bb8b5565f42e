//! The plan: a dataset's columns, compiled once into what both interpreters walk — the mapper here, and the script of
//! the ingest pipeline ([`crate::pipeline`]). Because both walk one plan, they give one document.

mod compile;
mod reduce;

use rustc_hash::FxHashMap;
use schema::{Dataset, Derive, Op, Rows, Semantic, tables::Table};

pub(crate) type ShapeId = usize;
pub(crate) type FieldId = usize;

/// A compiled dataset.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    /// Segments of the custom fields' prefix.
    pub(crate) prefix: Vec<&'static str>,
    /// Every object's columns; the row's own come first.
    pub(crate) shapes: Vec<Shape>,
    /// ECS fields, by name.
    pub(crate) fields: Vec<Field>,
    /// The first field that is written after the custom object, whose place follows from its name.
    pub(crate) after_custom: FieldId,
    /// Source paths whose values identify a document.
    pub(crate) identity: Vec<Vec<Box<str>>>,
    /// The first so many paths of the identity give the same values for all items of a row.
    pub(crate) shared_identity: usize,
    /// Path and shape of the object that adds to the identity (the evidence item of an evidence row).
    pub(crate) item: Option<(Vec<Box<str>>, ShapeId)>,
    /// Name of the record's id.
    pub(crate) id: Box<str>,
    pub(crate) rows: Rows,
}

/// Columns of an object.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// Sorted by custom field; columns without one come last, and the column that a row is split by is the very last.
    pub(crate) columns: Vec<Column>,
    /// Position of a column by its source name.
    pub(crate) index: FxHashMap<Box<str>, u16>,
    /// Shape of each kind by its `@odata.type`.
    pub(crate) kinds: FxHashMap<Box<str>, ShapeId>,
    /// Field, value, rank.
    pub(crate) constants: Vec<(FieldId, String, u8)>,
    pub(crate) derived: Vec<Derived>,
    /// Source path of the object, with a dot at its end unless it is the row.
    pub(crate) source: String,
    /// Values that identify an object of this shape: column, and path below the column.
    pub(crate) identity: Vec<(u16, Vec<Box<str>>)>,
    /// The object is the item of a split row: its identity joins the document's.
    pub(crate) item: bool,
    /// The object is kept raw; its columns only fill ECS.
    pub(crate) flattened: bool,
    /// The last column holds the list that the row is split by. That column comes after everything else of the object,
    /// so that the rest is walked only once for all items.
    pub(crate) split_column: bool,
}

/// One property.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the column")]
pub(crate) struct Column {
    pub(crate) name: Box<str>,
    /// Dotted source path from the row.
    pub(crate) source: String,
    /// Groups of the custom field, below the object's.
    pub(crate) group: Vec<Box<str>>,
    /// Last segment of the custom field with quotes and colon; none if the column has no custom field.
    pub(crate) key: Option<Box<str>>,
    /// Last segment of the field for display names, which lies in the same groups.
    pub(crate) display: Option<Box<str>>,
    /// The column before this one has the same custom field: both lists are one there.
    pub(crate) joins: bool,
    pub(crate) content: Content,
    pub(crate) list: bool,
    pub(crate) targets: Vec<EcsTarget>,
    /// The dataset leaves the column out on purpose.
    pub(crate) dropped: bool,
    /// The column belongs to an object that is kept raw, where a value of the wrong type is not lost.
    pub(crate) flattened: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Scalar(Semantic),
    UrlParts,
    Dictionary,
    Object(ShapeId),
    Flattened(ShapeId),
}

/// An ECS field that a value goes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EcsTarget {
    pub(crate) field: FieldId,
    pub(crate) op: Op,
    pub(crate) table: Option<Table>,
    pub(crate) rank: u8,
}

/// An ECS field computed from several values.
#[derive(Debug)]
pub(crate) struct Derived {
    pub(crate) field: FieldId,
    pub(crate) derive: Derive,
    pub(crate) inputs: Vec<Input>,
    /// The field is filled only if this column holds the word.
    pub(crate) when: Option<(Input, String)>,
    pub(crate) rank: u8,
}

/// Column of an object, and the path below it.
pub(crate) type Input = (u16, Vec<Box<str>>);

/// An ECS field of the documents.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Segments of the name.
    pub(crate) path: Vec<&'static str>,
    /// The segments before the last as numbers; equal numbers mean equal names.
    pub(crate) groups: Vec<u16>,
    /// All segments before the last as one number.
    pub(crate) parent: u16,
    /// Last segment with quotes and colon.
    pub(crate) key: Box<str>,
    pub(crate) json: Json,
    /// The field takes several values, each of them once.
    pub(crate) many: bool,
    /// The field is an array even with one value.
    pub(crate) array: bool,
}

/// JSON type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Json {
    Text,
    Integer,
    Number,
    Flag,
}

impl Plan {
    /// Compiles a dataset.
    pub(crate) fn new(dataset: &Dataset) -> Self {
        compile::compile(dataset)
    }

    /// Position of an ECS field.
    pub(crate) fn field(&self, name: &str) -> Option<FieldId> {
        self.fields.binary_search_by(|field| field.name.cmp(name)).ok()
    }
}

/// Segments of a dotted path. `@odata.type` is one segment.
pub(crate) fn segments(path: &str) -> Vec<Box<str>> {
    path.replace("@odata.type", "@odata\u{0}type").split('.').map(|part| part.replace('\u{0}', ".").into()).collect()
}
