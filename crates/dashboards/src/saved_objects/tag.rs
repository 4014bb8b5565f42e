//! Tags, by which Kibana lists what belongs to a product.

use serde_json::json;

use super::{Reference, SavedObject};
use crate::source::PACKAGE;

/// A tag.
#[derive(Debug, Clone, Copy)]
pub struct Tag {
    /// Text that people see.
    pub text: &'static str,
    name: &'static str,
    color: &'static str,
}

/// Tags of everything that the package has. Kibana Security lists dashboards by the first one.
pub const TAGS: [Tag; 2] = [
    Tag { text: "Security Solution", name: "security-solution-default", color: "#F583B7" },
    Tag { text: "Microsoft 365", name: "microsoft-365", color: "#61A2FF" },
];

impl Tag {
    fn id(self) -> String {
        format!("{PACKAGE}-{}", self.name)
    }
}

/// The tags as saved objects, for an import without Fleet.
pub fn tags() -> Vec<SavedObject> {
    let object = |tag: &Tag| SavedObject {
        kind: "tag",
        id: tag.id(),
        version: "8.0.0",
        attributes: json!({"name": tag.text, "description": "", "color": tag.color}),
        references: Vec::new(),
    };
    TAGS.iter().map(object).collect()
}

pub(super) fn references() -> Vec<Reference> {
    TAGS.iter().map(|tag| Reference::new("tag", tag.id(), format!("tag-ref-{}", tag.id()))).collect()
}
