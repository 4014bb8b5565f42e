//! Lists of expected units and reports, without a connection.

use std::sync::Arc;

use super::Units;
use crate::messages::{self, CheckinExpected, CheckinObserved, Features, FqdnFeature, UnitExpected, UnitObserved};
use crate::tests::{expected, settled, unwanted, wanted};
use crate::{Change, LogLevel, Report, Unit, UnitKey, UnitState, UnitType};

fn added(changes: Vec<Change>) -> Unit {
    match <[Change; 1]>::try_from(changes) {
        Ok([Change::UnitAdded(unit)]) => unit,
        other => panic!("{other:?}"),
    }
}

fn changed(changes: Vec<Change>) -> Unit {
    match <[Change; 1]>::try_from(changes) {
        Ok([Change::UnitChanged(unit)]) => unit,
        other => panic!("{other:?}"),
    }
}

fn removed(changes: Vec<Change>) -> Unit {
    match <[Change; 1]>::try_from(changes) {
        Ok([Change::UnitRemoved(unit)]) => unit,
        other => panic!("{other:?}"),
    }
}

fn healthy() -> Report {
    Report::new(UnitState::Healthy, "collecting")
}

fn stopped() -> Report {
    Report::new(UnitState::Stopped, "stopped")
}

/// (id, number, state) of every unit.
fn seen(observed: &CheckinObserved) -> Vec<(&str, u64, i32)> {
    let of = |unit: &UnitObserved| (unit.config_state_idx, unit.state);
    observed.units.iter().map(|unit| (unit.id.as_str(), of(unit).0, of(unit).1)).collect()
}

const STARTING: i32 = messages::State::Starting as i32;
const HEALTHY: i32 = messages::State::Healthy as i32;
const FAILED: i32 = messages::State::Failed as i32;
const STOPPING: i32 = messages::State::Stopping as i32;
const STOPPED: i32 = messages::State::Stopped as i32;

#[test]
fn a_unit_is_starting_until_its_configuration_is_taken_over() {
    let mut units = Units::default();
    let unit = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    assert_eq!(unit.config.source["number"], 1);
    assert_eq!(seen(&units.observe()), [("a", 0, STARTING)]);
    // The agent repeats itself until the number is reported; nothing is handed over twice.
    assert!(units.apply(expected(vec![wanted("a", 0, 1)])).is_empty());
    assert!(units.report(&unit, healthy()));
    assert_eq!(seen(&units.observe()), [("a", 1, HEALTHY)]);
}

