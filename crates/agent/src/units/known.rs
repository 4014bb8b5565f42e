//! One unit: what the agent wants of it, and how it is.

use std::sync::Arc;

use prost_types::Struct;

use crate::messages::UnitObserved;
use crate::{Report, Unit, UnitConfig, UnitKey, UnitState, json};

/// One unit.
#[derive(Debug)]
pub(super) struct Known {
    generation: u64,
    /// With the configuration that was handed over last; `None` until one has come.
    unit: Option<Unit>,
    is_wanted: bool,
    /// Number of the configuration that was taken over; 0 makes the agent send it.
    observed_idx: u64,
    state: UnitState,
    message: String,
    payload: Option<Struct>,
}

impl Default for Known {
    /// A unit that nobody has wanted yet.
    fn default() -> Self {
        Self { is_wanted: false, ..Self::new(0) }
    }
}

impl Known {
    /// A unit without a configuration.
    pub(super) fn new(generation: u64) -> Self {
        Self {
            generation,
            unit: None,
            is_wanted: true,
            observed_idx: 0,
            state: UnitState::Starting,
            message: "starting".to_owned(),
            payload: None,
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn unit(&self) -> Option<&Unit> {
        self.unit.as_ref()
    }

    pub(super) fn state(&self) -> UnitState {
        self.state
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The unit, unless its end was announced before.
    pub(super) fn into_wanted(self) -> Option<Unit> {
        self.unit.filter(|_| self.is_wanted)
    }

    /// The configuration of that number, if it is the latest.
    pub(super) fn config_of(&self, idx: u64) -> Option<Arc<UnitConfig>> {
        self.unit.as_ref().filter(|unit| unit.config_idx == idx).map(|unit| Arc::clone(&unit.config))
    }

    /// Keeps what was handed over, and gives it back.
    pub(super) fn take_over(&mut self, unit: Unit) -> Unit {
        self.unit = Some(unit.clone());
        unit
    }

    /// The agent wants it no longer. Gives the unit whose end has to be announced; one that never had a configuration ends
    /// at once.
    pub(super) fn stop(&mut self, idx: u64) -> Option<Unit> {
        self.observed_idx = idx;
        let (was_wanted, announced) = (std::mem::take(&mut self.is_wanted), self.unit.clone());
        match (was_wanted, &announced) {
            (true, Some(_)) => {
                self.say(UnitState::Stopping, "stopping");
                announced
            }
            (_, None) => {
                self.say(UnitState::Stopped, "stopped");
                None
            }
            (false, Some(_)) => None,
        }
    }

    fn say(&mut self, state: UnitState, message: &str) {
        self.state = state;
        message.clone_into(&mut self.message);
        self.payload = None;
    }

    /// Takes a report, if it is of this unit and its configuration.
    pub(super) fn report(&mut self, of: &Unit, report: Report) -> bool {
        let is_stopping = matches!(report.state, UnitState::Stopping | UnitState::Stopped);
        if of.generation != self.generation || of.config_idx < self.observed_idx && self.is_wanted {
            return false;
        }
        if !self.is_wanted && !is_stopping {
            return false;
        }
        self.observed_idx = self.observed_idx.max(of.config_idx);
        self.state = report.state;
        self.message = report.message;
        self.payload = Some(&report.payload).filter(|payload| !payload.is_empty()).map(json::structure);
        true
    }

    /// Nothing more will be said of it.
    pub(super) fn has_ended(&self) -> bool {
        !self.is_wanted && self.state == UnitState::Stopped
    }

    pub(super) fn observe(&self, key: &UnitKey) -> UnitObserved {
        UnitObserved {
            id: key.id.to_string(),
            r#type: key.unit_type.number(),
            config_state_idx: self.observed_idx,
            state: self.state.wire() as i32,
            message: self.message.clone(),
            payload: self.payload.clone(),
        }
    }
}
