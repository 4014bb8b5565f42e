//! The messages of the stream of check-ins.

use std::collections::BTreeMap;

use prost::{Enumeration, Message};
use prost_types::{Struct, Timestamp};

use super::{AgentInfo, UnitExpectedConfig};

/// `State` of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum State {
    /// On its way to its first work.
    Starting = 0,
    /// On its way from one configuration to another.
    Configuring = 1,
    /// Works.
    Healthy = 2,
    /// Works, with errors.
    Degraded = 3,
    /// Does not work.
    Failed = 4,
    /// On its way to its end.
    Stopping = 5,
    /// At its end.
    Stopped = 6,
}

/// `UnitLogLevel`: what the logs of a unit should tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum UnitLogLevel {
    /// Errors.
    Error = 0,
    /// Warnings too.
    Warn = 1,
    /// What happens, too.
    Info = 2,
    /// What helps to find mistakes, too.
    Debug = 3,
    /// Everything.
    Trace = 4,
}

/// `ConnectionSupports`: what both sides may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum ConnectionSupports {
    /// Check-ins above the largest message's size come in several messages.
    CheckinChunking = 0,
}

/// `CheckinExpected`: what the agent wants, or a part of it.
#[derive(Clone, PartialEq, Message)]
pub struct CheckinExpected {
    /// All units that the component should have.
    #[prost(message, repeated, tag = "1")]
    pub units: Vec<UnitExpected>,
    /// The agent.
    #[prost(message, optional, tag = "2")]
    pub agent_info: Option<AgentInfo>,
    /// Features that are switched on or off for all components.
    #[prost(message, optional, tag = "3")]
    pub features: Option<Features>,
    /// Number of the features' latest change; the component sends it back.
    #[prost(uint64, tag = "4")]
    pub features_idx: u64,
    /// Settings of the component as a whole.
    #[prost(message, optional, tag = "5")]
    pub component: Option<LimitsOfComponent>,
    /// Number of the component's latest change; the component sends it back.
    #[prost(uint64, tag = "6")]
    pub component_idx: u64,
    /// What the parts of one list have in common; absent if the message is whole.
    #[prost(message, optional, tag = "7")]
    pub units_timestamp: Option<Timestamp>,
}

/// `UnitExpected`: one unit as the agent wants it.
#[derive(Clone, PartialEq, Message)]
pub struct UnitExpected {
    /// Id of the unit; an input and an output may have the same one.
    #[prost(string, tag = "1")]
    pub id: String,
    /// `UnitType`: 0 an input, 1 an output.
    #[prost(int32, tag = "2")]
    pub r#type: i32,
    /// HEALTHY or STOPPED.
    #[prost(enumeration = "State", tag = "3")]
    pub state: i32,
    /// Number of the configuration's latest change.
    #[prost(uint64, tag = "4")]
    pub config_state_idx: u64,
    /// The configuration; absent where the component has reported that number already.
    #[prost(message, optional, tag = "5")]
    pub config: Option<UnitExpectedConfig>,
    /// What the unit's logs should tell.
    #[prost(enumeration = "UnitLogLevel", tag = "6")]
    pub log_level: i32,
}

/// `Features` that are switched on or off for all components.
#[derive(Clone, PartialEq, Message)]
pub struct Features {
    /// As written in the policy.
    #[prost(message, optional, tag = "1")]
    pub source: Option<Struct>,
    /// How hosts are named.
    #[prost(message, optional, tag = "2")]
    pub fqdn: Option<FqdnFeature>,
}

/// `FQDNFeature`: how hosts are named.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct FqdnFeature {
    /// By their fully qualified name.
    #[prost(bool, tag = "1")]
    pub enabled: bool,
}

/// `Component`: settings of the component as a whole.
#[derive(Clone, PartialEq, Message)]
pub struct LimitsOfComponent {
    /// What the component may use.
    #[prost(message, optional, tag = "1")]
    pub limits: Option<Limits>,
}

/// `ComponentLimits`: what the component may use.
#[derive(Clone, PartialEq, Message)]
pub struct Limits {
    /// As written in the policy.
    #[prost(message, optional, tag = "1")]
    pub source: Option<Struct>,
    /// Processors at the same time; 0 is all of them.
    #[prost(uint64, tag = "2")]
    pub go_max_procs: u64,
}

/// `CheckinObserved`: how the component is, or a part of it.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct CheckinObserved {
    /// The token of the start-up info; a secret.
    #[prost(string, tag = "1")]
    pub token: String,
    /// All units that the component has.
    #[prost(message, repeated, tag = "2")]
    pub units: Vec<UnitObserved>,
    /// The component's program; in the first message of a stream.
    #[prost(message, optional, tag = "3")]
    pub version_info: Option<VersionInfo>,
    /// Number of the features that the component has taken over.
    #[prost(uint64, tag = "5")]
    pub features_idx: u64,
    /// Number of the component's settings that it has taken over.
    #[prost(uint64, tag = "6")]
    pub component_idx: u64,
    /// What the parts of one list have in common; absent if the message is whole.
    #[prost(message, optional, tag = "7")]
    pub units_timestamp: Option<Timestamp>,
    /// What the component can use of what the agent offered; in the first message of a stream.
    #[prost(enumeration = "ConnectionSupports", repeated, tag = "8")]
    pub supports: Vec<i32>,
    /// Process id of an operating system's service. A component that the agent runs leaves it out, because the agent
    /// compares it in every message.
    #[prost(uint64, tag = "9")]
    pub pid: u64,
}

/// `UnitObserved`: one unit as it is.
#[derive(Clone, PartialEq, Message)]
pub struct UnitObserved {
    /// Id of the unit.
    #[prost(string, tag = "1")]
    pub id: String,
    /// `UnitType`: 0 an input, 1 an output.
    #[prost(int32, tag = "2")]
    pub r#type: i32,
    /// Number of the configuration that was taken over.
    #[prost(uint64, tag = "3")]
    pub config_state_idx: u64,
    /// How the unit is.
    #[prost(enumeration = "State", tag = "4")]
    pub state: i32,
    /// The same in a sentence for people.
    #[prost(string, tag = "5")]
    pub message: String,
    /// More for people; Fleet shows the states of streams that it finds there.
    #[prost(message, optional, tag = "6")]
    pub payload: Option<Struct>,
}

/// `CheckinObservedVersionInfo`: the component's program.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct VersionInfo {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What else there is to say, such as its version.
    #[prost(btree_map = "string, string", tag = "3")]
    pub meta: BTreeMap<String, String>,
    /// The commit that it was built from.
    #[prost(string, tag = "4")]
    pub build_hash: String,
}
