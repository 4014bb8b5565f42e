//! Two tables of one panel: the server's, and the one from memory.

use panels::table::{Kind, Table};
use serde_json::Value;

/// The server takes percentiles and cardinalities from sketches, and keeps places on a grid; both are far closer than this
/// for as few documents as a demo has.
const TOLERANCE: f64 = 0.01;

/// The first place where the tables differ.
pub(super) fn difference(server: &Table, memory: &Table) -> Option<String> {
    if server.columns != memory.columns {
        return Some("other columns".to_owned());
    }
    if server.total_hits != memory.total_hits {
        return Some(format!("{} | {} documents", server.total_hits, memory.total_hits));
    }
    if server.rows.len() != memory.rows.len() {
        return Some(format!("{} | {} rows", server.rows.len(), memory.rows.len()));
    }
    for (at, (one, other)) in server.rows.iter().zip(&memory.rows).enumerate() {
        for (column, (left, right)) in server.columns.iter().zip(one.iter().zip(other)) {
            if !is_same(column.kind, left, right) {
                let show =
                    |row: &Vec<Value>| Value::from(row.clone()).to_string().chars().take(300).collect::<String>();
                return Some(format!(
                    "row {at}, {}: {left} | {right}\n  {}\n  {}",
                    column.label,
                    show(one),
                    show(other)
                ));
            }
        }
    }
    None
}

fn is_same(kind: Kind, left: &Value, right: &Value) -> bool {
    match (kind, left.as_f64(), right.as_f64()) {
        (Kind::GeoPoint, ..) => ["lat", "lon"].iter().all(|name| match (left[*name].as_f64(), right[*name].as_f64()) {
            (Some(left), Some(right)) => (left - right).abs() < TOLERANCE,
            _ => false,
        }),
        (Kind::Number, Some(left), Some(right)) => (left - right).abs() <= TOLERANCE * left.abs().max(right.abs()),
        _ => left == right,
    }
}
