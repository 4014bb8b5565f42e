//! Where the rows of a dataset come from: what all kinds of collection share.

use crate::api::{Api, CloudName};
use crate::collection::{Collection, List};

/// An endpoint of a Microsoft API, and how records are collected from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// API family; decides host and token audience.
    pub api: Api,
    /// Path below the API's root, for example `/v1.0/security/alerts_v2`.
    pub path: &'static str,
    /// How records are collected.
    pub collection: Collection,
    /// Least-privileged application permission, as named in Microsoft's permission reference.
    pub permission: &'static str,
    /// Application permissions that are accepted instead, and allow more.
    pub also: &'static [&'static str],
    /// Licence that the tenant needs.
    pub licence: &'static str,
    /// Default polling interval in seconds.
    pub interval: u32,
    /// How far the first run looks back, in hours; zero where the service only knows the present.
    pub lookback: u32,
    /// How far the service can look back, in hours.
    pub max_lookback: u32,
    /// What requests count against.
    pub limit: Limit,
    /// Clouds in which the endpoint exists.
    pub clouds: &'static [CloudName],
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

impl Source {
    /// Name of the endpoint: word of the API family and path. State is kept by it, so a change of it starts all over.
    pub fn name(&self) -> String {
        format!("{}{}", self.api.word(), self.path)
    }

    /// The permission among `roles` that opens the endpoint: the least-privileged one where it is there.
    pub fn accepts(&self, roles: &[impl AsRef<str>]) -> Option<&'static str> {
        let accepted = std::iter::once(self.permission).chain(self.also.iter().copied());
        accepted.into_iter().find(|accepted| roles.iter().any(|role| role.as_ref() == *accepted))
    }

    /// The list, if the source is one.
    pub fn list(&self) -> Option<&List> {
        match &self.collection {
            Collection::List(list) => Some(list),
            Collection::Delta(_)
            | Collection::Snapshot(_)
            | Collection::Blobs(_)
            | Collection::Jobs(_)
            | Collection::Stream(_) => None,
        }
    }
}
