//! The Windows registry: hive and key, however a service divides them.

use schema::tables::REGISTRY_HIVE;

use super::look_up;

/// Hive and the key below it; either may be empty. A known hive is abbreviated, and a key may begin with its hive.
pub(crate) fn hive_and_key(hive: &str, key: &str) -> (String, String) {
    let (hive, key) = (clean(hive), clean(key));
    if let Some((found, rest)) = begins_with_hive(key) {
        return (found.to_owned(), rest.to_owned());
    }
    match begins_with_hive(hive) {
        Some((found, rest)) if rest.is_empty() || key.is_empty() => (found.to_owned(), format!("{rest}{key}")),
        Some((found, rest)) => (found.to_owned(), format!("{rest}\\{key}")),
        None => (hive.to_owned(), key.to_owned()),
    }
}

/// Hive, key and value name in one path; none without hive and key.
pub(crate) fn path(hive: &str, key: &str, value: &str) -> Option<String> {
    let (hive, key) = hive_and_key(hive, key);
    if hive.is_empty() || key.is_empty() {
        return None;
    }
    Some(if value.is_empty() { format!("{hive}\\{key}") } else { format!("{hive}\\{key}\\{value}") })
}

fn clean(text: &str) -> &str {
    let text = text.trim_matches('\\');
    without(text, "computer\\").unwrap_or(text)
}

/// The rest of the text after a beginning, whose case does not matter.
fn without<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    text.get(..words.len()).filter(|head| head.eq_ignore_ascii_case(words)).map(|head| &text[head.len()..])
}

fn begins_with_hive(text: &str) -> Option<(&'static str, &str)> {
    // The kernel names the hives like this.
    for (words, hive) in [("registry\\machine\\", "HKLM"), ("registry\\user\\", "HKU")] {
        if let Some(rest) = without(text, words) {
            return Some((hive, rest));
        }
    }
    let (head, rest) = text.split_once('\\').unwrap_or((text, ""));
    let head = head.strip_suffix(':').unwrap_or(head);
    Some((look_up(Some(REGISTRY_HIVE), head, false)?, rest.trim_start_matches('\\')))
}
