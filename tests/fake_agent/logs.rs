//! What an agent makes of a component's output: one JSON object a line. An agent takes anything; a test wants lines that
//! the agent does not mangle.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// `log.level`.
    pub level: String,
    /// `message`.
    pub message: String,
    /// The unit that it is about (`unit.id`).
    pub unit: Option<String>,
    /// Everything.
    pub fields: Map<String, Value>,
}

/// Reads a line.
///
/// # Errors
/// What the agent would make of the line instead of what was meant.
pub fn parse_line(line: &str) -> Result<Line, String> {
    if !line.starts_with('{') {
        return Err(format!("plain text becomes a message without level and time: {line}"));
    }
    let fields: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| format!("no JSON ({error}), so plain text: {line}"))?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let level = text("log.level").ok_or_else(|| format!("no log.level: {line}"))?;
    if !["debug", "info", "warn", "error"].contains(&level) {
        return Err(format!("log.level {level} becomes info, and stands there twice: {line}"));
    }
    let time = text("@timestamp").ok_or_else(|| format!("no @timestamp: {line}"))?;
    if !is_time(time) {
        return Err(format!("@timestamp {time} is replaced by the time of reading, and stands there twice: {line}"));
    }
    let message = text("message").ok_or_else(|| format!("no message: {line}"))?.to_owned();
    if fields.contains_key("ecs.version") || fields.contains_key("ecs") {
        return Err(format!("ecs.version stands there twice: {line}"));
    }
    let nested = fields.get("unit").and_then(|unit| unit.get("id")).and_then(Value::as_str);
    let unit = text("unit.id").or(nested).map(str::to_owned);
    Ok(Line { level: level.to_owned(), message, unit, fields })
}

/// Go's layout `2006-01-02T15:04:05.000Z0700`: three digits of fraction, `Z` or an offset without a colon.
fn is_time(text: &str) -> bool {
    let is_like = |text: &str, pattern: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                like => byte == like,
            })
    };
    ["Z", "+0000", "-0000"].iter().any(|zone| is_like(text, &format!("0000-00-00T00:00:00.000{zone}")))
}
