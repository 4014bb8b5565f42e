//! The Elastic Common Schema: its fields as constants, so that an unknown target does not compile.

/// Declares one constant per field, and the sorted list of all.
macro_rules! fields {
    ($($constant:ident = $name:literal, $kind:ident, $many:ident;)*) => {
        $(#[doc = concat!("`", $name, "`")]
        pub const $constant: $crate::ecs::Ecs = $crate::ecs::Ecs {
            name: $name,
            kind: $crate::ecs::Type::$kind,
            array: $crate::ecs::is_many(stringify!($many)),
        };)*
        pub(super) const FIELDS: &[$crate::ecs::Ecs] = &[$($constant),*];
    };
}

mod fields;

pub use fields::*;

const fn is_many(word: &str) -> bool {
    word.len() == "many".len()
}

/// Version of ECS that the documents declare in `ecs.version`: the newest whose fields our oldest stack (8.19) knows.
pub const VERSION: &str = "8.17.0";

/// A field of ECS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ecs {
    /// Full dotted name.
    pub name: &'static str,
    /// Elasticsearch type.
    pub kind: Type,
    /// ECS normalises the field to an array.
    pub array: bool,
}

/// Elasticsearch field types in use, with the names of the mapping API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// `keyword`.
    Keyword,
    /// `wildcard`: long machine text such as command lines.
    Wildcard,
    /// `match_only_text`: prose.
    MatchOnlyText,
    /// `constant_keyword`.
    ConstantKeyword,
    /// `long`.
    Long,
    /// `float`.
    Float,
    /// `double`.
    Double,
    /// `boolean`.
    Boolean,
    /// `date`.
    Date,
    /// `ip`.
    Ip,
    /// `geo_point`.
    GeoPoint,
    /// `flattened`: any object in one field.
    Flattened,
    /// `object` whose members are keywords, whatever their names.
    Object,
}

impl Type {
    /// Name in Elasticsearch's mapping API.
    pub fn name(self) -> &'static str {
        match self {
            Type::Keyword => "keyword",
            Type::Wildcard => "wildcard",
            Type::MatchOnlyText => "match_only_text",
            Type::ConstantKeyword => "constant_keyword",
            Type::Long => "long",
            Type::Float => "float",
            Type::Double => "double",
            Type::Boolean => "boolean",
            Type::Date => "date",
            Type::Ip => "ip",
            Type::GeoPoint => "geo_point",
            Type::Flattened => "flattened",
            Type::Object => "object",
        }
    }

    /// Values are JSON strings in a document.
    pub fn is_text(self) -> bool {
        matches!(
            self,
            Type::Keyword | Type::Wildcard | Type::MatchOnlyText | Type::ConstantKeyword | Type::Date | Type::Ip
        )
    }
}

/// The field of this name.
pub fn find(name: &str) -> Option<Ecs> {
    fields::FIELDS.binary_search_by(|field| field.name.cmp(name)).ok().map(|at| fields::FIELDS[at])
}
