//! Paths of files on Windows and elsewhere, from the folder and the name that a service gives.

use std::borrow::Cow;

use crate::convert::lower;

/// A file by its parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct File<'a> {
    pub(crate) path: &'a str,
    pub(crate) name: &'a str,
    pub(crate) directory: &'a str,
    /// Alternate data stream.
    pub(crate) fork: &'a str,
}

/// Hands over the file that folder and name describe; either may be empty, and either may hold the whole path.
pub(crate) fn file<R>(folder: &str, name: &str, read: impl FnOnce(File<'_>) -> R) -> R {
    let Some(path) = whole(folder, name) else {
        return read(File { directory: trim(folder), ..File::default() });
    };
    let (directory, last) = split(&path);
    let (base, fork) = match name.is_empty() {
        _ if is_posix(&path) => (last, ""),
        true => without_fork(last),
        false => without_fork(split(name).1),
    };
    let path_is_known = !folder.is_empty() || !directory.is_empty();
    read(File { name: base, directory, fork, path: if path_is_known { &path } else { "" } })
}

/// The whole path; empty if only a folder is known.
fn whole<'a>(folder: &'a str, name: &'a str) -> Option<Cow<'a, str>> {
    if name.is_empty() {
        return (!folder.is_empty() && !folder.ends_with(SEPARATORS) && !is_root(folder)).then_some(folder.into());
    }
    let windows = !is_posix(folder);
    if folder.is_empty() || (windows && is_drive(name)) || name.starts_with("\\\\") {
        return Some(name.into());
    }
    let form = |text: &'a str| if windows { lower(text).map_or(text.into(), Cow::Owned) } else { text.into() };
    let (folder_form, name_form): (Cow<'_, str>, Cow<'_, str>) = (form(folder), form(name));
    let rest = name_form.strip_prefix(&*folder_form);
    if rest.is_some_and(|rest| rest.starts_with(SEPARATORS) || folder.ends_with(SEPARATORS)) {
        return Some(name.into());
    }
    let head = folder_form.strip_suffix(&*name_form);
    if head.is_some_and(|head| head.is_empty() || head.ends_with(SEPARATORS)) {
        return Some(folder.into());
    }
    let name = name.trim_start_matches(SEPARATORS);
    if name.is_empty() {
        return None;
    }
    if folder.ends_with(SEPARATORS) {
        return Some([folder, name].concat().into());
    }
    let separator = if folder.contains('\\') || !folder.contains('/') { "\\" } else { "/" };
    Some([folder, separator, name].concat().into())
}

const SEPARATORS: [char; 2] = ['\\', '/'];

/// Folder and last segment.
fn split(path: &str) -> (&str, &str) {
    match path.rfind(SEPARATORS) {
        Some(at) => (trim(&path[..=at]), &path[at + 1..]),
        None if is_drive(path) => path.split_at(2),
        None => ("", path),
    }
}

/// A folder without separators at its end, unless it is a root.
fn trim(folder: &str) -> &str {
    let mut folder = folder;
    while folder.len() > 1 && folder.ends_with(SEPARATORS) && !(folder.len() == 3 && is_drive(folder)) {
        folder = &folder[..folder.len() - 1];
    }
    folder
}

/// A drive, or a server with perhaps a share.
fn is_root(folder: &str) -> bool {
    let share = folder.strip_prefix("\\\\").map(|rest| rest.matches(SEPARATORS).count());
    (is_drive(folder) && folder.len() == 2) || share.is_some_and(|separators| separators < 2)
}

/// The path begins with a drive: `C:`.
fn is_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

/// The path is one of Linux or macOS, where a colon is a letter like others and case counts.
fn is_posix(path: &str) -> bool {
    path.contains('/') && !path.contains('\\') && !is_drive(path)
}

/// Name and alternate data stream: `report.docx:Zone.Identifier`.
fn without_fork(name: &str) -> (&str, &str) {
    let Some(at) = name.find(':').filter(|&at| at > 0) else { return (name, "") };
    let fork = name[at..].trim_start_matches(':');
    let kept = fork.strip_suffix(":$DATA").filter(|fork| !fork.is_empty()).unwrap_or(fork);
    (&name[..at], kept)
}

/// Extension of a file's name, without the dot.
pub(crate) fn extension(name: &str) -> Option<&str> {
    name.rfind('.').filter(|at| *at > 0).map(|at| &name[at + 1..])
}
