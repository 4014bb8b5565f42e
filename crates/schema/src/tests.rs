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

/// A file of the reference data beside the repository; none, and one line of notice, where it is not there.
fn reference(name: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("left out: reference data {name} is not beside the repository");
        return None;
    };
    Some(serde_json::from_str(&text).expect("reference data is JSON"))
}
