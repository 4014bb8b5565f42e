//! Mail addresses as headers write them (RFC 5322): `"Shop" <news@shop.example>`, `news@shop.example (Shop)`, lists.

use super::host::host;
use super::too_long;

/// One address with its display name, which may be empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) address: String,
    pub(crate) name: String,
}

/// The text is an address and nothing else, or none: most texts are, and need no look at each letter.
fn is_bare(text: &str) -> bool {
    // Without an early end, so that many letters are looked at together.
    !text.bytes().fold(false, |found, byte| found | matches!(byte, b'"' | b'<' | b'(' | b',' | b';'))
}

/// Hands over the addresses that a text holds; the whole text where it holds none.
pub(crate) fn addresses(text: &str, push: &mut dyn FnMut(&str)) {
    if is_bare(text) {
        // Longer ones hold no address.
        return push(valid(trim(text)).filter(|_| !too_long(text)).unwrap_or(text));
    }
    let found = mailboxes(text);
    for mailbox in &found {
        push(&mailbox.address);
    }
    if found.is_empty() {
        push(text);
    }
}

/// The addresses that a text holds.
pub(crate) fn mailboxes(text: &str) -> Vec<Mailbox> {
    if too_long(text) {
        return Vec::new();
    }
    if is_bare(text) {
        let only = valid(trim(text)).map(|address| Mailbox { address: address.to_owned(), name: String::new() });
        return only.into_iter().collect();
    }
    listed(&text.chars().collect::<Vec<char>>())
}

/// The addresses of a text with names, comments or several addresses.
fn listed(letters: &[char]) -> Vec<Mailbox> {
    let find = |from: usize, wanted: char| (from..letters.len()).find(|&at| letters[at] == wanted);
    let mut found = Vec::new();
    let mut entry = Entry::default();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        at += 1;
        match letter {
            '"' => match quoted(letters, at) {
                // A quoted local part is part of the address.
                Some((inner, end)) if letters.get(end) == Some(&'@') => {
                    entry.text(&format!("\"{inner}\""));
                    at = end;
                }
                Some((inner, end)) => {
                    entry.shown.push_str(&inner);
                    entry.quoted.push_str(&inner);
                    at = end;
                }
                None => entry.text("\""),
            },
            '<' => match find(at, '>') {
                Some(end) => {
                    entry.angle = Some(letters[at..end].iter().collect());
                    at = end + 1;
                }
                None => entry.text("<"),
            },
            '(' => match find(at, ')') {
                Some(end) => {
                    entry.comment = letters[at..end].iter().collect();
                    at = end + 1;
                }
                None => entry.text("("),
            },
            ',' | ';' => entry = entry.end(letter, &mut found),
            _ => entry.text(letter.encode_utf8(&mut [0; 4])),
        }
    }
    entry.end(';', &mut found);
    found
}

/// Text up to the closing quote with its escapes undone, and the place after that.
fn quoted(letters: &[char], from: usize) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut at = from;
    loop {
        match letters.get(at)? {
            '"' => return Some((inner, at + 1)),
            '\\' if at + 1 < letters.len() => {
                inner.push(letters[at + 1]);
                at += 2;
            }
            letter => {
                inner.push(*letter);
                at += 1;
            }
        }
    }
}

/// An entry of the list, between two commas.
#[derive(Default)]
struct Entry {
    /// Text outside quotes, angle brackets and comments.
    plain: String,
    /// Text outside angle brackets and comments, quoted texts included.
    shown: String,
    quoted: String,
    angle: Option<String>,
    comment: String,
}

impl Entry {
    fn text(&mut self, text: &str) {
        self.plain.push_str(text);
        self.shown.push_str(text);
    }

    /// Adds the entry's address; hands over the one that follows.
    fn end(self, mark: char, found: &mut Vec<Mailbox>) -> Self {
        let Entry { plain, shown, quoted, angle, comment } = self;
        let (address, name) = match &angle {
            Some(angle) => (angle.as_str(), shown.as_str()),
            None => (plain.as_str(), quoted.as_str()),
        };
        match valid(trim(address)) {
            Some(address) => {
                let name = if trim(name).is_empty() { trim(&comment) } else { trim(name) };
                found.push(Mailbox { address: address.to_owned(), name: unquoted(name).to_owned() });
            }
            // A comma within a name: `Lee, Kim <kim@north.example>`.
            None if mark == ',' && angle.is_none() && !shown.contains('@') && !trim(&shown).is_empty() => {
                return Entry { shown: format!("{},", trim(&shown)), ..Entry::default() };
            }
            None => {}
        }
        Entry::default()
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|letter| letter <= ' ')
}

/// Without the single quotes that some programs put around a name.
fn unquoted(name: &str) -> &str {
    name.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')).unwrap_or(name)
}

/// The text as an address, without the scheme that may stand before it.
fn valid(text: &str) -> Option<&str> {
    let scheme = |scheme: &str| {
        text.get(..scheme.len()).filter(|head| head.eq_ignore_ascii_case(scheme)).map(|head| &text[head.len()..])
    };
    let address = scheme("mailto:").or_else(|| scheme("smtp:")).unwrap_or(text);
    is_address(address).then_some(address)
}

/// Whether the text has something before and after its last `@`, and nothing that separates words.
pub(crate) fn is_address(text: &str) -> bool {
    let sides = text.rfind('@').is_some_and(|at| at > 0 && at + 1 < text.len());
    sides && !text.bytes().fold(false, |found, byte| found | matches!(byte, 0..=b' ' | b'<' | b'>'))
}

/// Hands over the hosts of the addresses.
pub(crate) fn hosts(text: &str, push: &mut dyn FnMut(&str)) {
    let mut of = |address: &str| {
        if let Some(host) = address.rsplit_once('@').and_then(|(_, domain)| host(domain)) {
            push(&host);
        }
    };
    if !is_bare(text) {
        for mailbox in mailboxes(text) {
            of(&mailbox.address);
        }
    } else if let Some(address) = valid(trim(text)).filter(|_| !too_long(text)) {
        of(address);
    }
}

/// Display names beside the addresses.
pub(crate) fn names(text: &str) -> Vec<String> {
    if is_bare(text) {
        return Vec::new();
    }
    let found = mailboxes(text).into_iter();
    found.map(|mailbox| mailbox.name).filter(|name| !name.is_empty()).collect()
}
