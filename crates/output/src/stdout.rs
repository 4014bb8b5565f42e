//! NDJSON on standard output, for pipes. A terminal gets it with JSON's escapes for what it would obey.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::batch::{Batch, Item};
use crate::file::{hint, is_full};
use crate::output::{ItemOutcome, Output, Undelivered};
use common::error::Error;
use common::terminal;

/// Standard output.
pub struct Stdout {
    out: Box<dyn Write + Send>,
    is_terminal: bool,
    /// The batch under way, and how much of it is written.
    lines: Vec<u8>,
    written: usize,
    /// What was given up ended within a line.
    is_torn: bool,
}

impl Default for Stdout {
    fn default() -> Self {
        Self::to(Box::new(io::stdout()), io::stdout().is_terminal())
    }
}

impl std::fmt::Debug for Stdout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stdout").field("is_terminal", &self.is_terminal).finish_non_exhaustive()
    }
}

impl Stdout {
    /// Writes there instead.
    pub(crate) fn to(out: Box<dyn Write + Send>, is_terminal: bool) -> Self {
        Self { out, is_terminal, lines: Vec::new(), written: 0, is_torn: false }
    }

    /// Writes on where it stopped: what is out cannot be taken back.
    fn write(&mut self) -> io::Result<()> {
        while self.written < self.lines.len() {
            match self.out.write(&self.lines[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Output for Stdout {
    async fn deliver(&mut self, batches: &[Batch]) -> Result<Vec<ItemOutcome>, Undelivered> {
        if self.lines.is_empty() {
            if std::mem::take(&mut self.is_torn) {
                self.lines.push(b'\n');
            }
            for Item { batch, entry } in Item::of(batches) {
                let line = batch.line(entry);
                match std::str::from_utf8(line) {
                    Ok(text) if self.is_terminal => self.lines.extend_from_slice(terminal::json(text).as_bytes()),
                    _ => self.lines.extend_from_slice(line),
                }
            }
        }
        self.write().map_err(|error| {
            let failure = failed(&error);
            if is_full(&error) { Undelivered::Busy(failure, None) } else { Undelivered::Failed(failure) }
        })?;
        self.abandon();
        Ok(Item::of(batches).map(|_| ItemOutcome::Created).collect())
    }

    fn abandon(&mut self) {
        self.is_torn |= self.written > 0 && self.lines[self.written - 1] != b'\n';
        self.lines.clear();
        self.written = 0;
    }

    async fn sync(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(|error| failed(&error))
    }
}

fn failed(error: &io::Error) -> Error {
    let hint = if is_full(error) { hint(Path::new("what it is redirected to")) } else { String::new() };
    Error::Io(format!("standard output: {error}{hint}"))
}
