//! Laws of the HTTP helpers.

mod backoff;
mod decode;
mod gap;

use super::*;

#[test]
fn retry_after_comes_in_two_forms() {
    let now = chrono::DateTime::parse_from_rfc3339("2026-03-01T10:00:00Z").expect("date").to_utc();
    assert_eq!(wait::of_header("17", now), Some(Duration::from_secs(17)));
    assert_eq!(wait::of_header("Sun, 01 Mar 2026 10:00:30 GMT", now), Some(Duration::from_secs(30)));
    assert_eq!(wait::of_header("Sun, 01 Mar 2026 09:00:00 GMT", now), Some(Duration::ZERO));
    let day = Duration::from_hours(24);
    for (text, wait) in [
        (" 17 ", Some(Duration::from_secs(17))),
        ("1.5", Some(Duration::from_millis(1500))),
        ("-5", Some(Duration::ZERO)),
        ("18446744073709551615", Some(day)),
        ("99999999999999999999999", Some(day)),
        ("1e300", Some(day)),
        ("1e400", Some(day)),
        ("Sunday, 01-Mar-26 10:00:30 GMT", Some(Duration::from_secs(30))),
        ("Sun Mar  1 10:00:30 2026", Some(Duration::from_secs(30))),
        ("2026-03-01T10:00:30Z", Some(Duration::from_secs(30))),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(day)),
        ("NaN", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(wait::of_header(text, now), wait, "{text:?}");
    }
    for text in
        ["retry after 18446744073709551615 hours", "try again at 9999-12-31T23:59:59Z", "wait 99999999999 minutes"]
    {
        assert_eq!(wait::of_body(text, now), Some(day), "{text}");
    }
}

#[test]
fn a_wait_is_found_in_the_words_of_a_body() {
    let now = chrono::DateTime::parse_from_rfc3339("2026-03-01T10:00:00Z").expect("date").to_utc();
    for (body, seconds) in [
        (
            r#"{"error":{"code":"TooManyRequests","message":"API calls quota exceeded! maximum admitted 50 per 1m. Try again in 26 seconds."}}"#,
            Some(26),
        ),
        (r#"{"error":{"message":"45 calls per 60 seconds are allowed, please retry after 2 minutes"}}"#, Some(120)),
        (r#"{"error":{"code":"429","retryAfter":"30"}}"#, Some(30)),
        (r#"{"message":"Wait 00:01:30 before the next call"}"#, Some(90)),
        (r#"{"message":"You can call again from 2026-03-01T10:00:45Z on."}"#, Some(45)),
        (r#"{"message":"Retry in 15s"}"#, Some(15)),
        (
            r#"{"error":{"code":"TooManyRequests","message":"Please retry again later.","innerError":{"code":"429","message":"Please retry after"}}}"#,
            None,
        ),
        (r#"{"error":{"code":"AF429","message":"Too many requests. Method=GetBlob, PublisherId=0000"}}"#, None),
        ("busy", None),
        ("", None),
    ] {
        assert_eq!(wait::of_body(body, now), seconds.map(Duration::from_secs), "{body}");
    }
}
