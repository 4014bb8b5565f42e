//! The text of rows that are composed, and what tells rows apart that have no id.

use std::borrow::Cow;

use mapper::DocId;

use json_stream::{RowMember, all_members, members};

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

/// Id of a row that gives no document, and has no id of its own. It is stored, so it stays the same in every release.
pub(super) fn rejection_id(row: &[u8], reason: &str) -> [u8; 16] {
    DocId::of_content("rejected row", &[reason.as_bytes(), row]).0
}

/// Id of a row that is too large to be read as a whole, by its beginning and its length.
pub(super) fn oversized_id(head: &[u8], length: u64) -> [u8; 16] {
    DocId::of_content("oversized row", &[&length.to_be_bytes(), head]).0
}

/// Id of a document that is delivered again with more than it had. It stays the same in every release as well.
pub(super) fn amended_id(id: DocId) -> DocId {
    DocId::of_content("amended document", &[&id.0])
}

#[cfg(test)]
mod tests;
