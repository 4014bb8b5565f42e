//! The one place that writes for people: lines of answers on standard output, everything else on standard error. Whatever
//! stands in a line, a terminal obeys none of it, see [`common::terminal`].

use std::fmt::Display;
use std::io::{self, StderrLock, StdoutLock, Write};

use serde::Serialize;

use common::terminal;

use common::terminal::JsonWriter;

/// Where lines go.
#[derive(Debug)]
pub(super) struct Printer<W>(W);

/// Standard output: answers.
pub(super) fn out() -> Printer<StdoutLock<'static>> {
    Printer(io::stdout().lock())
}

/// Standard error: everything that is no answer.
pub(super) fn err() -> Printer<StderrLock<'static>> {
    Printer(io::stderr().lock())
}

/// Standard output for JSON documents, of the same meaning wherever they are read.
pub(super) fn documents() -> JsonWriter<StdoutLock<'static>> {
    JsonWriter::new(io::stdout().lock(), true)
}

/// Writes bytes that this program alone has made to standard output.
pub(super) fn own(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush())
}

/// An error that ends the command. Nobody reads what cannot be written.
pub(super) fn error(message: &dyn Display) {
    let _ = err().message("error: ", &message.to_string());
}

impl<W: Write> Printer<W> {
    /// One line, whatever it holds.
    pub(super) fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.0, "{}", terminal::line(&text.to_string()))
    }

    /// Lines of our own making; cells with texts from outside went through [`terminal::line`].
    pub(super) fn lines(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(terminal::lines(text).as_bytes())
    }

    /// A message; a hint, and only a hint, begins a line as the message does.
    pub(super) fn message(&mut self, head: &str, text: &str) -> io::Result<()> {
        let mut lines = text.trim_end_matches('\n').split('\n');
        self.line(format_args!("{head}{}", lines.next().unwrap_or_default()))?;
        lines.try_for_each(|line| {
            let margin = if line.starts_with("hint: ") || line.is_empty() { "" } else { "  " };
            self.line(format_args!("{margin}{line}"))
        })
    }

    /// A question; the answer follows on the same line.
    pub(super) fn question(&mut self, text: impl Display) -> io::Result<()> {
        write!(self.0, "{} ", terminal::line(&text.to_string()))?;
        self.0.flush()
    }

    /// One JSON value in one line.
    pub(super) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(value)?;
        writeln!(self.0, "{}", terminal::json(&text))
    }

    /// Clears the screen and starts at its top.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.0.write_all(b"\x1b[2J\x1b[H")
    }

    /// Flushes all that was written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
