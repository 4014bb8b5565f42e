//! JSON and YAML as text.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

use crate::names::MARKER;

/// Pretty JSON with a final newline.
///
/// # Errors
/// Never for values.
pub(crate) fn json(value: &Value) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value).context("cannot write JSON")?;
    text.push('\n');
    Ok(text)
}

/// YAML below the marker.
///
/// # Errors
/// If a value has no YAML form.
pub(crate) fn yaml<T: Serialize>(value: &T) -> Result<String> {
    let options = serde_saphyr::ser_options! { compact_list_indent: false, folded_wrap_chars: 1_000 };
    let text = serde_saphyr::to_string_with_options(value, options).context("cannot write YAML")?;
    Ok(format!("# {MARKER}\n{text}"))
}

/// YAML of an ingest pipeline, which has to start with the document marker.
///
/// # Errors
/// If a value has no YAML form.
pub(crate) fn yaml_document<T: Serialize>(value: &T) -> Result<String> {
    Ok(format!("---\n{}", yaml(value)?))
}
