//! Tags and labels that an operator wants on every document.

/// What documents carry beside what their rows say; their ids do not depend on it.
#[derive(Debug, Default)]
pub struct Marks {
    /// Values of `tags`.
    pub(super) tags: Vec<String>,
    /// The member `labels` with its comma, as it is written; empty without any.
    pub(super) labels: Vec<u8>,
}

impl Marks {
    /// These tags and labels (names without dots).
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
