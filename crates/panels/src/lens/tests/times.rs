use super::NOW;
use crate::lens::time::{Length, Span, auto_interval, date_math, text};

const DAY: i64 = 86_400_000;

#[test]
fn auto_intervals_are_those_of_kibana() {
    // What Kibana's time picker and charts show for its quick ranges.
    for (range, interval) in [
        (DAY / 96, "30s"),
        (DAY / 24, "1m"),
        (DAY, "30m"),
        (7 * DAY, "3h"),
        (30 * DAY, "12h"),
        (90 * DAY, "1d"),
        (365 * DAY, "1w"),
        (5 * 365 * DAY, "1M"),
    ] {
        assert_eq!(auto_interval(range).text(), interval, "{} days", range / DAY);
    }
}

#[test]
fn date_math_rounds_and_follows_the_calendar() {
    for (expression, up, expected) in [
        ("now", false, "2026-11-28T09:30:00.000Z"),
        ("now-7d", false, "2026-11-21T09:30:00.000Z"),
        ("now-1M", false, "2026-10-28T09:30:00.000Z"),
        ("now/d", false, "2026-11-28T00:00:00.000Z"),
        ("now/d", true, "2026-11-28T23:59:59.999Z"),
        ("now-1d/d", true, "2026-11-27T23:59:59.999Z"),
        ("now/w", false, "2026-11-23T00:00:00.000Z"),
        ("now/M", true, "2026-11-30T23:59:59.999Z"),
        ("now+1y", false, "2027-11-28T09:30:00.000Z"),
        ("2026-01-31T10:00:00Z", false, "2026-01-31T10:00:00.000Z"),
        ("2026-01-31", false, "2026-01-31T00:00:00.000Z"),
    ] {
        assert_eq!(text(date_math(expression, NOW, up).unwrap()), expected, "{expression}");
    }
    for wrong in ["", "now-", "now-7", "now-7x", "now*2", "yesterday", "now/2d"] {
        assert!(date_math(wrong, NOW, false).is_err(), "{wrong}");
    }
    assert!(Span::parse("now", "now-1d", NOW).is_err());
}

#[test]
fn lengths_go_back_by_the_calendar() {
    let month = Length::parse("1M").unwrap();
    let march = date_math("2026-03-31", NOW, false).unwrap();
    assert_eq!(text(month.added(march, -1).unwrap()), "2026-02-28T00:00:00.000Z");
    assert_eq!(Length::of(7 * DAY).text(), "1w");
    assert_eq!(Length::of(36 * 3_600_000).text(), "36h");
    assert_eq!(
        (Length::parse("2w").unwrap().asked(), Length::parse("1w").unwrap().asked()),
        ("14d".into(), "1w".into())
    );
    assert!(Length::parse("0d").is_err());
}
