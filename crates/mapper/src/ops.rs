//! The conversions on the way into ECS fields: one small function each.

mod account;
mod host;
pub(crate) mod mail;
pub(crate) mod path;
pub(crate) mod registry;

use std::borrow::Cow;

use schema::tables::Table;
use schema::{Derive, Op};
use sha2::{Digest, Sha256};

use crate::DocId;
use crate::convert::lower;
use crate::timestamp;

/// Applies a conversion and hands every resulting text to `push`.
pub(crate) fn apply(op: Op, table: Option<Table>, text: &str, push: &mut dyn FnMut(&str)) {
    let result: Option<Cow<'_, str>> = match op {
        Op::Keep => Some(text.into()),
        Op::Lower => Some(lower(text).map_or(text.into(), Cow::Owned)),
        Op::Table => look_up(table, text, false).map(Cow::Borrowed),
        Op::Prefix => look_up(table, text, true).map(Cow::Borrowed),
        Op::Technique => technique(text).map(|(technique, _)| technique.into()),
        Op::Subtechnique => technique(text).filter(|(_, sub)| *sub).map(|_| text.into()),
        Op::Args => return arguments(text).iter().for_each(|argument| push(argument)),
        Op::MailAddress if text.is_empty() => None,
        Op::MailAddress => return mail::addresses(text, push),
        Op::MailHost => return mail::hosts(text, push),
        Op::Person | Op::Host | Op::UrlHost | Op::UrlIp if too_long(text) => None,
        Op::Person => mail::is_address(text).then(|| text.into()),
        Op::Host => host::host(text),
        Op::UrlHost => host::url_host(text),
        Op::UrlIp => host::url_ip(text),
        Op::UrlScheme
        | Op::UrlDomain
        | Op::UrlPort
        | Op::UrlPath
        | Op::UrlQuery
        | Op::UrlFragment
        | Op::UrlExtension
        | Op::UrlFull
        | Op::UrlUsername
        | Op::UrlPassword => Url::parse(text).and_then(|url| url.part(op)),
    };
    if let Some(text) = result.filter(|text| !text.is_empty()) {
        push(&text);
    }
}

/// No name of anything is as long. The pipeline counts UTF-16 units, and its loops are limited.
pub(crate) fn too_long(text: &str) -> bool {
    text.len() > 8000 && text.encode_utf16().count() > 8000
}

fn look_up(table: Option<Table>, text: &str, prefix: bool) -> Option<&'static str> {
    let slow;
    let word = if text.is_ascii() {
        text
    } else {
        slow = text.replace(' ', "").to_lowercase();
        &slow
    };
    // The first letter alone tells most keys apart; no key is empty.
    let first = word.bytes().find(|byte| *byte != b' ')?.to_ascii_lowercase();
    let mut rows = table?.rows.iter().filter(|(key, _)| key.as_bytes().first() == Some(&first));
    rows.find(|(key, _)| same(key, word, prefix)).map(|(_, value)| *value)
}

/// The word is the key, or starts with it; case and spaces do not count.
fn same(key: &str, word: &str, prefix: bool) -> bool {
    let mut key = key.bytes();
    for byte in word.bytes().filter(|byte| *byte != b' ') {
        match key.next() {
            Some(expected) if expected == byte.to_ascii_lowercase() => {}
            Some(_) => return false,
            None => return prefix,
        }
    }
    key.next().is_none()
}

/// The technique of an ATT&CK id, and whether the id names a sub-technique.
fn technique(text: &str) -> Option<(&str, bool)> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| bytes[from..to].iter().all(u8::is_ascii_digit);
    match bytes.len() {
        5 if bytes[0] == b'T' && digits(1, 5) => Some((text, false)),
        9 if bytes[0] == b'T' && digits(1, 5) && bytes[5] == b'.' && digits(6, 9) => Some((&text[..5], true)),
        _ => None,
    }
}

/// Splits a command line at blanks outside double quotes; `\"` is a quote of the text.
fn arguments(text: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current = String::new();
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&'"') => current.extend(letters.next()),
            '"' => quoted = !quoted,
            ' ' | '\t' | '\n' | '\r' if !quoted => {
                if !current.is_empty() {
                    arguments.push(std::mem::take(&mut current));
                }
            }
            _ => current.push(letter),
        }
    }
    if !current.is_empty() {
        arguments.push(current);
    }
    arguments
}

