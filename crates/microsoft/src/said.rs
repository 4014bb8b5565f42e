//! What a service says in an error, whatever form it has: Graph's, the Defender API's, a gateway's, or none at all.

use serde_json::Value;

/// Depth to which errors within errors are looked through.
const MAX_DEPTH: usize = 5;
/// Characters of a body that is not JSON.
const MAX_WORDS: usize = 300;

/// The words of an error.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Said {
    /// A word for programs; empty if there is none.
    pub code: String,
    /// A sentence for people; empty if there is none.
    pub message: String,
}

impl Said {
    /// Reads the body of an error.
    pub fn read(body: &[u8]) -> Self {
        let text = decoded(body);
        let text = text.trim();
        match serde_json::from_str::<Value>(text) {
            Ok(value) => Self::of(&value, MAX_DEPTH).unwrap_or_default(),
            Err(_) => Self { code: String::new(), message: words(text) },
        }
    }

    /// Nothing was said.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty() && self.message.is_empty()
    }

    /// Whether it says that too much was asked for.
    pub fn is_throttling(&self) -> bool {
        const WORDS: [&str; 6] =
            ["429", "toomanyrequests", "throttle", "quotaexceeded", "ratelimit", "activitylimitreached"];
        let code = self.code.to_ascii_lowercase();
        WORDS.iter().any(|word| code.contains(word)) || self.message.contains("AF429")
    }

    /// Both in one text.
    pub fn text(&self) -> String {
        match (self.code.as_str(), self.message.as_str()) {
            (code, "") => code.to_owned(),
            ("", message) => message.to_owned(),
            (code, message) => format!("{code}: {message}"),
        }
    }

    fn of(value: &Value, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        match value {
            Value::String(text) if !text.trim().is_empty() => {
                Some(Self { code: String::new(), message: text.trim().to_owned() })
            }
            Value::Number(number) => Some(Self { code: number.to_string(), message: String::new() }),
            Value::Array(items) => items.iter().find_map(|item| Self::of(item, depth)),
            Value::Object(_) => {
                let member = |names: &[&str]| names.iter().find_map(|name| member(value, name));
                let scalar = |names: &[&str]| {
                    member(names).and_then(|found| match found {
                        Value::String(text) => Some(text.trim().to_owned()),
                        Value::Number(number) => Some(number.to_string()),
                        // OData 3 has `{"lang":…,"value":…}`.
                        Value::Object(_) => Self::of(found, depth).map(|said| said.text()),
                        _ => None,
                    })
                };
                let within = |names: &[&str]| {
                    let found = names.iter().filter_map(|name| self::member(value, name));
                    found.into_iter().find_map(|found| Self::of(found, depth)).unwrap_or_default()
                };
                let error = within(&["error", "odata.error", "errors", "error"]);
                let inner = within(&["innererror"]);
                let code = scalar(&["code", "errorcode", "error_code", "status", "title"]).unwrap_or_default();
                let message =
                    ["message", "error_description", "detail", "description", "errormessage", "value", "reason"];
                let message = scalar(&message).unwrap_or_default();
                // `{"error":"invalid_client","error_description":…}`: the first is the code.
                let is_word = !message.is_empty() && !error.message.is_empty() && error.code.is_empty();
                let (error_code, error_message) =
                    if is_word { (error.message, String::new()) } else { (error.code, error.message) };
                let first = |texts: [String; 3]| texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
                let code = first([error_code, code, inner.code]);
                let message = first([error_message, message, inner.message]);
                Some(Self { code, message }).filter(|said| !said.is_empty())
            }
            _ => None,
        }
    }
}

/// A member by its name, whatever the case of its letters and the signs before it.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?.iter();
    members
        .filter(|(_, found)| !found.is_null())
        .find(|(key, _)| key.trim_start_matches('@').eq_ignore_ascii_case(name))
        .or_else(|| {
            value.as_object()?.iter().find(|(key, found)| {
                !found.is_null()
                    && key.trim_start_matches('@').to_ascii_lowercase().strip_prefix("odata.") == Some(name)
            })
        })
        .map(|(_, found)| found)
}

/// The text of bytes in the encodings that services send: UTF-8 and UTF-16, with or without a byte order mark.
fn decoded(body: &[u8]) -> String {
    let utf16 = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match body {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [first, 0, _, 0, ..] if *first != 0 => utf16(body, u16::from_le_bytes),
        [0, first, 0, _, ..] if *first != 0 => utf16(body, u16::from_be_bytes),
        _ => String::from_utf8_lossy(body).into_owned(),
    }
}

/// What a page or a plain text says: without tags, scripts and styles, in one line.
fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while out.len() < 4 * MAX_WORDS {
        let Some(start) = rest.find('<') else {
            out.push_str(rest);
            break;
        };
        out.push_str(&rest[..start]);
        out.push(' ');
        let tag = &rest[start..];
        let hidden = ["script", "style"]
            .into_iter()
            .find(|name| tag.get(1..=name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)));
        let end = match hidden {
            Some(name) => tag.to_ascii_lowercase().find(&format!("</{name}")).unwrap_or(tag.len()),
            None => 0,
        };
        let Some(close) = tag[end..].find('>') else { break };
        rest = &tag[end + close + 1..];
    }
    let line = out.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = line.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
