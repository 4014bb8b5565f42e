//! Ids and names in one spelling: those of tenants and applications, which people copy in several and by which state,
//! metrics and budgets are kept; those of documents; those of the datasets that one source feeds.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

/// Names of the datasets that one source feeds, as states, metrics and logs show them: joined with `+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetNames(Arc<str>);

impl DatasetNames {
    const SEPARATOR: char = '+';

    /// Joins names in their order.
    pub fn join(names: &[&str]) -> Self {
        Self(names.join(&Self::SEPARATOR.to_string()).into())
    }

    /// The single names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(Self::SEPARATOR)
    }

    /// Whether the source feeds this dataset.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|own| own == name)
    }
}

impl From<&str> for DatasetNames {
    /// From the joined form.
    fn from(joined: &str) -> Self {
        Self(joined.into())
    }
}

impl Deref for DatasetNames {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatasetNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
    let mut id = [0; 16];
    if text.len() != 2 * id.len() {
        return None;
    }
    HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), &mut id).ok()?;
    Some(id)
}

/// Bytes as hexadecimal digits in lower case.
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// The bytes that hexadecimal digits of either case write.
pub fn parse_hex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}
