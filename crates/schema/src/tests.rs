//! Laws over the catalog.
#![allow(clippy::print_stderr)] // Counts and what was left out are part of the result.

mod annotations;
mod columns;
mod ecs;
mod elastic;
mod fields;
mod lift;
mod microsoft;
mod sources;
mod vocabulary;

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;

use crate::{Column, Content, Shape};

/// Calls `visit` for every column of a shape and of the objects within it, each kind's included, with the path of
/// custom fields down to it.
fn columns<'a>(shape: &'a Shape, visit: &mut impl FnMut(&'a Column)) {
    shapes(shape, &mut |shape| shape.columns.iter().for_each(&mut *visit));
}

/// Calls `visit` for a shape, its kinds and all shapes within.
fn shapes<'a>(shape: &'a Shape, visit: &mut impl FnMut(&'a Shape)) {
    visit(shape);
    for column in &shape.columns {
        if let Some(inner) = inner(column) {
            shapes(inner, visit);
        }
    }
    for kind in &shape.kinds {
        shapes(&kind.shape, visit);
    }
}

/// The shape of an object column.
fn inner(column: &Column) -> Option<&Shape> {
    match &column.content {
        Content::Object(shape) | Content::Flattened(shape) => Some(shape),
        _ => None,
    }
}

/// Facts that the repository keeps of the reference data; `cargo gen reference` writes them.
fn reference(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let extract: Value = serde_json::from_str(&text).expect("an extract is JSON");
    extract["facts"].clone()
}

/// A file of the reference data itself, which lies beside some checkouts; without it one line says so.
fn reference_data(name: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Past the harness, which shows what tests print only when they fail.
        let _ = writeln!(std::io::stderr(), "skipped: reference data {name} is not beside the repository");
        return None;
    };
    Some(serde_json::from_str(&text).expect("reference data is JSON"))
}
