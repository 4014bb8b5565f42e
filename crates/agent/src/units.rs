//! What the agent wants and how it is: a state machine without I/O. Lists of expected units go in, changes come out;
//! reports go in, the list of observed units comes out.

mod known;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::known::Known;
use crate::messages::{self, CheckinExpected, CheckinObserved, UnitExpected};
use crate::{AgentInfo, Change, LogLevel, Report, Unit, UnitConfig, UnitKey, UnitState, UnitType};

/// All units, and the numbers that the agent wants to see again.
#[derive(Debug, Default)]
pub(crate) struct Units {
    known: BTreeMap<UnitKey, Known>,
    /// Units that were reported STOPPED on this stream. A list that was sent before the agent heard of it names them
    /// still; a second report would make the agent show them again.
    farewells: BTreeSet<UnitKey>,
    generations: u64,
    features_idx: u64,
    component_idx: u64,
    agent: Option<AgentInfo>,
    fqdn: Option<bool>,
    go_max_procs: Option<u64>,
}

impl Units {
    /// A stream begins. Its first message carries all units and no number of features and component: an agent that finds
    /// nothing to answer to the first message sends nothing on this stream for ever, and policy changes would be lost.
    pub(crate) fn begin_stream(&mut self) {
        self.features_idx = 0;
        self.component_idx = 0;
        self.farewells.clear();
    }

    /// The agent has said who it is.
    pub(crate) fn introduce(&mut self, agent: AgentInfo) {
        self.agent = Some(agent);
    }

    /// Takes a whole list; says what is different.
    pub(crate) fn apply(&mut self, expected: CheckinExpected) -> Vec<Change> {
        let mut changes = Vec::new();
        self.apply_settings(&expected, &mut changes);
        let keys: BTreeSet<UnitKey> = expected.units.iter().map(key_of).collect();
        self.farewells.retain(|key| keys.contains(key));
        for key in self.known.keys().filter(|key| !keys.contains(key)).cloned().collect::<Vec<_>>() {
            let gone = self.known.remove(&key);
            changes.extend(gone.and_then(Known::into_wanted).map(Change::UnitRemoved));
        }
        for unit in expected.units {
            self.expect(unit, &mut changes);
        }
        changes
    }

    fn apply_settings(&mut self, expected: &CheckinExpected, changes: &mut Vec<Change>) {
        self.features_idx = expected.features_idx;
        self.component_idx = expected.component_idx;
        let info = expected.agent_info.clone().map(AgentInfo::from);
        if let Some(info) = info.filter(|info| self.agent.as_ref() != Some(info)) {
            changes.push(Change::AgentInfo(info.clone()));
            self.agent = Some(info);
        }
        if let Some(features) = &expected.features {
            let fqdn = features.fqdn.as_ref().is_some_and(|fqdn| fqdn.enabled);
            if self.fqdn.replace(fqdn).unwrap_or_default() != fqdn {
                changes.push(Change::Fqdn(fqdn));
            }
        }
        if let Some(component) = &expected.component {
            let limit = component.limits.as_ref().map_or(0, |limits| limits.go_max_procs);
            if self.go_max_procs.replace(limit).unwrap_or_default() != limit {
                changes.push(Change::GoMaxProcs(limit));
            }
        }
    }

    fn expect(&mut self, expected: UnitExpected, changes: &mut Vec<Change>) {
        let key = key_of(&expected);
        let is_stopped = expected.state == messages::State::Stopped as i32;
        if is_stopped && self.farewells.contains(&key) {
            return;
        }
        self.farewells.remove(&key);
        let idx = expected.config_state_idx;
        let log_level = LogLevel::of(expected.log_level);
        let config = expected.config.map(|config| Arc::new(UnitConfig::from(config)));
        let known = self.known.entry(key.clone()).or_default();
        if is_stopped {
            changes.extend(known.stop(idx).map(Change::UnitRemoved));
            return;
        }
        if !known.is_wanted() {
            // New, or wanted again while the former one is on its way to its end: that one's reports no longer count.
            let config = config.or_else(|| known.config_of(idx));
            self.generations += 1;
            *known = Known::new(self.generations);
            if let Some(config) = config {
                let generation = self.generations;
                let unit = Unit { key, config, log_level, config_idx: idx, generation };
                changes.push(Change::UnitAdded(known.take_over(unit)));
            }
            return;
        }
        match (known.unit(), config) {
            (None, Some(config)) => {
                let generation = known.generation();
                let unit = Unit { key, config, log_level, config_idx: idx, generation };
                changes.push(Change::UnitAdded(known.take_over(unit)));
            }
            (Some(unit), Some(config)) if unit.config_idx != idx => {
                let unit = Unit { config, log_level, config_idx: idx, ..unit.clone() };
                changes.push(Change::UnitChanged(known.take_over(unit)));
            }
            // The number without its configuration says nothing: the agent sends both until that number is reported.
            (Some(unit), _) if unit.log_level != log_level => {
                let unit = Unit { log_level, ..unit.clone() };
                changes.push(Change::LogLevel(known.take_over(unit)));
            }
            _ => {}
        }
    }

    /// How a unit is. `false` if the report is of a unit that is gone, or of a configuration that a later report has
    /// replaced: it is left out.
    pub(crate) fn report(&mut self, unit: &Unit, report: Report) -> bool {
        self.known.get_mut(&unit.key).is_some_and(|known| known.report(unit, report))
    }

    /// All units as they are, without token and version.
    pub(crate) fn observe(&self) -> CheckinObserved {
        let units = self.known.iter().map(|(key, known)| known.observe(key)).collect();
        CheckinObserved {
            units,
            features_idx: self.features_idx,
            component_idx: self.component_idx,
            ..CheckinObserved::default()
        }
    }

    /// All units for a message that goes out now. Those of which it says STOPPED are no more from then on; a report that
    /// comes later is in the next message.
    pub(crate) fn hand_over(&mut self) -> CheckinObserved {
        let observed = self.observe();
        let ended: Vec<UnitKey> =
            self.known.iter().filter(|(_, known)| known.has_ended()).map(|(key, _)| key.clone()).collect();
        for key in ended {
            self.known.remove(&key);
            self.farewells.insert(key);
        }
        observed
    }

    /// The units that the agent wants, with their latest configuration.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = &Unit> {
        self.known.values().filter(|known| known.is_wanted()).filter_map(Known::unit)
    }

    /// Every unit with what the agent was told, or will be told next.
    pub(crate) fn states(&self) -> Vec<(UnitKey, UnitState, String)> {
        self.known.iter().map(|(key, known)| (key.clone(), known.state(), known.message().to_owned())).collect()
    }

    /// Whether there is such a unit.
    pub(crate) fn contains(&self, key: &UnitKey) -> bool {
        self.known.contains_key(key)
    }
}

fn key_of(unit: &UnitExpected) -> UnitKey {
    UnitKey { unit_type: UnitType::of(unit.r#type), id: Arc::from(unit.id.as_str()) }
}
