//! DER, as far as certificates and PKCS#12 files need it.

use chrono::{DateTime, NaiveDateTime, Utc};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]`, as a value and as a container.
pub(super) const TAG_0: u8 = 0x80;
pub(super) const IN_0: u8 = 0xA0;

/// Elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    /// The next element: its tag and its content.
    pub(super) fn any(&mut self) -> Option<(u8, Der<'a>)> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            // The indefinite form (no length at all) is BER, not DER.
            let size = usize::from(first & 0x7F);
            let (bytes, rest) = rest.split_at_checked(size).filter(|_| (1..=4).contains(&size))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, Der(content)))
    }

    /// The content of the next element, which must be of this kind.
    pub(super) fn take(&mut self, tag: u8) -> Option<Der<'a>> {
        let mut ahead = *self;
        let (found, content) = ahead.any()?;
        (found == tag).then(|| {
            *self = ahead;
            content
        })
    }

    /// The next element, a small number.
    pub(super) fn number(&mut self) -> Option<u32> {
        let bytes = self.take(INTEGER)?.0;
        let bytes = bytes.strip_prefix(&[0]).unwrap_or(bytes);
        (bytes.len() <= 4).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}

/// From when and until when a certificate is valid.
pub(super) fn validity(certificate: &[u8]) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let mut body = Der(certificate).take(SEQUENCE)?.take(SEQUENCE)?;
    // The version stands in front only where it is not the first one.
    body.take(IN_0);
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        body.any()?;
    }
    let mut validity = body.take(SEQUENCE)?;
    Some((time(&mut validity)?, time(&mut validity)?))
}

/// `UTCTime` with its two digits for the year, or `GeneralizedTime`.
fn time(from: &mut Der<'_>) -> Option<DateTime<Utc>> {
    let (tag, content) = from.any()?;
    let text = std::str::from_utf8(content.0).ok()?;
    let text = match tag {
        0x17 => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        0x18 => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok().map(|time| time.and_utc())
}
