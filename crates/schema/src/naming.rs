//! Names of custom fields.

/// `snake_case` as Elastic's package writes Microsoft's names: `createdDateTime` is `created_datetime`, `mdeDeviceId`
/// is `mde_device_id`, `senderIP` is `sender_ip`.
pub(crate) fn custom_name(name: &str) -> String {
    let name = name.strip_prefix('@').unwrap_or(name).replace('.', "_").replace("DateTime", "Datetime");
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 8);
    for (at, &letter) in letters.iter().enumerate() {
        let previous = at.checked_sub(1).and_then(|at| letters.get(at)).copied().unwrap_or('_');
        let next_is_lower = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let after_word = previous.is_ascii_lowercase() || previous.is_ascii_digit();
        if letter.is_ascii_uppercase() && (after_word || (previous.is_ascii_uppercase() && next_is_lower)) {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The custom field of the display name that stands within a mail address, in the manner of the dataset's names.
pub(crate) fn display_name(field: &str, camel_case: bool) -> String {
    if camel_case { format!("{field}DisplayName") } else { format!("{field}_display_name") }
}
