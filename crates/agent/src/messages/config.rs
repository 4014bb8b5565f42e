//! The configuration of a unit: the policy's map of it, with copies of what most units have.

use prost::Message;
use prost_types::Struct;

/// `UnitExpectedConfig`: the configuration of a unit.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct UnitExpectedConfig {
    /// All of it, as in the policy; every number is a double.
    #[prost(message, optional, tag = "1")]
    pub source: Option<Struct>,
    /// Id of the input; empty for an output.
    #[prost(string, tag = "2")]
    pub id: String,
    /// Type of the input or the output.
    #[prost(string, tag = "3")]
    pub r#type: String,
    /// Name of the input; empty for an output.
    #[prost(string, tag = "4")]
    pub name: String,
    /// Revision of the input.
    #[prost(uint64, tag = "5")]
    pub revision: u64,
    /// Where the input comes from.
    #[prost(message, optional, tag = "6")]
    pub meta: Option<Meta>,
    /// The data stream of the input; its namespace is the one that counts.
    #[prost(message, optional, tag = "7")]
    pub data_stream: Option<DataStream>,
    /// The streams of the input.
    #[prost(message, repeated, tag = "8")]
    pub streams: Vec<Stream>,
}

/// `Stream` of an input.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct Stream {
    /// All of it, as in the policy.
    #[prost(message, optional, tag = "1")]
    pub source: Option<Struct>,
    /// Id of the stream.
    #[prost(string, tag = "2")]
    pub id: String,
    /// The data stream that it fills.
    #[prost(message, optional, tag = "3")]
    pub data_stream: Option<DataStream>,
}

/// `DataStream`: where documents go.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct DataStream {
    /// As in the policy.
    #[prost(message, optional, tag = "1")]
    pub source: Option<Struct>,
    /// Dataset.
    #[prost(string, tag = "2")]
    pub dataset: String,
    /// Type, such as `logs`.
    #[prost(string, tag = "3")]
    pub r#type: String,
    /// Namespace.
    #[prost(string, tag = "4")]
    pub namespace: String,
}

/// `Meta`: where an input comes from.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct Meta {
    /// As in the policy.
    #[prost(message, optional, tag = "1")]
    pub source: Option<Struct>,
    /// The package of the integration.
    #[prost(message, optional, tag = "2")]
    pub package: Option<Package>,
}

/// `Package` of an integration.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct Package {
    /// As in the policy.
    #[prost(message, optional, tag = "1")]
    pub source: Option<Struct>,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Its version.
    #[prost(string, tag = "3")]
    pub version: String,
}
