//! How long documents are kept: the data stream lifecycle, in a component template of its own.
//!
//! Elasticsearch 8.19 and serverless projects both take a data stream lifecycle, the latter nothing else. In 8.19 the
//! built-in `logs@settings` names a policy of index lifecycle management, which wins where both are set; so the setting that
//! turns this round stands beside the lifecycle. Serverless projects have no such policy, and refuse the setting.

use std::str::FromStr;

use serde_json::{Value, json};

/// The component template; index templates compose it if it is there.
pub(crate) const TEMPLATE: &str = "logs-m365_security@lifecycle";

/// How long documents are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retention {
    /// As the cluster keeps other logs.
    Cluster,
    /// This long, in Elasticsearch's notation (`90d`).
    For(String),
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "cluster" {
            return Ok(Retention::Cluster);
        }
        let number = text.strip_suffix(['d', 'h']).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        match number.and_then(|number| number.parse::<u32>().ok()) {
            Some(1..) => Ok(Retention::For(text.to_owned())),
            _ => {
                Err("allowed: days or hours, as `90d` or `36h`, or `cluster` for what the cluster does with other logs"
                    .to_owned())
            }
        }
    }
}

/// What is put for a retention.
pub(crate) fn component(data_retention: &str, is_serverless: bool, meta: &Value) -> Value {
    let mut template = json!({ "lifecycle": { "data_retention": data_retention } });
    if !is_serverless {
        template["settings"] = json!({ "index": { "lifecycle": { "prefer_ilm": false } } });
    }
    json!({ "template": template, "_meta": meta })
}
