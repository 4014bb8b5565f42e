//! NDJSON on standard output, for pipes.

use std::io::{self, BufWriter, Write};

use super::{Batch, Local, Receipt};
use crate::error::Fault;

/// Standard output.
#[derive(Debug)]
pub struct Stdout(BufWriter<io::Stdout>);

impl Default for Stdout {
    fn default() -> Self {
        Self(BufWriter::new(io::stdout()))
    }
}

impl Local for Stdout {
    fn deliver(&mut self, batch: &Batch) -> Result<Receipt, Fault> {
        for entry in batch.entries() {
            self.0.write_all(batch.document(entry)).map_err(|error| failed(&error))?;
        }
        Ok(Receipt::all_created(batch))
    }

    fn sync(&mut self) -> Result<(), Fault> {
        self.0.flush().map_err(|error| failed(&error))
    }
}

fn failed(error: &io::Error) -> Fault {
    Fault::local("standard output", error)
}
