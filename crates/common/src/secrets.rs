//! The secrets that this process sends, so that no answer puts one of them into a log, an error, the state or a dead letter.
//!
//! Whoever sends a secret remembers it here first. What comes from outside is searched for all of them, in every form in
//! which a service may give one back: as it is, in any case of letters, percent-encoded, escaped as in JSON and HTML, in
//! Base64 and in hexadecimal digits, whole or in a large part.

mod forms;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;
use secrecy::{ExposeSecret, SecretString};

/// Secrets are found by pieces of this many bytes.
const PIECE: usize = 8;
/// Pieces of one secret: a token is long, and there are many.
const PIECES: usize = 8;
/// A shorter part of a secret is part of any text.
const SHORTEST_PART: usize = 12;
/// A shorter secret is looked for only where it stands as a word of its own.
const SHORT: usize = PIECE;
/// The shortest that is looked for at all.
const SHORTEST: usize = 4;
/// The text that is shown in the place of a secret.
const REMOVED: &str = "[removed]";
/// Bytes of a text that are searched; what follows is not shown.
const SEARCHED: usize = 64 * 1024;

static KNOWN: RwLock<Option<Known>> = RwLock::new(None);

#[derive(Default)]
struct Known {
    secrets: FxHashMap<u64, Entry>,
    /// Where pieces stand: (secret, place in it).
    pieces: FxHashMap<[u8; PIECE], Vec<(u64, usize)>>,
    short: Vec<u64>,
    next: u64,
}

struct Entry {
    text: SecretString,
    /// The owner who remembers it; `None` remembers it for ever.
    holders: Option<usize>,
}

/// Remembers a secret as long as it lives.
#[derive(Debug)]
pub struct Remembered(Option<u64>);

/// Remembers a secret of the configuration until the process ends.
pub fn keep(secret: &str) {
    with_known(|known| {
        let id = known.add(secret);
        if let Some(entry) = id.and_then(|id| known.secrets.get_mut(&id)) {
            entry.holders = None;
        }
    });
}

/// Remembers a secret that is replaced from time to time.
pub fn hold(secret: &str) -> Remembered {
    Remembered(with_known(|known| known.add(secret)))
}

impl Drop for Remembered {
    fn drop(&mut self) {
        if let Some(id) = self.0.take() {
            with_known(|known| known.release(id));
        }
    }
}

/// The text without the secrets in it.
pub fn without(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    match known.as_ref() {
        Some(known) if !known.secrets.is_empty() => known.without(text),
        _ => Cow::Borrowed(text),
    }
}

