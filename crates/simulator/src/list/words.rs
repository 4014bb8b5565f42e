//! The words of a list's file: what it may say of routes, windows, pages and content.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::query::filter::Op;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    #[default]
    Get,
    Post,
}

/// Which service's tokens and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Api {
    Graph,
    Defender,
}

/// Where the records come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// The attack story and its noise, which are code.
    Story(Story),
    /// The fixtures of a dataset.
    Templates(Templates),
}

/// A view on the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Story {
    Incidents,
    Alerts,
    LegacyIncidents,
}

/// How records are made of fixtures.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Templates {
    /// Folder of the fixtures.
    pub(crate) fixtures: String,
    /// Records that every incident of the tenant brings along.
    pub(crate) weight: u32,
    /// Most versions that a record goes through.
    #[serde(default = "one")]
    pub(crate) versions: u32,
    /// Who of the incident's cast stands at which path.
    #[serde(default)]
    pub(crate) cast: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

/// How times are written and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimeForm {
    /// `2026-03-02T08:15:00.1234567Z`.
    #[default]
    Iso,
    /// Milliseconds since 1970, a number.
    EpochMilliseconds,
}

/// How a part of the list is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Window {
    /// `$filter`, `$orderby`, `$top` and `$skip`; times may be compared like this.
    Odata { comparisons: Vec<Op> },
    /// Query parameters with times, by the comparison that each stands for.
    Parameters { bounds: BTreeMap<Op, String>, size: String, skip: Option<String> },
    /// A JSON body: `filters` holds an object per property, with a time per comparison.
    Body(BodyWindow),
}

/// Names of the members of a body that asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyWindow {
    pub(crate) filters: String,
    pub(crate) property: String,
    pub(crate) bounds: BTreeMap<Op, String>,
    pub(crate) size: String,
    pub(crate) skip: String,
    /// Member that says `asc` or `desc`.
    pub(crate) direction: Option<String>,
}

/// A property of a record that filters may name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilterProperty {
    pub(crate) facet: Facet,
    /// Members of its enumeration; any text where there are none.
    #[serde(default)]
    pub(crate) members: Vec<String>,
}

/// What the story knows of a record beside its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Facet {
    Assigned,
    Classification,
    Determination,
    Severity,
    Status,
    Service,
}

/// Records of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageLimits {
    /// At most.
    pub(crate) cap: u32,
    /// When nothing is asked.
    pub(crate) default: u32,
    /// The largest number that may be skipped, where there is one.
    #[serde(default)]
    pub(crate) most_skipped: Option<u64>,
}

/// How the next page is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Next {
    /// A member of the answer holds its address.
    Link {
        member: String,
        #[serde(default)]
        place: Place,
    },
    /// A header holds its address.
    Header(String),
    /// The client skips what it has; a member says whether there is more, if there is such a member.
    Skip { more: Option<String> },
}

/// Where the link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Before the records.
    Head,
    /// Behind them.
    #[default]
    Tail,
}

/// Kinds of collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Collection {
    /// By time.
    #[default]
    List,
    /// By delta links.
    Delta,
    /// As a whole.
    Snapshot,
    /// By blobs of content.
    Blobs,
}
