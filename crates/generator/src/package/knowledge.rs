//! Knowledge-base pages: what Elastic's AI assistant reads of the package, beside the README.

use anyhow::Result;

use crate::names;
use crate::tree::Tree;

/// Names and texts.
const PAGES: &[(&str, &str)] = &[
    ("documents.md", include_str!("../../assets/docs/knowledge_base/documents.md")),
    ("current_state.md", include_str!("../../assets/docs/knowledge_base/current_state.md")),
    ("investigation.md", include_str!("../../assets/docs/knowledge_base/investigation.md")),
    ("collection.md", include_str!("../../assets/docs/knowledge_base/collection.md")),
];

/// Files of the package.
///
/// # Errors
/// If a path is taken.
pub(super) fn add(tree: &mut Tree) -> Result<()> {
    for (name, text) in PAGES {
        tree.add(format!("package/docs/knowledge_base/{name}"), format!("<!-- {} -->\n{text}", names::MARKER))?;
    }
    Ok(())
}

/// The texts, for tests.
#[cfg(test)]
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(_, text)| *text)
}
