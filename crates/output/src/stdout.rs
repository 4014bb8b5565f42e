//! NDJSON on standard output, for pipes. A terminal gets it with JSON's escapes for what it would obey.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::batch::Batch;
use crate::file::{hint, is_full};
use crate::task::{Local, Stuck, all_created};
use common::error::Fault;
use common::health::Receipt;
use common::terminal;

/// Standard output.
#[derive(Debug)]
pub struct Stdout {
    is_terminal: bool,
    /// The batch under way, and how much of it is written.
    lines: Vec<u8>,
    written: usize,
    /// What was given up ended within a line.
    is_torn: bool,
}

impl Default for Stdout {
    fn default() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), lines: Vec::new(), written: 0, is_torn: false }
    }
}

impl Stdout {
    /// Writes on where it stopped: what is out cannot be taken back.
    fn write(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        while self.written < self.lines.len() {
            match out.write(&self.lines[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Local for Stdout {
    fn deliver(&mut self, batch: &Batch) -> Result<Receipt, Stuck> {
        if self.lines.is_empty() {
            if std::mem::take(&mut self.is_torn) {
                self.lines.push(b'\n');
            }
            for entry in batch.entries() {
                let document = batch.document(entry);
                match std::str::from_utf8(document) {
                    Ok(text) if self.is_terminal => self.lines.extend_from_slice(terminal::json(text).as_bytes()),
                    _ => self.lines.extend_from_slice(document),
                }
            }
        }
        self.write().map_err(|error| {
            let fault = failed(&error);
            if is_full(&error) { Stuck::Full(fault) } else { Stuck::Failed(fault) }
        })?;
        self.forget();
        Ok(all_created(batch))
    }

    fn forget(&mut self) {
        self.is_torn |= self.written > 0 && self.lines[self.written - 1] != b'\n';
        self.lines.clear();
        self.written = 0;
    }

    fn sync(&mut self) -> Result<(), Fault> {
        io::stdout().flush().map_err(|error| failed(&error))
    }
}

fn failed(error: &io::Error) -> Fault {
    let hint = if is_full(error) { hint(Path::new("what it is redirected to")) } else { String::new() };
    Fault::Local(format!("standard output: {error}{hint}"))
}
