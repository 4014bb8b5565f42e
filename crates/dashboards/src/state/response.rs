//! How an incident was handled: what its versions tell together that none of them tells alone.

use schema::ecs::Type;
use schema::{Field, ecs};
use serde_json::{Map, Value, json};

use super::equivalent::{get, set};

/// Group of the fields, and name of the aggregation that makes them.
const GROUP: &str = "m365_security.response";
/// Fields that every document of an incident has alike, kept as they are.
pub(super) const CONSTANT: &[&str] = &["cloud.account.id", "event.module", "m365_security.incident.id"];
/// Fields of the dataset that the documents have, under the same names.
pub(super) const COPIED: &[&str] =
    &["@timestamp", "cloud.account.id", "event.created", "event.ingested", "event.module", "m365_security.incident.id"];

/// Fields of the newest version under the dataset's own names: a control over the history filters this state, too.
pub(super) const NEWEST: &[&str] = &["m365_defender.incident.assigned_to", "m365_defender.incident.severity"];

/// Names below [`GROUP`] with type and documentation.
const FIELDS: &[(&str, Type, &str)] = &[
    ("classification", Type::Keyword, "Classification in the newest version."),
    ("closed", Type::Date, "Time of the earliest version that is resolved."),
    ("determination", Type::Keyword, "Determination in the newest version."),
    ("merged", Type::Boolean, "The newest version was merged into another incident."),
    ("owner", Type::Keyword, "Owner in the newest version; `unassigned` if it has none."),
    ("reopened", Type::Long, "How often a version that is resolved was followed by one that is not."),
    ("severity", Type::Keyword, "Severity in the newest version."),
    ("status", Type::Keyword, "Status of the newest version."),
    ("time_to_close", Type::Long, "Seconds from the creation of the incident to `closed`."),
    ("time_to_triage", Type::Long, "Seconds from the creation of the incident to `triaged`."),
    ("triaged", Type::Date, "Time of the earliest version that has an owner or is not active any more."),
    ("versions", Type::Long, "Number of versions that were collected."),
];

/// What the documents of an incident tell of one version, by the script's name of it.
const COLUMNS: &[(&str, &str)] = &[
    ("classification", "m365_defender.incident.classification"),
    ("determination", "m365_defender.incident.determination"),
    ("owner", "m365_defender.incident.assigned_to"),
    ("severity", "m365_defender.incident.severity"),
    ("status", "m365_defender.incident.status"),
];

/// Owner of an incident that has none: a missing value would not be counted beside the others.
const NOBODY: &str = "unassigned";

/// The fields that are not the dataset's.
pub(super) fn fields() -> impl Iterator<Item = Field> {
    FIELDS.iter().map(|(name, kind, description)| Field::custom(format!("{GROUP}.{name}"), *kind, *description))
}

/// The aggregations of the pivot.
pub(super) fn aggregations() -> Value {
    let columns: Map<String, Value> =
        COLUMNS.iter().map(|(name, field)| ((*name).to_owned(), (*field).into())).collect();
    let mut aggregations = json!({
        ecs::TIMESTAMP.name: { "max": { "field": "@timestamp" } },
        "event.created": { "min": { "field": "event.created" } },
        "event.ingested": { "max": { "field": "event.ingested" } },
        GROUP: { "scripted_metric": {
            "params": { "columns": columns },
            "init_script": "state.versions = []",
            "map_script": MAP,
            "combine_script": "return state.versions",
            "reduce_script": REDUCE,
        } },
    });
    for field in NEWEST {
        aggregations[*field] = json!({ "scripted_metric": {
            "params": { "field": field },
            "init_script": "state.newest = null",
            "map_script": NEWEST_MAP,
            "combine_script": "return state.newest",
            "reduce_script": NEWEST_REDUCE,
        } });
    }
    aggregations
}

/// Keeps the value of the newest version, which may be none.
const NEWEST_MAP: &str = "long time = doc['@timestamp'].value.toInstant().toEpochMilli(); \
    if (state.newest == null || time >= state.newest.time) { Map version = new HashMap(); version.time = time; \
    version.value = doc[params.field].size() == 0 ? null : doc[params.field].value; state.newest = version; }";

const NEWEST_REDUCE: &str = "def newest = null; for (part in states) { \
    if (part != null && (newest == null || part.time >= newest.time)) { newest = part; } } \
    return newest == null ? null : newest.value;";

/// Keeps of each version what the summary needs.
const MAP: &str = "Map version = new HashMap(); \
    version.time = doc['@timestamp'].value.toInstant().toEpochMilli(); \
    if (doc['event.created'].size() > 0) { version.created = doc['event.created'].value.toInstant().toEpochMilli(); } \
    for (column in params.columns.entrySet()) { \
    if (doc[column.value].size() > 0) { version[column.key] = doc[column.value].value; } } \
    state.versions.add(version);";

