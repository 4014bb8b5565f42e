//! Time in ticks of 100 ns since 1970, the resolution of the services' seven-digit fractions.

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) const SECOND: i64 = 10_000_000;

pub(crate) fn from_time(time: DateTime<Utc>) -> i64 {
    time.timestamp().saturating_mul(SECOND).saturating_add(i64::from(time.timestamp_subsec_nanos() / 100))
}

pub(crate) fn from_delta(delta: TimeDelta) -> i64 {
    delta.num_seconds().saturating_mul(SECOND).saturating_add(i64::from(delta.subsec_nanos() / 100))
}

pub(crate) fn to_time(ticks: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(ticks.div_euclid(SECOND), (ticks.rem_euclid(SECOND) * 100) as u32).unwrap_or_default()
}

/// Appends `2026-03-02T08:15:00.1234567Z`, trailing zeros of the fraction left out as the services do.
pub(crate) fn write(ticks: i64, out: &mut Vec<u8>) {
    let (seconds, mut fraction) = (ticks.div_euclid(SECOND), ticks.rem_euclid(SECOND));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let mut text = *b"0000-00-00T00:00:00.0000000";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..10], day);
    digits(&mut text[11..13], second / 3600);
    digits(&mut text[14..16], second / 60 % 60);
    digits(&mut text[17..19], second % 60);
    let mut end = 19;
    if fraction > 0 {
        digits(&mut text[20..27], fraction);
        end = 27;
        while fraction % 10 == 0 {
            fraction /= 10;
            end -= 1;
        }
    }
    out.extend_from_slice(&text[..end]);
    out.push(b'Z');
}

fn digits(into: &mut [u8], mut value: i64) {
    for byte in into.iter_mut().rev() {
        *byte = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Year, month and day of a day count since 1970 (proleptic Gregorian calendar, eras of 400 years from 1 March 0000).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
