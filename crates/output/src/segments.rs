//! NDJSON files that are appended to line by line: opened with whole lines only, and put aside as
//! `<stem>-<time>-<number>.ndjson`, under which name nobody appends to them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use common::{clock, private};

/// Opens the file for appending, and says how long it is. `lock` takes its lock; where it says `false`, somebody put the
/// file aside meanwhile and another is opened. A line that a crash cut off was not acknowledged, and goes.
pub(crate) fn open(path: &Path, lock: impl Fn(&File) -> io::Result<bool>) -> io::Result<(File, u64)> {
    loop {
        let mut file = private::append(path)?;
        if !lock(&file)? {
            continue;
        }
        let size = private::cut_torn_line(&mut file)?;
        if size == 0
            && let Some(folder) = path.parent()
        {
            // Its name is durable too.
            private::sync_folder(folder)?;
        }
        return Ok((file, size));
    }
}

/// Gives a file a name with the time, under which nobody appends to it.
pub(crate) fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = free_name(path)?;
    fs::rename(path, &aside)?;
    private::sync_folder(path.parent().unwrap_or(Path::new(".")))?;
    Ok(aside)
}

/// A name for a file that is put aside now.
pub(crate) fn free_name(path: &Path) -> io::Result<PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let time = clock::now().format("%Y%m%dT%H%M%SZ");
    let name = |number: u32| path.with_file_name(format!("{stem}-{time}-{number:04}.ndjson"));
    let free = (1..=u32::MAX).map(name).find(|path| !path.exists());
    free.ok_or_else(|| io::ErrorKind::AlreadyExists.into())
}

/// The files of a stem that were put aside, oldest first. A folder that is not there has none.
pub(crate) fn aside(folder: &Path, stem: &str) -> io::Result<Vec<PathBuf>> {
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for file in files {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = name.strip_prefix(stem).and_then(|rest| rest.strip_suffix(".ndjson"));
        if rest.is_some_and(is_time_and_number) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// `-20260501T120000Z-0001`, and not the rest of a longer stem.
fn is_time_and_number(rest: &str) -> bool {
    let rest = rest.as_bytes();
    rest.len() > 18
        && rest[0] == b'-'
        && rest[1..9].iter().all(u8::is_ascii_digit)
        && rest[9] == b'T'
        && &rest[16..18] == b"Z-"
}
