//! What the agent wants of a component and what it shows of it, without I/O: the rules by which check-ins are judged.

use std::collections::{BTreeMap, BTreeSet};

use agent::messages::{
    AgentInfo, CheckinExpected, CheckinObserved, Features, FqdnFeature, Limits, LimitsOfComponent, State, UnitExpected,
    UnitExpectedConfig, UnitObserved,
};

use super::policy::UnitSpec;
use super::status::UnitStatus;

type Key = (i32, String);

/// A unit as it is wanted.
struct Wanted {
    state: State,
    idx: u64,
    config: Option<UnitExpectedConfig>,
    log_level: i32,
}

/// The component.
pub(super) struct Model {
    wanted: BTreeMap<Key, Wanted>,
    shown: BTreeMap<Key, UnitStatus>,
    features: (bool, u64),
    component: (u64, u64),
    reported: (u64, u64),
}

impl Default for Model {
    fn default() -> Self {
        // The numbers of a component that has just been made.
        Self {
            wanted: BTreeMap::new(),
            shown: BTreeMap::new(),
            features: (false, 2),
            component: (0, 2),
            reported: (0, 0),
        }
    }
}

impl Model {
    /// Another policy. Units that are no longer in it have to stop; units that nobody knew are forgotten now.
    pub(super) fn set_units(&mut self, units: Vec<UnitSpec>) {
        let keys: BTreeSet<Key> = units.iter().map(|unit| (unit.unit_type, unit.id.clone())).collect();
        let wanted = &self.wanted;
        self.shown.retain(|key, _| keys.contains(key) || wanted.contains_key(key));
        for unit in self.wanted.iter_mut().filter(|(key, _)| !keys.contains(key)).map(|(_, unit)| unit) {
            unit.state = State::Stopped;
        }
        for UnitSpec { id, unit_type, config, log_level } in units {
            let key = (unit_type, id);
            if let Some(known) = self.wanted.get_mut(&key) {
                known.idx += u64::from(known.config.as_ref() != Some(&config));
                known.config = Some(config);
                known.state = State::Healthy;
                known.log_level = log_level;
            } else {
                let wanted = Wanted { state: State::Healthy, idx: 1, config: Some(config), log_level };
                self.wanted.insert(key.clone(), wanted);
                self.shown.insert(key, starting());
            }
        }
    }

    /// Names of hosts, processors: each change has a number.
    pub(super) fn set_fqdn(&mut self, fqdn: bool) {
        self.features = (fqdn, self.features.1 + 1);
    }

    pub(super) fn set_go_max_procs(&mut self, limit: u64) {
        self.component = (limit, self.component.1 + 1);
    }

    /// A process was started: it knows nothing.
    pub(super) fn begin_process(&mut self) {
        self.reported = (0, 0);
        let wanted = &self.wanted;
        self.shown.retain(|key, _| wanted.contains_key(key));
        for unit in self.shown.values_mut() {
            *unit = starting();
        }
    }

    /// The process is gone: all units are in that state.
    pub(super) fn end_process(&mut self, state: State, message: &str) {
        for unit in self.shown.values_mut() {
            *unit = UnitStatus { state, message: message.to_owned(), payload: None, config_idx: 0 };
        }
    }

    /// Takes a check-in.
    pub(super) fn observe(&mut self, observed: &CheckinObserved) {
        self.reported = (observed.features_idx, observed.component_idx);
        let mut touched = BTreeSet::new();
        for unit in &observed.units {
            let key = (unit.r#type, unit.id.clone());
            let is_wanted = self.wanted.contains_key(&key);
            let shown = self.shown.entry(key.clone()).or_insert_with(starting);
            *shown = if is_wanted || unit.state == State::Stopped as i32 {
                as_reported(unit)
            } else {
                failed("reported unit is unknown", unit.config_state_idx)
            };
            touched.insert(key);
        }
        for (_, unit) in self.shown.iter_mut().filter(|(key, _)| !touched.contains(key)) {
            if unit.state != State::Starting && unit.state != State::Stopped {
                *unit = failed("not reported in check-in", unit.config_idx);
            }
        }
        self.bury();
    }

    /// Units that should stop and have stopped are no more. No list says so.
    fn bury(&mut self) {
        let is_stopped = |unit: Option<&UnitStatus>| unit.is_some_and(|unit| unit.state == State::Stopped);
        let ended: Vec<Key> = (self.wanted.iter())
            .filter(|(key, wanted)| wanted.state == State::Stopped && is_stopped(self.shown.get(*key)))
            .map(|(key, _)| key.clone())
            .collect();
        for key in ended {
            self.wanted.remove(&key);
            self.shown.remove(&key);
        }
    }

    /// Everything is as it should be: the agent says nothing.
    pub(super) fn is_settled(&self) -> bool {
        let is_as_wanted = |(key, wanted): (&Key, &Wanted)| {
            self.shown.get(key).is_some_and(|shown| shown.config_idx == wanted.idx && shown.state == wanted.state)
        };
        self.wanted.len() == self.shown.len()
            && self.wanted.iter().all(is_as_wanted)
            && self.reported == (self.features.1, self.component.1)
    }

    /// The list as it goes out: configurations only where the component has not reported their number.
    pub(super) fn expected(&self, info: &AgentInfo) -> CheckinExpected {
        let units = self.wanted.iter().map(|(key, wanted)| {
            let is_reported = self.shown.get(key).is_some_and(|shown| shown.config_idx == wanted.idx);
            UnitExpected {
                id: key.1.clone(),
                r#type: key.0,
                state: wanted.state as i32,
                config_state_idx: wanted.idx,
                config: wanted.config.clone().filter(|_| !is_reported),
                log_level: wanted.log_level,
            }
        });
        let limits = Limits { source: None, go_max_procs: self.component.0 };
        CheckinExpected {
            units: units.collect(),
            agent_info: Some(info.clone()),
            features: Some(Features { source: None, fqdn: Some(FqdnFeature { enabled: self.features.0 }) }),
            features_idx: self.features.1,
            component: Some(LimitsOfComponent { limits: Some(limits) }),
            component_idx: self.component.1,
            units_timestamp: None,
        }
    }

    pub(super) fn shown(&self) -> &BTreeMap<Key, UnitStatus> {
        &self.shown
    }
}

fn starting() -> UnitStatus {
    UnitStatus { state: State::Starting, message: "Starting".to_owned(), payload: None, config_idx: 0 }
}

fn failed(message: &str, config_idx: u64) -> UnitStatus {
    UnitStatus { state: State::Failed, message: message.to_owned(), payload: None, config_idx }
}

fn as_reported(unit: &UnitObserved) -> UnitStatus {
    UnitStatus {
        state: State::try_from(unit.state).unwrap_or(State::Failed),
        message: unit.message.clone(),
        payload: unit.payload.clone(),
        config_idx: unit.config_state_idx,
    }
}
