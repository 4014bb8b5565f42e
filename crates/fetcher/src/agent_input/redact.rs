//! Configurations without what is secret in them.

use serde_json::{Map, Value};

/// Stands in the place of a secret.
const REDACTED: &str = "<REDACTED>";
/// Parts of names whose values are secret.
const SECRET: [&str; 10] = [
    "secret",
    "password",
    "passphrase",
    "token",
    "api_key",
    "apikey",
    "authorization",
    "cookie",
    "private",
    "credential",
];
/// Names that hold such a part, and whose values are none: places of files, and choices.
const PLAIN: [&str; 2] = ["_file", "_url"];

/// The members without secrets. `all` is for maps whose names are anybody's, as headers.
pub(super) fn members(source: &Map<String, Value>) -> Map<String, Value> {
    source.iter().map(|(name, value)| (name.clone(), member(name, value))).collect()
}

fn member(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(inner) if is_anybodys(name) => {
            inner.keys().map(|name| (name.clone(), REDACTED.into())).collect::<Map<_, _>>().into()
        }
        Value::Object(inner) => members(inner).into(),
        Value::Array(items) if !is_secret(name) => items.iter().map(|item| member(name, item)).collect(),
        Value::Null | Value::Bool(_) => value.clone(),
        _ if is_secret(name) => REDACTED.into(),
        // A key in PEM, a login in an address: wherever it stands.
        Value::String(text) if text.contains("PRIVATE KEY") => REDACTED.into(),
        Value::String(text) => without_login(text).into(),
        other => other.clone(),
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or(&name);
    // How an application proves who it is, is a word of a choice.
    let is_plain = last == "credential" || PLAIN.iter().any(|end| last.ends_with(end));
    last == "key" || !is_plain && SECRET.iter().any(|part| last.contains(part))
}

fn is_anybodys(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    last == "headers" || last.ends_with("_headers") || last == "parameters"
}

/// An address without user and password.
fn without_login(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{REDACTED}{}", &rest[at..]),
        None => text.to_owned(),
    }
}
