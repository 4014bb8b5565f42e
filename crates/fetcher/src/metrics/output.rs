//! The families of the outputs.

use std::fmt;

use prometheus_client::metrics::MetricType;

use super::families::{Families, Labels};
use super::{
    Exposition, OUTPUT_BATCHES, OUTPUT_REASON, OUTPUT_RETRIES, OUTPUT_STATE, STREAM_REFUSES, and, number, states,
};
use common::health::{OutputSnapshot, Reason};

impl Exposition {
    pub(super) fn outputs(&self, families: &mut Families<'_>) -> fmt::Result {
        let all = self.outputs.iter();
        let samples = all.clone().flat_map(|output| states(&labels(output), output.state));
        families.gauges(OUTPUT_STATE, "1 for the state that the output is in, 0 for the others.", samples)?;
        let samples = all.clone().flat_map(|output| {
            [Reason::Auth, Reason::OutputBlocked].map(|reason| {
                let holds = output.reasons.iter().any(|found| found.reason == reason);
                (and(labels(output), "reason", reason.name()), holds.into())
            })
        });
        families.gauges(OUTPUT_REASON, "Whether a reason holds why the output is not healthy.", samples)?;
        let samples = all.clone().flat_map(|output| {
            output.refusing.iter().map(|stream| (and(labels(output), "data_stream", &stream.data_stream), 1))
        });
        families.gauges(STREAM_REFUSES, "1 for every data stream that refuses documents.", samples)?;
        let samples = all.clone().map(|output| (labels(output), number(output.batches)));
        families.numbers(OUTPUT_BATCHES, MetricType::Counter, "Batches that the output took.", samples)?;
        let samples = all.map(|output| (labels(output), number(output.retries)));
        families.numbers(OUTPUT_RETRIES, MetricType::Counter, "Requests to the output that were repeated.", samples)
    }
}

fn labels(output: &OutputSnapshot) -> Labels {
    vec![("output", output.name.clone())]
}
