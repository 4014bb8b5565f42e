//! A dead letter as a line: its head, then the row as it came, however long.

use std::io::{self, Read, Seek, Write};

use base64::write::EncoderWriter;

use super::{Head, Raw};

/// The whole line.
pub(super) fn write_letter(out: &mut impl Write, head: &Head<'_>, raw: Raw<'_>) -> io::Result<()> {
    write_head(out, head)?;
    match raw {
        Raw::Bytes(bytes) => write_row(out, &mut io::Cursor::new(bytes))?,
        Raw::File(mut file) => write_row(out, &mut file)?,
    }
    out.write_all(b"}\n")
}

/// `{…` without the closing brace: the row follows.
pub(super) fn write_head(out: &mut impl Write, head: &Head<'_>) -> io::Result<()> {
    let mut text = serde_json::to_vec(head)?;
    text.pop();
    out.write_all(&text)
}

/// Writes the row as a JSON string, piece by piece: it may be longer than what should be held.
fn write_row(out: &mut impl Write, row: &mut (impl Read + Seek)) -> io::Result<()> {
    row.rewind()?;
    let is_text = for_each_text(row, &mut |_| Ok(()))?;
    row.rewind()?;
    if is_text {
        out.write_all(b",\"row\":\"")?;
        for_each_text(row, &mut |text| {
            let quoted = serde_json::to_string(text)?;
            out.write_all(&quoted.as_bytes()[1..quoted.len() - 1])
        })?;
    } else {
        out.write_all(b",\"row_base64\":\"")?;
        let mut encoder = EncoderWriter::new(&mut *out, &base64::engine::general_purpose::STANDARD);
        io::copy(row, &mut encoder)?;
        encoder.finish()?;
    }
    out.write_all(b"\"")
}

/// Reads UTF-8 in pieces; `false` if it is not UTF-8.
fn for_each_text(row: &mut impl Read, each: &mut dyn FnMut(&str) -> io::Result<()>) -> io::Result<bool> {
    let mut buffer = vec![0; 64 * 1024];
    let mut held = 0;
    loop {
        let read = row.read(&mut buffer[held..])?;
        let filled = held + read;
        let valid = match std::str::from_utf8(&buffer[..filled]) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
            Err(_) => return Ok(false),
        };
        if read == 0 {
            return Ok(true);
        }
        each(std::str::from_utf8(&buffer[..valid]).unwrap_or_default())?;
        buffer.copy_within(valid..filled, 0);
        held = filled - valid;
    }
}
