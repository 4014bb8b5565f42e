//! What a listing needs to know of a record, found in one way through its row.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use schema::{List, RecordPaths};

use common::clock;
use json_stream::{members, replace_member, scalar_member, scalar_members};

/// A row with what names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// The record's id, if one property names it.
    pub id: Option<Cow<'a, str>>,
    /// The time of its last change: its version.
    pub version: Option<Cow<'a, str>>,
    /// The time when it came into being.
    pub created: Option<Cow<'a, str>>,
    /// Id of the record that it was merged into.
    pub redirect: Option<Cow<'a, str>>,
    /// Its text.
    pub row: &'a [u8],
}

impl Record<'_> {
    /// Id and version, where it has both.
    pub fn name(&self) -> Option<(&str, &str)> {
        self.id.as_deref().zip(self.version.as_deref())
    }
}

/// Where the properties of a list's records lie.
#[derive(Debug, Clone, Copy)]
pub struct RecordReader {
    paths: RecordPaths,
    redirect: Option<&'static str>,
}

impl RecordReader {
    /// For the records of a list.
    pub fn new(list: &List) -> Self {
        Self { paths: list.record, redirect: list.redirect }
    }

    /// Paths of the properties that name a record.
    pub fn ids(&self) -> &'static [&'static str] {
        self.paths.id
    }

    /// The record of a row.
    pub fn read<'a>(&self, row: &'a [u8]) -> Record<'a> {
        let single = if let [id] = self.paths.id { Some(*id) } else { None };
        let paths =
            [self.paths.changed, self.paths.created, single.unwrap_or_default(), self.redirect.unwrap_or_default()];
        let [version, created, id, redirect] = at_paths(row, paths);
        Record {
            id: id.filter(|_| single.is_some()),
            version,
            created,
            redirect: redirect.filter(|target| self.redirect.is_some() && !target.is_empty()),
            row,
        }
    }

    /// What a log calls the record: its id, or all properties that name it together.
    pub fn label(&self, row: &[u8]) -> Option<String> {
        let parts: Option<Vec<_>> = self.paths.id.iter().map(|path| at_path(row, path)).collect();
        parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("/"))
    }

    /// The row with its times in a form that the mapper reads, if one of them has another form.
    pub fn with_mapped_times(&self, record: &Record<'_>) -> Option<Vec<u8>> {
        let mut mended: Option<Vec<u8>> = None;
        for (path, time) in [(self.paths.changed, &record.version), (self.paths.created, &record.created)] {
            let odd = time.as_deref().filter(|text| !clock::is_mapped(text)).and_then(clock::parse);
            if let Some(time) = odd {
                mended = replace_at(mended.as_deref().unwrap_or(record.row), path, &clock::exact(time)).or(mended);
            }
        }
        mended
    }
}

/// Texts and numbers at several paths.
fn at_paths<'a, const N: usize>(row: &'a [u8], paths: [&str; N]) -> [Option<Cow<'a, str>>; N] {
    if paths.iter().any(|path| path.contains('.')) {
        return paths.map(|path| at_path(row, path));
    }
    scalar_members(row, paths)
}

fn at_path<'a>(row: &'a [u8], path: &str) -> Option<Cow<'a, str>> {
    match path.split_once('.') {
        None => scalar_member(row, path),
        Some((outer, rest)) => at_path(object(row, outer)?, rest),
    }
}

/// The object that a member is.
fn object<'a>(row: &'a [u8], name: &str) -> Option<&'a [u8]> {
    members(row).filter(|member| member.name() == name).last().map(|member| member.value)
}

/// The row with another text at a path.
fn replace_at(row: &[u8], path: &str, text: &str) -> Option<Vec<u8>> {
    let Some((outer, rest)) = path.split_once('.') else { return replace_member(row, path, text) };
    let inner = object(row, outer)?;
    let start = inner.as_ptr().addr() - row.as_ptr().addr();
    let mended = replace_at(inner, rest, text)?;
    Some([&row[..start], &mended, &row[start + inner.len()..]].concat())
}
