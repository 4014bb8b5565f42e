//! State of versions before the first release: refused, and never taken for a first start.

use std::fs;
use std::path::{Path, PathBuf};

use common::error::Error;

/// Refuses a directory that holds the JSON files of formats 1 and 2: `<cloud>/<tenant>/<dataset>.json`.
pub(super) fn refuse(folder: &Path) -> Result<(), Error> {
    let is_dataset = |path: &PathBuf| {
        let name = path.file_stem().and_then(|name| name.to_str());
        path.extension().is_some_and(|extension| extension == "json")
            && name.is_some_and(|name| schema::dataset(name).is_some())
    };
    let inside = |folder: PathBuf| entries(&folder);
    match entries(folder).into_iter().flat_map(inside).flat_map(inside).find(is_dataset) {
        Some(path) => Err(refusal(&path, 2)),
        None => Ok(()),
    }
}

/// The file is of a format that is not read any more.
pub(super) fn refusal(path: &Path, format: u32) -> Error {
    Error::Io(format!(
        "state file {} has format {format}, of a version before the first release, which this program does not read\nhint: \
         move it away, or name another state directory; every dataset then starts again at its look-back, and what is \
         read twice stays one document in its backing index",
        path.display()
    ))
}

/// What lies in a directory; nothing where it is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
