//! Tables as the front end reads them.

use serde_json::{Value, json};

use panels::table::{Kind, Table, TableColumn};

/// A result in JSON.
pub(super) fn table(table: &Table) -> Value {
    let columns: Vec<Value> = table.columns.iter().map(column).collect();
    json!({"columns": columns, "rows": table.rows, "total_hits": table.total_hits})
}

fn column(column: &TableColumn) -> Value {
    json!({"id": column.id, "label": column.label, "kind": kind(column.kind), "format": column.format})
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "date",
        Kind::Number => "number",
        Kind::Text => "text",
        Kind::Ip => "ip",
        Kind::Boolean => "boolean",
        Kind::GeoTile => "geo_tile",
        Kind::GeoPoint => "geo_point",
    }
}
