//! Texts on their way to people: what a terminal would obey, and what hides or turns the text beside it, is written as an
//! escape. Names, error texts and records come from outside, and whoever writes them must not write to an operator's
//! screen.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write;
use std::io;

/// Control characters of all kinds (C0, DEL, C1), separators of lines, overrides of the direction, invisible characters.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text that stays within its line.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, &is_obeyed, &|out, c| match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => {
            // A `String` takes everything.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    })
}

/// A text of several lines, whose line feeds are our own.
pub fn lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| c != '\n' && is_obeyed(c)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}

/// A JSON text, of the same meaning: inside strings by JSON's own escapes, white space between values as blanks.
pub fn json(text: &str) -> Cow<'_, str> {
    escape(text, &|c| c != '\n' && is_obeyed(c), &|out, c| match c {
        '\r' | '\t' => out.push(' '),
        c => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    })
}

fn escape<'a>(text: &'a str, is_meant: &dyn Fn(char) -> bool, put: &dyn Fn(&mut String, char)) -> Cow<'a, str> {
    if !text.contains(is_meant) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_meant(c) {
            put(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Writes JSON as [`json`] does. Every piece has to hold whole characters, as those of `serde_json` and whole documents do.
#[derive(Debug)]
pub struct JsonWriter<W> {
    inner: W,
    is_escaping: bool,
}

impl<W: io::Write> JsonWriter<W> {
    /// `is_escaping`: a terminal reads it; a pipe gets every byte as it is.
    pub fn new(inner: W, is_escaping: bool) -> Self {
        Self { inner, is_escaping }
    }
}

impl<W: io::Write> io::Write for JsonWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_escaping {
            self.inner.write_all(json(&String::from_utf8_lossy(bytes)).as_bytes())?;
        } else {
            self.inner.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
