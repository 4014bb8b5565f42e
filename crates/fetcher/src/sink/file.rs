//! NDJSON files, one per data stream, durable at every acknowledgement.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mapper::DocId;

use super::{Batch, Local, Receipt, Streams};
use crate::error::Fault;

/// The files below a directory; they are appended to.
#[derive(Debug)]
pub struct Files {
    directory: PathBuf,
    streams: Arc<Streams>,
    ids: bool,
    open: BTreeMap<u16, BufWriter<File>>,
}

impl Files {
    /// Creates the directory. With `ids` every document begins with its `_id`, for a shipper that takes it from there.
    pub fn new(directory: &Path, ids: bool, streams: Arc<Streams>) -> Result<Self, Fault> {
        fs::create_dir_all(directory)
            .map_err(|error| Fault::local(format!("output directory {}", directory.display()), &error))?;
        Ok(Self { directory: directory.to_owned(), streams, ids, open: BTreeMap::new() })
    }
}

impl Local for Files {
    fn deliver(&mut self, batch: &Batch) -> Result<Receipt, Fault> {
        for entry in batch.entries() {
            let path = || self.directory.join(format!("{}.ndjson", self.streams.name(entry.dataset)));
            let failed = |error| Fault::local(format!("output file {}", path().display()), &error);
            let file = match self.open.entry(entry.dataset) {
                Slot::Occupied(open) => open.into_mut(),
                Slot::Vacant(slot) => slot.insert(BufWriter::new(open(&path()).map_err(failed)?)),
            };
            let document = batch.document(entry);
            if self.ids
                && let Some(members) = document.strip_prefix(b"{")
            {
                write!(file, "{{\"_id\":\"{}\",", DocId(entry.id)).map_err(failed)?;
                file.write_all(members).map_err(failed)?;
            } else {
                file.write_all(document).map_err(failed)?;
            }
        }
        Ok(Receipt::all_created(batch))
    }

    fn sync(&mut self) -> Result<(), Fault> {
        for (dataset, file) in &mut self.open {
            file.flush()
                .and_then(|()| file.get_ref().sync_data())
                .map_err(|error| Fault::local(format!("output file of {}", self.streams.name(*dataset)), &error))?;
        }
        Ok(())
    }
}

/// Opens the file for appending. A line that a crash cut off is ended, so that it spoils no other.
fn open(path: &Path) -> std::io::Result<File> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    if file.metadata()?.len() > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}
