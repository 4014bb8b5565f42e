//! What documents carry under an agent: the same fields as those of Elastic's own inputs, beside what the policy adds.

use std::collections::BTreeMap;
use std::fmt::Write;

use agent::AgentInfo;
use config::policy::{InputUnit, Stream};
use config::{Delivery, StreamDelivery};
use serde_json::{Map, Value, json};

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
        Self { agent: AgentInfo::default(), host, ephemeral_id: random_id() }
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
        merge(&mut fields, &stream.additions.fields);
        let mut tags = stream.additions.tags.clone();
        if !tags.iter().any(|tag| tag == FORWARDED) {
            tags.push(FORWARDED.to_owned());
        }
        let preserve_original_event = stream.preserve_original_event;
        StreamDelivery { data_stream: stream.data_stream.to_string(), preserve_original_event, tags, fields }
    }
}

fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(Value::Object(there)), Value::Object(more)) => merge(there, more),
            _ => drop(into.insert(name.clone(), value.clone())),
        }
    }
}

/// An id in the form of a random UUID.
fn random_id() -> String {
    let number = (fastrand::u128(..) & !(0xf000_c000 << 60)) | (0x4000_8000 << 60);
    let digits = format!("{number:032x}");
    let mut id = String::with_capacity(36);
    for (from, to) in [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)] {
        let gap = if from == 0 { "" } else { "-" };
        // A text takes whatever is written to it.
        let _ = write!(id, "{gap}{}", &digits[from..to]);
    }
    id
}