/// Goes through all versions in the order of their times. [`summary`] says the same in Rust.
const REDUCE: &str = "List all = new ArrayList(); for (part in states) { if (part != null) { all.addAll(part); } } \
    if (all.isEmpty()) { return null; } \
    all.sort((one, other) -> Long.compare(one.time, other.time)); \
    def created = null; def triaged = null; def closed = null; long reopened = 0; boolean wasClosed = false; \
    for (version in all) { \
    if (version.created != null && (created == null || version.created < created)) { created = version.created; } \
    boolean isClosed = version.status == 'resolved'; \
    boolean isIdle = version.status == null || version.status == 'active'; \
    if (triaged == null && (version.owner != null || !isIdle)) { triaged = version.time; } \
    if (closed == null && isClosed) { closed = version.time; } \
    if (wasClosed && !isClosed) { reopened++; } \
    wasClosed = isClosed; } \
    Map newest = all.get(all.size() - 1); Map out = new HashMap(); \
    for (name in params.columns.keySet()) { if (newest[name] != null) { out[name] = newest[name]; } } \
    if (newest.owner == null) { out.owner = 'unassigned'; } \
    out.versions = all.size(); out.reopened = reopened; out.merged = newest.status == 'redirected'; \
    if (triaged != null) { out.triaged = Instant.ofEpochMilli(triaged).toString(); } \
    if (closed != null) { out.closed = Instant.ofEpochMilli(closed).toString(); } \
    if (created != null && triaged != null) { long span = (long)(triaged - created); out.time_to_triage = span < 0 ? 0L : span / 1000L; } \
    if (created != null && closed != null) { long span = (long)(closed - created); out.time_to_close = span < 0 ? 0L : span / 1000L; } \
    return out;";

/// What the pivot writes of the versions of one incident.
pub(super) fn document(key: &[&str], versions: &mut [&Value]) -> Value {
    let millis =
        |version: &Value, field: &str| get(version, field).and_then(Value::as_str).and_then(super::memory::millis);
    versions.sort_by_key(|version| millis(version, "@timestamp"));
    let mut document = json!({});
    if let Some(newest) = versions.last() {
        for field in key.iter().chain(CONSTANT).chain(NEWEST) {
            if let Some(value) = get(newest, field) {
                set(&mut document, field, value.clone());
            }
        }
    }
    let times = |field: &'static str| versions.iter().filter_map(move |version| millis(version, field));
    let extremes = [
        ("@timestamp", times("@timestamp").max()),
        ("event.created", times("event.created").min()),
        ("event.ingested", times("event.ingested").max()),
    ];
    for (field, time) in extremes {
        if let Some(time) = time {
            set(&mut document, field, super::memory::iso(time).into());
        }
    }
    set(&mut document, GROUP, summary(versions, times("event.created").min()));
    document
}

/// The summary of versions in the order of their times.
fn summary(versions: &[&Value], created: Option<i64>) -> Value {
    let text = |version: &Value, name: &str| {
        let field = COLUMNS.iter().find(|(column, _)| *column == name).map(|(_, field)| *field)?;
        get(version, field)?.as_str().map(str::to_owned)
    };
    let time = |version: &&&Value| get(version, "@timestamp").and_then(Value::as_str).and_then(super::memory::millis);
    let is_closed = |version: &&&Value| text(version, "status").as_deref() == Some("resolved");
    let is_idle = |version: &Value| text(version, "status").is_none_or(|status| status == "active");
    let triaged = versions
        .iter()
        .find(|version| text(version, "owner").is_some() || !is_idle(version))
        .and_then(|version| time(&version));
    let closed = versions.iter().find(is_closed).and_then(|version| time(&version));
    let reopened = versions.windows(2).filter(|pair| is_closed(&&pair[0]) && !is_closed(&&pair[1])).count();
    let mut out = json!({ "versions": versions.len(), "reopened": reopened });
    if let Some(newest) = versions.last() {
        for (name, _) in COLUMNS {
            if let Some(value) = text(newest, name) {
                out[*name] = value.into();
            }
        }
        out["merged"] = (text(newest, "status").as_deref() == Some("redirected")).into();
        out["owner"] = text(newest, "owner").unwrap_or_else(|| NOBODY.to_owned()).into();
    }
    for (name, span, at) in [("triaged", "time_to_triage", triaged), ("closed", "time_to_close", closed)] {
        if let Some(at) = at {
            out[name] = super::memory::iso(at).into();
        }
        if let (Some(at), Some(created)) = (at, created) {
            out[span] = ((at - created) / 1000).max(0).into();
        }
    }
    out
}
