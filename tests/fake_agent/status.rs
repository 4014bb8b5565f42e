//! What an agent shows of a component (`elastic-agent status`).

use std::collections::BTreeMap;

use agent::messages::State;
use prost_types::Struct;

/// State of the component as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComponentState {
    /// Not started, or started and not heard of.
    Starting,
    /// It checks in.
    Healthy,
    /// It has missed one or two check-ins.
    Degraded,
    /// It has exited, was killed or could not be started.
    Failed,
    /// It was told to stop.
    Stopping,
    /// It has stopped because it was told to.
    Stopped,
}

/// A unit as the agent shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitStatus {
    /// `State`.
    pub state: State,
    /// For people.
    pub message: String,
    /// For Fleet.
    pub payload: Option<Struct>,
    /// Number of the configuration that the component has reported.
    pub config_idx: u64,
}

/// The component.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// State.
    pub state: ComponentState,
    /// For people.
    pub message: String,
    /// Units by type (0 an input, 1 an output) and id.
    pub units: BTreeMap<(i32, String), UnitStatus>,
    /// The agent has nothing to say: every number was sent back, every unit is as it should be.
    pub is_settled: bool,
    /// Starts of a process so far.
    pub starts: u32,
}

impl Status {
    /// The component and all of its units are HEALTHY, and the agent has nothing to say.
    pub fn is_healthy(&self) -> bool {
        let mut units = self.units.values();
        self.state == ComponentState::Healthy && self.is_settled && units.all(|unit| unit.state == State::Healthy)
    }

    /// The input of that id, by the end of the unit's id.
    pub fn input(&self, id: &str) -> Option<&UnitStatus> {
        self.units.iter().find(|((kind, unit), _)| *kind == 0 && unit.ends_with(id)).map(|(_, unit)| unit)
    }

    /// The output.
    pub fn output(&self) -> Option<&UnitStatus> {
        self.units.iter().find(|((kind, _), _)| *kind == 1).map(|(_, unit)| unit)
    }
}
