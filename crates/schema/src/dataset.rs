//! What a dataset is, apart from its columns: where its rows come from and how they lie in the answer.

use schemars::{Schema, SchemaGenerator};

/// The part of a dataset that its file states as a constant; [`crate::catalog`] adds the columns.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Name in `snake_case`, equal to the file's name; the data stream is `logs-m365_security.<name>-<namespace>`.
    pub name: &'static str,
    /// Title for people, in the words of Microsoft's product.
    pub title: &'static str,
    /// Prefix of the custom fields: the one that Elastic's package uses for the same record.
    pub prefix: &'static str,
    /// Custom fields keep the source's camelCase names (the legacy `log` dataset) instead of `snake_case`.
    pub camel_case: bool,
    /// Where rows come from.
    pub source: Source,
    /// How rows lie in the elements of the answer.
    pub rows: Rows,
    /// Column paths (source names, dotted) that identify a document, beyond what the row's variant adds.
    pub identity: &'static [&'static str],
    /// The row type's JSON Schema.
    pub row: fn(&mut SchemaGenerator) -> Schema,
}

/// An endpoint of a Microsoft API that lists records by the time of their last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// API family; decides host and token audience.
    pub api: Api,
    /// Path below the API's root, for example `/v1.0/security/alerts_v2`.
    pub path: &'static str,
    /// `$expand` value, if nested records are wanted with each element.
    pub expand: Option<&'static str>,
    /// Property of a record that was merged into another one: the id of that one, which is read by its id.
    pub redirect: Option<&'static str>,
    /// Property that carries the time of the last change; filtered with `ge`.
    pub cursor: &'static str,
    /// Comparisons that the service accepts in a filter on the cursor property.
    pub operators: &'static [Operator],
    /// Property that carries the time when the record came into being; it never changes.
    pub created: &'static str,
    /// `$orderby` is accepted on the cursor property.
    pub orderable: bool,
    /// Largest `$top` that the service accepts.
    pub page_size: u32,
    /// Least-privileged application permission, as named in Microsoft's permission reference.
    pub permission: &'static str,
    /// Application permissions that are accepted instead, and allow more.
    pub also: &'static [&'static str],
    /// Licence that the tenant needs.
    pub licence: &'static str,
    /// Default polling interval in seconds.
    pub interval: u32,
    /// How far the first run looks back, in hours.
    pub lookback: u32,
    /// How far the service can look back, in hours.
    pub max_lookback: u32,
    /// What requests count against.
    pub limit: Limit,
    /// Clouds in which the endpoint exists.
    pub clouds: &'static [CloudName],
}

/// A comparison of OData's `$filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// At or after.
    Ge,
    /// At or before.
    Le,
    /// Before.
    Lt,
}

/// Requests that a service takes from one application in one tenant, over all endpoints of the same family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// Endpoints of the same family share one quota.
    pub family: &'static str,
    /// Requests in a minute.
    pub per_minute: u16,
    /// Requests in an hour, where there is such a limit too.
    pub per_hour: Option<u16>,
}

/// Microsoft's clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloudName {
    /// The worldwide one.
    Global,
    /// US government, on the worldwide hosts where nothing else is said.
    Gcc,
    /// US government, high.
    GccHigh,
    /// US Department of Defense.
    Dod,
    /// China, operated by 21Vianet.
    China,
}

impl CloudName {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Global, Self::Gcc, Self::GccHigh, Self::Dod, Self::China];
    /// All but China, which has no Defender XDR.
    pub const WITH_DEFENDER: &'static [Self] = &[Self::Global, Self::Gcc, Self::GccHigh, Self::Dod];

    /// The word in a configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Gcc => "gcc",
            Self::GccHigh => "gcc-high",
            Self::Dod => "dod",
            Self::China => "china",
        }
    }
}

impl Source {
    /// The permission among `roles` that opens the endpoint: the least-privileged one where it is there.
    pub fn accepts(&self, roles: &[impl AsRef<str>]) -> Option<&'static str> {
        let accepted = std::iter::once(self.permission).chain(self.also.iter().copied());
        accepted.into_iter().find(|accepted| roles.iter().any(|role| role.as_ref() == *accepted))
    }
}

/// API family: one host and one token audience per cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// Microsoft Graph, `https://graph.microsoft.com`.
    Graph,
    /// Microsoft Defender XDR, `https://api.security.microsoft.com`.
    Defender,
}

/// How the rows of a dataset lie in the elements of an answer's `value[]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// An element is a row.
    Elements,
    /// An element without its nested array is a row; what the nested rows say is summed up in `rollup`.
    Rollup {
        /// The nested array, split off as it arrives.
        nested: &'static str,
        /// Dataset whose rows the nested array holds.
        dataset: &'static str,
        /// Column of the summary.
        rollup: &'static str,
    },
    /// Each item of the named array is a row, with the element's other properties as its context.
    Items(&'static str),
    /// Each (element, outer item, inner item) is a row; an element without items, or an outer item without inner
    /// ones, is a row too.
    Outer {
        /// Array of the element.
        outer: &'static str,
        /// Array of the outer item.
        inner: &'static str,
    },
}

impl Rows {
    /// The arrays that rows are split by, the outer one first.
    pub fn split(self) -> impl Iterator<Item = &'static str> {
        let (outer, inner) = match self {
            Rows::Elements | Rows::Rollup { .. } => (None, None),
            Rows::Items(list) => (Some(list), None),
            Rows::Outer { outer, inner } => (Some(outer), Some(inner)),
        };
        outer.into_iter().chain(inner)
    }
}
