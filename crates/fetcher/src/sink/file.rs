//! NDJSON files, one per data stream, durable at every acknowledgement.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Batch, Receipt, Streams};
use crate::error::Fault;

/// The files below a directory; they are appended to.
#[derive(Debug)]
pub struct Files {
    directory: PathBuf,
    streams: Arc<Streams>,
    open: BTreeMap<u16, BufWriter<File>>,
}

impl Files {
    /// Creates the directory.
    pub fn new(directory: &Path, streams: Arc<Streams>) -> Result<Self, Fault> {
        fs::create_dir_all(directory)
            .map_err(|error| Fault::local(format!("output directory {}", directory.display()), &error))?;
        Ok(Self { directory: directory.to_owned(), streams, open: BTreeMap::new() })
    }

    pub(super) fn deliver(&mut self, batch: &Batch) -> Result<Receipt, Fault> {
        for entry in batch.entries() {
            let path = || self.directory.join(format!("{}.ndjson", self.streams.name(entry.dataset)));
            let failed = |error| Fault::local(format!("output file {}", path().display()), &error);
            let file = match self.open.entry(entry.dataset) {
                Slot::Occupied(open) => open.into_mut(),
                Slot::Vacant(slot) => {
                    let file = OpenOptions::new().create(true).append(true).open(path()).map_err(failed)?;
                    slot.insert(BufWriter::new(file))
                }
            };
            file.write_all(batch.document(entry)).map_err(failed)?;
        }
        Ok(Receipt::all_created(batch))
    }

    pub(super) fn sync(&mut self) -> Result<(), Fault> {
        for (dataset, file) in &mut self.open {
            file.flush()
                .and_then(|()| file.get_ref().sync_data())
                .map_err(|error| Fault::local(format!("output file of {}", self.streams.name(*dataset)), &error))?;
        }
        Ok(())
    }
}
