//! Lists in parts, both ways.

use prost::Message;
use prost_types::Timestamp;

use super::{Joiner, Limits, split};
use crate::messages::{CheckinExpected, CheckinObserved, UnitObserved};
use crate::tests::wanted;

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 5 }
}

fn part(seconds: i64, ids: &[&str]) -> CheckinExpected {
    let units = ids.iter().map(|id| wanted(id, 0, 1)).collect();
    CheckinExpected { units, units_timestamp: Some(at(seconds)), ..CheckinExpected::default() }
}

fn ids(whole: &CheckinExpected) -> Vec<&str> {
    whole.units.iter().map(|unit| unit.id.as_str()).collect()
}

#[test]
fn a_part_without_units_ends_the_list() {
    let mut joiner = Joiner::default();
    assert!(joiner.push(CheckinExpected { features_idx: 7, ..part(1, &["a"]) }).is_none());
    assert!(joiner.push(part(1, &["b", "c"])).is_none());
    let whole = joiner.push(part(1, &[])).unwrap();
    assert_eq!((ids(&whole), whole.features_idx), (vec!["a", "b", "c"], 7));
    // The next list begins from nothing.
    assert!(joiner.push(part(2, &["d"])).is_none());
    assert_eq!(ids(&joiner.push(part(2, &[])).unwrap()), ["d"]);
}

#[test]
fn a_later_list_begins_anew_and_an_earlier_part_is_left_out() {
    let mut joiner = Joiner::default();
    assert!(joiner.push(part(5, &["old"])).is_none());
    assert!(joiner.push(part(6, &["a"])).is_none());
    assert!(joiner.push(part(5, &["late"])).is_none());
    assert!(joiner.push(part(5, &[])).is_none());
    assert_eq!(ids(&joiner.push(part(6, &[])).unwrap()), ["a"]);
}

#[test]
fn a_message_without_a_time_is_whole() {
    let mut joiner = Joiner::default();
    assert!(joiner.push(part(5, &["begun"])).is_none());
    let whole = CheckinExpected { units_timestamp: None, ..part(0, &["a"]) };
    assert_eq!(ids(&joiner.push(whole).unwrap()), ["a"]);
    // What had begun is forgotten: its end begins another that never ends.
    assert!(joiner.push(part(5, &[])).is_none());
    assert!(joiner.push(CheckinExpected::default()).unwrap().units.is_empty());
}

fn observed(units: usize, message: usize) -> CheckinObserved {
    let unit = |number: usize| UnitObserved {
        id: format!("unit-{number}"),
        message: "x".repeat(message),
        ..UnitObserved::default()
    };
    CheckinObserved {
        token: "token".to_owned(),
        units: (0..units).map(unit).collect(),
        features_idx: 3,
        ..CheckinObserved::default()
    }
}

#[test]
fn what_fits_is_sent_whole() {
    let whole = observed(3, 10);
    let limits = Limits { size: whole.encoded_len(), chunking: true };
    assert_eq!(split(whole.clone(), limits, at(1)), [whole]);
}

#[test]
fn parts_hold_every_unit_once_and_none_is_too_large() {
    for (units, message, size) in [(100, 300, 2000), (2, 900, 1024), (1, 5000, 1024), (7, 990, 1024), (40, 1, 1024)] {
        let whole = observed(units, message);
        let parts = split(whole.clone(), Limits { size, chunking: true }, at(9));
        let case = format!("{units} units of {message} in {size}");
        assert!(parts.len() > 1 || whole.encoded_len() <= size, "{case}");
        assert!(parts.iter().all(|part| part.encoded_len() <= size), "{case}");
        assert!(parts.iter().all(|part| part.token == "token"), "{case}");
        let sent: Vec<&str> = parts.iter().flat_map(|part| &part.units).map(|unit| unit.id.as_str()).collect();
        let all: Vec<&str> = whole.units.iter().map(|unit| unit.id.as_str()).collect();
        assert_eq!(sent, all, "{case}");
        if parts.len() > 1 {
            assert!(parts.iter().all(|part| part.units_timestamp == Some(at(9))), "{case}");
            let (last, others) = parts.split_last().unwrap();
            assert!(last.units.is_empty() && others.iter().all(|part| !part.units.is_empty()), "{case}");
            assert_eq!((others[0].features_idx, last.features_idx), (3, 0), "{case}");
        }
    }
}

#[test]
fn the_state_of_a_unit_that_is_too_large_arrives() {
    let mut whole = observed(1, 3000);
    whole.units[0].message = "ä".repeat(3000);
    whole.units[0].payload = Some(crate::json::structure(&serde_json::Map::new()));
    whole.units[0].state = 4;
    for chunking in [true, false] {
        let parts = split(whole.clone(), Limits { size: 1500, chunking }, at(1));
        let unit = &parts[0].units[0];
        assert!(parts[0].encoded_len() <= 1500, "{chunking}");
        assert_eq!((unit.state, &unit.payload), (4, &None));
        assert!(unit.message.starts_with("ää") && unit.message.ends_with("limit]"), "{}", unit.message);
        assert!(unit.message.len() > 500, "as much as fits: {}", unit.message.len());
    }
}

#[test]
fn an_agent_that_joins_no_parts_gets_one_message() {
    let whole = observed(100, 300);
    let parts = split(whole, Limits { size: 10_000, chunking: false }, at(1));
    assert_eq!((parts.len(), parts[0].units.len(), parts[0].units_timestamp), (1, 100, None));
    assert!(parts[0].encoded_len() <= 10_000);
}
