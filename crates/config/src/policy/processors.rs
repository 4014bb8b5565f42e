//! The processors of a policy, as far as they only add something: Fleet's global data tags come as `add_fields`.
//!
//! Any other is refused: a processor that drops or hides something must not be left out silently.

use mapper::merge;
use serde_json::{Map, Value};

use super::Additions;
use super::source::{kind, nested, text};
use crate::ConfigError;

const KNOWN: &str = "add_fields, add_tags, add_labels; for the rest, use the ingest pipeline of the data stream";

/// Adds what a list of processors adds; `key` is what messages call the list.
pub(super) fn read(key: &str, written: Option<Value>, additions: &mut Additions) -> Result<(), ConfigError> {
    let items = match written {
        None => return Ok(()),
        Some(Value::Array(items)) => items,
        Some(other) => {
            return Err(ConfigError::new(None, key, format!("is {} where a list is expected", kind(&other))));
        }
    };
    for (place, item) in items.iter().enumerate() {
        let key = format!("{key}[{place}]");
        let error = |message: String| ConfigError::new(None, &key, message);
        let members = item.as_object().filter(|members| members.len() == 1);
        let Some((name, Value::Object(settings))) = members.and_then(|members| members.iter().next()) else {
            return Err(error(format!("is no processor; allowed: an object with one of {KNOWN}")));
        };
        // A condition that is not asked would add to every document.
        if settings.contains_key("when") {
            return Err(error(format!("`{name}` has a condition (`when`), which is not known here; leave it out")));
        }
        match name.as_str() {
            "add_fields" => {
                let target = settings.get("target").map_or(Some("fields"), Value::as_str);
                let target = target.ok_or_else(|| error("`target` is no text".to_owned()))?;
                let Some(Value::Object(fields)) = settings.get("fields") else {
                    return Err(error("`add_fields` has no `fields`; allowed: an object".to_owned()));
                };
                merge(&mut additions.fields, &below(target, nested(fields, "")?));
            }
            "add_labels" => {
                let Some(Value::Object(labels)) = settings.get("labels") else {
                    return Err(error("`add_labels` has no `labels`; allowed: an object".to_owned()));
                };
                merge(&mut additions.fields, &below("labels", nested(labels, "")?));
            }
            "add_tags" => {
                let tags = settings.get("tags").and_then(Value::as_array);
                let tags: Option<Vec<String>> = tags.and_then(|tags| tags.iter().map(text).collect());
                let tags =
                    tags.ok_or_else(|| error("`add_tags` has no `tags`; allowed: a list of texts".to_owned()))?;
                match settings.get("target").and_then(Value::as_str).unwrap_or("tags") {
                    "tags" => additions.tag(tags),
                    other => merge(&mut additions.fields, &below(other, tags)),
                }
            }
            other => return Err(error(format!("`{other}` is not known here; allowed: {KNOWN}"))),
        }
    }
    Ok(())
}

impl Additions {
    /// Adds tags that are not there yet.
    pub(super) fn tag(&mut self, tags: Vec<String>) {
        for tag in tags {
            if !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
    }
}

/// A value below a dotted path, as an object.
fn below(path: &str, value: impl Into<Value>) -> Map<String, Value> {
    let steps = path.split('.').filter(|step| !step.is_empty()).rev();
    let whole = steps.fold(value.into(), |value, step| Value::Object(Map::from_iter([(step.to_owned(), value)])));
    match whole {
        Value::Object(members) => members,
        // Without a target only objects are added.
        _ => Map::new(),
    }
}
