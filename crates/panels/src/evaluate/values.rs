//! Values of documents as Elasticsearch indexes them.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use schema::ecs::Type;
use serde_json::Value;

use crate::lens::timestamp;

/// Longest keyword that is indexed; the templates' `ignore_above`.
const IGNORE_ABOVE: usize = 1024;
/// The same of `wildcard` fields.
const IGNORE_LONG_ABOVE: usize = 8191;

/// One value of a field.
#[derive(Debug, Clone)]
pub(super) enum Datum {
    Text(Arc<str>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// Milliseconds since 1970.
    Date(i64),
    /// As Elasticsearch sorts addresses: IPv4 within IPv6.
    Ip(u128),
    /// Latitude and longitude in degrees.
    Point(f64, f64),
}

impl Datum {
    /// The value as the field's type; `None` if it is none of that type, which Elasticsearch ignores.
    pub(super) fn of(kind: Type, value: &Value) -> Option<Self> {
        match kind {
            Type::Keyword | Type::Object | Type::Flattened => {
                text(value).filter(|text| text.encode_utf16().count() <= IGNORE_ABOVE).map(Datum::Text)
            }
            Type::Wildcard => text(value).filter(|text| text.len() <= IGNORE_LONG_ABOVE).map(Datum::Text),
            Type::MatchOnlyText | Type::ConstantKeyword => text(value).map(Datum::Text),
            Type::Long => integer(value).map(Datum::Integer),
            Type::Float | Type::Double => float(value).map(Datum::Float),
            Type::Boolean => match value {
                Value::Bool(flag) => Some(Datum::Boolean(*flag)),
                Value::String(text) => text.parse().ok().map(Datum::Boolean),
                _ => None,
            },
            Type::Date => value.as_i64().or_else(|| time(value.as_str()?)).map(Datum::Date),
            Type::Ip => value.as_str()?.parse().ok().map(|address| Datum::Ip(bits(address))),
            Type::GeoPoint => point(value),
        }
    }

    /// The number that metrics reckon with.
    #[expect(clippy::cast_precision_loss, reason = "Elasticsearch reckons with doubles, too")]
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Datum::Integer(number) | Datum::Date(number) => Some(*number as f64),
            Datum::Float(number) => Some(*number),
            Datum::Boolean(flag) => Some(f64::from(u8::from(*flag))),
            Datum::Text(_) | Datum::Ip(_) | Datum::Point(..) => None,
        }
    }

    /// The key of a bucket.
    pub(super) fn key(&self) -> Value {
        match self {
            Datum::Text(text) => Value::from(&**text),
            Datum::Integer(number) | Datum::Date(number) => Value::from(*number),
            Datum::Float(number) => Value::from(*number),
            Datum::Boolean(flag) => Value::from(u8::from(*flag)),
            Datum::Ip(bits) => Value::from(address(*bits).to_string()),
            Datum::Point(..) => Value::Null,
        }
    }

    /// Equal texts, addresses and booleans of one document count once: they are kept as a set.
    pub(super) fn is_of_a_set(&self) -> bool {
        matches!(self, Datum::Text(_) | Datum::Ip(_))
    }

    fn rank(&self) -> u8 {
        match self {
            Datum::Text(_) => 0,
            Datum::Integer(_) => 1,
            Datum::Float(_) => 2,
            Datum::Boolean(_) => 3,
            Datum::Date(_) => 4,
            Datum::Ip(_) => 5,
            Datum::Point(..) => 6,
        }
    }
}

impl Ord for Datum {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Datum::Text(left), Datum::Text(right)) => left.cmp(right),
            (Datum::Integer(left), Datum::Integer(right)) | (Datum::Date(left), Datum::Date(right)) => left.cmp(right),
            (Datum::Float(left), Datum::Float(right)) => left.total_cmp(right),
            (Datum::Boolean(left), Datum::Boolean(right)) => left.cmp(right),
            (Datum::Ip(left), Datum::Ip(right)) => left.cmp(right),
            (Datum::Point(..), Datum::Point(..)) => Ordering::Equal,
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Datum {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Datum {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Datum {}

fn text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string().into()),
        _ => None,
    }
}

/// A place as an object, or as the text `lat,lon`.
fn point(value: &Value) -> Option<Datum> {
    if let Some((lat, lon)) = value.as_str().and_then(|text| text.split_once(',')) {
        return Some(Datum::Point(lat.trim().parse().ok()?, lon.trim().parse().ok()?));
    }
    Some(Datum::Point(value["lat"].as_f64()?, value["lon"].as_f64()?))
}

fn integer(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "Elasticsearch cuts fractions off, too")]
    value.as_i64().or_else(|| float(value).map(|number| number as i64))
}

fn float(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// A time, or a number of milliseconds as text.
pub(super) fn time(text: &str) -> Option<i64> {
    timestamp(text).or_else(|| text.parse().ok())
}

pub(super) fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

pub(super) fn address(bits: u128) -> IpAddr {
    IpAddr::V6(bits.into()).to_canonical()
}
