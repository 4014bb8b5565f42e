//! Hosts of URLs and of texts that hold nothing else.

use std::borrow::Cow;
use std::net::IpAddr;

use super::Url;
use crate::convert::lower;

/// A host or domain name in lower case, without port and without a dot at its end; nothing for an address.
pub(crate) fn host(text: &str) -> Option<Cow<'_, str>> {
    let name = without_port(text);
    let name = name.strip_suffix('.').unwrap_or(name);
    // The marks are ASCII, so bytes tell as much as letters.
    let is_odd =
        |byte: u8| byte <= b' ' || matches!(byte, b':' | b'[' | b']' | b'/' | b'\\' | b'@' | b'<' | b'>' | b'"');
    let numeric = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (!name.is_empty() && !numeric && !name.bytes().any(is_odd)).then(|| lower(name).map_or(name.into(), Cow::Owned))
}

fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    }
}

/// The host of a URL, as it is written. A text without a scheme begins with the host, if that looks like one.
fn of_url(text: &str) -> Option<&str> {
    if text.contains("://") {
        return Url::parse(text).map(|url| url.domain);
    }
    let name = without_port(&text[..text.find(['/', '?', '#']).unwrap_or(text.len())]);
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | 0x80..);
    (name.contains('.') && name.bytes().all(is_usual)).then_some(name)
}

/// The host of a URL, unless it is an address.
pub(crate) fn url_host(text: &str) -> Option<Cow<'_, str>> {
    host(of_url(text)?)
}

/// The host of a URL, if it is an address.
pub(crate) fn url_ip(text: &str) -> Option<Cow<'_, str>> {
    let host = of_url(text)?;
    let host: Cow<'_, str> = lower(host).map_or(host.into(), Cow::Owned);
    host.parse::<IpAddr>().is_ok().then_some(host)
}
