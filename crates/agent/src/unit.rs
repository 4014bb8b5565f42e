//! What the agent wants, in types: units, their configurations, and what became of them.

mod config;

use std::fmt;
use std::sync::Arc;

pub use self::config::{DataStream, Package, StreamConfig, UnitConfig};
use crate::messages;

/// `UnitType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitType {
    /// Reads something.
    Input,
    /// Delivers what inputs have read.
    Output,
    /// A type that this side does not know, by its number. It wants a report of FAILED, because a unit that is not
    /// reported stays FAILED without a word of why.
    Unknown(i32),
}

impl UnitType {
    pub(crate) fn of(number: i32) -> Self {
        match number {
            0 => UnitType::Input,
            1 => UnitType::Output,
            other => UnitType::Unknown(other),
        }
    }

    pub(crate) fn number(self) -> i32 {
        match self {
            UnitType::Input => 0,
            UnitType::Output => 1,
            UnitType::Unknown(number) => number,
        }
    }
}

/// What names a unit. An input and an output may have the same id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitKey {
    /// Type.
    pub unit_type: UnitType,
    /// Id, which log lines carry as `unit.id`.
    pub id: Arc<str>,
}

impl fmt::Display for UnitKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit_type = match self.unit_type {
            UnitType::Input => "input",
            UnitType::Output => "output",
            UnitType::Unknown(_) => "unit",
        };
        write!(formatter, "{unit_type} {}", self.id)
    }
}

/// `State` of a unit. The order of the variants is that of the protocol's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitState {
    /// On its way to its first work.
    Starting,
    /// On its way from one configuration to another.
    Configuring,
    /// Works.
    Healthy,
    /// Works, with errors.
    Degraded,
    /// Does not work.
    Failed,
    /// On its way to its end.
    Stopping,
    /// At its end.
    Stopped,
}

impl UnitState {
    pub(crate) fn wire(self) -> messages::State {
        match self {
            UnitState::Starting => messages::State::Starting,
            UnitState::Configuring => messages::State::Configuring,
            UnitState::Healthy => messages::State::Healthy,
            UnitState::Degraded => messages::State::Degraded,
            UnitState::Failed => messages::State::Failed,
            UnitState::Stopping => messages::State::Stopping,
            UnitState::Stopped => messages::State::Stopped,
        }
    }

    /// The name that the agent and Fleet show.
    pub fn name(self) -> &'static str {
        match self {
            UnitState::Starting => "STARTING",
            UnitState::Configuring => "CONFIGURING",
            UnitState::Healthy => "HEALTHY",
            UnitState::Degraded => "DEGRADED",
            UnitState::Failed => "FAILED",
            UnitState::Stopping => "STOPPING",
            UnitState::Stopped => "STOPPED",
        }
    }
}

/// `UnitLogLevel`, from the quietest to the most talkative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LogLevel {
    /// Errors.
    Error,
    /// Warnings too.
    Warn,
    /// What happens, too.
    #[default]
    Info,
    /// What helps to find mistakes, too.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }

    pub(crate) fn of(number: i32) -> Self {
        match number {
            0 => LogLevel::Error,
            1 => LogLevel::Warn,
            3 => LogLevel::Debug,
            4 => LogLevel::Trace,
            _ => LogLevel::Info,
        }
    }
}

/// A unit as the agent wanted it at one moment. Cheap to clone; a report with it says that this configuration was taken
/// over.
#[derive(Debug, Clone)]
pub struct Unit {
    /// What names it.
    pub key: UnitKey,
    /// How it should work.
    pub config: Arc<UnitConfig>,
    /// What its logs should tell.
    pub log_level: LogLevel,
    /// Number of the configuration (`config_state_idx`).
    pub(crate) config_idx: u64,
    /// Tells a unit from a former one of the same key.
    pub(crate) generation: u64,
}

impl Unit {
    /// A unit that no agent has sent, for tests of what is built on this crate.
    #[cfg(any(test, feature = "test-support"))]
    pub fn for_tests(key: UnitKey, config: UnitConfig) -> Self {
        Self { key, config: Arc::new(config), log_level: LogLevel::Info, config_idx: 1, generation: 0 }
    }
}

/// What became different.
#[derive(Debug, Clone)]
pub enum Change {
    /// The agent wants this unit. It is STARTING until the first report.
    UnitAdded(Unit),
    /// A unit has another configuration, and nothing else: an output's change leaves inputs alone. Its state stays as it
    /// is until the next report.
    UnitChanged(Unit),
    /// The agent no longer wants this unit. It is STOPPING until a report says STOPPED, which is the last one.
    UnitRemoved(Unit),
    /// The logs of a unit should tell more or less.
    LogLevel(Unit),
    /// The agent said who it is, or something about itself changed.
    AgentInfo(AgentInfo),
    /// Hosts should be named by their fully qualified name, or no longer.
    Fqdn(bool),
    /// How many processors the component may use at the same time; 0 is all of them.
    GoMaxProcs(u64),
    /// The agent is there: at the start, and after each [`Change::Disconnected`].
    Connected,
    /// There is no connection to the agent. Units go on; the connection is tried for ever.
    Disconnected {
        /// What happened.
        reason: String,
        /// Agent and component do not accept each other's token or certificates: the start-up info of this process leads
        /// nowhere, so it had better end, with this reason. The agent starts another.
        is_refused: bool,
    },
}

/// The agent that runs this component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentInfo {
    /// Id, which documents carry as `agent.id`.
    pub id: String,
    /// Version, which documents carry as `agent.version`.
    pub version: String,
    /// It is a build between releases.
    pub snapshot: bool,
    /// It is managed by Fleet; else it is standalone.
    pub is_managed: bool,
    /// It has no rights of the machine's administrator.
    pub unprivileged: bool,
}

impl From<messages::AgentInfo> for AgentInfo {
    fn from(info: messages::AgentInfo) -> Self {
        let messages::AgentInfo { id, version, snapshot, mode, unprivileged } = info;
        Self { id, version, snapshot, is_managed: mode == 0, unprivileged }
    }
}
