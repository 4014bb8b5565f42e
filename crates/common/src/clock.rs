//! Time: the wall clock, of which this is the only reader; times as texts; the services' clocks.

mod lenient;
#[cfg(any(test, feature = "test-support"))]
mod movable;
mod service;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

pub use self::lenient::{is_mapped, is_plain, parse};
#[cfg(any(test, feature = "test-support"))]
pub use self::movable::set;
pub use self::service::ServiceClock;
pub use self::service::date;

/// Now. In tests the time that `set` gave the runtime, moved by tokio's clock; without that, and always in the program,
/// the system's.
#[expect(clippy::disallowed_methods, reason = "the place that the ban points to")]
pub fn now() -> DateTime<Utc> {
    #[cfg(any(test, feature = "test-support"))]
    if let Some(now) = movable::now() {
        return now;
    }
    Utc::now()
}

/// A moment in whole seconds, as files and `$filter` literals carry it.
pub fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A moment with all its digits, as a `$filter` literal.
pub fn exact(time: DateTime<Utc>) -> String {
    let text = time.to_rfc3339_opts(SecondsFormat::Nanos, true);
    format!("{}Z", text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.'))
}

/// Compares two times in any of the services' forms. A text that is no time comes before all of them.
pub fn order(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    match (parse(a), parse(b)) {
        (None, None) => a.cmp(b),
        (a, b) => a.cmp(&b),
    }
}

/// Now, as written into files.
pub fn timestamp() -> String {
    now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A moment earlier.
pub fn earlier(time: DateTime<Utc>, span: std::time::Duration) -> DateTime<Utc> {
    TimeDelta::from_std(span).ok().and_then(|span| time.checked_sub_signed(span)).unwrap_or_default()
}

/// A moment in the future, as written into files.
pub fn after(span: std::time::Duration) -> String {
    let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
    let then = now().checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC);
    seconds(then)
}
