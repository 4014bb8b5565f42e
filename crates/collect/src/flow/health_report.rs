//! The collector's own reports: once per interval one document for each source, into the data stream
//! [`schema::health`] of the tenant's output.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::RunContext;
use super::outlet::Outlet;
use common::clock;
use common::error::Error;
use common::health::{DatasetSnapshot, Key, SourceHealth, SourceSnapshot};
use config::{Delivery, TenantConfig};
use mapper::DocId;
use output::DataStreams;
use schema::health::{NAME, PREFIX};

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

impl Reporter {
    /// The reports of all sources. A source whose tenant cannot be collected as it is configured is reported to the
    /// default output.
    pub(super) fn report(&mut self, run: &RunContext, tenants: &[&TenantConfig]) -> Vec<Reports> {
        let at = clock::timestamp();
        let mut all: Vec<Reports> = Vec::new();
        let mut now = BTreeMap::new();
        for source in run.stats.health.sources() {
            let key = source.key().clone();
            let is_its_own = |tenant: &&&TenantConfig| {
                *tenant.cloud.name == *key.cloud && tenant.id.eq_ignore_ascii_case(&key.tenant)
            };
            let delivery = tenants.iter().find(is_its_own).map(|tenant| &tenant.delivery);
            let Ok(outlet) = run.outlets.of(delivery.unwrap_or(&Delivery::default())) else { continue };
            if !run.reports.documents.unwrap_or(outlet.is_cluster()) {
                continue;
            }
            let snapshot = source.snapshot();
            let streams = outlet.streams(delivery.and_then(|delivery| delivery.namespace.as_deref()));
            let document = document(&at, &source, &snapshot, self.last.get(&key), outlet.name());
            let named = [&key.cloud[..], &key.tenant, &key.datasets, &at].map(str::as_bytes);
            let id = DocId::of_content("health", &named);
            let name = |streams: &DataStreams| streams.name(streams.health()).to_owned();
            let is_same =
                |known: &&mut Reports| Arc::ptr_eq(&known.outlet, &outlet) && name(&known.streams) == name(&streams);
            match all.iter_mut().find(is_same) {
                Some(known) => known.documents.push((id, document)),
                None => all.push(Reports { outlet, streams, documents: vec![(id, document)] }),
            }
            now.insert(key, snapshot);
        }
        self.last = now;
        all
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
        writer.push(streams.health(), *id, document);
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
) -> Vec<u8> {
    let mut report = counts(now, last);
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            report.insert(name.to_owned(), value);
        }
    };
    put("tenant", json!(now.name.as_deref().unwrap_or(&now.tenant)));
    put("dataset", datasets(&now.dataset));
    put("output", json!(output));
    put("state", json!(now.state.name()));
    put(
        "reason",
        if now.reasons.is_empty() {
            Value::Null
        } else {
            now.reasons.iter().map(|reason| reason.reason.name()).collect()
        },
    );
    put("freshness", json!(now.freshness_seconds));
    put("backlog", json!(now.backlog_seconds));
    put("newest", json!(now.newest.as_deref().and_then(clock::parse).map(clock::exact)));
    put("last_success", json!(now.last_success));
    put("clock_ahead", json!(now.clock_ahead_seconds));
    let paths = source.take_drift_paths();
    let drift = |names: u64, values: u64| json!({ "names": names, "values": values });
    let mut drift = drift(
        now.drift_names.saturating_sub(last.map_or(0, |last| last.drift_names)),
        now.drift_values.saturating_sub(last.map_or(0, |last| last.drift_values)),
    );
    if !paths.is_empty() {
        drift["path"] = json!(paths);
    }
    put("drift", drift);
    let stream = format!("m365_security.{NAME}");
    let mut document = json!({
        "@timestamp": at,
        "cloud": { "account": { "id": now.tenant } },
        "ecs": { "version": schema::ecs::VERSION },
        "event": { "dataset": stream, "kind": "metric", "module": "m365_security" },
        "observer": { "version": env!("CARGO_PKG_VERSION") },
    });
    if let Some(reason) = now.reasons.first() {
        document["message"] = json!(reason.text);
    }
    nest(&mut document, PREFIX, Value::Object(report));
    document.to_string().into_bytes()
}

/// Names of the datasets; a tenant that is not collected has none.
fn datasets(joined: &str) -> Value {
    let names: Vec<&str> = joined.split('+').filter(|name| !name.is_empty()).collect();
    if names.is_empty() { Value::Null } else { json!(names) }
}

/// What happened since the last report.
fn counts(now: &SourceSnapshot, last: Option<&SourceSnapshot>) -> Map<String, Value> {
    let sum = |snapshot: &SourceSnapshot, count: fn(&DatasetSnapshot) -> u64| -> u64 {
        snapshot.documents.iter().map(count).sum()
    };
    let all = |snapshot: &SourceSnapshot| {
        [
            ("cycles", snapshot.cycles),
            ("failures", snapshot.failures),
            ("pages", snapshot.pages),
            ("records", snapshot.fetched),
            ("bytes", snapshot.bytes),
            ("documents", sum(snapshot, |dataset| dataset.created)),
            ("duplicates", sum(snapshot, |dataset| dataset.duplicates)),
            ("late", snapshot.late),
            ("misdated", snapshot.misdated),
            ("lost", snapshot.lost),
            ("throttled", snapshot.throttled),
            ("throttled_wait", snapshot.throttled_seconds),
            ("retries", snapshot.retries),
            ("dead_letters", snapshot.dead_letters.iter().map(|letters| letters.count).sum()),
        ]
    };
    let before = last.map(all);
    let since = |place: usize, (name, count): (&str, u64)| {
        let before = before.map_or(0, |before| before[place].1);
        (name.to_owned(), json!(count.saturating_sub(before)))
    };
    let mut counts: Map<String, Value> =
        all(now).into_iter().enumerate().map(|(place, count)| since(place, count)).collect();
    counts.insert("retry_queue".to_owned(), json!(now.retry_queue));
    counts
}

/// Puts a value below a dotted name.
fn nest(object: &mut Value, name: &str, value: Value) {
    match name.split_once('.') {
        Some((first, rest)) => nest(&mut object[first], rest, value),
        None => object[name] = value,
    }
}
