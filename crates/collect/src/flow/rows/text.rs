//! The text of rows that are composed, and what tells rows apart that have no id.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::splitter::{RowMember, all_members, members};

/// `{…element's members,"name":`, for a value and the closing brace to follow. An element that is no object stays none.
pub(super) fn open_object(out: &mut Vec<u8>, element: &[u8], name: &str) {
    out.extend_from_slice(element.strip_suffix(b"}").unwrap_or(element));
    if out.len() > 1 {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// The element without a `tenantId` of its own, in whatever spelling; one that names another tenant is kept under a name
/// that no column has.
pub(super) fn without_tenant<'a>(element: &'a [u8], tenant: &str) -> Cow<'a, [u8]> {
    const NAME: &str = "tenantId";
    let is_named = |member: &RowMember<'_>| member.name().eq_ignore_ascii_case(NAME);
    if !members(element).any(|member| is_named(&member)) {
        return Cow::Borrowed(element);
    }
    // Where it cannot be written anew as a whole it stays as it is: of two members with one name the last one counts.
    let Some(found) = all_members(element) else { return Cow::Borrowed(element) };
    let mut out = b"{".to_vec();
    for member in found {
        let is_ours = member.value == b"null"
            || serde_json::from_slice::<String>(member.value).is_ok_and(|named| named.eq_ignore_ascii_case(tenant));
        if is_named(&member) && is_ours {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        if is_named(&member) {
            out.extend_from_slice(b"\"tenantId@service\":");
            out.extend_from_slice(member.value);
        } else {
            out.extend_from_slice(&element[member.place]);
        }
    }
    out.push(b'}');
    Cow::Owned(out)
}

/// Tells one rejected row from another; it has no id of its own.
pub(super) fn fingerprint(bytes: &[u8], salt: u64) -> [u8; 16] {
    let half = |seed: u64| {
        let mut hasher = DefaultHasher::new();
        (seed, salt, bytes).hash(&mut hasher);
        hasher.finish()
    };
    ((u128::from(half(1)) << 64) | u128::from(half(2))).to_be_bytes()
}
