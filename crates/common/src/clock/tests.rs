//! Laws of time: every form that services write is the same moment, and one wrong `Date` is not believed.

use std::time::Duration;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

/// 2026-01-31T15:00:00Z.
const NOON: i64 = 1_769_871_600;

#[test]
fn one_moment_in_every_form() {
    for text in [
        "2026-01-31T15:00:00Z",
        "2026-01-31T15:00:00.0000000Z",
        "2026-01-31t15:00:00z",
        "2026-01-31 15:00:00",
        "2026-01-31T15:00:00",
        "2026-01-31T15:00Z",
        "2026-01-31T15:00:00,000Z",
        "2026-01-31T10:00:00-05:00",
        "2026-01-31T10:00:00-0500",
        "2026-01-31T10:00:00-05",
        "2026-01-31T20:30:00+05:30",
        "2026-01-31T20:30:00.000+0530",
        "2026-02-01T00:00:00+09:00",
        "2026-01-31 15:00:00 UTC",
        "20260131T150000Z",
        " 2026-01-31T15:00:00Z ",
        "Sat, 31 Jan 2026 15:00:00 GMT",
        "Sat, 31 Jan 2026 10:00:00 -0500",
        "Saturday, 31-Jan-26 15:00:00 GMT",
        "Sat Jan 31 15:00:00 2026",
        "/Date(1769871600000)/",
        "/Date(1769871600000+0100)/",
        "1769871600",
        "1769871600.0",
        "1.7698716e9",
        "1769871600000",
        "1769871600000000",
        "1769871600000000000",
        "639054684000000000",
        "134143452000000000",
    ] {
        assert_eq!(parse(text).map(|time| time.timestamp()), Some(NOON), "{text}");
        assert!(order(text, "2026-01-31T15:00:00Z").is_eq(), "{text}");
    }
    assert_eq!(parse("2026-01-31").map(seconds).as_deref(), Some("2026-01-31T00:00:00Z"));
    assert_eq!(parse("2026-01-31T24:00:00Z").map(seconds).as_deref(), Some("2026-02-01T00:00:00Z"));
    assert_eq!(parse("9999-12-31T23:59:59.9999999Z").map(exact).as_deref(), Some("9999-12-31T23:59:59.9999999Z"));
    for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-31T25:00:00Z", "0000-01-01T00:00:00Z", "null", "-"] {
        assert_eq!(parse(text), None, "{text}");
        assert!(order(text, "0001-01-01T00:00:00Z").is_lt(), "{text}");
    }
}

#[test]
fn fractions_of_any_length_are_compared_as_numbers() {
    let sorted = [
        "2026-01-31T15:00:00Z",
        "2026-01-31T15:00:00.0000001Z",
        "2026-01-31T15:00:00.1Z",
        "2026-01-31T15:00:00.12-00:00",
    ];
    assert!(sorted.windows(2).all(|pair| order(pair[0], pair[1]).is_lt()));
    assert!(order("2026-01-31T15:00:00.5Z", "2026-01-31T15:00:00.5000000Z").is_eq());
    assert!(order("2026-01-31T10:00:00.5-05:00", "2026-01-31T15:00:00.4999999Z").is_gt());
}

#[test]
fn only_plain_forms_are_sent_as_they_came() {
    assert!(is_plain("2026-01-31T15:00:00.1234567Z") && is_plain("2026-01-31T15:00:00+05:30"));
    for text in [
        "2026-01-31T15:00:00",
        "2026-01-31 15:00:00Z",
        "2026-01-31T15:00:00z",
        "2026-01-31T15:00:00+0530",
        "1769871600",
    ] {
        assert!(!is_plain(text), "{text}");
    }
    assert!(is_mapped("2026-01-31 15:00:00") && is_mapped("2026-01-31t15:00:00.123456789z"));
    assert!(!is_mapped("2026-01-31T15:00:00+0530") && !is_mapped("2026-01-31T15:00:00.1234567891Z"));
}

proptest! {
    #[test]
    fn any_text_is_a_time_or_none(text in "[0-9TZtz:./, +()Date-]{0,40}|\\PC{0,30}") {
        if let Some(time) = parse(&text) {
            prop_assert_eq!(parse(&exact(time)), Some(time));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_that_jumps_is_outvoted_and_one_that_is_corrected_is_believed() {
    let clock = ServiceClock::default();
    let start = now() - TimeDelta::days(400);
    assert!(!clock.is_known());
    let answer = |date| {
        clock.note(date);
        clock.of_answer(Some(date))
    };
    assert_eq!(answer(start), start, "the first one is all there is");
    assert!((clock.now() - start).abs() < TimeDelta::seconds(5));
    tokio::time::advance(Duration::from_secs(1)).await;
    let jump = start + TimeDelta::days(30);
    assert!(answer(jump) < start + TimeDelta::seconds(30));
    assert_eq!(answer(start - TimeDelta::hours(1)), start - TimeDelta::hours(1), "what lies behind is safe");
    assert_eq!(answer(start), start);
    for _ in 0..7 {
        answer(jump);
    }
    assert_eq!(answer(jump), jump, "most answers say so");
    assert!(clock.ahead().expect("known") > TimeDelta::days(360));
}

#[tokio::test(start_paused = true)]
async fn wall_time_that_is_set_moves_with_the_clock_of_its_runtime_alone() {
    use tokio::time::{advance, sleep};
    let noon = DateTime::from_timestamp(NOON, 0).expect("a time");
    set(noon);
    assert_eq!(now(), noon);
    advance(Duration::from_hours(1)).await;
    assert_eq!(now(), noon + TimeDelta::hours(1));
    sleep(Duration::from_mins(5)).await;
    assert_eq!(tokio::spawn(async { now() }).await.expect("ends"), noon + TimeDelta::minutes(65));
    assert_eq!(tokio::task::spawn_blocking(now).await.expect("ends"), noon + TimeDelta::minutes(65));
    assert_eq!(after(Duration::from_secs(1)), "2026-01-31T16:05:01Z");
    let elsewhere = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async { now() })
    });
    let elsewhere = elsewhere.join().expect("ends");
    assert!((elsewhere - now()).abs() > TimeDelta::days(1), "{elsewhere} is the system's time");
    set(noon);
    assert_eq!(now(), noon);
}
