//! Metrics in Prometheus' text format 0.0.4, at `/metrics`; beside them `/healthz` and `/readyz` for whoever starts and
//! stops the process.
//!
//! What concerns a source carries `cloud`, `tenant` and `dataset`, where a source that feeds several datasets names them
//! all (`alert+evidence`); documents are counted under their own dataset.

mod process;
mod readiness;
mod server;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::DateTime;

pub use self::server::{CONTENT_TYPE, serve};
use crate::version;
use common::health::latency::{BOUNDS, Latencies};
use common::health::{Health, Reason, RefusedSnapshot, SourceSnapshot, State};

/// 1 for the version that runs.
pub const BUILD_INFO: &str = "m365_build_info";
/// 1 for the state that a source is in, 0 for the others.
pub const SOURCE_STATE: &str = "m365_source_state";
/// 1 for every reason that holds.
pub const SOURCE_REASON: &str = "m365_source_reason";
/// Documents by what became of them.
pub const DOCUMENTS: &str = "m365_documents_total";
/// Rows and documents kept as dead letters, by reason and kind.
pub const DEAD_LETTERS: &str = "m365_dead_letters_total";
/// Bytes of the dead letters.
pub const DEAD_LETTER_BYTES: &str = "m365_dead_letter_bytes";
/// Bytes that the dead letters may take.
pub const DEAD_LETTER_LIMIT: &str = "m365_dead_letter_limit_bytes";
/// Dead letters that were deleted for want of room.
pub const DEAD_LETTERS_DROPPED: &str = "m365_dead_letters_dropped_total";
/// 1 for every data stream that refuses documents.
pub const STREAM_REFUSES: &str = "m365_output_data_stream_refuses";
/// Age of the newest record when it was acknowledged.
pub const LATENCY: &str = "m365_latency_seconds";
/// 1 for the state that the output is in, 0 for the others.
pub const OUTPUT_STATE: &str = "m365_output_state";
/// 1 for every reason of the output that holds.
pub const OUTPUT_REASON: &str = "m365_output_reason";
/// Batches that the output took.
pub const OUTPUT_BATCHES: &str = "m365_output_batches_total";
/// Requests to the output that were repeated.
pub const OUTPUT_RETRIES: &str = "m365_output_retries_total";
/// 1 for the state that a tenant is in, 0 for the others.
pub const TENANT_STATE: &str = "m365_tenant_state";
/// 1 when the configuration file is in use as it is, 0 when it was refused.
pub const RELOAD_SUCCESSFUL: &str = "m365_config_last_reload_successful";
/// When the configuration that is in use was read.
pub const RELOAD_TIME: &str = "m365_config_last_reload_success_timestamp_seconds";
/// 1 when the configuration file says something that waits for a restart.
pub const RESTART_NEEDED: &str = "m365_config_restart_needed";

const STATES: [State; 4] = [State::Starting, State::Healthy, State::Degraded, State::Failed];

/// A metric with one number per source.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// `counter` or `gauge`.
    pub kind: &'static str,
    /// What it counts.
    pub help: &'static str,
    value: fn(&SourceSnapshot) -> Option<i64>,
}

/// The metrics with one number per source.
pub const FAMILIES: [Family; 19] = [
    gauge("m365_source_newest_record_age_seconds", "Age of the newest record.", |s| s.freshness_seconds),
    gauge("m365_source_backlog_seconds", "Time span that is still to be read; 0 when caught up.", |s| {
        s.backlog_seconds
    }),
    gauge("m365_source_last_success_timestamp_seconds", "When a cycle succeeded last, in Unix time.", |s| {
        Some(DateTime::parse_from_rfc3339(s.last_success.as_deref()?).ok()?.timestamp())
    }),
    gauge("m365_source_owed_records", "Records in the retry ledger.", |s| count(s.owed)),
    gauge("m365_source_page_size", "Records that a page is asked for.", |s| count(s.page_size)),
    counter("m365_records_fetched_total", "Records read off pages.", |s| count(s.fetched)),
    counter("m365_records_late_total", "Records that became visible late.", |s| count(s.late)),
    counter("m365_records_misdated_total", "Records with a time in the future, or one that cannot be read.", |s| {
        count(s.misdated)
    }),
    gauge("m365_source_clock_ahead_seconds", "How far this machine's clock is ahead of the service's.", |s| {
        s.clock_ahead_seconds
    }),
    counter("m365_records_lost_total", "Records that were given up.", |s| count(s.lost)),
    counter("m365_rows_rejected_total", "Rows that gave no document, kept as dead letters.", |s| count(s.rejected)),
    counter("m365_requests_throttled_total", "Requests refused because of too many.", |s| count(s.throttled)),
    counter("m365_throttled_seconds_total", "Pauses that the service asked for.", |s| count(s.throttled_seconds)),
    counter("m365_requests_retried_total", "Requests repeated after a failure.", |s| count(s.retries)),
    counter("m365_pages_total", "Pages read to their end.", |s| count(s.pages)),
    counter("m365_response_bytes_total", "Bytes of decoded response bodies.", |s| count(s.bytes)),
    counter("m365_cycles_total", "Cycles that ended.", |s| count(s.cycles)),
    counter("m365_cycles_failed_total", "Cycles that failed.", |s| count(s.failures)),
    gauge("m365_source_healthy", "1 when the source is healthy or starting, else 0.", |s| {
        Some(i64::from(matches!(s.state, State::Healthy | State::Starting)))
    }),
];

