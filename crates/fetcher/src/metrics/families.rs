//! Families of metrics, written one after the other from what is known at the moment.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, NoLabelSet};
use prometheus_client::metrics::MetricType;

use common::health::latency::Latencies;

/// Names and values of labels.
pub(super) type Labels = Vec<(&'static str, String)>;

/// Where the families go.
#[derive(Debug)]
pub(super) struct Families<'a>(pub(super) DescriptorEncoder<'a>);

impl Families<'_> {
    /// A family of gauges.
    pub(super) fn gauges(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels, i64)>,
    ) -> fmt::Result {
        self.numbers(name, MetricType::Gauge, help, samples)
    }

    /// A gauge without labels.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue + Copy) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    }

    /// A counter without labels.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let mut family = self.0.encode_descriptor(base(name), help, None, MetricType::Counter)?;
        family.encode_counter::<NoLabelSet, _, f64>(&value, None)
    }

    /// A family of counters or gauges.
    pub(super) fn numbers(
        &mut self,
        name: &str,
        kind: MetricType,
        help: &str,
        samples: impl IntoIterator<Item = (Labels, i64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(base(name), help, None, kind)?;
        for (labels, value) in samples {
            let mut sample = family.encode_family(&labels)?;
            match kind {
                MetricType::Counter => {
                    sample.encode_counter::<NoLabelSet, _, f64>(&u64::try_from(value).unwrap_or_default(), None)?;
                }
                _ => sample.encode_gauge(&value)?,
            }
        }
        Ok(())
    }

    /// A family of histograms with these upper bounds, in seconds.
    pub(super) fn histograms(
        &mut self,
        name: &str,
        help: &str,
        bounds: &[u64],
        samples: &[(Labels, Latencies)],
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (labels, Latencies { buckets, millis }) in samples {
            let bounds = bounds.iter().map(|bound| seconds(*bound)).chain([f64::INFINITY]);
            let by_bound: Vec<_> = bounds.zip(buckets.iter().copied()).collect();
            let mut sample = family.encode_family(labels)?;
            sample.encode_histogram::<NoLabelSet>(seconds(*millis) / 1000.0, buckets.iter().sum(), &by_bound, None)?;
        }
        Ok(())
    }
}

/// The name without what the format adds to every counter.
fn base(name: &str) -> &str {
    name.strip_suffix("_total").unwrap_or(name)
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn seconds(number: u64) -> f64 {
    number as f64
}
