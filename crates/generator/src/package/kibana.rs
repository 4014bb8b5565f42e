//! Kibana's part of the package: dashboards, saved searches, data views over the current state, tags.

#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::{Context, Result};
use dashboards::saved_objects::{self, SavedObject};
use serde_json::{Value, json};

use crate::render;

/// Files below the package's root, by path, in the decoded form that source packages have.
///
/// # Errors
/// Never for values.
pub(super) fn files() -> Result<Vec<(String, String)>> {
    let all = dashboards::all();
    let objects = saved_objects::dashboards(&all).into_iter();
    let objects = objects.chain(saved_objects::searches(&all)).chain(saved_objects::data_views());
    let mut files: Vec<(String, String)> =
        objects.map(|object| Ok((path(&object), render::short_json(&object.decoded())))).collect::<Result<_>>()?;
    let tag = json!([{"text": saved_objects::SECURITY.text, "asset_types": ["dashboard", "search"]}]);
    files.push(("kibana/tags.yml".to_owned(), render::yaml(&tag)?));
    Ok(files)
}

/// The saved object is named after its id, below a folder of its type.
fn path(object: &SavedObject) -> String {
    format!("kibana/{}/{}.json", object.kind.replace('-', "_"), object.id)
}

/// A file of the package in the encoded form that Kibana installs.
///
/// # Errors
/// If the file is no JSON.
pub(super) fn built(path: &Path, bytes: &[u8]) -> Result<Vec<u8>> {
    if !path.starts_with("kibana") || path.extension().is_none_or(|extension| extension != "json") {
        return Ok(bytes.to_vec());
    }
    let object: Value = serde_json::from_slice(bytes).with_context(|| format!("{} is no JSON", path.display()))?;
    Ok(render::json(&saved_objects::encode(object))?.into_bytes())
}
