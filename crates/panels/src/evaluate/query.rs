//! Query DSL over documents in memory: `bool`, `term`, `terms`, `match`, `match_phrase`, `range`, `exists`, `wildcard`.

use schema::ecs::Type;
use serde_json::{Map, Value};

use super::document::Document;
use super::values::{Datum, bits, time};
use super::{Error, Result, Types};
use crate::lens::date_math;

#[derive(Debug)]
pub(super) enum Query {
    All,
    /// A field that is not mapped has no value.
    Nothing,
    Bool {
        all: Vec<Query>,
        any: Vec<Query>,
        at_least: usize,
        none: Vec<Query>,
    },
    Exists(String),
    OneOf(String, Vec<Datum>),
    /// Addresses of a network: first and last.
    Network(String, u128, u128),
    Range(String, Bounds),
    Wildcard(String, Vec<Piece>),
    /// Words of a text, one after another.
    Phrase(String, Vec<String>),
    /// One of the words.
    Words(String, Vec<String>),
}

/// Ends of a range; the flag says that the end itself is within.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    from: Option<(Datum, bool)>,
    to: Option<(Datum, bool)>,
}

/// A part of a wildcard pattern.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Letter(char),
    One,
    Any,
}

pub(super) fn parse(json: &Value, types: &Types) -> Result<Query> {
    if json.is_null() {
        return Ok(Query::All);
    }
    let (word, inner) = single(json)?;
    match word {
        "match_all" => Ok(Query::All),
        "bool" => boolean(inner, types),
        "exists" => {
            let field = inner["field"].as_str().ok_or_else(|| Error::new("exists names no field"))?;
            Ok(Query::Exists(field.to_owned()))
        }
        "terms" => {
            let (field, values) = single(inner)?;
            let values = values.as_array().ok_or_else(|| Error::new(format!("terms of {field} is no list")))?;
            let each = values.iter().map(|value| equal(field, value, types));
            Ok(Query::Bool { all: Vec::new(), any: each.collect::<Result<_>>()?, at_least: 1, none: Vec::new() })
        }
        "term" => {
            let (field, value) = single(inner)?;
            equal(field, value.get("value").unwrap_or(value), types)
        }
        "match" | "match_phrase" => {
            let (field, value) = single(inner)?;
            let value = value.get("query").unwrap_or(value);
            if types.kind(field) != Some(Type::MatchOnlyText) {
                return equal(field, value, types);
            }
            let words = words(value.as_str().unwrap_or_default());
            let field = field.to_owned();
            Ok(if word == "match" { Query::Words(field, words) } else { Query::Phrase(field, words) })
        }
        "range" => range(inner, types),
        "wildcard" => {
            let (field, value) = single(inner)?;
            let pattern = value.get("value").unwrap_or(value).as_str();
            let pattern = pattern.ok_or_else(|| Error::new(format!("the pattern for {field} is no text")))?;
            Ok(Query::Wildcard(field.to_owned(), pieces(pattern)))
        }
        other => Err(Error::new(format!("the query {other} is not known"))),
    }
}

fn single(json: &Value) -> Result<(&str, &Value)> {
    let mut entries = json.as_object().into_iter().flat_map(Map::iter).filter(|(name, _)| *name != "boost");
    match (entries.next(), entries.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        _ => Err(Error::new(format!("{json} is not one query"))),
    }
}

fn boolean(json: &Value, types: &Types) -> Result<Query> {
    const KNOWN: [&str; 5] = ["filter", "must", "should", "must_not", "minimum_should_match"];
    if let Some(name) = json.as_object().into_iter().flat_map(Map::keys).find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Error::new(format!("the option {name} of a bool query is not known")));
    }
    let list = |name: &str| match &json[name] {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => list.iter().map(|query| parse(query, types)).collect::<Result<Vec<_>>>(),
        query => Ok(vec![parse(query, types)?]),
    };
    let mut all = list("filter")?;
    all.extend(list("must")?);
    let any = list("should")?;
    let default = u64::from(all.is_empty() && !any.is_empty());
    let at_least = json["minimum_should_match"].as_u64().unwrap_or(default);
    let at_least = usize::try_from(at_least).unwrap_or(usize::MAX);
    Ok(Query::Bool { all, any, at_least, none: list("must_not")? })
}

fn equal(field: &str, value: &Value, types: &Types) -> Result<Query> {
    let Some(kind) = types.kind(field) else { return Ok(Query::Nothing) };
    if let (Type::Ip, Some((address, length))) = (kind, value.as_str().and_then(|text| text.split_once('/'))) {
        return network(field, address, length);
    }
    match Datum::of(kind, value) {
        Some(datum) => Ok(Query::OneOf(field.to_owned(), vec![datum])),
        None => Err(Error::new(format!("{value} is no {}, which {field} is", kind.name()))),
    }
}

fn network(field: &str, address: &str, length: &str) -> Result<Query> {
    let wrong = || Error::new(format!("{address}/{length} is no network"));
    let (address, length): (std::net::IpAddr, u32) =
        (address.parse().map_err(|_| wrong())?, length.parse().map_err(|_| wrong())?);
    let length = if address.is_ipv4() { length + 96 } else { length };
    let free = 128_u32.checked_sub(length).ok_or_else(wrong)?;
    let mask = u128::MAX.checked_shl(free).unwrap_or(0);
    let first = bits(address) & mask;
    Ok(Query::Network(field.to_owned(), first, first | !mask))
}

