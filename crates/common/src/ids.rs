//! Ids of tenants and applications in one spelling: people copy them in several, and state, metrics and budgets are kept
//! by them.

/// A GUID in lower case with its hyphens, whichever of its usual forms it has; a domain name in lower case, without the dot
/// at its end. The text of documents is not touched by this.
pub fn canonical(text: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    let bare = lower.strip_prefix("urn:uuid:").unwrap_or(&lower);
    let inside = |open, close| bare.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let bare = inside('{', '}').or_else(|| inside('(', ')')).unwrap_or(bare).trim();
    guid(bare).unwrap_or_else(|| bare.trim_end_matches('.').to_owned())
}

/// 32 hexadecimal digits, with hyphens in their places or without any.
fn guid(text: &str) -> Option<String> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let has_hyphens = text.len() == 36 && HYPHENS.iter().all(|at| text.as_bytes()[*at] == b'-');
    let digits: String = text.chars().filter(|c| !has_hyphens || *c != '-').collect();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let (mut out, mut rest) = (String::with_capacity(36), digits.as_str());
    for length in [8, 4, 4, 4] {
        let (part, others) = rest.split_at_checked(length)?;
        out.push_str(part);
        out.push('-');
        rest = others;
    }
    out.push_str(rest);
    Some(out)
}

/// The id that 32 hexadecimal digits write.
pub fn parse_id(text: &str) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(text, 16).ok()?;
    (text.len() == 32 && text.is_ascii() && !text.starts_with('+')).then(|| number.to_be_bytes())
}
