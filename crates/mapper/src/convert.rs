//! Reads a JSON value as a scalar column's type demands.

use std::borrow::Cow;
use std::net::IpAddr;

use schema::Semantic;

use crate::row::{At, Kind, Row};
use crate::timestamp;

/// A value in its column's normal form.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// Text, with its JSON form if that can be copied as it is.
    Text(Cow<'a, str>, Option<&'a str>),
    /// Whole number.
    Integer(i64),
    /// Number as written.
    Number(&'a str),
    /// Boolean.
    Flag(bool),
    /// JSON object inside a string.
    Json(String),
    /// No value: null, or empty text for a type that has no empty value.
    Nothing,
    /// A value that is not of the column's type.
    Mistyped,
}

/// Reads the value as the column's type demands.
pub(crate) fn convert<'a>(semantic: Semantic, row: &'a Row<'_>, at: At) -> Value<'a> {
    let kind = row.kind(at);
    match (semantic, kind) {
        (_, Kind::Null) => Value::Nothing,
        (Semantic::Integer, Kind::Integer) => row.raw(at).parse().map_or(Value::Mistyped, Value::Integer),
        (Semantic::Integer, Kind::Text) => integer(row.inner(at)),
        (Semantic::Integer, Kind::Escaped) => integer(&crate::row::decode(row.inner(at))),
        (Semantic::Number, Kind::Integer | Kind::Float) => Value::Number(row.raw(at)),
        (Semantic::Flag, Kind::True) => Value::Flag(true),
        (Semantic::Flag, Kind::False) => Value::Flag(false),
        (Semantic::Flag, Kind::Text) => flag(row.inner(at)),
        (Semantic::Flag, Kind::Escaped) => flag(&crate::row::decode(row.inner(at))),
        (Semantic::Integer | Semantic::Number | Semantic::Flag, _)
        | (_, Kind::Odd | Kind::Float | Kind::Object | Kind::Array) => Value::Mistyped,
        (_, Kind::Text) => text(semantic, row.inner(at).into(), Some(row.raw(at))),
        (_, Kind::Escaped) => text(semantic, crate::row::decode(row.inner(at)).into(), Some(row.raw(at))),
        (Semantic::Ip | Semantic::Timestamp | Semantic::JsonText, _) => Value::Mistyped,
        (_, _) => row.scalar(at).map_or(Value::Nothing, |text| Value::Text(text, None)),
    }
}

fn integer(text: &str) -> Value<'static> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if text.is_empty() {
        return Value::Nothing;
    }
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Value::Mistyped;
    }
    text.parse().map_or(Value::Mistyped, Value::Integer)
}

fn flag(text: &str) -> Value<'static> {
    match text {
        "" => Value::Nothing,
        _ if text.eq_ignore_ascii_case("true") => Value::Flag(true),
        _ if text.eq_ignore_ascii_case("false") => Value::Flag(false),
        _ => Value::Mistyped,
    }
}

fn text<'a>(semantic: Semantic, text: Cow<'a, str>, raw: Option<&'a str>) -> Value<'a> {
    match semantic {
        Semantic::Lower | Semantic::Hash => match lower(&text) {
            Some(lower) => Value::Text(lower.into(), None),
            None => Value::Text(text, raw),
        },
        Semantic::Ip | Semantic::Timestamp | Semantic::JsonText if text.is_empty() => Value::Nothing,
        Semantic::Ip if text.parse::<IpAddr>().is_ok() => Value::Text(text, raw),
        Semantic::Timestamp => match timestamp::parse(&text) {
            Some(time) if time.text == text => Value::Text(text, raw),
            Some(time) => Value::Text(time.text.into_owned().into(), None),
            None => Value::Mistyped,
        },
        Semantic::JsonText if Row::strict(&text).is_some() => Value::Json(text.into_owned()),
        Semantic::Ip | Semantic::JsonText => Value::Mistyped,
        _ => Value::Text(text, raw),
    }
}

/// The text in lower case, letter by letter (no other form of sigma at the end of a word); none if the text is in lower
/// case already.
pub(crate) fn lower(text: &str) -> Option<String> {
    if text.is_ascii() {
        // Without an early end, so that many letters are looked at together.
        let is_mixed = text.bytes().fold(false, |found, byte| found | byte.is_ascii_uppercase());
        return is_mixed.then(|| text.to_ascii_lowercase());
    }
    let lower = text.replace('Σ', "σ").to_lowercase();
    (lower != text).then_some(lower)
}
