//! What fuzz targets and property tests do with bytes that nobody sent: read them as frames of the agent, and hold what
//! becomes of them to the promises of this crate.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use prost::Message;
use prost_types::Timestamp;

use crate::chunks::{Joiner, Limits, split};
use crate::messages::{ActionRequest, CheckinExpected};
use crate::units::Units;
use crate::{Change, Report, StartUp, StreamConfig, Unit, UnitConfig, UnitState};

/// Smallest limit with which units of ordinary names fit.
const LIMIT: usize = 4096;

/// Takes bytes as frames, each with a byte for its kind and two for its length, and whatever is left as the last one.
/// Panics where a promise is broken.
pub fn check(data: &[u8]) {
    let mut session = Session::default();
    let mut rest = data;
    while let [kind, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (frame, tail) = tail.split_at(length);
        session.take(*kind, frame);
        rest = tail;
    }
}

/// What may be shown of a configuration.
fn shown(config: &UnitConfig) -> String {
    let streams = config.streams.iter().map(|stream| StreamConfig { id: stream.id.clone(), ..StreamConfig::default() });
    let (id, config_type) = (config.id.clone(), config.config_type.clone());
    format!("{:?}", UnitConfig { id, config_type, streams: streams.collect(), ..UnitConfig::default() })
}

/// One component, and what was handed over to it.
#[derive(Default)]
struct Session {
    joiner: Joiner,
    units: Units,
    held: Vec<Unit>,
}

impl Session {
    fn take(&mut self, kind: u8, frame: &[u8]) {
        match kind % 6 {
            0 => drop(StartUp::decode(frame).map_err(|error| assert!(!error.to_string().contains('\n')))),
            1 => drop(ActionRequest::decode(frame)),
            2 => self.report(UnitState::Healthy, frame),
            3 => self.report(UnitState::Stopped, frame),
            4 => {
                self.units.begin_stream();
                self.joiner = Joiner::default();
            }
            _ => {
                let part = CheckinExpected::decode(frame).ok();
                if let Some(whole) = part.and_then(|part| self.joiner.push(part)) {
                    self.apply(whole);
                }
            }
        }
        self.look();
    }

    fn report(&mut self, state: UnitState, frame: &[u8]) {
        let Some(unit) = frame.first().and_then(|at| self.held.get(usize::from(*at))) else { return };
        self.units.report(unit, Report::new(state, String::from_utf8_lossy(frame)).with("payload", 1));
    }

    fn apply(&mut self, whole: CheckinExpected) {
        let listed: BTreeSet<(i32, String)> = whole.units.iter().map(|unit| (unit.r#type, unit.id.clone())).collect();
        for change in self.units.apply(whole) {
            if let Change::UnitAdded(unit) | Change::UnitChanged(unit) | Change::UnitRemoved(unit) = change {
                assert_eq!(format!("{:?}", unit.config), shown(&unit.config), "configurations are not shown");
                self.held.push(unit);
            }
        }
        // Whoever is listed and wanted is reported, and nobody else.
        for unit in &self.units.observe().units {
            assert!(listed.contains(&(unit.r#type, unit.id.clone())), "reported, but not in the list");
        }
        for unit in self.units.wanted() {
            assert!(listed.contains(&(unit.key.unit_type.number(), unit.key.id.to_string())), "wanted, but not listed");
        }
    }

    /// What goes out is one unit per key, in parts that fit.
    fn look(&mut self) {
        let observed = self.units.hand_over();
        let keys: BTreeSet<(i32, &str)> = observed.units.iter().map(|unit| (unit.r#type, unit.id.as_str())).collect();
        assert_eq!(keys.len(), observed.units.len(), "a unit is reported twice");
        let count = observed.units.len();
        let has_long_name = observed.units.iter().any(|unit| unit.id.len() > LIMIT / 2);
        let parts = split(observed, Limits { size: LIMIT, chunking: true }, Timestamp { seconds: 1, nanos: 0 });
        assert_eq!(parts.iter().map(|part| part.units.len()).sum::<usize>(), count, "a unit is lost in parts");
        assert!(has_long_name || parts.iter().all(|part| part.encoded_len() <= LIMIT), "a part is too large");
        assert_eq!(
            self.units.observe().units.iter().filter(|unit| unit.state == 6 && !self.is_wanted(unit)).count(),
            0
        );
    }

    fn is_wanted(&self, observed: &crate::messages::UnitObserved) -> bool {
        self.units.wanted().any(|unit| unit.key.unit_type.number() == observed.r#type && *unit.key.id == *observed.id)
    }
}
