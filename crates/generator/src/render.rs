//! JSON and YAML as text.

use anyhow::{Context, Result};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::{FlowMap, FlowSeq, SingleQuoted};

use crate::names::MARKER;

/// Longest line that holds a whole list or object.
const LINE: usize = 120;

/// Pretty JSON with a final newline, as Elastic's tools format it.
///
/// # Errors
/// Never for values.
pub(crate) fn json(value: &Value) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value).context("cannot write JSON")?;
    text.push('\n');
    Ok(text)
}

/// JSON with short lists and objects on one line: the plans of raw pipelines are long otherwise.
pub(crate) fn short_json(value: &Value) -> String {
    let mut out = String::new();
    write_short(value, 0, &mut out);
    out.push('\n');
    out
}

fn write_short(value: &Value, indent: usize, out: &mut String) {
    let line = value.to_string();
    let (open, close, length) = match value {
        Value::Array(list) => ('[', ']', list.len()),
        Value::Object(map) => ('{', '}', map.len()),
        _ => return out.push_str(&line),
    };
    if length == 0 || indent + line.len() <= LINE {
        return out.push_str(&line);
    }
    let mut first = true;
    let mut item = |key: Option<&str>, value: &Value, out: &mut String| {
        out.push_str(if first { "\n" } else { ",\n" });
        first = false;
        out.extend(std::iter::repeat_n(' ', indent + 2));
        if let Some(key) = key {
            out.push_str(&Value::from(key).to_string());
            out.push_str(": ");
        }
        write_short(value, indent + 2, out);
    };
    out.push(open);
    match value {
        Value::Array(list) => list.iter().for_each(|value| item(None, value, out)),
        Value::Object(map) => map.iter().for_each(|(key, value)| item(Some(key), value, out)),
        _ => {}
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(close);
}

/// YAML below the marker.
///
/// # Errors
/// If a value has no YAML form.
pub(crate) fn yaml(value: &Value) -> Result<String> {
    let options = serde_saphyr::ser_options! { compact_list_indent: false, folded_wrap_chars: 1_000 };
    let text = serde_saphyr::to_string_with_options(&Yaml { value, data: false }, options);
    let text = text.context("cannot write YAML")?;
    Ok(format!("# {MARKER}\n{}\n", text.trim_end()))
}

/// YAML of an ingest pipeline, which has to start with the document marker.
///
/// # Errors
/// If a value has no YAML form.
pub(crate) fn yaml_document(value: &Value) -> Result<String> {
    Ok(format!("---\n{}", yaml(value)?))
}

/// A value with the styles that keep our files readable.
struct Yaml<'a> {
    value: &'a Value,
    /// The value is a script's parameter, where short objects stand on one line too.
    data: bool,
}

impl Serialize for Yaml<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            // Fleet and elastic-package look for the quotes in the text of the file: they must not be escaped.
            Value::String(text) if text.starts_with("{{ ") => SingleQuoted(text.as_str()).serialize(serializer),
            Value::Array(list) if self.is_line() => FlowSeq(list).serialize(serializer),
            Value::Object(map) if self.is_line() => FlowMap(map).serialize(serializer),
            Value::Array(list) => serializer.collect_seq(list.iter().map(|value| Yaml { value, data: self.data })),
            Value::Object(map) => serializer
                .collect_map(map.iter().map(|(key, value)| (key, Yaml { value, data: self.data || key == "params" }))),
            other => other.serialize(serializer),
        }
    }
}

impl Yaml<'_> {
    fn is_line(&self) -> bool {
        let plain = |value: &Value| !value.is_object() && !value.is_array();
        let flat = self.data || self.value.as_array().is_some_and(|list| list.iter().all(plain));
        flat && self.value.to_string().len() <= LINE
    }
}
