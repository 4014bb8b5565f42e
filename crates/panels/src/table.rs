//! The result of a panel's search as people read it: the only thing that the page and the tests see.

use serde_json::Value;

/// Text of the bucket that holds what the top values leave over, as Kibana shows it.
pub const OTHER: &str = "Other";
/// Text of the bucket of documents without a value, as Kibana shows it.
pub const MISSING: &str = "(missing value)";

/// Rows and columns of one layer of a panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Columns, buckets before metrics.
    pub columns: Vec<TableColumn>,
    /// Rows in the order of the answer; each has one cell per column, `null` where there is no value.
    pub rows: Vec<Vec<Value>>,
    /// Documents that the panel's query matched.
    pub total_hits: u64,
}

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub struct TableColumn {
    /// Id of the column in its Lens layer; in a saved search the field's name.
    pub id: String,
    /// Text for people.
    pub label: String,
    /// What the cells hold.
    pub kind: Kind,
    /// Lens' `params.format`, or null. A date histogram names its interval here: `{"id":"date","params":{"interval":"3h",
    /// "millis":10800000}}`.
    pub format: Value,
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Milliseconds since 1970 as an integer.
    Date,
    /// A number.
    Number,
    /// Text.
    Text,
    /// An IP address as text.
    Ip,
    /// A boolean.
    Boolean,
    /// A map tile as text, `zoom/x/y`.
    GeoTile,
    /// An object with `lat` and `lon`, in degrees.
    GeoPoint,
}

/// Whether a cell says anything: a number other than zero, a text, a date.
pub(crate) fn says_something(cell: &Value) -> bool {
    match cell {
        Value::Null => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Bool(_) | Value::Object(_) => true,
    }
}
