//! Tags and labels that an operator wants on every document.

/// Tags and labels that documents carry beside the content of their rows; ids do not depend on them.
#[derive(Debug, Default)]
pub struct Marks {
    /// Values of `tags`.
    pub(super) tags: Vec<String>,
    /// The member `labels` with the comma behind it, ready to be written; empty without labels.
    pub(super) labels: Vec<u8>,
}

impl Marks {
    /// Marks with these tags and labels; names of labels have no dots.
    pub fn new<'a>(tags: Vec<String>, labels: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let mut text = Vec::new();
        for (name, value) in labels {
            text.extend_from_slice(if text.is_empty() { b"\"labels\":{" } else { b"," });
            crate::row::quote(name, &mut text);
            text.push(b':');
            crate::row::quote(value, &mut text);
        }
        if !text.is_empty() {
            text.extend_from_slice(b"},");
        }
        Self { tags, labels: text }
    }
}
