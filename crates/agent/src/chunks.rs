//! Check-ins above the largest message's size, in parts. All parts of a list carry one time (`units_timestamp`), the first
//! one also what is not a unit; a part without units ends the list.

#[cfg(test)]
mod tests;

use prost::Message;
use prost_types::{Struct, Timestamp};

use crate::messages::{CheckinExpected, CheckinObserved, UnitObserved};

/// Bytes that a unit takes in a message beside itself: the field's tag and the length.
const FRAME: usize = 8;
/// What stands at the end of a message that was too long.
const CUT: &str = " [cut: longer than the agent's limit]";

/// Joins what the agent sends in parts.
#[derive(Debug, Default)]
pub struct Joiner {
    begun: Option<(Timestamp, CheckinExpected)>,
}

impl Joiner {
    /// Takes a message; gives the list if that is whole now. A message without a time is whole. A later time begins anew,
    /// whatever is missing of the former list; parts of an earlier one are left out.
    pub fn push(&mut self, mut part: CheckinExpected) -> Option<CheckinExpected> {
        let Some(time) = part.units_timestamp.take() else {
            self.begun = None;
            return Some(part);
        };
        match &mut self.begun {
            Some((begun, whole)) if *begun == time => {
                if part.units.is_empty() {
                    return self.begun.take().map(|(_, whole)| whole);
                }
                whole.units.append(&mut part.units);
            }
            Some((begun, _)) if is_before(&time, begun) => {}
            _ => self.begun = Some((time, part)),
        }
        None
    }
}

fn is_before(a: &Timestamp, b: &Timestamp) -> bool {
    (a.seconds, a.nanos) < (b.seconds, b.nanos)
}

/// How large messages may be, and whether they may come in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of a message.
    pub(crate) size: usize,
    /// The agent joins parts.
    pub(crate) chunking: bool,
}

/// The message, or its parts. A unit that no message holds loses its payload, then the end of its sentence: its state
/// arrives in any case. An agent that joins no parts gets all units without payloads if that is the only way.
pub(crate) fn split(mut whole: CheckinObserved, limits: Limits, now: Timestamp) -> Vec<CheckinObserved> {
    if whole.encoded_len() <= limits.size {
        return vec![whole];
    }
    if !limits.chunking {
        let mut units = std::mem::take(&mut whole.units);
        let room = limits.size.saturating_sub(whole.encoded_len()) / units.len().max(1);
        for unit in &mut units {
            shrink(unit, room.saturating_sub(FRAME));
        }
        return vec![CheckinObserved { units, ..whole }];
    }
    let units = std::mem::take(&mut whole.units);
    whole.units_timestamp = Some(now);
    let next = CheckinObserved { token: whole.token.clone(), units_timestamp: Some(now), ..CheckinObserved::default() };
    let (head, empty) = (whole.encoded_len(), next.encoded_len());
    let room = limits.size.saturating_sub(head.max(empty) + FRAME);
    let (mut parts, mut size) = (vec![whole], head);
    for mut unit in units {
        shrink(&mut unit, room);
        let weight = unit.encoded_len() + FRAME;
        match parts.last_mut() {
            // Every part but the last one has a unit: without, it would end the list.
            Some(part) if size + weight <= limits.size || part.units.is_empty() => {
                part.units.push(unit);
                size += weight;
            }
            _ => {
                parts.push(CheckinObserved { units: vec![unit], ..next.clone() });
                size = empty + weight;
            }
        }
    }
    parts.push(next);
    parts
}

/// Makes a unit fit into so many bytes.
fn shrink(unit: &mut UnitObserved, room: usize) {
    if unit.encoded_len() <= room {
        return;
    }
    unit.payload = None::<Struct>;
    let excess = unit.encoded_len().saturating_sub(room);
    if excess > 0 {
        let keep = unit.message.len().saturating_sub(excess + CUT.len());
        let keep = (0..=keep).rev().find(|at| unit.message.is_char_boundary(*at)).unwrap_or_default();
        unit.message.truncate(keep);
        unit.message.push_str(CUT);
    }
}
