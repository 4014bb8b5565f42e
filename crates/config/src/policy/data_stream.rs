//! Where a stream's documents go.

use std::fmt;

use super::source::Source;
use crate::ConfigError;

/// The data stream of a stream's documents, in Elastic's three parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataStream {
    /// `data_stream.dataset`.
    pub dataset: String,
    /// `data_stream.namespace`.
    pub namespace: String,
}

impl fmt::Display for DataStream {
    /// Its name in the cluster.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "logs-{}-{}", self.dataset, self.namespace)
    }
}

/// What a `data_stream` says.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    pub(super) dataset: Option<String>,
    pub(super) namespace: Option<String>,
}

/// Takes the `data_stream` of an input or stream.
pub(super) fn take(source: &mut Source) -> Result<Written, ConfigError> {
    let mut section = source.section("data_stream")?;
    if let Some(kind) = section.text("type")?.filter(|kind| kind != "logs") {
        return Err(section.error("type", format!("`{kind}` is not what is collected here; allowed: logs")));
    }
    let dataset = section.text("dataset")?;
    if let Some(dataset) = dataset.as_ref().filter(|name| !is_part(name)) {
        return Err(section.error("dataset", format!("`{dataset}` is no dataset; {RULES}")));
    }
    let namespace = section.text("namespace")?;
    if let Some(namespace) = namespace.as_ref().filter(|name| !is_part(name)) {
        return Err(section.error("namespace", format!("`{namespace}` is no namespace; {RULES}")));
    }
    Ok(Written { dataset, namespace })
}

const RULES: &str = "allowed: at most 100 bytes, lower case, without `-`, blanks and any of \\/*?\"<>|,#:";

/// Elastic's rules for a part of a data stream's name.
fn is_part(name: &str) -> bool {
    let is_forbidden =
        |c: char| c.is_whitespace() || c.is_control() || c.is_uppercase() || "\\/*?\"<>|,#:-".contains(c);
    !name.is_empty() && name.len() <= 100 && !name.contains(is_forbidden)
}

/// The namespace of a stream: its own, unless the input names one that is not the usual one.
pub(super) fn namespace(input: &Written, stream: &Written) -> String {
    let of_input = input.namespace.clone();
    let is_usual = of_input.as_deref().is_none_or(|name| name == "default");
    let found = if is_usual { stream.namespace.clone().or(of_input) } else { of_input };
    found.unwrap_or_else(|| "default".to_owned())
}
