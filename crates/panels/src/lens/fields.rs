//! The types of fields, where a translation depends on them: KQL, missing values, number and date cells.

use std::collections::BTreeMap;

use schema::ecs::Type;

use crate::table::Kind;

/// Field names with their Elasticsearch types. What lies below a `flattened` field is a keyword.
#[derive(Debug, Clone, Default)]
pub struct Fields(BTreeMap<String, Type>);

impl Fields {
    /// The fields of all datasets of the catalog, of the collector's health, and what every data stream has.
    pub fn of_catalog() -> Self {
        let own = ["data_stream.type", "data_stream.dataset", "data_stream.namespace"];
        let own = own.map(|name| (name.to_owned(), Type::ConstantKeyword));
        let fields = schema::catalog().iter().flat_map(schema::Dataset::fields).chain(schema::health::fields());
        own.into_iter().chain(fields.map(|field| (field.name, field.kind))).collect()
    }

    /// Type of the field; `None` if nothing of that name is mapped.
    pub fn kind(&self, name: &str) -> Option<Type> {
        if let Some(kind) = self.0.get(name) {
            return Some(*kind);
        }
        let parents = name.match_indices('.').map(|(at, _)| &name[..at]);
        let holds = |parent: &str| matches!(self.0.get(parent), Some(Type::Flattened | Type::Object));
        parents.into_iter().any(holds).then_some(Type::Keyword)
    }

    /// Names that a pattern with `*` matches.
    pub(crate) fn matching<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = (&'a str, Type)> {
        let is_matched = move |name: &str| matches(pattern, name);
        self.0.iter().filter(move |(name, _)| is_matched(name)).map(|(name, kind)| (name.as_str(), *kind))
    }

    /// Adds the fields of another list; on a conflict the first type stays.
    pub fn extend(&mut self, more: impl IntoIterator<Item = (String, Type)>) {
        for (name, kind) in more {
            self.0.entry(name).or_insert(kind);
        }
    }
}

impl FromIterator<(String, Type)> for Fields {
    fn from_iter<T: IntoIterator<Item = (String, Type)>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

/// Whether a text matches a pattern in which `*` stands for any characters.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// How a value of this type is shown.
pub(crate) fn kind_of(kind: Type) -> Kind {
    match kind {
        Type::Long | Type::Float | Type::Double => Kind::Number,
        Type::Boolean => Kind::Boolean,
        Type::Date => Kind::Date,
        Type::Ip => Kind::Ip,
        Type::GeoPoint => Kind::GeoPoint,
        Type::Keyword
        | Type::Wildcard
        | Type::MatchOnlyText
        | Type::ConstantKeyword
        | Type::Flattened
        | Type::Object => Kind::Text,
    }
}
