//! Handles beside the streams.

use std::time::Duration;

use super::{Stage, expected, wanted};
use crate::messages::UnitExpected;
use crate::{Change, LogLevel, Report, UnitState};

#[tokio::test(start_paused = true)]
async fn the_process_logs_like_its_most_talkative_unit() {
    let mut stage = Stage::new();
    assert_eq!(stage.agent.log_level(), None);
    let mut call = stage.checkin().await;
    let quiet = UnitExpected { log_level: 0, ..wanted("a", 0, 1) };
    let talkative = UnitExpected { log_level: 3, ..wanted("b", 1, 1) };
    call.say(expected(vec![quiet, talkative]));
    stage.change().await;
    stage.change().await;
    assert_eq!(stage.agent.log_level(), Some(LogLevel::Debug));
    assert_eq!(stage.agent.units().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn states_are_what_the_agent_is_told() {
    let mut stage = Stage::new();
    let mut call = stage.checkin().await;
    call.say(expected(vec![wanted("a", 0, 1)]));
    let Change::UnitAdded(unit) = stage.change().await else { panic!("added") };
    assert_eq!(stage.agent.states(), [(unit.key.clone(), UnitState::Starting, "starting".to_owned())]);
    stage.agent.report(&unit, Report::new(UnitState::Healthy, "collecting"));
    assert_eq!(stage.agent.states()[0].1, UnitState::Healthy);
    stage.nothing_for(Duration::from_secs(1)).await;
}

#[test]
fn configurations_are_not_shown() {
    let config: crate::UnitConfig = wanted("a", 0, 1).config.unwrap().into();
    let shown = format!("{config:?}");
    assert!(shown.contains("m365-fetcher") && !shown.contains("number"), "{shown}");
}
