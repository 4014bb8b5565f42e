//! The state computed from documents in memory, where no cluster does it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::equivalent::get;
use super::{Entity, Method, response};

/// Current documents of the entity, with ids made from its key, out of documents of the history in the order of their
/// arrival. Documents of other datasets, and those that the transform leaves out, are passed over.
pub fn current<'a>(entity: &Entity, history: impl IntoIterator<Item = &'a Value>) -> Vec<(String, Value)> {
    let mut groups: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for document in history {
        if let Some(key) = key(entity, document) {
            groups.entry(key).or_default().push(document);
        }
    }
    let one = |(key, mut versions): (String, Vec<&Value>)| {
        let document = match entity.method {
            Method::Latest => newest(&versions).cloned().unwrap_or_default(),
            Method::Response => response::document(entity.key, &mut versions),
        };
        (key, document)
    };
    groups.into_iter().map(one).collect()
}

/// The version of the greatest time; of several, the one that arrived first.
fn newest<'a>(versions: &[&'a Value]) -> Option<&'a Value> {
    let time = |version: &Value| get(version, "@timestamp").and_then(Value::as_str).and_then(millis);
    versions.iter().copied().rev().max_by_key(|version| time(version))
}

/// The entity that a document tells of, or none if it does not count.
fn key(entity: &Entity, document: &Value) -> Option<String> {
    let dataset = format!("m365_security.{}", entity.dataset);
    let is_of_dataset = get(document, "event.dataset").and_then(Value::as_str) == Some(dataset.as_str());
    if !is_of_dataset || get(document, "error.message").is_some() {
        return None;
    }
    for (field, values) in entity.only {
        let found = get(document, field)?.as_str()?;
        if !values.contains(&found) {
            return None;
        }
    }
    let parts: Vec<&str> = entity.key.iter().map(|field| get(document, field)?.as_str()).collect::<Option<_>>()?;
    Some(parts.join("|"))
}

/// Milliseconds since 1970 of a time in UTC, as documents write it: `2026-03-02T09:40:01.1234567Z`. Finer digits are cut
/// off, as the type `date` of Elasticsearch does.
pub(super) fn millis(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let seconds = (number(11, 13)? * 60 + number(14, 16)?) * 60 + number(17, 19)?;
    let digits: String =
        text.get(19..)?.trim_start_matches('.').chars().take_while(char::is_ascii_digit).take(3).collect();
    let fraction: i64 = format!("{digits:0<3}").parse().ok()?;
    Some((days(year, month, day) * 86_400 + seconds) * 1000 + fraction)
}

/// A time in UTC, with milliseconds where it has some, as Java's `Instant` writes it.
pub(super) fn iso(millis: i64) -> String {
    let (seconds, fraction) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    let (mut day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut year = 1970 + day / 366;
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    day -= days(year, 1, 1);
    let month = (1..=12).rev().find(|month| days(year, *month, 1) - days(year, 1, 1) <= day).unwrap_or(1);
    day -= days(year, month, 1) - days(year, 1, 1);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:03}") };
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z", day + 1)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let earlier = year - 1;
    let leaps = earlier / 4 - earlier / 100 + earlier / 400;
    // Leap days up to the year 1969: 477.
    let before = BEFORE[usize::try_from(month - 1).unwrap_or_default().min(11)] + i64::from(is_leap && month > 2);
    (year - 1970) * 365 + leaps - 477 + before + day - 1
}
