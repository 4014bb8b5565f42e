//! Reads the file part by part, so that one mistake hides no other.

use super::{Document, Tenant};
use crate::ConfigError;
use crate::tree::{Node, Step};

/// The file as it is written, as far as it can be read.
pub(crate) struct Written {
    /// Everything but the tenants.
    pub(crate) document: Option<Document>,
    pub(crate) tenants: Vec<WrittenTenant>,
    /// Mistakes apart from the tenants.
    pub(crate) errors: Vec<ConfigError>,
}

/// A tenant, as far as it can be read.
pub(crate) struct WrittenTenant {
    pub(crate) tenant: Option<Tenant>,
    pub(crate) errors: Vec<ConfigError>,
}

/// Reads the file; errors carry line and key. One of YAML's grammar is the only one.
pub(crate) fn read(text: &str) -> Written {
    let mut root = match Node::read(text) {
        Ok(root) => root,
        Err(error) => {
            let place = error.location().map(|location| (location.line(), location.column()));
            let key = place.and_then(|(line, _)| key_at(text, line)).unwrap_or_default();
            let errors = vec![ConfigError::new(place, key, message(&error))];
            return Written { document: None, tenants: Vec::new(), errors };
        }
    };
    let mut errors = Vec::new();
    let mut tenants = Vec::new();
    if let Some(list) = root.take("tenants") {
        let at = list.place();
        match list.into_items() {
            Some(items) => {
                for (number, mut node) in items.into_iter().enumerate() {
                    let mut errors = Vec::new();
                    let tenant = read_part(&mut node, &format!("tenants[{number}]"), &mut errors);
                    tenants.push(WrittenTenant { tenant, errors });
                }
            }
            None => errors.push(ConfigError::new(Some(at), "tenants", "is no list; allowed: a list of tenants")),
        }
    }
    let document = read_part(&mut root, "", &mut errors);
    Written { document, tenants, errors }
}

/// Reads a part; what is wrong in it is noted and left out, so that the rest is read too.
pub(crate) fn read_part<T: serde::de::DeserializeOwned>(
    node: &mut Node,
    base: &str,
    errors: &mut Vec<ConfigError>,
) -> Option<T> {
    loop {
        let error = match T::deserialize(&*node) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let mut key = base.to_owned();
        for step in error.path.iter().rev() {
            match step {
                Step::Key(name) if key.is_empty() => key.push_str(name),
                Step::Key(name) => {
                    key.push('.');
                    key.push_str(name);
                }
                Step::Item(place) => key = format!("{key}[{place}]"),
            }
        }
        // A value that could not be read is not missing.
        let missing = error.message.strip_prefix("missing field `").and_then(|name| name.strip_suffix('`'));
        let follows = missing.is_some_and(|name| {
            let name = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
            errors.iter().any(|known| known.key == name)
        });
        if !follows {
            errors.push(ConfigError::new(error.place, key, error.message));
        }
        if !node.remove(&error.path) {
            return None;
        }
    }
}

/// The parser's message without the place, which is told apart.
fn message(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let cut = text.find(" at line ").unwrap_or(text.len());
    text[..cut].trim_end_matches(',').trim_start_matches("error: ").to_owned()
}

/// The key of a line `  - key: value`.
fn key_at(text: &str, line: u64) -> Option<String> {
    let line = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let (key, _) = line.trim_start_matches([' ', '-']).split_once(':')?;
    let is_key = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_key && !key.is_empty()).then(|| key.to_owned())
}