#[test]
fn an_input_and_an_output_may_have_one_id() {
    let mut units = Units::default();
    let changes = units.apply(expected(vec![wanted("a", 0, 1), wanted("a", 1, 1)]));
    let keys: Vec<UnitType> = changes
        .iter()
        .map(|change| match change {
            Change::UnitAdded(unit) => unit.key.unit_type,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(keys, [UnitType::Input, UnitType::Output]);
    // Only the output's number grows: the input is left alone.
    let unit = changed(units.apply(expected(vec![settled("a", 0, 1), wanted("a", 1, 2)])));
    assert_eq!(unit.key, UnitKey { unit_type: UnitType::Output, id: Arc::from("a") });
}

#[test]
fn a_unit_of_an_unknown_type_can_be_reported() {
    let mut units = Units::default();
    let unit = added(units.apply(expected(vec![wanted("a", 9, 1)])));
    assert_eq!(unit.key.unit_type, UnitType::Unknown(9));
    units.report(&unit, Report::new(UnitState::Failed, "a unit of an unknown type"));
    let observed = units.observe();
    assert_eq!((observed.units[0].r#type, observed.units[0].config_state_idx, observed.units[0].state), (9, 1, FAILED));
}

#[test]
fn a_change_keeps_the_state_and_the_former_number_until_it_is_taken_over() {
    let mut units = Units::default();
    let first = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    units.report(&first, healthy());
    let second = changed(units.apply(expected(vec![wanted("a", 0, 2)])));
    assert_eq!(seen(&units.observe()), [("a", 1, HEALTHY)]);
    // What the former configuration still says is the state, but takes nothing over.
    assert!(units.report(&first, Report::new(UnitState::Degraded, "slow")));
    assert_eq!(units.observe().units[0].config_state_idx, 1);
    units.report(&second, Report::new(UnitState::Failed, "no tenant"));
    assert_eq!(seen(&units.observe()), [("a", 2, FAILED)]);
    assert!(!units.report(&first, healthy()), "a later configuration was taken over");
    assert_eq!(seen(&units.observe()), [("a", 2, FAILED)]);
}

#[test]
fn a_number_without_its_configuration_changes_nothing() {
    let mut units = Units::default();
    let unit = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    units.report(&unit, healthy());
    assert!(units.apply(expected(vec![settled("a", 0, 1)])).is_empty());
    assert!(units.apply(expected(vec![settled("a", 0, 2)])).is_empty());
    assert_eq!(seen(&units.observe()), [("a", 1, HEALTHY)], "so the agent sends it again");
    let unit = changed(units.apply(expected(vec![wanted("a", 0, 2)])));
    assert_eq!(unit.config.source["number"], 2);
}

#[test]
fn a_unit_without_a_configuration_waits_for_it() {
    let mut units = Units::default();
    assert!(units.apply(expected(vec![settled("a", 0, 4)])).is_empty());
    assert_eq!(seen(&units.observe()), [("a", 0, STARTING)]);
    let unit = added(units.apply(expected(vec![wanted("a", 0, 4)])));
    assert!(units.report(&unit, healthy()));
    assert_eq!(seen(&units.observe()), [("a", 4, HEALTHY)]);
}

#[test]
fn the_log_level_changes_without_a_number() {
    let mut units = Units::default();
    let first = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    units.report(&first, healthy());
    let changes = units.apply(expected(vec![UnitExpected { log_level: 3, ..settled("a", 0, 1) }]));
    let [Change::LogLevel(unit)] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((unit.log_level, first.log_level), (LogLevel::Debug, LogLevel::Info));
    assert!(units.apply(expected(vec![UnitExpected { log_level: 3, ..settled("a", 0, 1) }])).is_empty());
    assert!(units.report(unit, healthy()) && units.report(&first, healthy()), "both are of one configuration");
    // Unknown ones are the usual one.
    let changes = units.apply(expected(vec![UnitExpected { log_level: 42, ..settled("a", 0, 1) }]));
    assert!(matches!(changes.as_slice(), [Change::LogLevel(unit)] if unit.log_level == LogLevel::Info));
}

/// Trap: a repeated STOPPED makes the agent show the unit again.
#[test]
fn a_unit_is_reported_stopped_once() {
    let mut units = Units::default();
    let unit = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    units.report(&unit, healthy());
    let gone = removed(units.apply(expected(vec![unwanted("a", 0, 1)])));
    assert_eq!(seen(&units.hand_over()), [("a", 1, STOPPING)]);
    assert!(units.apply(expected(vec![unwanted("a", 0, 1)])).is_empty(), "it was announced");
    assert!(!units.report(&unit, healthy()), "it is on its way to its end");
    assert!(units.report(&gone, stopped()));
    assert_eq!(seen(&units.observe()), [("a", 1, STOPPED)]);
    assert_eq!(seen(&units.hand_over()), [("a", 1, STOPPED)], "until it is on its way");
    assert!(units.observe().units.is_empty());
    // A list that crossed the report.
    assert!(units.apply(expected(vec![unwanted("a", 0, 1)])).is_empty());
    assert!(units.observe().units.is_empty());
    assert!(!units.report(&gone, stopped()));
}

#[test]
fn a_unit_that_stopped_can_come_again() {
    let mut units = Units::default();
    let first = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    removed(units.apply(expected(vec![unwanted("a", 0, 1)])));
    units.report(&first, stopped());
    units.hand_over();
    let second = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    assert!(!units.report(&first, healthy()), "the former unit of that id");
    units.report(&second, healthy());
    assert_eq!(seen(&units.observe()), [("a", 1, HEALTHY)]);
}

/// The agent does not send the configuration again: its number was reported.
#[test]
fn a_unit_that_is_wanted_again_while_it_stops_begins_anew() {
    let mut units = Units::default();
    let first = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    units.report(&first, healthy());
    let gone = removed(units.apply(expected(vec![unwanted("a", 0, 1)])));
    let second = added(units.apply(expected(vec![settled("a", 0, 1)])));
    assert_eq!(second.config.source["number"], 1);
    assert!(!units.report(&gone, stopped()));
    assert_eq!(seen(&units.observe()), [("a", 0, STARTING)]);
    assert!(units.report(&second, healthy()));
}

#[test]
fn a_unit_that_was_unknown_and_is_unwanted_ends_at_once() {
    let mut units = Units::default();
    assert!(units.apply(expected(vec![unwanted("a", 0, 3)])).is_empty());
    assert_eq!(seen(&units.observe()), [("a", 3, STOPPED)]);
    units.hand_over();
    assert!(units.observe().units.is_empty());
}

#[test]
fn a_unit_that_is_missing_in_the_list_is_gone() {
    let mut units = Units::default();
    let changes = units.apply(expected(vec![wanted("a", 0, 1), wanted("b", 0, 1)]));
    assert_eq!(changes.len(), 2);
    let gone = removed(units.apply(expected(vec![settled("b", 0, 1)])));
    assert_eq!(&*gone.key.id, "a");
    assert_eq!(units.observe().units.len(), 1);
    assert!(!units.report(&gone, stopped()), "nobody asks any more");
    removed(units.apply(expected(Vec::new())));
    assert!(units.observe().units.is_empty());
}

#[test]
fn a_unit_that_stops_and_goes_missing_is_announced_once() {
    let mut units = Units::default();
    added(units.apply(expected(vec![wanted("a", 0, 1)])));
    removed(units.apply(expected(vec![unwanted("a", 0, 1)])));
    assert!(units.apply(expected(Vec::new())).is_empty());
}

/// Trap: numbers that are not sent back keep the agent asking; numbers that are in a first message keep it silent.
#[test]
fn numbers_are_sent_back_but_not_at_the_start_of_a_stream() {
    let mut units = Units::default();
    let unit =
        added(units.apply(CheckinExpected { features_idx: 7, component_idx: 8, ..expected(vec![wanted("a", 0, 5)]) }));
    units.report(&unit, healthy());
    let numbers = |units: &Units| (units.observe().features_idx, units.observe().component_idx);
    assert_eq!(numbers(&units), (7, 8));
    units.begin_stream();
    assert_eq!(numbers(&units), (0, 0));
    assert_eq!(seen(&units.observe()), [("a", 5, HEALTHY)], "all units, with their numbers");
}

#[test]
fn a_new_stream_has_heard_no_farewell() {
    let mut units = Units::default();
    let unit = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    removed(units.apply(expected(vec![unwanted("a", 0, 1)])));
    units.report(&unit, stopped());
    units.hand_over();
    // The stream broke before the agent heard it.
    units.begin_stream();
    assert!(units.apply(expected(vec![unwanted("a", 0, 1)])).is_empty());
    assert_eq!(seen(&units.observe()), [("a", 1, STOPPED)]);
}

#[test]
fn settings_of_the_component_are_changes_when_they_differ() {
    let mut units = Units::default();
    let fqdn = |enabled| Some(Features { fqdn: Some(FqdnFeature { enabled }), ..Features::default() });
    let limits = |go_max_procs| {
        let limits = Some(messages::Limits { go_max_procs, ..messages::Limits::default() });
        Some(messages::LimitsOfComponent { limits })
    };
    let agent_info = Some(messages::AgentInfo { id: "x".to_owned(), ..messages::AgentInfo::default() });
    let first = CheckinExpected { features: fqdn(false), component: limits(0), agent_info, ..expected(Vec::new()) };
    let changes = units.apply(first.clone());
    assert!(
        matches!(changes.as_slice(), [Change::AgentInfo(info)] if info.id == "x" && info.is_managed),
        "{changes:?}"
    );
    assert!(units.apply(first.clone()).is_empty());
    let changes = units.apply(CheckinExpected { features: fqdn(true), component: limits(2), ..first });
    assert!(matches!(changes.as_slice(), [Change::Fqdn(true), Change::GoMaxProcs(2)]), "{changes:?}");
}

#[test]
fn a_payload_is_there_while_there_is_something_in_it() {
    let mut units = Units::default();
    let unit = added(units.apply(expected(vec![wanted("a", 0, 1)])));
    units.report(&unit, healthy().with("n", 1));
    assert!(units.observe().units[0].payload.is_some());
    units.report(&unit, healthy());
    assert_eq!(units.observe().units[0].payload, None);
}