/// The parts of an absolute URL, after RFC 3986; nothing is decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Url<'a> {
    full: &'a str,
    scheme: &'a str,
    username: Option<&'a str>,
    password: Option<&'a str>,
    domain: &'a str,
    port: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let at = memchr::memchr_iter(b':', text.as_bytes()).find(|&at| text[at + 1..].starts_with("//"))?;
        let scheme = &text[..at];
        let first = scheme.bytes().next()?.is_ascii_alphabetic();
        if !first || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
            return None;
        }
        let rest = &text[at + 3..];
        let (authority, tail) = rest.split_at(memchr::memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len()));
        let (head, fragment) = cut(tail, b'#');
        let (path, query) = cut(head, b'?');
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let (username, password) = user.map(|user| cut(user, b':')).unzip();
        let (domain, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((address, after)) => (address, after.strip_prefix(':')),
            None => host.rsplit_once(':').map_or((host, None), |(domain, port)| (domain, Some(port))),
        };
        let valid = |port: &&str| {
            port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
        };
        let password = password.flatten();
        let port = port.filter(valid);
        Some(Url { full: text, scheme, username, password, domain, port, path, query, fragment })
    }

    /// The part that the conversion names, if the URL has it.
    pub(crate) fn part(&self, op: Op) -> Option<Cow<'a, str>> {
        let part = match op {
            Op::UrlScheme => lower(self.scheme).map_or(self.scheme.into(), Cow::Owned),
            Op::UrlFull => self.full.into(),
            Op::UrlUsername => self.username?.into(),
            Op::UrlPassword => self.password?.into(),
            Op::UrlDomain => lower(self.domain).map_or(self.domain.into(), Cow::Owned),
            // A number in JSON has no leading zeros.
            Op::UrlPort => self.port?.parse::<u16>().ok()?.to_string().into(),
            Op::UrlPath => self.path.into(),
            Op::UrlQuery => self.query?.into(),
            Op::UrlFragment => self.fragment?.into(),
            Op::UrlExtension => path::extension(self.path.rsplit('/').next().unwrap_or_default())?.into(),
            // No other conversion names a part of a URL; all are listed so that a new one has to be put somewhere.
            Op::Keep
            | Op::Lower
            | Op::Table
            | Op::Prefix
            | Op::Technique
            | Op::Subtechnique
            | Op::Args
            | Op::Person
            | Op::MailAddress
            | Op::MailHost
            | Op::Host
            | Op::UrlHost
            | Op::UrlIp => return None,
        };
        Some(part).filter(|part| !part.is_empty())
    }
}

/// The text before an ASCII mark, and what comes behind it.
fn cut(text: &str, mark: u8) -> (&str, Option<&str>) {
    memchr::memchr(mark, text.as_bytes()).map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])))
}

/// Computes a value from several; absent ones are empty.
pub(crate) fn derive(derive: Derive, inputs: &[Cow<'_, str>]) -> Option<String> {
    let text = |at: usize| inputs.get(at).map_or("", |text| &**text);
    let file = |part: fn(path::File<'_>) -> &str| path::file(text(0), text(1), |file| part(file).to_owned());
    match derive {
        Derive::Path => Some(file(|file| file.path)),
        Derive::FileName => Some(file(|file| file.name)),
        Derive::FileDirectory => Some(file(|file| file.directory)),
        Derive::FileExtension => path::file(text(0), text(1), |file| path::extension(file.name).map(str::to_owned)),
        Derive::ForkName => Some(file(|file| file.fork)),
        Derive::RegistryPath => registry::path(text(0), text(1), text(2)),
        Derive::RegistryHive => Some(registry::hive_and_key(text(0), text(1)).0),
        Derive::RegistryKey => Some(registry::hive_and_key(text(0), text(1)).1),
        Derive::EntityId => Some(entity_id(inputs)),
        Derive::Duration => duration(text(0), text(1)),
        Derive::GeoPoint => geo_point(text(0), text(1)),
        Derive::Lower => Some(lower(text(0)).unwrap_or_else(|| text(0).to_owned())),
        Derive::AccountName => account::name(inputs),
        Derive::AccountDomain if text(0).is_empty() => account::domain(inputs.get(1..).unwrap_or_default()),
        Derive::AccountDomain => Some(text(0).to_owned()),
        Derive::UpnDomain => account::domain(inputs),
    }
}

/// First 32 hexadecimal digits of the SHA-256 over the parts, joined with line feeds.
pub(crate) fn entity_id(parts: &[Cow<'_, str>]) -> String {
    DocId::head(&Sha256::digest(parts.join("\n"))).to_string()
}

/// Nanoseconds between two times, as text.
pub(crate) fn duration(from: &str, to: &str) -> Option<String> {
    timestamp::between(from, to).map(|nanos| nanos.to_string())
}

/// A place as Elasticsearch reads it from text.
fn geo_point(latitude: &str, longitude: &str) -> Option<String> {
    Some(format!("{},{}", degrees(latitude, 90.0)?, degrees(longitude, 180.0)?))
}

/// Degrees with five digits: written alike whatever form the number had in the row.
fn degrees(text: &str, limit: f64) -> Option<String> {
    let degrees: f64 = text.parse().ok()?;
    if degrees.is_nan() || degrees.abs() > limit {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 180 degrees")]
    let parts = (degrees * 100_000.0 + 0.5).floor() as i64;
    let sign = if parts < 0 { "-" } else { "" };
    Some(format!("{sign}{}.{:05}", parts.abs() / 100_000, parts.abs() % 100_000))
}
