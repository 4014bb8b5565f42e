//! Values that are kept as they are: dictionaries, flattened objects, and what no column names.

use crate::Reject;
use crate::row::{At, Kind, Row, decode};

/// Elasticsearch's `flattened` type takes 20 levels; the field and a list around the value are two of them.
const MAX_DEPTH: usize = 18;

/// Appends the value compactly. Duplicate names and too deep nesting reject the row, as Elasticsearch would.
pub(crate) fn write(row: &Row<'_>, at: At, out: &mut Vec<u8>) -> Result<(), Reject> {
    nested(row, at, out, 0)
}

fn nested(row: &Row<'_>, at: At, out: &mut Vec<u8>, depth: usize) -> Result<(), Reject> {
    let kind = row.kind(at);
    if !matches!(kind, Kind::Object | Kind::Array) {
        out.extend_from_slice(row.raw(at).as_bytes());
        return Ok(());
    }
    if depth >= MAX_DEPTH {
        return Err(Reject::new("too_deep", format!("`{}` nests more than {MAX_DEPTH} levels", row.key(at))));
    }
    if kind == Kind::Object {
        unique(row, at)?;
    }
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
        nested(row, child, out, depth + 1)?;
    }
    out.push(if kind == Kind::Object { b'}' } else { b']' });
    Ok(())
}

fn unique(row: &Row<'_>, at: At) -> Result<(), Reject> {
    let mut seen = rustc_hash::FxHashSet::default();
    for child in row.children(at) {
        let name =
            if row.key_escaped(child) { decode(row.key(child)).into() } else { std::borrow::Cow::from(row.key(child)) };
        if let Some(name) = seen.replace(name) {
            return Err(duplicate(&name));
        }
    }
    Ok(())
}

pub(crate) fn duplicate(name: &str) -> Reject {
    Reject::new("duplicate_key", format!("`{name}` stands twice in one object"))
}

/// The content of a value in one form whatever the order of its members: what tells objects apart that have no
/// identity of their own. Nulls do not count.
pub(crate) fn canonical(row: &Row<'_>, at: At, out: &mut String) {
    match row.kind(at) {
        Kind::Object => {
            let mut members: Vec<(String, At)> = row
                .children(at)
                .filter(|&child| row.kind(child) != Kind::Null)
                .map(|child| (decode(row.key(child)), child))
                .collect();
            members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            out.push('{');
            for (name, child) in members {
                out.push_str(&name);
                out.push('=');
                canonical(row, child, out);
                out.push(',');
            }
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            for child in row.children(at) {
                canonical(row, child, out);
                out.push(',');
            }
            out.push(']');
        }
        // Millionths, so that two ways to write one number agree.
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as in the pipeline")]
        Kind::Float => out.push_str(&((row.raw(at).parse::<f64>().unwrap_or_default() * 1e6) as i64).to_string()),
        Kind::Null => {}
        _ => out.push_str(&row.scalar(at).unwrap_or_default()),
    }
}
