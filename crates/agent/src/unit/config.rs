//! The configuration of a unit, in types.

use std::fmt;

use serde_json::{Map, Value};

use crate::{json, messages};

/// `UnitExpectedConfig`: the configuration of a unit. Its `Debug` shows no values, because secrets are among them.
#[derive(Clone, Default, PartialEq)]
pub struct UnitConfig {
    /// Id of the input in the policy; empty for an output.
    pub id: String,
    /// Type of the input or the output. That of an output can change while it runs.
    pub config_type: String,
    /// Name of the input; empty for an output.
    pub name: String,
    /// Revision of the input.
    pub revision: u64,
    /// The package of the integration, if there is one.
    pub package: Option<Package>,
    /// Data stream of the input.
    pub data_stream: DataStream,
    /// Streams of the input.
    pub streams: Vec<StreamConfig>,
    /// All of it as in the policy, secrets too. Numbers arrive as doubles: whole ones are integers here. A dotted key may
    /// arrive as one key or nested.
    pub source: Map<String, Value>,
}

/// `Stream` of an input. Its `Debug` shows no values.
#[derive(Clone, Default, PartialEq)]
pub struct StreamConfig {
    /// Id of the stream.
    pub id: String,
    /// The data stream that it fills.
    pub data_stream: DataStream,
    /// All of it as in the policy.
    pub source: Map<String, Value>,
}

/// `DataStream`; parts that the policy does not name are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataStream {
    /// Type, such as `logs`.
    pub data_stream_type: String,
    /// Dataset.
    pub dataset: String,
    /// Namespace.
    pub namespace: String,
}

/// `Package` of an integration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl fmt::Debug for UnitConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("UnitConfig");
        debug.field("id", &self.id).field("config_type", &self.config_type).field("streams", &self.streams);
        debug.finish_non_exhaustive()
    }
}

impl fmt::Debug for StreamConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StreamConfig").field("id", &self.id).finish_non_exhaustive()
    }
}

impl From<messages::UnitExpectedConfig> for UnitConfig {
    fn from(config: messages::UnitExpectedConfig) -> Self {
        let package = config.meta.and_then(|meta| meta.package);
        Self {
            id: config.id,
            config_type: config.r#type,
            name: config.name,
            revision: config.revision,
            package: package.map(|package| Package { name: package.name, version: package.version }),
            data_stream: config.data_stream.map(DataStream::from).unwrap_or_default(),
            streams: config.streams.into_iter().map(StreamConfig::from).collect(),
            source: config.source.map(json::object).unwrap_or_default(),
        }
    }
}

impl From<messages::Stream> for StreamConfig {
    fn from(stream: messages::Stream) -> Self {
        Self {
            id: stream.id,
            data_stream: stream.data_stream.map(DataStream::from).unwrap_or_default(),
            source: stream.source.map(json::object).unwrap_or_default(),
        }
    }
}

impl From<messages::DataStream> for DataStream {
    fn from(stream: messages::DataStream) -> Self {
        Self { data_stream_type: stream.r#type, dataset: stream.dataset, namespace: stream.namespace }
    }
}
