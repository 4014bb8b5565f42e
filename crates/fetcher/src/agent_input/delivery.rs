//! What documents carry under an agent: the same fields as those of Elastic's own inputs, beside what the policy adds.

use std::collections::BTreeMap;

use agent::AgentInfo;
use config::policy::{InputUnit, Stream};
use config::{Delivery, StreamDelivery};
use serde_json::json;

/// Tag of what was not collected on the host that ships it: nothing of the host is added to it then.
const FORWARDED: &str = "forwarded";

/// Who ships the documents.
#[derive(Debug)]
pub(super) struct Shipper {
    agent: AgentInfo,
    host: String,
    /// Of this process.
    ephemeral_id: String,
}

impl Default for Shipper {
    fn default() -> Self {
        let host = gethostname::gethostname().to_string_lossy().into_owned();
        Self { agent: AgentInfo::default(), host, ephemeral_id: common::http::guid() }
    }
}

impl Shipper {
    /// The agent said who it is.
    pub(super) fn agent(&mut self, info: AgentInfo) {
        self.agent = info;
    }

    /// How the documents of an input are marked, and where they go.
    pub(super) fn delivery(&self, input: &InputUnit) -> Delivery {
        let datasets = input.tenant.datasets.iter().map(|dataset| dataset.index);
        let mut streams: BTreeMap<u16, StreamDelivery> =
            datasets.zip(&input.streams).map(|(place, stream)| (place, self.stream(stream))).collect();
        streams.extend(input.reports.iter().map(|stream| (schema::health::place(), self.stream(stream))));
        Delivery { streams, reports: Some(input.reports.is_some()), ..input.tenant.delivery.clone() }
    }

    fn stream(&self, stream: &Stream) -> StreamDelivery {
        let AgentInfo { id, version, snapshot, .. } = &self.agent;
        let usual = json!({
            "agent": {
                "id": id,
                "name": self.host,
                "type": options::PROGRAM,
                "version": version,
                "ephemeral_id": self.ephemeral_id,
            },
            "data_stream": {
                "type": "logs",
                "dataset": stream.data_stream.dataset,
                "namespace": stream.data_stream.namespace,
            },
            "elastic_agent": { "id": id, "version": version, "snapshot": snapshot },
            "input": { "type": options::INPUT },
        });
        let mut fields = usual.as_object().cloned().unwrap_or_default();
        mapper::merge(&mut fields, &stream.additions.fields);
        let mut tags = stream.additions.tags.clone();
        if !tags.iter().any(|tag| tag == FORWARDED) {
            tags.push(FORWARDED.to_owned());
        }
        let preserve_original_event = stream.preserve_original_event;
        StreamDelivery { data_stream: stream.data_stream.to_string(), preserve_original_event, tags, fields }
    }
}
