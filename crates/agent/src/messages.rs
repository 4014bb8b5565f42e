//! The messages on the wire, package `proto` of the protocol: names, numbers and types are those of the protocol, what this
//! side has no use for is left out. Unknown fields and unknown members of enumerations are never an error.

mod action;
mod checkin;
mod config;
#[cfg(test)]
mod tests;

pub use self::action::{ActionLevel, ActionRequest, ActionResponse, ActionStatus, ActionType, DiagnosticResult};
pub use self::checkin::{
    CheckinExpected, CheckinObserved, ConnectionSupports, Features, FqdnFeature, Limits, LimitsOfComponent, State,
    UnitExpected, UnitLogLevel, UnitObserved, VersionInfo,
};
pub use self::config::{DataStream, Meta, Package, Stream, UnitExpectedConfig};

use std::fmt;

use prost::Message;

/// Secrets are in these, as such or in what people wrote: nothing of them is shown.
macro_rules! opaque {
    ($($name:ident),+ $(,)?) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

opaque!(
    StartUpInfo,
    CheckinObserved,
    ActionRequest,
    ActionResponse,
    DiagnosticResult,
    UnitExpectedConfig,
    Stream,
    DataStream,
    Meta,
    Package,
);

/// Path of the stream of check-ins: `CheckinObserved` to the agent, `CheckinExpected` from it.
pub const CHECKIN_PATH: &str = "/proto.ElasticAgent/CheckinV2";
/// Path of the stream of actions: `ActionResponse` to the agent, `ActionRequest` from it.
pub const ACTIONS_PATH: &str = "/proto.ElasticAgent/Actions";
/// Id of the first message of the stream of actions.
pub const ACTIONS_INIT: &str = "init";

/// `StartUpInfo`: what the agent writes to the component's standard input, as it is, before it closes it.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct StartUpInfo {
    /// Where the agent listens, host and port.
    #[prost(string, tag = "1")]
    pub addr: String,
    /// The name in the agent's certificate and in the TLS handshake; the agent picks its certificate by it.
    #[prost(string, tag = "2")]
    pub server_name: String,
    /// Proves to the agent which component this is; a secret.
    #[prost(string, tag = "3")]
    pub token: String,
    /// The one authority that signs the agent's certificate, PEM.
    #[prost(bytes = "vec", tag = "4")]
    pub ca_cert: Vec<u8>,
    /// The component's certificate, PEM.
    #[prost(bytes = "vec", tag = "5")]
    pub peer_cert: Vec<u8>,
    /// The component's key, PEM; a secret.
    #[prost(bytes = "vec", tag = "6")]
    pub peer_key: Vec<u8>,
    /// `ConnInfoServices`: the calls that the agent serves; [`Self::CHECKIN_V2`] is the one of this protocol.
    #[prost(int32, repeated, tag = "7")]
    pub services: Vec<i32>,
    /// What both sides may use; members are [`ConnectionSupports`].
    #[prost(enumeration = "ConnectionSupports", repeated, tag = "8")]
    pub supports: Vec<i32>,
    /// Largest message in bytes; 0 if the agent does not say.
    #[prost(uint32, tag = "9")]
    pub max_message_size: u32,
    /// The agent.
    #[prost(message, optional, tag = "10")]
    pub agent_info: Option<AgentInfo>,
}

impl StartUpInfo {
    /// The member of `services` that says that the agent speaks this protocol.
    pub const CHECKIN_V2: i32 = 1;
}

/// `AgentInfo`: the agent that runs the component.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct AgentInfo {
    /// Id of the agent, which documents carry as `agent.id`.
    #[prost(string, tag = "1")]
    pub id: String,
    /// Version of the agent, which documents carry as `agent.version`.
    #[prost(string, tag = "2")]
    pub version: String,
    /// The agent is a build between releases.
    #[prost(bool, tag = "3")]
    pub snapshot: bool,
    /// `AgentManagedMode`: 0 managed by Fleet, 1 standalone.
    #[prost(int32, tag = "4")]
    pub mode: i32,
    /// The agent has no rights of the machine's administrator.
    #[prost(bool, tag = "5")]
    pub unprivileged: bool,
}
