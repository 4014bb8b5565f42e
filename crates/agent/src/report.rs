//! What a component says of a unit.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::UnitState;

/// How a unit is.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub(crate) state: UnitState,
    pub(crate) message: String,
    pub(crate) payload: Map<String, Value>,
}

/// How a stream of an input is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamStatus {
    /// Its state.
    pub state: UnitState,
    /// What is wrong, where, and what to do; empty if nothing is.
    pub error: String,
}

impl Report {
    /// A state with a sentence for people: no secrets, and nothing that changes without the state, because every
    /// difference is a message to the agent.
    pub fn new(state: UnitState, message: impl Into<String>) -> Self {
        Self { state, message: message.into(), payload: Map::new() }
    }

    /// More for people, beside the message, under its own name. The same rules hold.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.payload.insert(name.to_owned(), value.into());
        self
    }

    /// An input by its streams, by their ids, in the form that Fleet shows. Where `state` is HEALTHY the unit takes the
    /// worst state of its streams: FAILED before DEGRADED before those on their way; the message is then that of the first
    /// such stream, behind its id, unless there is no error in it.
    #[must_use]
    pub fn of_streams(state: UnitState, message: impl Into<String>, streams: &BTreeMap<String, StreamStatus>) -> Self {
        let mut report = Self::new(state, message);
        let worst = streams
            .iter()
            .filter(|(_, status)| rank(status.state) > 0)
            .min_by_key(|(id, status)| (u8::MAX - rank(status.state), (*id).clone()));
        if let (UnitState::Healthy, Some((id, status))) = (state, worst) {
            report.state = status.state;
            if !status.error.is_empty() {
                report.message = format!("{id}: {}", status.error);
            }
        }
        let streams = streams
            .iter()
            .map(|(id, status)| (id.clone(), json!({ "status": status.state.name(), "error": status.error })));
        let streams: Map<String, Value> = streams.collect();
        report.with("streams", streams)
    }
}

/// How much a stream's state weighs in that of its unit.
fn rank(state: UnitState) -> u8 {
    match state {
        UnitState::Failed => 3,
        UnitState::Degraded => 2,
        UnitState::Starting | UnitState::Configuring | UnitState::Stopping => 1,
        UnitState::Healthy | UnitState::Stopped => 0,
    }
}
