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

/// The tag by which Kibana Security lists dashboards.
pub const SECURITY: Tag = Tag { text: "Security Solution", name: "security-solution-default", color: "#F583B7" };

/// With Fleet, the second one is made by Fleet itself, from the package's title.
const TAGS: [Tag; 2] = [SECURITY, Tag { text: "Microsoft 365 Security", name: "default", color: "#61A2FF" }];

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
