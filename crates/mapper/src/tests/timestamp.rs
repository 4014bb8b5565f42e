//! Points in time.

use proptest::prelude::*;

use crate::timestamp::{between, parse};

fn check(text: &str, expected: Option<&str>) {
    assert_eq!(parse(text).map(|time| time.text.into_owned()).as_deref(), expected, "{text}");
}

#[test]
fn normal_form() {
    for text in
        ["2026-03-02T09:40:01Z", "2026-03-02T09:40:01.85Z", "2024-02-29T23:59:59.123456789Z", "0001-01-01T00:00:00Z"]
    {
        check(text, Some(text));
    }
    check("2026-03-02 09:40:01", Some("2026-03-02T09:40:01Z"));
    check("2026-03-02t09:40:01.5z", Some("2026-03-02T09:40:01.5Z"));
    check("2026-03-02T09:40:01.50+00:00", Some("2026-03-02T09:40:01.50Z"));
    check("2026-03-02T09:40:01.120-05:30", Some("2026-03-02T15:10:01.120Z"));
    check("2026-01-01T00:30:00+01:00", Some("2025-12-31T23:30:00Z"));
    check("2024-03-01T00:00:00+18:00", Some("2024-02-29T06:00:00Z"));
}

#[test]
fn not_a_time() {
    for text in [
        "",
        "2026",
        "2026-03-02",
        "2026-03-02T09:40",
        "2026-3-2T9:40:01Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "2026-01-01T00:00:00+19:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00 Z",
        "2026-01-01T00:00:00Zx",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
        "20260101T000000Z",
        "/Date(1772438400000)/",
        "2026-01-01T00:00:00é",
        "２026-01-01T00:00:00Z",
        "2026-01-01T00:00:0é",
    ] {
        check(text, None);
    }
}

#[test]
fn durations() {
    let check = |from: &str, to: &str, expected: Option<i64>| assert_eq!(between(from, to), expected, "{from} {to}");
    check("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", Some(0));
    check("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000001Z", Some(1));
    check("2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00Z", Some(3_600_000_000_000));
    check("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z", None);
    check("0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", None);
    check("never", "2026-01-01T00:00:00Z", None);
}

proptest! {
    #[test]
    fn no_text_panics(text: String, digits in "[0-9TtZz:+.\\- ]{15,32}") {
        for text in [text, digits] {
            if let Some(time) = parse(&text) {
                // The normal form is its own normal form, and chrono agrees that it is a time.
                prop_assert_eq!(&parse(&time.text).expect("a time").text, &time.text);
                prop_assert!(chrono::DateTime::parse_from_rfc3339(&time.text).is_ok());
            }
        }
    }

    #[test]
    fn agrees_with_chrono(seconds in -62_135_500_000_i64..253_402_200_000, nanos in 0..1_000_000_000_u32, offset in -1080..1080_i32) {
        let time = chrono::DateTime::from_timestamp(seconds, nanos).expect("a time");
        let zone = chrono::FixedOffset::east_opt(offset * 60).expect("a zone");
        let local = time.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Nanos, false);
        prop_assume!(local.len() == 35 && !local.starts_with("0000"));
        let expected = time.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
        prop_assert_eq!(parse(&local).map(|time| time.text.into_owned()), Some(expected));
    }
}
