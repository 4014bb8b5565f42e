//! NDJSON on standard output, for pipes. A terminal gets it with JSON's escapes for what it would obey.

use std::io::{self, BufWriter, IsTerminal, Write};

use super::{Batch, Local, Receipt};
use crate::error::Fault;
use crate::terminal::JsonWriter;

/// Standard output.
#[derive(Debug)]
pub struct Stdout(JsonWriter<BufWriter<io::Stdout>>);

impl Default for Stdout {
    fn default() -> Self {
        let out = io::stdout();
        let is_terminal = out.is_terminal();
        Self(JsonWriter::new(BufWriter::new(out), is_terminal))
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
