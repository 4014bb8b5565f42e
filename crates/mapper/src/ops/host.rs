//! Hosts of URLs and of texts that hold nothing else.

use std::borrow::Cow;
use std::net::IpAddr;

use super::Url;
use crate::convert::lower;

/// A host or domain name in lower case, without port and without a dot at its end; nothing for an address.
pub(crate) fn host(text: &str) -> Option<String> {
    let name = without_port(text);
    let name = name.strip_suffix('.').unwrap_or(name);
    let odd = |letter: char| letter <= ' ' || ":[]/\\@<>\"".contains(letter);
    let numeric = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (!name.is_empty() && !numeric && !name.contains(odd)).then(|| lower(name).unwrap_or_else(|| name.to_owned()))
}

fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    }
}

/// The host of a URL, as it is written. A text without a scheme begins with the host, if that looks like one.
fn of_url(text: &str) -> Option<Cow<'_, str>> {
    if text.contains("://") {
        return Url::parse(text).map(|url| url.domain.into());
    }
    let name = without_port(&text[..text.find(['/', '?', '#']).unwrap_or(text.len())]);
    let usual = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter) || letter > '\u{7f}';
    (name.contains('.') && name.chars().all(usual)).then(|| name.into())
}

/// The host of a URL, unless it is an address.
pub(crate) fn url_host(text: &str) -> Option<String> {
    host(&of_url(text)?)
}

/// The host of a URL, if it is an address.
pub(crate) fn url_ip(text: &str) -> Option<String> {
    let host = of_url(text)?;
    let host = lower(&host).unwrap_or_else(|| host.into_owned());
    host.parse::<IpAddr>().is_ok().then_some(host)
}
