//! Metrics in Prometheus' text format 0.0.4, at `/metrics`; beside them `/healthz` and `/readyz` for whoever starts and
//! stops the process.
//!
//! Metrics of a source carry `cloud`, `tenant` and `dataset`, where a source that feeds several datasets names them
//! all (`alert+evidence`); documents are counted under their own dataset.

mod families;
mod output;
mod process;
mod readiness;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::DateTime;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use self::families::{Families, Labels};
pub use self::server::{CONTENT_TYPE, serve};
use crate::version;
use common::health::latency::{BOUNDS, Latencies};
use common::health::{ConfigSnapshot, Health, LettersSnapshot, OutputSnapshot, RefusedSnapshot, SourceSnapshot, State};

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
    /// A counter or a gauge.
    pub kind: MetricType,
    /// Help text: the thing that is counted.
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
    gauge("m365_source_retry_queue_records", "Records in the retry queue.", |s| count(s.retry_queue)),
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
    Family { name, kind: MetricType::Gauge, help, value }
}

const fn counter(name: &'static str, help: &'static str, value: fn(&SourceSnapshot) -> Option<i64>) -> Family {
    Family { name, kind: MetricType::Counter, help, value }
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a family's value")]
fn count(n: u64) -> Option<i64> {
    Some(number(n))
}

/// Everything as it is now.
pub fn render(health: &Health) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exposition::of(health)));
    let mut out = String::new();
    // A `String` takes everything.
    let _ = encode(&mut out, &registry);
    out
}

/// Values of all metrics, taken at one moment.
#[derive(Debug)]
struct Exposition {
    sources: Vec<SourceSnapshot>,
    outputs: Vec<OutputSnapshot>,
    letters: LettersSnapshot,
    config: Option<ConfigSnapshot>,
    /// By cloud and datasets, over all tenants: a histogram per tenant would be a dozen series each.
    latencies: Vec<(Labels, Latencies)>,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        let version = vec![("version", version::VERSION.to_owned()), ("commit", version::COMMIT.to_owned())];
        families.gauges(BUILD_INFO, "1 for the version that runs.", [(version, 1)])?;
        self.by_source(&mut families)?;
        self.tenants(&mut families)?;
        self.configuration(&mut families)?;
        self.documents(&mut families)?;
        self.letters(&mut families)?;
        self.outputs(&mut families)?;
        let help = "Age of a cycle's newest record, by the service's time, when the output had acknowledged the cycle; over \
                    all tenants.";
        families.histograms(LATENCY, help, &BOUNDS, &self.latencies)?;
        process::encode(&mut families)
    }
}

impl Exposition {
    fn of(health: &Health) -> Self {
        let sources = health.sources();
        let mut latencies = Vec::<(Labels, Latencies)>::new();
        for source in &sources {
            let key = source.key();
            let labels = vec![("cloud", key.cloud.to_string()), ("dataset", key.datasets.to_string())];
            let read = source.latency().read();
            match latencies.iter_mut().find(|(known, _)| *known == labels) {
                Some((_, sum)) => *sum += read,
                None => latencies.push((labels, read)),
            }
        }
        Self {
            sources: sources.iter().map(|source| source.snapshot()).collect(),
            outputs: health.outputs().iter().map(|output| output.snapshot()).collect(),
            letters: health.letters(),
            config: health.reloads().snapshot(),
            latencies,
        }
    }

    fn by_source(&self, families: &mut Families<'_>) -> fmt::Result {
        for Family { name, kind, help, value } in FAMILIES {
            let samples = self.sources.iter().filter_map(|source| Some((labels(source), value(source)?)));
            families.numbers(name, kind, help, samples)?;
        }
        let states = self.sources.iter().flat_map(|source| states(&labels(source), source.state));
        families.gauges(SOURCE_STATE, "1 for the state that the source is in, 0 for the others.", states)?;
        let reasons = self.sources.iter().flat_map(|source| {
            source.reasons.iter().map(|reason| (and(labels(source), "reason", reason.reason.name()), 1))
        });
        families.gauges(SOURCE_REASON, "1 for every reason why the source is not healthy.", reasons)
    }

