//! The collector's own reports: once per interval one document for each source, into the data stream
//! [`schema::health`] of the tenant's output.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};

use super::RunContext;
use super::outlet::Outlet;
use common::clock;
use common::error::Error;
use common::health::{Key, SourceHealth, SourceSnapshot};
use config::{Delivery, StreamDelivery, TenantConfig};
use mapper::DocId;
use output::DataStreams;
use schema::health::{NAME, PREFIX, place};

/// The last report of a run waits this long for the output; what it reports is in status and exit code as well.
pub(super) const LAST: Duration = Duration::from_secs(10);

/// Makes the reports; counts in them are differences to the last ones.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    last: BTreeMap<Key, SourceSnapshot>,
}

/// The reports for one output and namespace.
#[derive(Debug)]
pub(super) struct Reports {
    outlet: Arc<Outlet>,
    streams: Arc<DataStreams>,
    documents: Vec<(DocId, Vec<u8>)>,
}

/// Output, namespace, and the name of the data stream where it is called otherwise.
type Place<'a> = (Arc<str>, Option<&'a str>, Option<&'a str>);

impl Reporter {
    /// The reports of all sources. A source whose tenant cannot be collected as it is configured is reported to the
    /// default output.
    pub(super) fn report(&mut self, run: &RunContext, tenants: &[&TenantConfig]) -> Vec<Reports> {
        let at = clock::timestamp();
        let name = |tenant: &&TenantConfig| (tenant.cloud.name.clone(), tenant.id.to_ascii_lowercase());
        let deliveries: FxHashMap<_, &Delivery> =
            tenants.iter().map(|tenant| (name(tenant), &tenant.delivery)).collect();
        let default = Delivery::default();
        let mut all: BTreeMap<Place<'_>, Reports> = BTreeMap::new();
        let mut now = BTreeMap::new();
        for source in run.stats.health.sources() {
            let key = source.key().clone();
            let delivery =
                deliveries.get(&(key.cloud.to_string(), key.tenant.to_ascii_lowercase())).copied().unwrap_or(&default);
            let Ok(outlet) = run.outlets.of(delivery) else { continue };
            if !delivery.reports.or(run.reports.documents).unwrap_or(outlet.is_cluster()) {
                continue;
            }
            let snapshot = source.snapshot();
            let stream = delivery.streams.get(&place());
            let mut document = document(&at, &source, &snapshot, self.last.get(&key), outlet.name());
            if let Some(stream) = stream {
                mark(&mut document, stream);
            }
            let named = [&key.cloud[..], &key.tenant, &key.datasets, &at].map(str::as_bytes);
            let id = DocId::of_content("health", &named);
            let namespace = delivery.namespace.as_deref();
            let data_stream = stream.map(|stream| &*stream.data_stream);
            let reports = all.entry((Arc::clone(outlet.name()), namespace, data_stream)).or_insert_with(|| {
                let streams = outlet.streams(delivery);
                Reports { outlet, streams, documents: Vec::new() }
            });
            reports.documents.push((id, document.to_string().into_bytes()));
            now.insert(key, snapshot);
        }
        self.last = now;
        all.into_values().collect()
    }
}

/// Delivers reports. One that an output does not take is given up: the next one tells the same and more.
pub(super) async fn send(reports: Vec<Reports>) {
    for Reports { outlet, streams, documents } in reports {
        if let Err(error) = deliver(&outlet, &streams, &documents).await {
            tracing::warn!(reports = documents.len(), %error, "reports of the sources' health were not delivered");
        }
    }
}

async fn deliver(outlet: &Outlet, streams: &Arc<DataStreams>, documents: &[(DocId, Vec<u8>)]) -> Result<(), Error> {
    let mut writer = outlet.writer(streams, &Arc::from(""));
    for (id, document) in documents {
        writer.push(place(), *id, document);
        if writer.is_full() {
            writer.send().await?;
        }
    }
    writer.flush().await
}

fn document(
    at: &str,
    source: &SourceHealth,
    now: &SourceSnapshot,
    last: Option<&SourceSnapshot>,
    output: &str,
) -> Value {
    let since = |count: Total| json!(count(now).saturating_sub(last.map_or(0, count)));
    let mut report: Map<String, Value> =
        COUNTS.iter().map(|(name, count)| ((*name).to_owned(), since(*count))).collect();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            report.insert(name.to_owned(), value);
        }
    };
    put("retry_queue", json!(now.retry_queue));
    put("tenant", json!(now.name.as_deref().unwrap_or(&now.tenant)));
    put("dataset", list(source.key().datasets.iter().filter(|name| !name.is_empty())));
    put("output", json!(output));
    put("state", json!(now.state.name()));
    put("reason", list(now.reasons.iter().map(|reason| reason.reason.name())));
    put("freshness", json!(now.freshness_seconds));
    put("backlog", json!(now.backlog_seconds));
    put("newest", json!(now.newest.as_deref().and_then(clock::parse).map(clock::exact)));
    put("last_success", json!(now.last_success));
    put("clock_ahead", json!(now.clock_ahead_seconds));
    let mut drift =
        json!({ "names": since(|source| source.drift_names), "values": since(|source| source.drift_values) });
    let paths = source.take_drift_paths();
    if !paths.is_empty() {
        drift["path"] = json!(paths);
    }
    put("drift", drift);
    let mut document = json!({
        "@timestamp": at,
        "cloud": { "account": { "id": now.tenant } },
        "ecs": { "version": schema::ecs::VERSION },
        // The prefix of the fields is the name of the data stream's dataset, too.
        "event": { "dataset": PREFIX, "kind": "metric", "module": "m365_security" },
        "observer": { "version": env!("CARGO_PKG_VERSION") },
        "m365_security": { NAME: report },
    });
    if let Some(reason) = now.reasons.first() {
        document["message"] = json!(reason.text);
    }
    document
}

/// What an agent's policy wants on its documents, in the place of what a report holds there.
fn mark(document: &mut Value, stream: &StreamDelivery) {
    if let Value::Object(members) = document {
        mapper::merge(members, &stream.fields);
    }
    if !stream.tags.is_empty() {
        document["tags"] = json!(stream.tags);
    }
}

/// A total of a source.
type Total = fn(&SourceSnapshot) -> u64;

/// What is counted since the last report.
const COUNTS: [(&str, Total); 14] = [
    ("cycles", |source| source.cycles),
    ("failures", |source| source.failures),
    ("pages", |source| source.pages),
    ("records", |source| source.fetched),
    ("bytes", |source| source.bytes),
    ("documents", |source| source.documents.iter().map(|dataset| dataset.created).sum()),
    ("duplicates", |source| source.documents.iter().map(|dataset| dataset.duplicates).sum()),
    ("late", |source| source.late),
    ("misdated", |source| source.misdated),
    ("lost", |source| source.lost),
    ("throttled", |source| source.throttled),
    ("throttled_wait", |source| source.throttled_seconds),
    ("retries", |source| source.retries),
    ("dead_letters", |source| source.dead_letters.iter().map(|letters| letters.count).sum()),
];

/// A list, or nothing where it would be empty.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { Value::Null } else { json!(names) }
}
