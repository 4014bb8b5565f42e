//! Values that are kept as they are: dictionaries, flattened objects, and what no column names.

use std::borrow::Cow;

use crate::row::{At, Kind, Row, quote};

/// Levels of a row, below the row itself, that are kept as objects and arrays; what lies deeper is kept as text.
/// Elasticsearch's `flattened` type takes 20 levels, and the field and a list around the value are two of them.
pub(crate) const MAX_DEPTH: usize = 18;

/// Longest text of a `flattened` leaf, in UTF-16 units. Lucene refuses terms above 32,766 bytes, and Fleet's templates
/// carry no `ignore_above` for `flattened`; a longer text becomes a list of pieces.
const MAX_TEXT: usize = 8000;

/// Text of the row with one element in place of each list that the row is split by, as if the service had sent that
/// element alone.
pub(crate) fn part<'r>(row: &'r Row<'_>, selected_items: &[(At, Option<At>)]) -> Cow<'r, str> {
    if selected_items.iter().all(|(_, element)| element.is_none()) {
        return row.text().into();
    }
    // Values that were mended lie behind the row's own text.
    let text = row.all();
    let (mut out, mut tails) = (String::new(), Vec::new());
    let (mut start, mut end) = (0, row.text().len());
    for &(list, element) in selected_items {
        let Some(element) = element else { continue };
        let (list, element) = (row.place(list), row.place(element));
        out.push_str(&text[start..list.start]);
        tails.push(&text[list.end..end]);
        (start, end) = (element.start, element.end);
    }
    out.push_str(&text[start..end]);
    out.extend(tails.into_iter().rev());
    out.into()
}

/// Appends the value compactly. `depth` is the value's level in the row; returns whether something in it was too deep.
pub(crate) fn write(row: &Row<'_>, at: At, depth: usize, out: &mut Vec<u8>) -> bool {
    let kind = row.kind(at);
    if !matches!(kind, Kind::Object | Kind::Array) {
        match kind {
            Kind::Text | Kind::Escaped | Kind::Odd if row.raw(at).len() > MAX_TEXT => {
                pieces(&row.scalar(at).unwrap_or_default(), out);
            }
            _ => out.extend_from_slice(row.raw(at).as_bytes()),
        }
        return false;
    }
    if depth > MAX_DEPTH {
        pieces(row.raw(at), out);
        return true;
    }
    let mut too_deep = false;
    out.push(if kind == Kind::Object { b'{' } else { b'[' });
    for (position, child) in row.children(at).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        if kind == Kind::Object {
            out.push(b'"');
            out.extend_from_slice(row.key(child).as_bytes());
            out.extend_from_slice(b"\":");
        }
        too_deep |= write(row, child, depth + 1, out);
    }
    out.push(if kind == Kind::Object { b'}' } else { b']' });
    too_deep
}

/// Writes a long text as a list of its pieces, none of them longer than [`MAX_TEXT`] UTF-16 units.
fn pieces(text: &str, out: &mut Vec<u8>) {
    if text.encode_utf16().count() <= MAX_TEXT {
        return quote(text, out);
    }
    out.push(b'[');
    let (mut start, mut units) = (0, 0);
    for (at, letter) in text.char_indices() {
        if units + letter.len_utf16() > MAX_TEXT {
            quote(&text[start..at], out);
            out.push(b',');
            (start, units) = (at, 0);
        }
        units += letter.len_utf16();
    }
    quote(&text[start..], out);
    out.push(b']');
}

/// Appends the content of a value in a form that does not depend on the order of members, which identifies objects that
/// have no identity of their own. Nulls do not count. `depth` is the value's level in the row.
pub(crate) fn canonical(row: &Row<'_>, at: At, depth: usize, out: &mut String) {
    match row.kind(at) {
        Kind::Object | Kind::Array if depth > MAX_DEPTH => out.push_str(row.raw(at)),
        Kind::Object => {
            let members = row.children(at).filter(|&child| row.kind(child) != Kind::Null);
            let mut members: Vec<(Cow<'_, str>, At)> = members.map(|child| (row.name(child), child)).collect();
            members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            out.push('{');
            for (name, child) in members {
                out.push_str(&name);
                out.push('=');
                canonical(row, child, depth + 1, out);
                out.push(',');
            }
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            for child in row.children(at) {
                canonical(row, child, depth + 1, out);
                out.push(',');
            }
            out.push(']');
        }
        // A number is taken in millionths, so that two ways to write one number agree.
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as in the pipeline")]
        Kind::Float => out.push_str(&((row.raw(at).parse::<f64>().unwrap_or_default() * 1e6) as i64).to_string()),
        Kind::Null => {}
        _ => out.push_str(&row.scalar(at).unwrap_or_default()),
    }
}
