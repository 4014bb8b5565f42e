//! Laws of the minute of a time.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn buckets_are_minutes_whatever_the_spelling(seconds in 60..253_402_300_799_i64, nanos in 0..1_000_000_000_u32) {
        let time = chrono::DateTime::from_timestamp(seconds, nanos).expect("time");
        let minute = MinuteBucket(u32::try_from(seconds / 60).expect("fits"));
        for text in [
            time.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true),
            time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            time.to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
        ] {
            prop_assert_eq!(MinuteBucket::of(Some(&text)), minute, "{}", text);
        }
    }
}

#[test]
fn a_time_that_is_none_has_no_bucket() {
    for text in ["", "Z", "2026-13-01T00:00:00Z", "2026-01-0", "soon", "2026-01-01T25:00:00Z", "1969-12-31T23:59:00Z"] {
        assert_eq!(MinuteBucket::of(Some(text)), MinuteBucket::UNDATED, "{text}");
    }
    assert_eq!(MinuteBucket::of(None), MinuteBucket::UNDATED);
}
