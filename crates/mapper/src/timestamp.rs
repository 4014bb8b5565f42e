//! Points in time: RFC 3339 with up to nine digits of a second; a time without a zone is in UTC.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// A checked point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timestamp<'a> {
    /// The text in normal form: `T` between date and time, `Z` at the end, the source's own digits of the second.
    pub(crate) text: Cow<'a, str>,
}

/// Checks a time and brings it into normal form; the usual form is kept as it is.
pub(crate) fn parse(text: &str) -> Option<Timestamp<'_>> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = bytes.get(from..to)?;
        digits.iter().try_fold(0, |value, &byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
    };
    let mark = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|byte| allowed.contains(byte));
    if !(mark(4, b"-") && mark(7, b"-") && mark(10, b"Tt ") && mark(13, b":") && mark(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if year == 0 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let mut end = 19;
    if mark(19, b".") {
        let digits = bytes[20..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        end = 20 + digits;
    }
    let offset = match &bytes[end..] {
        b"Z" if bytes[10] == b'T' => return Some(Timestamp { text: text.into() }),
        b"Z" | b"z" | b"" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (number(end + 1, end + 3)?, number(end + 4, end + 6)?);
            if hours > 18 || minutes > 59 {
                return None;
            }
            let minutes = i64::from(hours * 60 + minutes);
            if *sign == b'+' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let local = date.and_hms_opt(hour, minute, second)?.checked_add_signed(TimeDelta::minutes(offset))?;
    let seconds = local.format("%Y-%m-%dT%H:%M:%S").to_string();
    if seconds.len() != 19 || seconds.starts_with("0000") {
        return None;
    }
    Some(Timestamp { text: format!("{seconds}{}Z", &text[19..end]).into() })
}

/// Nanoseconds from the first time to the second; none if the span is negative, or longer than 292 years.
pub(crate) fn between(from: &str, to: &str) -> Option<i64> {
    let time = |text: &str| parse(text)?.text.parse::<DateTime<Utc>>().ok();
    (time(to)? - time(from)?).num_nanoseconds().filter(|nanos| *nanos >= 0)
}
