//! Times of change as other services write them.

use axum::body::{Body, to_bytes};
use chrono::{DateTime, FixedOffset};

use crate::list::List;

/// The body with the times that its list is read by at an offset from UTC, in minutes.
pub(super) async fn with_offset(body: Body, minutes: i32, list: Option<&'static List>) -> Body {
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return Body::empty() };
    let Ok(text) = String::from_utf8(bytes.to_vec()) else { return Body::from(bytes) };
    let Some(list) = list else { return Body::from(text) };
    let name = format!("\"{}\":\"", list.time_name());
    let mut parts = text.split(&name);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (time, rest) = part.split_once('"').unwrap_or((part, ""));
        let time = at_offset(time, minutes).unwrap_or_else(|| time.to_owned());
        out.extend([&*name, &*time, "\"", rest]);
    }
    Body::from(out)
}

/// The same moment; the digits of the second are kept.
fn at_offset(time: &str, minutes: i32) -> Option<String> {
    let there = DateTime::parse_from_rfc3339(time).ok()?.with_timezone(&FixedOffset::east_opt(minutes * 60)?);
    let fraction = time.get(19..)?.trim_end_matches('Z');
    Some(format!("{}{fraction}{}", there.format("%Y-%m-%dT%H:%M:%S"), there.format("%:z")))
}
