//! Times in every form that services write: ISO 8601 in its variants, HTTP dates, `/Date(…)/`, numbers since an epoch.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// Seconds from 0001-01-01 and from 1601-01-01 to 1970-01-01: .NET's ticks and Windows' file times begin there.
const TICKS_EPOCH: i64 = 62_135_596_800;
const FILE_TIME_EPOCH: i64 = 11_644_473_600;
/// Digits of a fraction that count.
const NANOS: usize = 9;

/// The moment that a text names; UTC where it names no zone.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    iso(text).or_else(|| number(text)).or_else(|| script_date(text)).or_else(|| http_date(text))
}

/// The forms that every OData service reads: date, `T`, time with seconds, and `Z` or an offset with a colon.
pub fn is_plain(text: &str) -> bool {
    split(text, 12).is_some_and(|(date, zone)| date[10] == b'T' && (zone == b"Z" || is_offset(zone)))
}

/// The forms that the mapper reads: those, and without a zone, in lower case, or with a space.
pub fn is_mapped(text: &str) -> bool {
    split(text, NANOS).is_some_and(|(_, zone)| matches!(zone, b"" | b"Z" | b"z") || is_offset(zone))
}

/// Date and time in the usual form with a fraction of at most so many digits, and the zone.
fn split(text: &str, most: usize) -> Option<(&[u8; 19], &[u8])> {
    let (date, mut rest) = text.as_bytes().split_first_chunk::<19>()?;
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest = fraction.get(digits..).filter(|_| (1..=most).contains(&digits))?;
    }
    let (day, time) = date.split_at(10);
    (fits(day, b"0000-00-00") && matches!(time[0], b'T' | b't' | b' ') && fits(&time[1..], b"00:00:00"))
        .then_some((date, rest))
}

fn is_offset(zone: &[u8]) -> bool {
    fits(zone, b"+00:00") || fits(zone, b"-00:00")
}

/// Whether a text has digits where the form has zeros, and is equal elsewhere.
fn fits(text: &[u8], form: &[u8]) -> bool {
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() == form.len() && text.iter().zip(form).all(fits)
}

/// Reads from the front of a text.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let value = digits
            .iter()
            .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))?;
        self.0 = rest;
        Some(value)
    }

    /// One of these, if it is next.
    fn mark(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        allowed.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn skip_space(&mut self) {
        while self.mark(b" ").is_some() {}
    }

    /// Nanoseconds of a fraction of any length.
    fn fraction(&mut self) -> i64 {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        (0..NANOS).fold(0, |value, place| value * 10 + digits.get(place).map_or(0, |byte| i64::from(byte - b'0')))
    }
}

/// `2026-01-31T10:00:00.5-05:00` and its relatives: other separators, no seconds, no time, no zone, no punctuation.
fn iso(text: &str) -> Option<DateTime<Utc>> {
    let mut reader = Reader(text.as_bytes());
    let year = reader.digits(4)?;
    let is_extended = reader.mark(b"-").is_some();
    let month = reader.digits(2)?;
    if is_extended {
        reader.mark(b"-")?;
    }
    let date = NaiveDate::from_ymd_opt(year.try_into().ok()?, month, reader.digits(2)?)?;
    if date < NaiveDate::from_ymd_opt(1, 1, 1)? {
        return None;
    }
    let mut local = date.and_hms_opt(0, 0, 0)?;
    if reader.0.is_empty() {
        return Some(local.and_utc());
    }
    reader.mark(b"Tt _")?;
    reader.skip_space();
    let hour = reader.digits(2)?;
    let has_colons = reader.mark(b":").is_some();
    let minute = reader.digits(2)?;
    let mut span = i64::from(hour * 60 + minute) * 60;
    let has_seconds =
        if has_colons { reader.mark(b":").is_some() } else { reader.0.first().is_some_and(u8::is_ascii_digit) };
    let mut nanos = 0;
    if has_seconds {
        let second = reader.digits(2)?;
        // A leap second is the first moment of the next minute.
        if second > 60 {
            return None;
        }
        span += i64::from(second);
        if reader.mark(b".,").is_some() {
            nanos = reader.fraction();
        }
    }
    if minute > 59 || span > 24 * 3600 {
        return None;
    }
    local = local.checked_add_signed(TimeDelta::seconds(span) + TimeDelta::nanoseconds(nanos))?;
    reader.skip_space();
    Some(local.checked_sub_signed(zone(reader)?)?.and_utc())
}

/// Reads the rest of a text as the difference from UTC.
fn zone(mut reader: Reader<'_>) -> Option<TimeDelta> {
    let sign = match reader.0 {
        b"" | b"Z" | b"z" => return Some(TimeDelta::zero()),
        word if word.eq_ignore_ascii_case(b"utc") || word.eq_ignore_ascii_case(b"gmt") => {
            return Some(TimeDelta::zero());
        }
        _ => reader.mark(b"+-")?,
    };
    let hours = reader.digits(2)?;
    reader.mark(b":");
    let minutes = if reader.0.is_empty() { 0 } else { reader.digits(2)? };
    if hours > 23 || minutes > 59 || !reader.0.is_empty() {
        return None;
    }
    let offset = TimeDelta::minutes(i64::from(hours * 60 + minutes));
    Some(if sign == b'-' { -offset } else { offset })
}

/// A number, by its size: seconds, milliseconds, microseconds or nanoseconds since 1970, a file time, or ticks.
fn number(text: &str) -> Option<DateTime<Utc>> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        // As `1.7672256e9`.
        let value: f64 = text.parse().ok().filter(|value: &f64| value.abs() < 1e14)?;
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        let (seconds, rest) = (value.trunc() as i64, (value.fract() * 1e9) as i64);
        return since_1970(seconds, rest);
    }
    let number: i64 = whole.parse().ok()?;
    let split = |parts: i64, nanos: i64| (number.div_euclid(parts), number.rem_euclid(parts) * nanos);
    let (seconds, nanos) = match number.unsigned_abs() {
        0..100_000_000_000 => {
            let nanos = Reader(fraction.as_bytes()).fraction();
            (number, if whole.starts_with('-') { -nanos } else { nanos })
        }
        100_000_000_000..100_000_000_000_000 => split(1000, 1_000_000),
        100_000_000_000_000..100_000_000_000_000_000 => split(1_000_000, 1000),
        100_000_000_000_000_000..300_000_000_000_000_000 => {
            let (seconds, nanos) = split(10_000_000, 100);
            (seconds - FILE_TIME_EPOCH, nanos)
        }
        300_000_000_000_000_000..1_000_000_000_000_000_000 => {
            let (seconds, nanos) = split(10_000_000, 100);
            (seconds - TICKS_EPOCH, nanos)
        }
        _ => split(1_000_000_000, 1),
    };
    since_1970(seconds, nanos)
}

fn since_1970(seconds: i64, nanos: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)?.checked_add_signed(TimeDelta::nanoseconds(nanos))
}

/// `/Date(1767225600000)/`, perhaps with an offset, which says how the moment is shown.
fn script_date(text: &str) -> Option<DateTime<Utc>> {
    let inside = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let end = inside.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')).map_or(inside.len(), |(at, _)| at);
    DateTime::from_timestamp_millis(inside.get(..end)?.parse().ok()?)
}

/// The three forms of HTTP.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let old = || {
        ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    DateTime::parse_from_rfc2822(text).ok().map(|time| time.to_utc()).or_else(|| old().map(|time| time.and_utc()))
}
