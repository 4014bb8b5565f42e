//! What the collector says of itself: the fields of the data stream `logs-m365_security.health-<namespace>`.
//!
//! One document per source of a tenant and interval. Counts are those of the interval; a count of nothing is written as 0,
//! so that "nothing" and "no report" differ.

use crate::ecs::{self, Ecs, Type};
use crate::model::Field;

/// Name of the data stream beside those of the datasets: `logs-m365_security.health-<namespace>`.
pub const NAME: &str = "health";

/// Title for people.
pub const TITLE: &str = "Collection health";

/// What it is, for the package's documentation.
pub const DESCRIPTION: &str = "What the collector says of each source: state, freshness, counts of the last interval.";

/// Prefix of its custom fields.
pub const PREFIX: &str = "m365_security.health";

/// The place of the reports where datasets have theirs in the catalog: behind all of them.
pub fn place() -> u16 {
    u16::try_from(crate::catalog().len()).unwrap_or(u16::MAX)
}

/// ECS fields of every document.
pub const ECS: &[Ecs] = &[
    ecs::TIMESTAMP,
    ecs::CLOUD_ACCOUNT_ID,
    ecs::ECS_VERSION,
    ecs::ERROR_MESSAGE,
    ecs::EVENT_DATASET,
    ecs::EVENT_INGESTED,
    ecs::EVENT_KIND,
    ecs::EVENT_MODULE,
    ecs::MESSAGE,
    ecs::OBSERVER_VERSION,
    ecs::TAGS,
];

/// Custom fields below [`PREFIX`]: name, type, meaning.
pub const CUSTOM: &[(&str, Type, &str)] = &[
    ("tenant", Type::Keyword, "Name of the tenant in the configuration, or its id."),
    ("dataset", Type::Keyword, "Datasets that the source feeds."),
    ("output", Type::Keyword, "Name of the output that takes the tenant's documents."),
    ("state", Type::Keyword, "How the source is: `starting`, `healthy`, `degraded` or `failed`."),
    ("reason", Type::Keyword, "Why it is not healthy, by name, as `m365-fetcher status` says it."),
    ("freshness", Type::Long, "Age in seconds of the newest record that was read."),
    (
        "backlog",
        Type::Long,
        "Seconds of the service's time that are still to be read; 0 after a window was read to its end.",
    ),
    ("newest", Type::Date, "Time of the newest record that was read."),
    ("last_success", Type::Date, "When a cycle succeeded last."),
    ("cycles", Type::Long, "Cycles that ended in the interval."),
    ("failures", Type::Long, "Cycles that failed in the interval."),
    ("pages", Type::Long, "Pages that were read in the interval."),
    ("records", Type::Long, "Records that were read off pages in the interval."),
    ("bytes", Type::Long, "Bytes of decoded answers in the interval."),
    ("documents", Type::Long, "Documents that were new in the output in the interval."),
    ("duplicates", Type::Long, "Documents of the interval that the output had already."),
    ("late", Type::Long, "Records that became visible late and were found by looking back, in the interval."),
    ("misdated", Type::Long, "Records with a time in the future or without a readable one, in the interval."),
    ("lost", Type::Long, "Records that were given up in the interval."),
    ("throttled", Type::Long, "Requests that the service refused because there were too many, in the interval."),
    ("throttled_wait", Type::Long, "Seconds of pause that the service asked for in the interval."),
    ("retries", Type::Long, "Requests that were repeated after a failure, in the interval."),
    ("retry_queue", Type::Long, "Records that are owed: they wait in the retry queue."),
    ("dead_letters", Type::Long, "Rows and documents that were kept as dead letters in the interval."),
    ("drift.names", Type::Long, "Properties that no column names, counted in the interval."),
    (
        "drift.values",
        Type::Long,
        "Values that were not of their column's type, and what had to be mended, in the interval.",
    ),
    ("drift.path", Type::Keyword, "Source paths of the drift, at most 50."),
    (
        "clock_ahead",
        Type::Long,
        "Seconds by which the collector's clock is ahead of the service's; negative when it is behind.",
    ),
];

/// All fields of its documents, by name.
pub fn fields() -> Vec<Field> {
    let custom =
        |(name, kind, description): &(&str, Type, &str)| Field::custom(format!("{PREFIX}.{name}"), *kind, *description);
    let mut all: Vec<Field> = ECS.iter().copied().map(Field::from).chain(CUSTOM.iter().map(custom)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}