    /// The worst of a tenant's sources.
    fn tenants(&self, families: &mut Families<'_>) -> fmt::Result {
        let same =
            |one: &SourceSnapshot, other: &SourceSnapshot| (&one.cloud, &one.tenant) == (&other.cloud, &other.tenant);
        let worst = self.sources.chunk_by(same).filter_map(|all| all.iter().max_by_key(|source| source.state));
        let samples = worst.flat_map(|worst| {
            let labels = and(of_tenant(worst), "name", worst.name.as_deref().unwrap_or_default());
            states(&labels, worst.state)
        });
        let help = "1 for the state that the tenant is in, the worst of its sources; 0 for the others.";
        families.gauges(TENANT_STATE, help, samples)
    }

    fn configuration(&self, families: &mut Families<'_>) -> fmt::Result {
        let Some(config) = &self.config else { return Ok(()) };
        let help = "1 when the configuration file is in use as it is, 0 when it was refused and the former one stays.";
        families.gauge(RELOAD_SUCCESSFUL, help, i64::from(config.error.is_none()))?;
        if let Ok(loaded) = DateTime::parse_from_rfc3339(&config.loaded) {
            let help = "When the configuration that is in use was read, in Unix time.";
            families.gauge(RELOAD_TIME, help, loaded.timestamp())?;
        }
        let help = "1 when the configuration file says something that waits for a restart.";
        families.gauge(RESTART_NEEDED, help, i64::from(config.restart_needed))
    }

    fn documents(&self, families: &mut Families<'_>) -> fmt::Result {
        let by_dataset =
            self.sources.iter().flat_map(|source| source.documents.iter().map(move |documents| (source, documents)));
        let samples = by_dataset.flat_map(|(source, documents)| {
            let labels = and(of_tenant(source), "dataset", &documents.dataset);
            [
                ("created", documents.created),
                ("duplicate", documents.duplicates),
                ("refused", documents.refused.saturating_sub(documents.failure_store)),
                ("failure_store", documents.failure_store),
            ]
            .map(|(result, count)| (and(labels.clone(), "result", result), number(count)))
        });
        families.numbers(DOCUMENTS, MetricType::Counter, "Documents by what became of them.", samples)
    }

    fn letters(&self, families: &mut Families<'_>) -> fmt::Result {
        let samples = self.sources.iter().flat_map(|source| {
            source.dead_letters.iter().map(|RefusedSnapshot { dataset, reason, kind, count }| {
                let labels = and(and(of_tenant(source), "dataset", dataset), "reason", reason);
                (and(labels, "type", kind), number(*count))
            })
        });
        let help = "Rows and documents that were not delivered but kept as dead letters.";
        families.numbers(DEAD_LETTERS, MetricType::Counter, help, samples)?;
        families.gauge(DEAD_LETTER_BYTES, "Bytes of the dead letters.", number(self.letters.bytes))?;
        families.gauge(DEAD_LETTER_LIMIT, "Bytes that the dead letters may take.", number(self.letters.limit))?;
        let help = "Dead letters that were deleted for want of room.";
        families.numbers(
            DEAD_LETTERS_DROPPED,
            MetricType::Counter,
            help,
            [(Labels::new(), number(self.letters.dropped))],
        )
    }
}

fn labels(source: &SourceSnapshot) -> Labels {
    and(of_tenant(source), "dataset", &source.dataset)
}

fn of_tenant(source: &SourceSnapshot) -> Labels {
    vec![("cloud", source.cloud.clone()), ("tenant", source.tenant.clone())]
}

/// One label more.
fn and(mut labels: Labels, name: &'static str, value: &str) -> Labels {
    labels.push((name, value.to_owned()));
    labels
}

/// A sample for every state, 1 for the one that holds.
fn states(labels: &Labels, now: State) -> [(Labels, i64); 4] {
    STATES.map(|state| (and(labels.clone(), "state", state.name()), (state == now).into()))
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