fn with_known<T>(act: impl FnOnce(&mut Known) -> T) -> T {
    act(KNOWN.write().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

/// Forms and addresses write a space as a plus sign, and hosts are lower case.
fn plain(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte.to_ascii_lowercase() }
}

fn piece(bytes: &[u8]) -> Option<[u8; PIECE]> {
    Some(bytes.first_chunk::<PIECE>()?.map(plain))
}

/// Where its pieces begin: a part of it that is not short holds one of them.
fn places(length: usize) -> impl Iterator<Item = usize> {
    let stride = PIECE.max(length.div_ceil(PIECES));
    (0..).map(move |number| number * stride).take_while(move |start| start + PIECE <= length)
}

impl Known {
    /// Its number. `None` if it is too short to be told from other words.
    fn add(&mut self, secret: &str) -> Option<u64> {
        if secret.len() < SHORTEST {
            return None;
        }
        let is_it = |id: &&u64| self.secrets.get(*id).is_some_and(|entry| entry.text.expose_secret() == secret);
        let known = match piece(secret.as_bytes()) {
            Some(first) => self.pieces.get(&first).into_iter().flatten().map(|(id, _)| id).find(is_it).copied(),
            None => self.short.iter().find(is_it).copied(),
        };
        if let Some(entry) = known.and_then(|id| self.secrets.get_mut(&id)) {
            entry.holders = entry.holders.map(|holders| holders + 1);
            return known;
        }
        let id = self.next;
        self.next += 1;
        self.secrets.insert(id, Entry { text: secret.into(), holders: Some(1) });
        if secret.len() < SHORT {
            self.short.push(id);
        }
        for start in places(secret.len()) {
            if let Some(piece) = piece(&secret.as_bytes()[start..]) {
                self.pieces.entry(piece).or_default().push((id, start));
            }
        }
        Some(id)
    }

    fn release(&mut self, id: u64) {
        let Some(Entry { holders: Some(holders), text }) = self.secrets.get_mut(&id) else { return };
        *holders -= 1;
        if *holders > 0 {
            return;
        }
        let bytes = text.expose_secret().as_bytes();
        for piece in places(bytes.len()).filter_map(|start| piece(&bytes[start..])) {
            if let Some(of_piece) = self.pieces.get_mut(&piece) {
                of_piece.retain(|(other, _)| *other != id);
                if of_piece.is_empty() {
                    self.pieces.remove(&piece);
                }
            }
        }
        self.short.retain(|other| *other != id);
        self.secrets.remove(&id);
    }

    fn without<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let end = (0..=text.len().min(SEARCHED)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        let mut found: Vec<Range<usize>> = Vec::new();
        forms::each(&text.as_bytes()[..end], &mut |bytes, origin| {
            self.find(bytes, &mut |range| found.push(origin.range(range)));
        });
        if found.is_empty() && end == text.len() {
            return Cow::Borrowed(text);
        }
        found.sort_unstable_by_key(|range| range.start);
        let mut out = String::with_capacity(end);
        let mut at = 0;
        for range in found {
            let start = (0..=range.start).rev().find(|start| text.is_char_boundary(*start)).unwrap_or_default();
            let stop = (range.end..=end).find(|stop| text.is_char_boundary(*stop)).unwrap_or(end);
            if start >= at {
                out.push_str(&text[at..start]);
                out.push_str(REMOVED);
            }
            at = at.max(stop);
        }
        out.push_str(&text[at..end]);
        Cow::Owned(out)
    }

    fn find(&self, bytes: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        let mut at = 0;
        while let Some(here) = bytes.get(at..).and_then(piece) {
            let longest = self.pieces.get(&here).into_iter().flatten().filter_map(|(id, place)| {
                let secret = self.secrets.get(id)?.text.expose_secret().as_bytes();
                part(bytes, at, secret, *place)
            });
            if let Some(range) = longest.max_by_key(ExactSizeIterator::len) {
                at = range.end;
                found(range);
            } else {
                at += 1;
            }
        }
        for secret in self.short.iter().filter_map(|id| self.secrets.get(id)) {
            let secret = secret.text.expose_secret().as_bytes();
            let is_here = |window: &[u8]| window.iter().zip(secret).all(|(a, b)| plain(*a) == plain(*b));
            let is_word = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
            for (start, window) in bytes.windows(secret.len()).enumerate() {
                let end = start + secret.len();
                let before = start.checked_sub(1).and_then(|before| bytes.get(before));
                if is_here(window) && is_word(before) && is_word(bytes.get(end)) {
                    found(start..end);
                }
            }
        }
    }
}

/// The part of a secret around `at`, where its byte at `place` stands; `None` if it is but a small part.
fn part(bytes: &[u8], at: usize, secret: &[u8], place: usize) -> Option<Range<usize>> {
    let same = |a: &u8, b: &u8| plain(*a) == plain(*b);
    let ahead = bytes[at..].iter().zip(&secret[place..]).take_while(|(a, b)| same(a, b)).count();
    let behind = bytes[..at].iter().rev().zip(secret[..place].iter().rev()).take_while(|(a, b)| same(a, b)).count();
    let length = behind + ahead;
    let is_enough = length == secret.len() || length >= SHORTEST_PART.max(secret.len() / 2).min(64);
    is_enough.then(|| at - behind..at + ahead)
}
