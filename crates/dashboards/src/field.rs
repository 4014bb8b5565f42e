//! Fields of documents as typed names, so that an operation on a field of another type does not compile.

use std::borrow::Cow;

use schema::ecs::Type;

use crate::filter::Filter;

/// Any field, as Kibana knows it: a name and Lens's `dataType`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Full dotted name.
    pub name: Cow<'static, str>,
    /// Lens's `dataType`: `string`, `number`, `date`, `boolean`, `ip`, or `geo_point` and `text`, which Lens does not take.
    pub data_type: &'static str,
}

macro_rules! typed {
    ($($(#[$doc:meta])* $name:ident, $data_type:literal, [$($kind:ident)*];)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(&'static str);

        impl $name {
            /// The field of this full dotted name.
            pub const fn new(name: &'static str) -> Self {
                Self(name)
            }

            /// Full dotted name.
            pub const fn name(self) -> &'static str {
                self.0
            }

            /// Documents that have a value there.
            pub fn exists(self) -> Filter {
                Filter::Exists(self.0.into())
            }

            /// Elasticsearch types that the field may have.
            pub const TYPES: &'static [Type] = &[$(Type::$kind),*];
        }

        impl From<$name> for Field {
            fn from(field: $name) -> Field {
                Field { name: Cow::Borrowed(field.0), data_type: $data_type }
            }
        }
    )*};
}

typed! {
    /// Text that is matched as a whole: `keyword`, `constant_keyword`, `wildcard`.
    Keyword, "string", [Keyword ConstantKeyword Wildcard];
    /// Prose: `match_only_text`, which no aggregation takes.
    Text, "text", [MatchOnlyText];
    /// `long`, `float` or `double`.
    Number, "number", [Long Float Double];
    /// `boolean`.
    Boolean, "boolean", [Boolean];
    /// `date`.
    Date, "date", [Date];
    /// `ip`.
    Ip, "ip", [Ip];
    /// `geo_point`.
    GeoPoint, "geo_point", [GeoPoint];
    /// `flattened`: its keys can be asked for, but Kibana's data views do not list them, so that Lens takes none.
    Flattened, "text", [Flattened];
}

/// A field whose values can stand for groups of documents (`terms`), and be chosen from in a control.
pub trait Groups: Into<Field> {}
impl Groups for Keyword {}
impl Groups for Number {}
impl Groups for Boolean {}
impl Groups for Ip {}

/// A field whose values can be counted, and shown as they are (`cardinality`, `top_hits`).
pub trait Values: Into<Field> {}
impl Values for Keyword {}
impl Values for Number {}
impl Values for Boolean {}
impl Values for Ip {}
impl Values for Date {}

/// A field whose values are ordered along a line (`min`, `max`).
pub trait Ordered: Into<Field> {}
impl Ordered for Number {}
impl Ordered for Date {}

impl Keyword {
    /// Documents with this value.
    pub fn is(self, value: &str) -> Filter {
        Filter::Is(self.0.into(), value.into())
    }

    /// Documents with one of these values.
    pub fn any_of(self, values: &[&str]) -> Filter {
        Filter::AnyOf(self.0.into(), values.iter().map(|value| (*value).into()).collect())
    }

    /// Documents with a value that begins so.
    pub fn starts_with(self, beginning: &str) -> Filter {
        Filter::StartsWith(self.0.into(), beginning.to_owned())
    }
}

impl Text {
    /// Documents whose text holds these words in a row.
    pub fn says(self, words: &str) -> Filter {
        Filter::Is(self.0.into(), words.into())
    }
}

impl Number {
    /// Documents with this value.
    pub fn is(self, value: i64) -> Filter {
        Filter::Is(self.0.into(), value.into())
    }

    /// Documents with this value or more.
    pub fn at_least(self, value: i64) -> Filter {
        Filter::AtLeast(self.0.into(), value.into())
    }

    /// Documents with less than this value.
    pub fn below(self, value: i64) -> Filter {
        Filter::Below(self.0.into(), value.into())
    }
}

impl Boolean {
    /// Documents with this value.
    pub fn is(self, value: bool) -> Filter {
        Filter::Is(self.0.into(), value.into())
    }
}

impl Date {
    /// Documents of this time and later: Elasticsearch's date mathematics, for example `now-1d`.
    pub fn since(self, time: &str) -> Filter {
        Filter::AtLeast(self.0.into(), time.into())
    }

    /// Documents before this time: Elasticsearch's date mathematics.
    pub fn before(self, time: &str) -> Filter {
        Filter::Below(self.0.into(), time.into())
    }
}

impl Ip {
    /// Documents with this address, or an address of this network in CIDR form.
    pub fn within(self, network: &str) -> Filter {
        Filter::Is(self.0.into(), network.into())
    }
}

impl Flattened {
    /// Documents whose object has this value under the key.
    pub fn key_is(self, key: &str, value: &str) -> Filter {
        Filter::Is(format!("{}.{key}", self.0), value.into())
    }
}
