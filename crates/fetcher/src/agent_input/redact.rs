//! What is secret in a configuration: not shown, and not repeated where somebody else repeats it.

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
/// Values of headers and parameters that are shorter are words of any text.
const WORD: usize = 8;
/// Names that hold such a part, and whose values are none: places of files, and choices.
const PLAIN: [&str; 2] = ["_file", "_url"];

/// The members without secrets. Of maps whose names are anybody's, as headers, no value is shown.
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

/// Remembers what is secret, so that no line and no report has it, whoever says it.
pub(super) fn remember(source: &Map<String, Value>) {
    for (name, value) in source {
        each_secret(name, value, &mut |secret| common::secrets::keep(secret));
    }
}

/// Calls with everything that [`members`] leaves out.
fn each_secret(name: &str, value: &Value, call: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(inner) if is_anybodys(name) => {
            inner.values().filter_map(Value::as_str).filter(|text| text.len() >= WORD).for_each(call);
        }
        Value::Object(inner) => inner.iter().for_each(|(name, value)| each_secret(name, value, call)),
        Value::Array(items) => items.iter().for_each(|item| each_secret(name, item, call)),
        Value::String(text) if is_secret(name) || text.contains("PRIVATE KEY") => call(text),
        Value::String(text) => {
            if let Some((_, password)) = login(text).and_then(|(_, login)| login.split_once(':')) {
                call(password);
            }
        }
        _ => {}
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
    match login(text) {
        Some((scheme, login)) => format!("{scheme}://{REDACTED}{}", &text[scheme.len() + 3 + login.len()..]),
        None => text.to_owned(),
    }
}

/// Scheme of an address, and its user and password.
fn login(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest[..end].rfind('@').map(|at| (scheme, &rest[..at]))
}
