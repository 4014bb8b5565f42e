//! What reports say of an input by its streams.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{Report, StreamStatus, UnitState};

fn streams(all: &[(&str, UnitState, &str)]) -> BTreeMap<String, StreamStatus> {
    let status = |state, error: &str| StreamStatus { state, error: error.to_owned() };
    all.iter().map(|(id, state, error)| ((*id).to_owned(), status(*state, error))).collect()
}

#[test]
fn the_worst_stream_gives_the_unit_its_state() {
    use UnitState::{Configuring, Degraded, Failed, Healthy};
    for (all, state, message) in [
        (vec![("a", Healthy, ""), ("b", Healthy, "")], Healthy, "collecting"),
        (vec![("a", Healthy, ""), ("b", Configuring, "")], Configuring, "collecting"),
        (vec![("a", Degraded, "slow"), ("b", Configuring, "")], Degraded, "a: slow"),
        (vec![("a", Degraded, "slow"), ("b", Failed, "401"), ("c", Failed, "402")], Failed, "b: 401"),
        (vec![], Healthy, "collecting"),
    ] {
        let report = Report::of_streams(Healthy, "collecting", &streams(&all));
        assert_eq!((report.state, report.message.as_str()), (state, message), "{all:?}");
    }
}

#[test]
fn trouble_of_the_input_goes_before_that_of_streams() {
    let report = Report::of_streams(UnitState::Failed, "no tenant", &streams(&[("a", UnitState::Degraded, "slow")]));
    assert_eq!((report.state, report.message.as_str()), (UnitState::Failed, "no tenant"));
}

#[test]
fn the_payload_has_the_form_that_fleet_shows() {
    let report = Report::of_streams(UnitState::Healthy, "", &streams(&[("a", UnitState::Degraded, "slow")]));
    let expected = json!({"streams": {"a": {"status": "DEGRADED", "error": "slow"}}, "more": 1});
    assert_eq!(json!(report.with("more", 1).payload), expected);
}
