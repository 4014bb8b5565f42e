//! How the parser hands the file over: nodes whose places are known and whose numbers still lie in the file as text.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::{Kind, Node, Number, Place};

/// A node the text of whose numbers still lies in the file.
pub(super) struct Raw {
    pub(super) place: Place,
    pub(super) kind: RawKind,
}

pub(super) enum RawKind {
    Leaf(Kind, Option<(usize, usize)>),
    List(Vec<Raw>),
    Map(Vec<(String, Place, Raw)>),
}

impl RawKind {
    pub(super) fn into_kind(self, text: &str) -> Kind {
        let node = |raw: Raw| Node { place: raw.place, kind: raw.kind.into_kind(text) };
        match self {
            RawKind::Leaf(kind, span) => {
                let source = span.and_then(|(start, length)| text.get(start..start + length)).map(str::trim);
                // An anchor or a tag may stand before it.
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
                match (kind, source.filter(|source| !source.is_empty() && source.chars().all(is_plain))) {
                    (Kind::Number(number, _), Some(source)) => Kind::Number(number, source.to_owned()),
                    (Kind::Flag(value, _), Some(source)) => Kind::Flag(value, source.to_owned()),
                    (kind, _) => kind,
                }
            }
            RawKind::List(items) => Kind::List(items.into_iter().map(node).enumerate().collect()),
            RawKind::Map(members) => {
                Kind::Map(members.into_iter().map(|(key, place, raw)| (key, place, node(raw))).collect())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<RawKind>::deserialize(deserializer)?;
        let bytes = |number: Option<u64>| number.and_then(|number| usize::try_from(number).ok());
        let span = bytes(defined.span().byte_offset()).zip(bytes(defined.span().byte_len()));
        let kind = match value {
            RawKind::Leaf(kind, _) => RawKind::Leaf(kind, span),
            other => other,
        };
        Ok(Self { place: (referenced.line(), referenced.column()), kind })
    }
}

impl<'de> Deserialize<'de> for RawKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

fn number(number: Number, text: String) -> RawKind {
    RawKind::Leaf(Kind::Number(number, text), None)
}

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<RawKind, E> {
        Ok(RawKind::Leaf(Kind::Null, None))
    }

    fn visit_none<E>(self) -> Result<RawKind, E> {
        Ok(RawKind::Leaf(Kind::Null, None))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawKind, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawKind, E> {
        Ok(RawKind::Leaf(Kind::Flag(value, value.to_string()), None))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawKind, E> {
        Ok(number(Number::Unsigned(value), value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawKind, E> {
        Ok(number(u64::try_from(value).map_or(Number::Signed(value), Number::Unsigned), value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<RawKind, E> {
        Ok(RawKind::Leaf(Kind::Text(value.to_string()), None))
    }

    fn visit_i128<E>(self, value: i128) -> Result<RawKind, E> {
        Ok(RawKind::Leaf(Kind::Text(value.to_string()), None))
    }

    fn visit_f64<E>(self, value: f64) -> Result<RawKind, E> {
        Ok(number(Number::Float(value), value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<RawKind, E> {
        Ok(RawKind::Leaf(Kind::Text(text.to_owned()), None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawKind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(RawKind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawKind, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let place = (key.referenced.line(), key.referenced.column());
            members.push((key.value, place, map.next_value()?));
        }
        Ok(RawKind::Map(members))
    }
}
