//! Strings, names and words of a row that is read leniently.

use std::borrow::Cow;

use super::super::parse::{self, Fault};
use super::super::text::special;
use super::super::{Kind, MAX_NAME, decode};
use super::text::{Flaws, read_text};
use super::{Reader, Span};
use crate::Reject;

#[expect(clippy::cast_possible_truncation, reason = "a row is at most MAX_ROW bytes, and mending makes few of one")]
impl Reader {
    /// Reads a number, boolean or null; any other word is kept as text.
    pub(super) fn word(&mut self) -> (Kind, Span) {
        let rest = &self.bytes()[self.at..];
        let ends = |at: &usize| match rest[*at] {
            b',' | b']' | b'}' | b'[' | b'{' | b'"' | b' ' | b'\n' | b'\r' | b'\t' => true,
            b'/' => matches!(rest.get(at + 1), Some(b'/' | b'*')),
            _ => false,
        };
        let length = (0..rest.len()).find(ends).unwrap_or(rest.len());
        let span = (self.at as u32, (self.at + length) as u32);
        self.at += length;
        let word = self.text[span.0 as usize..span.1 as usize].to_owned();
        let fault = match parse::word(&word) {
            Ok(kind) => return (kind, span),
            Err(fault) => fault,
        };
        self.mend(if fault == Fault::Range { "number_out_of_range" } else { "unreadable_value" });
        (Kind::Odd, self.add_quoted(&word))
    }

    pub(super) fn string(&mut self) -> Result<(Kind, Span), Reject> {
        let (kind, span, flaws) = self.read_string()?;
        flaws.each(|flaw| self.mend(flaw));
        Ok((kind, span))
    }

    /// Reads a member's name and adds it to the path; returns whether the name has escapes, and its place.
    pub(super) fn name(&mut self) -> Result<(bool, Span), Reject> {
        let (mut kind, mut span, flaws) = self.read_string()?;
        let text = &self.text[span.0 as usize + 1..span.1 as usize - 1];
        let mut name = if kind == Kind::Escaped { decode(text) } else { text.to_owned() };
        let fit = fit_name(&name).map(Cow::into_owned);
        let is_unfit = fit.is_some();
        if let Some(fit) = fit {
            span = self.add_quoted(&fit);
            kind = Kind::Escaped;
            name = fit;
        }
        self.path.push(name);
        flaws.each(|flaw| self.mend(flaw));
        if is_unfit {
            self.mend("unfit_name");
        }
        Ok((kind == Kind::Escaped, (span.0 + 1, span.1 - 1)))
    }

    fn read_string(&mut self) -> Result<(Kind, Span, Flaws), Reject> {
        let start = self.at;
        let (mut escaped, mut flaws) = (false, Flaws::default());
        self.at += 1;
        loop {
            self.at = special(self.bytes(), self.at);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at = (self.at + 2).min(self.length);
                }
                Some(_) => {
                    flaws.control = true;
                    self.at += 1;
                }
                None => return Err(self.error("the row ends within a string")),
            }
        }
        self.at += 1;
        let next = self.replaced.partition_point(|&at| at < start);
        flaws.bytes = self.replaced.get(next).is_some_and(|&at| at < self.at);
        let mut value = None;
        if escaped || flaws.control {
            value = Some(read_text(&self.text[start + 1..self.at - 1], &mut flaws));
        }
        Ok(match value {
            Some(value) if flaws.control || flaws.escape || flaws.surrogate => {
                (Kind::Escaped, self.add_quoted(&value), flaws)
            }
            Some(_) => (Kind::Escaped, (start as u32, self.at as u32), flaws),
            None => (Kind::Text, (start as u32, self.at as u32), flaws),
        })
    }
}

/// The name that replaces one which no field of Elasticsearch can have; none if the name is fit.
fn fit_name(name: &str) -> Option<Cow<'_, str>> {
    let cut = name.encode_utf16().count() > MAX_NAME;
    if !cut && !name.contains('\0') {
        return None;
    }
    let name = Cow::from(name.replace('\0', "\u{fffd}"));
    if !cut {
        return Some(name);
    }
    let mut units = 0;
    let fits = |letter: &char| {
        units += letter.len_utf16();
        units < MAX_NAME
    };
    let mut short: String = name.chars().take_while(fits).collect();
    short.push('…');
    Some(short.into())
}
