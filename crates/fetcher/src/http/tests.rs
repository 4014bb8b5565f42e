//! Laws of the HTTP helpers.

use super::*;

#[test]
fn retry_after_comes_in_two_forms() {
    let now = chrono::DateTime::parse_from_rfc3339("2026-03-01T10:00:00Z").expect("date").to_utc();
    assert_eq!(parse_retry_after("17", now), Some(Duration::from_secs(17)));
    assert_eq!(parse_retry_after("Sun, 01 Mar 2026 10:00:30 GMT", now), Some(Duration::from_secs(30)));
    assert_eq!(parse_retry_after("Sun, 01 Mar 2026 09:00:00 GMT", now), Some(Duration::ZERO));
    assert_eq!(parse_retry_after("soon", now), None);
}
