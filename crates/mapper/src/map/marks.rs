//! What an operator, or the agent that ships them, wants on every document.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// Names at the top of what rows become: what is added below them has to be merged.
static OWN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let fields = schema::catalog().iter().flat_map(schema::Dataset::fields);
    fields.filter_map(|field| field.name.split('.').next().map(str::to_owned)).collect()
});

/// Tags, labels and fields that documents carry beside the content of their rows; ids do not depend on them.
#[derive(Debug, Default)]
pub struct Marks {
    /// Values of `tags`.
    pub(super) tags: Vec<String>,
    /// Members that no row has, each with the comma behind it, ready to be written.
    pub(super) members: Vec<u8>,
    /// Members that stand below names that rows have, too.
    overlay: Map<String, Value>,
}

impl Marks {
    /// Marks with these tags and labels; names of labels have no dots.
    pub fn new<'a>(tags: Vec<String>, labels: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let labels: Map<_, _> = labels.into_iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let mut marks = Self { tags, ..Self::default() };
        if !labels.is_empty() {
            marks.put("labels", &labels.into());
        }
        marks
    }

    /// With these members of a document, nested. Where a row fills the same field, they take its place.
    #[must_use]
    pub fn with_fields(mut self, fields: &Map<String, Value>) -> Self {
        for (name, value) in fields {
            if OWN.contains(name) {
                self.overlay.insert(name.clone(), value.clone());
            } else {
                self.put(name, value);
            }
        }
        self
    }

    fn put(&mut self, name: &str, value: &Value) {
        crate::row::quote(name, &mut self.members);
        self.members.push(b':');
        self.members.extend_from_slice(value.to_string().as_bytes());
        self.members.push(b',');
    }

    /// Adds the members to the text of a document.
    pub(super) fn write(&self, document: &mut Vec<u8>) {
        // They stand right behind the brace; every document has members already, so the last comma is right.
        document.splice(1..1, self.members.iter().copied());
        if self.overlay.is_empty() {
            return;
        }
        // The mapper's own text is always an object.
        if let Ok(Value::Object(mut members)) = serde_json::from_slice(document) {
            merge(&mut members, &self.overlay);
            *document = Value::Object(members).to_string().into_bytes();
        }
    }
}

/// Takes members of a document over, objects member by member; any other value takes the place of the one that is there.
pub fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(Value::Object(there)), Value::Object(more)) => merge(there, more),
            _ => drop(into.insert(name.clone(), value.clone())),
        }
    }
}
