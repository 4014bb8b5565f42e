//! Files and folders that hold what was collected, or what is remembered of it: for their owner alone, whatever the umask
//! says. Nothing else in this program makes files.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

pub use crate::platform::sync_folder;
use crate::platform::{close_to_others, owner_only_file, owner_only_folder};

/// Makes a folder and those above it that are missing. One that is there stays as it is: it may not be ours alone.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    owner_only_folder(&mut builder);
    builder.create(path)
}

/// Opens a file to read from it and append to it, or makes it.
pub fn append(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().create(true).read(true).append(true))
}

/// Makes a file, or empties it.
pub fn create(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().create(true).write(true).truncate(true))
}

/// Makes a file that is not there yet.
pub fn create_new(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().create_new(true).write(true))
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    owner_only_file(options);
    let file = options.open(path)?;
    tighten(path, &file);
    Ok(file)
}

/// Closes a file that an earlier version left open to others; where that fails, the log says so.
fn tighten(path: &Path, file: &File) {
    if let Err(error) = close_to_others(file) {
        tracing::warn!(file = %path.display(), %error, "others can read this file, and it cannot be closed to them");
    }
}

/// Closes files of a folder to others: those whose names are chosen.
pub fn tighten_folder(folder: &Path, chosen: impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        // Not through a link: its target is not ours.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file
            && entry.file_name().to_str().is_some_and(&chosen)
            && let Ok(file) = File::open(entry.path())
        {
            tighten(&entry.path(), &file);
        }
    }
}

/// Cuts a last line off that has no end: whoever wrote it died before it was acknowledged. Returns the length that is
/// left.
pub fn cut_torn_line(file: &mut File) -> io::Result<u64> {
    use std::io::{Read, Seek, SeekFrom};
    const BLOCK: u64 = 64 * 1024;
    let length = file.metadata()?.len();
    let (mut end, mut block) = (length, Vec::new());
    let whole = loop {
        if end == 0 {
            break 0;
        }
        let start = end.saturating_sub(BLOCK);
        block.clear();
        file.seek(SeekFrom::Start(start))?;
        file.by_ref().take(end - start).read_to_end(&mut block)?;
        if let Some(at) = memchr::memrchr(b'\n', &block) {
            break start + at as u64 + 1;
        }
        end = start;
    };
    if whole < length {
        file.set_len(whole)?;
    }
    Ok(whole)
}
