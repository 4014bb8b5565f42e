//! How long a throttled caller shall wait: `Retry-After`, or the words of the error body.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

/// Longer waits are those of a service that has lost count; whoever waits has shorter bounds of their own.
const LONGEST: Duration = Duration::from_hours(24);
/// The forms of a date besides the usual one: of old servers, and of those that know the header only by its name.
const DATES: [&str; 3] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y", "%Y-%m-%dT%H:%M:%SZ"];

/// `Retry-After`, in seconds or as a date.
pub(super) fn of_header(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    // Some write fractions.
    if let Ok(seconds) = text.parse::<f64>() {
        return (!seconds.is_nan()).then(|| Duration::from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64())));
    }
    let date = DateTime::parse_from_rfc2822(text).map(|date| date.to_utc()).ok().or_else(|| {
        DATES.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|date| date.and_utc())
    })?;
    Some(until(date, now))
}

fn until(date: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (date - now).to_std().unwrap_or_default().min(LONGEST)
}

/// A wait in the text of an error: `Try again in 26 seconds`, `"retryAfter":"30"`, `wait 00:01:30`, or the moment from
/// which calls are accepted again.
pub(super) fn of_body(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '-' | '_' | '+');
    let words: Vec<&str> = text
        .split(|c| !is_word(c))
        .map(|word| word.trim_matches(['.', ':', '-']))
        .filter(|word| !word.is_empty())
        .collect();
    // A limit ("45 calls per 60 seconds") names a time too: what counts follows a word of waiting.
    let start = words.iter().position(|word| {
        let word = word.to_ascii_lowercase();
        ["retry", "again", "wait"].iter().any(|hint| word.contains(hint))
    })?;
    let words = &words[start + 1..];
    let found = words.iter().enumerate().find_map(|(place, word)| {
        if let Ok(moment) = DateTime::parse_from_rfc3339(word) {
            return Some(until(moment.to_utc(), now));
        }
        if let Some(clock) = clock_span(word) {
            return Some(clock);
        }
        let digits = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let number: u64 = word[..digits].parse().ok()?;
        let unit =
            if digits < word.len() { &word[digits..] } else { words.get(place + 1).copied().unwrap_or_default() };
        match unit.to_ascii_lowercase().as_str() {
            "ms" | "milliseconds" => Some(Duration::from_millis(number)),
            "m" | "min" | "minute" | "minutes" => Some(Duration::from_secs(number.saturating_mul(60))),
            "h" | "hour" | "hours" => Some(Duration::from_secs(number.saturating_mul(3600))),
            "s" | "sec" | "second" | "seconds" => Some(Duration::from_secs(number)),
            // A bare number is the value of a member such as `retryAfter`.
            _ if place == 0 && digits == word.len() => Some(Duration::from_secs(number)),
            _ => None,
        }
    });
    found.map(|wait| wait.min(LONGEST))
}

/// `hh:mm:ss`.
fn clock_span(word: &str) -> Option<Duration> {
    let mut parts = word.split(':').map(str::parse::<u64>);
    let (Some(Ok(hours)), Some(Ok(minutes)), Some(Ok(seconds)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    (hours < 100 && minutes < 60 && seconds < 60).then(|| Duration::from_secs(hours * 3600 + minutes * 60 + seconds))
}
