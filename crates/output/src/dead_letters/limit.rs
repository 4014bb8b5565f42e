//! How much the dead letters may take, and what happens when they have come to it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::segment;

/// Share of the limit from which on it is told.
const LOUD_PERCENT: u64 = 80;
/// Least size at which a file is put aside.
const SMALLEST_SEGMENT: u64 = 64 * 1024;

/// The bound of the dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Bytes of all files together; a letter that begins below it is kept whole.
    pub bytes: u64,
    /// What happens when it is reached.
    pub when_full: WhenFull,
}

/// What happens to the next letter when there is no room for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// Its document is not acknowledged: the cycle fails, and the record is read again later.
    #[default]
    Stop,
    /// The oldest letters are deleted.
    DropOldest,
}

impl Default for Limit {
    fn default() -> Self {
        Self { bytes: 1024 * 1024 * 1024, when_full: WhenFull::default() }
    }
}

impl Limit {
    /// Size at which a file is put aside: some of them fit, so that the oldest can go alone.
    pub(super) fn segment(self) -> u64 {
        super::SEGMENT.min((self.bytes / 8).max(SMALLEST_SEGMENT))
    }

    /// Whether this much is worth a warning.
    pub(super) fn is_near(self, used: u64) -> bool {
        used >= self.bytes / 100 * LOUD_PERCENT
    }
}

/// Bytes of all dead letters of a folder.
pub(super) fn used(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for dataset in schema::catalog() {
        let name = dataset.definition.name;
        let current = folder.join(format!("{name}.ndjson"));
        for path in segment::segments(folder, name)?.into_iter().chain([current]) {
            match fs::metadata(path) {
                Ok(facts) => bytes += facts.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(bytes)
}

/// Deletes the oldest file that was put aside; one that is still appended to is put aside for that. Returns the bytes and
/// the letters that are gone, or `None` if there is none.
pub(super) fn drop_oldest(folder: &Path) -> io::Result<Option<(u64, u64)>> {
    let mut found = aside(folder)?;
    if found.is_empty() {
        for dataset in schema::catalog() {
            segment::collect(folder, dataset.definition.name)?;
        }
        found = aside(folder)?;
    }
    let Some((.., path)) = found.into_iter().min() else { return Ok(None) };
    let mut file = File::open(&path)?;
    let (mut letters, mut bytes, mut block) = (0, 0, vec![0; 64 * 1024]);
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        letters += memchr::memchr_iter(b'\n', &block[..read]).count() as u64;
    }
    fs::remove_file(&path)?;
    Ok(Some((bytes, letters)))
}

/// Files that were put aside: the time in their names, then that of their last letter, since many can be of one second.
fn aside(folder: &Path) -> io::Result<Vec<(String, SystemTime, PathBuf)>> {
    let mut found = Vec::new();
    for dataset in schema::catalog() {
        let name = dataset.definition.name;
        for path in segment::segments(folder, name)? {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let rest = stem.strip_prefix(name).unwrap_or_default();
            let time = rest.rsplit_once('-').map_or(rest, |(time, _)| time).to_owned();
            let written = fs::metadata(&path)?.modified()?;
            found.push((time, written, path));
        }
    }
    Ok(found)
}