fn range(json: &Value, types: &Types) -> Result<Query> {
    let (field, ends) = single(json)?;
    let Some(kind) = types.kind(field) else { return Ok(Query::Nothing) };
    let mut bounds = Bounds::default();
    for (word, value) in ends.as_object().into_iter().flatten() {
        let is_upper = matches!(word.as_str(), "lt" | "lte");
        let is_within = matches!(word.as_str(), "gte" | "lte");
        match word.as_str() {
            "gte" | "gt" | "lte" | "lt" if !value.is_null() => {
                let rounds_up = matches!(word.as_str(), "lte" | "gt");
                let end = end((field, kind), value, rounds_up, types)?;
                *(if is_upper { &mut bounds.to } else { &mut bounds.from }) = Some((end, is_within));
            }
            "gte" | "gt" | "lte" | "lt" | "format" | "time_zone" => {}
            other => return Err(Error::new(format!("the option {other} of a range is not known"))),
        }
    }
    Ok(Query::Range(field.to_owned(), bounds))
}

/// A day that is an upper end includes its last millisecond.
fn end((field, kind): (&str, Type), value: &Value, rounds_up: bool, types: &Types) -> Result<Datum> {
    const DAY: i64 = 86_400_000;
    let wrong = || Error::new(format!("{value} is no end of a range of {field}"));
    let kind = if matches!(kind, Type::Long) && value.is_f64() { Type::Double } else { kind };
    match (kind, value.as_str()) {
        (Type::Date, Some(text)) => {
            if text.starts_with("now") {
                return date_math(text, types.now, rounds_up).map(Datum::Date).ok_or_else(wrong);
            }
            let begin = time(text).ok_or_else(wrong)?;
            let is_day = text.len() == "2026-01-31".len() && text.contains('-');
            Ok(Datum::Date(if is_day && rounds_up { begin + DAY - 1 } else { begin }))
        }
        _ => Datum::of(kind, value).ok_or_else(wrong),
    }
}

impl Bounds {
    fn holds(&self, value: &Datum) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let compare = |end: &Datum| match (value.number(), end.number()) {
            (Some(value), Some(end)) => value.total_cmp(&end),
            _ => value.cmp(end),
        };
        let above = self.from.as_ref().is_none_or(|(end, within)| match compare(end) {
            Greater => true,
            Equal => *within,
            Less => false,
        });
        above
            && self.to.as_ref().is_none_or(|(end, within)| match compare(end) {
                Less => true,
                Equal => *within,
                Greater => false,
            })
    }
}

impl Query {
    pub(super) fn matches(&self, document: &Document) -> bool {
        let has = |field: &str, is: &dyn Fn(&Datum) -> bool| document.values(field).iter().any(is);
        let text = |field: &str, is: &dyn Fn(&[String]) -> bool| {
            has(field, &|value| matches!(value, Datum::Text(text) if is(&words(text))))
        };
        match self {
            Query::All => true,
            Query::Nothing => false,
            Query::Bool { all, any, at_least, none } => {
                all.iter().all(|query| query.matches(document))
                    && !none.iter().any(|query| query.matches(document))
                    && (*at_least == 0
                        || any.iter().filter(|query| query.matches(document)).take(*at_least).count() == *at_least)
            }
            // Of an object, any field below it is meant.
            Query::Exists(field) => !document.values(field).is_empty() || document.has_below(field),
            Query::OneOf(field, wanted) => has(field, &|value| wanted.contains(value)),
            Query::Network(field, first, last) => {
                has(field, &|value| matches!(value, Datum::Ip(bits) if (first..=last).contains(&bits)))
            }
            Query::Range(field, bounds) => has(field, &|value| bounds.holds(value)),
            Query::Wildcard(field, pieces) => {
                has(field, &|value| matches!(value, Datum::Text(text) if is_like(pieces, text)))
            }
            Query::Phrase(field, wanted) => {
                text(field, &|words| words.windows(wanted.len().max(1)).any(|part| part == wanted.as_slice()))
            }
            Query::Words(field, wanted) => text(field, &|words| wanted.iter().any(|word| words.contains(word))),
        }
    }
}

/// Words as the standard analyzer divides them, nearly: letters and digits, in lower case.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut letters = pattern.chars();
    let mut pieces = Vec::new();
    while let Some(letter) = letters.next() {
        pieces.push(match letter {
            '*' => Piece::Any,
            '?' => Piece::One,
            '\\' => Piece::Letter(letters.next().unwrap_or('\\')),
            letter => Piece::Letter(letter),
        });
    }
    pieces
}

/// Goes back to the last star where the rest does not fit.
fn is_like(pieces: &[Piece], text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let (mut piece, mut letter, mut star) = (0, 0, None);
    while letter < letters.len() {
        match pieces.get(piece) {
            Some(Piece::Any) => {
                star = Some((piece, letter));
                piece += 1;
                continue;
            }
            Some(Piece::One) => {}
            Some(Piece::Letter(wanted)) if *wanted == letters[letter] => {}
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (piece, letter) = (at + 1, from + 1);
                continue;
            }
        }
        piece += 1;
        letter += 1;
    }
    pieces[piece..].iter().all(|piece| *piece == Piece::Any)
}
