//! The policy of Elastic Agent as a configuration: what the source of an input unit or of an output unit says, checked by
//! the rules of the configuration file.
//!
//! A unit's source is what Fleet or `elastic-agent.yml` says of it, as Protobuf's `Struct`: every number is a double, keys
//! come nested or with dots, secrets are resolved. Errors name the option as Fleet's form and the policy call it. Keys that
//! are nobody's are handed back, so that a misspelt one can be told.

mod data_stream;
mod input;
mod output;
mod preset;
mod processors;
mod source;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{ConfigErrors, ElasticOutput, HttpConfig, TenantConfig};

pub use self::data_stream::DataStream;

/// An input unit: one tenant.
#[derive(Debug)]
pub struct InputUnit {
    /// Its id in the policy; empty where the policy names none.
    pub id: String,
    /// The tenant, with a dataset for each stream, in the order of the streams.
    pub tenant: TenantConfig,
    /// The way to Microsoft.
    pub http: HttpConfig,
    /// Directory of the state, where the policy names one.
    pub state: Option<PathBuf>,
    /// The streams that can be collected, at least one.
    pub streams: Vec<Stream>,
    /// The stream of the collector's own reports, if the policy wants them.
    pub reports: Option<Stream>,
    /// Those that cannot, as they are written.
    pub broken: Vec<BrokenStream>,
    /// Keys that are no option: they are left alone.
    pub unknown: Vec<String>,
}

/// A stream: one dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Its id in the policy, or what Elastic's own inputs would call it.
    pub id: String,
    /// Where its documents go.
    pub data_stream: DataStream,
    /// Keep the raw record as `event.original`.
    pub preserve_original_event: bool,
    /// What its documents carry beside what was collected.
    pub additions: Additions,
}

/// What the policy adds to every document of a stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Additions {
    /// Tags, in their order, each once.
    pub tags: Vec<String>,
    /// Fields, nested, in the place of what a document holds there.
    pub fields: Map<String, Value>,
}

/// A stream that cannot be collected as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenStream {
    /// Its id.
    pub id: String,
    /// What is wrong.
    pub errors: ConfigErrors,
}

/// An output unit.
#[derive(Debug)]
pub struct OutputUnit {
    /// The cluster.
    pub output: ElasticOutput,
    /// Keys that are left alone: options of Beats that this program decides by itself, and misspelt ones.
    pub ignored: Vec<String>,
}

/// Reads the source of an input unit.
///
/// # Errors
/// If the tenant cannot be collected, or none of its streams.
pub fn input(source: &Value) -> Result<InputUnit, ConfigErrors> {
    input::read(source, &|name| std::env::var(name).ok())
}

/// Reads the source of an output unit. Files that it names are read.
///
/// # Errors
/// If the output is none of Elasticsearch, or says what cannot be kept.
pub fn output(source: &Value) -> Result<OutputUnit, ConfigErrors> {
    output::read(source, &|name| std::env::var(name).ok())
}

/// Why two input units cannot be collected by one process, if so: one quota of Microsoft or one state would be fought over.
/// The second one is at fault.
pub fn clash(first: &InputUnit, second: &InputUnit) -> Option<String> {
    let (one, two) = (&first.tenant, &second.tenant);
    let is_same = one.cloud.name == two.cloud.name && one.id.eq_ignore_ascii_case(&two.id);
    let shared = two.datasets.iter().find(|dataset| one.datasets.iter().any(|other| other.index == dataset.index));
    let what = match shared {
        Some(dataset) => format!("its dataset `{}`", dataset.dataset.definition.name),
        None if one.client_id.eq_ignore_ascii_case(&two.client_id) => "the same application".to_owned(),
        None => return None,
    };
    is_same.then(|| {
        let first = if first.id.is_empty() { "another input" } else { &first.id };
        format!(
            "{}: the tenant is collected with {what} by {first} already; put all datasets of the tenant into one input",
            options::label("tenant_id")
        )
    })
}
