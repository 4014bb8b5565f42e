//! The wall clock: the only place that reads it.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// Now.
#[expect(clippy::disallowed_methods, reason = "the place that the ban points to")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A moment in whole seconds, as files and `$filter` literals carry it.
pub(crate) fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The moment that a service or a file of ours names.
pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// Now, as written into files.
pub(crate) fn timestamp() -> String {
    now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A moment in the past, in the form of a `$filter` literal.
pub(crate) fn ago(span: std::time::Duration) -> String {
    let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
    let then = now().checked_sub_signed(span).unwrap_or_default();
    seconds(then)
}

/// A moment in the future, as written into files.
pub(crate) fn after(span: std::time::Duration) -> String {
    let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
    let then = now().checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC);
    seconds(then)
}