const fn gauge(name: &'static str, help: &'static str, value: fn(&SourceSnapshot) -> Option<i64>) -> Family {
    Family { name, kind: "gauge", help, value }
}

const fn counter(name: &'static str, help: &'static str, value: fn(&SourceSnapshot) -> Option<i64>) -> Family {
    Family { name, kind: "counter", help, value }
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a family's value")]
fn count(n: u64) -> Option<i64> {
    Some(i64::try_from(n).unwrap_or(i64::MAX))
}

/// Everything as it is now.
pub fn render(health: &Health) -> String {
    let sources = health.sources();
    let snapshots: Vec<_> = sources.iter().map(|source| source.snapshot()).collect();
    let labelled: Vec<_> = snapshots.iter().map(|source| (labels(source), source)).collect();
    let mut out = String::new();
    head(&mut out, BUILD_INFO, "gauge", "1 for the version that runs.");
    let _ = writeln!(out, "{BUILD_INFO}{{version=\"{}\",commit=\"{}\"}} 1", version::VERSION, version::COMMIT);
    for Family { name, kind, help, value } in FAMILIES {
        head(&mut out, name, kind, help);
        for (labels, source) in &labelled {
            if let Some(value) = value(source) {
                let _ = writeln!(out, "{name}{{{labels}}} {value}");
            }
        }
    }
    head(&mut out, SOURCE_STATE, "gauge", "1 for the state that the source is in, 0 for the others.");
    for (labels, source) in &labelled {
        states(&mut out, SOURCE_STATE, &format!("{labels},"), source.state);
    }
    head(&mut out, SOURCE_REASON, "gauge", "1 for every reason why the source is not healthy.");
    for (labels, source) in &labelled {
        for reason in &source.reasons {
            let _ = writeln!(out, "{SOURCE_REASON}{{{labels},reason=\"{}\"}} 1", reason.reason.name());
        }
    }
    tenants(&mut out, &snapshots);
    configuration(&mut out, health);
    documents(&mut out, &snapshots);
    letters(&mut out, &snapshots, health);
    output(&mut out, health);
    let mut latencies = BTreeMap::<_, Latencies>::new();
    for source in &sources {
        let key = source.key();
        *latencies.entry((&*key.cloud, &*key.datasets)).or_default() += source.latency().read();
    }
    histogram(&mut out, &latencies);
    process::render(&mut out);
    out
}

/// The worst of a tenant's sources.
fn tenants(out: &mut String, sources: &[SourceSnapshot]) {
    head(
        out,
        TENANT_STATE,
        "gauge",
        "1 for the state that the tenant is in, the worst of its sources; 0 for the others.",
    );
    for of_tenant in sources.chunk_by(|one, other| (&one.cloud, &one.tenant) == (&other.cloud, &other.tenant)) {
        let Some(worst) = of_tenant.iter().max_by_key(|source| source.state) else { continue };
        let (cloud, tenant) = (escape(&worst.cloud), escape(&worst.tenant));
        let name = escape(worst.name.as_deref().unwrap_or_default());
        states(out, TENANT_STATE, &format!("cloud=\"{cloud}\",tenant=\"{tenant}\",name=\"{name}\","), worst.state);
    }
}

fn configuration(out: &mut String, health: &Health) {
    let Some(config) = health.reloads().snapshot() else { return };
    let help = "1 when the configuration file is in use as it is, 0 when it was refused and the former one stays.";
    head(out, RELOAD_SUCCESSFUL, "gauge", help);
    let _ = writeln!(out, "{RELOAD_SUCCESSFUL} {}", u8::from(config.error.is_none()));
    if let Ok(loaded) = DateTime::parse_from_rfc3339(&config.loaded) {
        head(out, RELOAD_TIME, "gauge", "When the configuration that is in use was read, in Unix time.");
        let _ = writeln!(out, "{RELOAD_TIME} {}", loaded.timestamp());
    }
    head(out, RESTART_NEEDED, "gauge", "1 when the configuration file says something that waits for a restart.");
    let _ = writeln!(out, "{RESTART_NEEDED} {}", u8::from(config.restart_needed));
}

fn documents(out: &mut String, sources: &[SourceSnapshot]) {
    head(out, DOCUMENTS, "counter", "Documents by what became of them.");
    for source in sources {
        let (cloud, tenant) = (escape(&source.cloud), escape(&source.tenant));
        for documents in &source.documents {
            let dataset = escape(&documents.dataset);
            for (result, count) in [
                ("created", documents.created),
                ("duplicate", documents.duplicates),
                ("refused", documents.refused.saturating_sub(documents.failure_store)),
                ("failure_store", documents.failure_store),
            ] {
                let labels = format!("cloud=\"{cloud}\",tenant=\"{tenant}\",dataset=\"{dataset}\",result=\"{result}\"");
                let _ = writeln!(out, "{DOCUMENTS}{{{labels}}} {count}");
            }
        }
    }
}

fn letters(out: &mut String, sources: &[SourceSnapshot], health: &Health) {
    head(out, DEAD_LETTERS, "counter", "Rows and documents that were not delivered but kept as dead letters.");
    for source in sources {
        let (cloud, tenant) = (escape(&source.cloud), escape(&source.tenant));
        for RefusedSnapshot { dataset, reason, kind, count } in &source.dead_letters {
            let (reason, kind) = (escape(reason), escape(kind));
            let labels = format!("cloud=\"{cloud}\",tenant=\"{tenant}\",dataset=\"{dataset}\"");
            let _ = writeln!(out, "{DEAD_LETTERS}{{{labels},reason=\"{reason}\",type=\"{kind}\"}} {count}");
        }
    }
    let letters = health.letters();
    for (name, kind, help, value) in [
        (DEAD_LETTER_BYTES, "gauge", "Bytes of the dead letters.", letters.bytes),
        (DEAD_LETTER_LIMIT, "gauge", "Bytes that the dead letters may take.", letters.limit),
        (DEAD_LETTERS_DROPPED, "counter", "Dead letters that were deleted for want of room.", letters.dropped),
    ] {
        head(out, name, kind, help);
        let _ = writeln!(out, "{name} {value}");
    }
}

fn output(out: &mut String, health: &Health) {
    let outputs: Vec<_> = health.outputs().iter().map(|output| output.snapshot()).collect();
    let outputs: Vec<_> =
        outputs.iter().map(|output| (format!("output=\"{}\"", escape(&output.name)), output)).collect();
    head(out, OUTPUT_STATE, "gauge", "1 for the state that the output is in, 0 for the others.");
    for (label, output) in &outputs {
        states(out, OUTPUT_STATE, &format!("{label},"), output.state);
    }
    head(out, OUTPUT_REASON, "gauge", "Whether a reason holds why the output is not healthy.");
    for (label, output) in &outputs {
        for reason in [Reason::Auth, Reason::OutputBlocked] {
            let holds = u8::from(output.reasons.iter().any(|found| found.reason == reason));
            let _ = writeln!(out, "{OUTPUT_REASON}{{{label},reason=\"{}\"}} {holds}", reason.name());
        }
    }
    head(out, STREAM_REFUSES, "gauge", "1 for every data stream that refuses documents.");
    for (label, output) in &outputs {
        for stream in &output.refusing {
            let stream = escape(&stream.data_stream);
            let _ = writeln!(out, "{STREAM_REFUSES}{{{label},data_stream=\"{stream}\"}} 1");
        }
    }
    head(out, OUTPUT_BATCHES, "counter", "Batches that the output took.");
    for (label, output) in &outputs {
        let _ = writeln!(out, "{OUTPUT_BATCHES}{{{label}}} {}", output.batches);
    }
    head(out, OUTPUT_RETRIES, "counter", "Requests to the output that were repeated.");
    for (label, output) in &outputs {
        let _ = writeln!(out, "{OUTPUT_RETRIES}{{{label}}} {}", output.retries);
    }
}

/// Over all tenants: a histogram per tenant would be a dozen series each.
fn histogram(out: &mut String, latencies: &BTreeMap<(&str, &str), Latencies>) {
    let help = "Age of a cycle's newest record, by the service's time, when the output had acknowledged the cycle; over \
                all tenants.";
    head(out, LATENCY, "histogram", help);
    for ((cloud, dataset), Latencies { buckets, millis }) in latencies {
        let labels = format!("cloud=\"{}\",dataset=\"{}\"", escape(cloud), escape(dataset));
        let mut sum = 0;
        for (place, bucket) in buckets.iter().enumerate() {
            sum += bucket;
            let bound = BOUNDS.get(place).map_or_else(|| "+Inf".to_owned(), u64::to_string);
            let _ = writeln!(out, "{LATENCY}_bucket{{{labels},le=\"{bound}\"}} {sum}");
        }
        let _ = writeln!(out, "{LATENCY}_sum{{{labels}}} {}.{:03}", millis / 1000, millis % 1000);
        let _ = writeln!(out, "{LATENCY}_count{{{labels}}} {sum}");
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// `labels` ends with a comma, or is empty.
fn states(out: &mut String, name: &str, labels: &str, now: State) {
    for state in STATES {
        let _ = writeln!(out, "{name}{{{labels}state=\"{}\"}} {}", state.name(), u8::from(state == now));
    }
}

fn labels(source: &SourceSnapshot) -> String {
    let SourceSnapshot { cloud, tenant, dataset, .. } = source;
    format!("cloud=\"{}\",tenant=\"{}\",dataset=\"{}\"", escape(cloud), escape(tenant), escape(dataset))
}

/// A label's value: backslash, quotation mark and line feed are escaped.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
