//! The stream of check-ins, with tokio's clock paused: an hour takes no time.

use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;

use crate::messages::{CheckinExpected, State, UnitExpected};
use crate::tests::{Stage, expected, settled, unwanted, wanted};
use crate::{Change, Report, Unit, UnitState};

async fn added(stage: &mut Stage) -> Unit {
    match stage.change().await {
        Change::UnitAdded(unit) => unit,
        other => panic!("{other:?}"),
    }
}

fn healthy() -> Report {
    Report::new(UnitState::Healthy, "collecting")
}

/// A component with one healthy unit, all settled.
async fn settle(stage: &mut Stage) -> (crate::tests::Checkin, Unit) {
    let mut call = stage.checkin().await;
    call.hear().await;
    call.say(expected(vec![wanted("a", 0, 1)]));
    let unit = added(stage).await;
    stage.agent.report(&unit, healthy());
    let last = call.hear_for(Duration::from_secs(1)).await.pop().unwrap();
    assert_eq!((last.units[0].state, last.features_idx), (State::Healthy as i32, 2));
    (call, unit)
}

#[tokio::test(start_paused = true)]
async fn the_first_message_comes_at_once_and_introduces() {
    let begun = Instant::now();
    let mut stage = Stage::new();
    let mut call = stage.checkin().await;
    let first = call.hear().await;
    assert!(begun.elapsed() < Duration::from_millis(10));
    assert_eq!(first.token, "token-of-the-test");
    assert_eq!(first.version_info.unwrap().name, "tester");
    assert_eq!((first.supports, first.features_idx, first.component_idx, first.pid), (vec![0], 0, 0, 0));
    // The second message does not introduce again.
    call.say(expected(vec![wanted("a", 0, 1)]));
    let second = call.hear().await;
    assert_eq!((second.token.as_str(), second.version_info, second.supports.len()), ("token-of-the-test", None, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_units_are_checked_in_within_a_second() {
    let begun = Instant::now();
    let mut stage = Stage::new();
    let mut call = stage.checkin().await;
    call.hear().await;
    call.say(expected((0..100).map(|number| wanted(&format!("unit-{number:03}"), 0, 1)).collect()));
    for _ in 0..100 {
        let unit = added(&mut stage).await;
        assert!(stage.agent.report(&unit, healthy()));
    }
    let messages = call.hear_for(Duration::from_secs(1)).await;
    let (last, at) = (messages.last().unwrap(), begun.elapsed());
    assert!(last.units.iter().all(|unit| unit.state == State::Healthy as i32 && unit.config_state_idx == 1));
    assert_eq!(last.units.len(), 100);
    assert!(messages.len() <= 3, "{} messages", messages.len());
    assert!(at <= Duration::from_millis(1001), "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_lasts_twenty_five_seconds_at_most() {
    let mut stage = Stage::new();
    let (mut call, _) = settle(&mut stage).await;
    let messages = call.hear_for(Duration::from_secs(251)).await;
    assert_eq!(messages.len(), 10);
    assert!(messages.iter().all(|message| message.units.len() == 1 && message.features_idx == 2));
}

/// Trap: an agent answers each message while a unit is not as it should be; an answer to the answer never ends.
#[tokio::test(start_paused = true)]
async fn an_answer_is_not_answered() {
    let mut stage = Stage::new();
    let (mut call, unit) = settle(&mut stage).await;
    stage.agent.report(&unit, Report::new(UnitState::Degraded, "slow"));
    let mut messages = 0;
    let end = Instant::now() + Duration::from_secs(20);
    while let Ok(message) = tokio::time::timeout_at(end, call.hear()).await {
        assert_eq!(message.units[0].state, State::Degraded as i32);
        messages += 1;
        call.say(expected(vec![settled("a", 0, 1)]));
    }
    assert_eq!(messages, 1);
}

#[tokio::test(start_paused = true)]
async fn rapid_changes_are_told_together_and_the_last_one_wins() {
    let mut stage = Stage::new();
    let (mut call, unit) = settle(&mut stage).await;
    let report = async {
        for number in 0..1000 {
            stage.agent.report(&unit, Report::new(UnitState::Degraded, format!("attempt {number}")));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let ((), messages) = tokio::join!(report, call.hear_for(Duration::from_secs(3)));
    assert!((5..=12).contains(&messages.len()), "{} messages", messages.len());
    assert_eq!(messages.last().unwrap().units[0].message, "attempt 999");
}

#[tokio::test(start_paused = true)]
async fn what_is_the_same_again_is_not_sent() {
    let mut stage = Stage::new();
    let (mut call, unit) = settle(&mut stage).await;
    for _ in 0..50 {
        stage.agent.report(&unit, healthy());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // There and back within one message's time is no change either.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(call.hear_for(Duration::from_secs(10)).await.is_empty());
}

/// Trap: after a reconnect, an agent that finds nothing to answer is silent for ever.
#[tokio::test(start_paused = true)]
async fn every_stream_begins_with_all_units_and_no_numbers() {
    let mut stage = Stage::new();
    let (call, unit) = settle(&mut stage).await;
    drop(call);
    for _ in 0..3 {
        let mut call = stage.checkin().await;
        let first = call.hear().await;
        assert_eq!((first.features_idx, first.component_idx), (0, 0));
        assert!(first.version_info.is_some() && first.supports == [0] && first.token == "token-of-the-test");
        assert_eq!((first.units.len(), first.units[0].config_state_idx, first.units[0].state), (1, 1, 2));
        call.say(expected(vec![settled("a", 0, 1)]));
        let second = call.hear().await;
        assert_eq!((second.features_idx, second.component_idx), (2, 2));
    }
    // The unit went on all the time.
    stage.nothing_for(Duration::from_secs(1)).await;
    assert!(stage.agent.report(&unit, healthy()));
}

#[tokio::test(start_paused = true)]
async fn reports_made_without_a_connection_are_in_the_next_first_message() {
    let mut stage = Stage::new();
    let (call, unit) = settle(&mut stage).await;
    drop(call);
    stage.agent.report(&unit, Report::new(UnitState::Degraded, "slow"));
    let first = stage.checkin().await.hear().await;
    assert_eq!((first.units[0].state, first.units[0].message.as_str()), (State::Degraded as i32, "slow"));
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_thirty_seconds_for_ever_and_a_good_stream_resets_them() {
    let mut stage = Stage::new();
    let mut pauses = Vec::new();
    let mut before = Instant::now();
    for _ in 0..40 {
        let call = stage.checkin().await;
        pauses.push(before.elapsed());
        before = Instant::now();
        call.refuse(Status::unavailable("away"));
    }
    let seconds = |range: std::ops::RangeInclusive<f32>, pause: Duration| {
        assert!(range.contains(&pause.as_secs_f32()), "{pause:?} in {range:?}");
    };
    seconds(0.0..=0.01, pauses[0]);
    seconds(0.5..=1.0, pauses[1]);
    seconds(1.0..=2.0, pauses[2]);
    pauses[8..].iter().for_each(|pause| seconds(15.0..=30.0, *pause));
    // A stream of a second is a good one.
    let call = stage.checkin().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    before = Instant::now();
    call.refuse(Status::unavailable("away"));
    stage.checkin().await;
    seconds(0.5..=1.0, before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn one_outage_is_one_change_and_a_refusal_is_told_as_such() {
    let mut stage = Stage::new();
    for _ in 0..5 {
        stage.checkin().await.refuse(Status::unavailable("away"));
    }
    stage.checkin().await.refuse(Status::permission_denied("invalid token"));
    let mut call = stage.checkin().await;
    call.say(expected(Vec::new()));
    drop(call);
    stage.checkin().await;
    let mut told = Vec::new();
    while let Ok(Some(change)) = tokio::time::timeout(Duration::from_secs(1), stage.changes.next()).await {
        told.push(match change {
            Change::Disconnected { is_refused, reason } => format!("{is_refused} {reason}"),
            other => format!("{other:?}"),
        });
    }
    let [away, refused, connected, closed] = told.as_slice() else { panic!("{told:#?}") };
    assert!(away.starts_with("false ") && away.contains("away"), "{away}");
    assert!(refused.starts_with("true ") && refused.contains("refuses the token"), "{refused}");
    assert_eq!(connected, "Connected");
    assert!(closed.starts_with("false ") && closed.contains("closed"), "{closed}");
}

/// The call itself is open until the agent says something; check-ins do not wait for that.
#[tokio::test(start_paused = true)]
async fn check_ins_go_on_before_the_agent_answers() {
    let mut stage = Stage::new();
    let mut call = stage.checkin().await;
    assert_eq!(call.hear_for(Duration::from_secs(101)).await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_list_in_parts_is_one_list() {
    let mut stage = Stage::new();
    let mut call = stage.checkin().await;
    call.hear().await;
    let time = Some(prost_types::Timestamp { seconds: 9, nanos: 0 });
    let part =
        |units: Vec<UnitExpected>| CheckinExpected { units_timestamp: time, units, ..CheckinExpected::default() };
    call.say(CheckinExpected { features_idx: 2, ..part(vec![wanted("a", 0, 1)]) });
    call.say(part(vec![wanted("b", 0, 1)]));
    stage.nothing_for(Duration::from_secs(1)).await;
    call.say(part(Vec::new()));
    assert_eq!((&*added(&mut stage).await.key.id, &*added(&mut stage).await.key.id), ("a", "b"));
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_sent_in_parts() {
    let mut stage = Stage::with(std::sync::Arc::new(crate::tests::Nothing), 2000);
    let mut call = stage.checkin().await;
    call.hear().await;
    call.say(expected((0..100).map(|number| wanted(&format!("unit-{number:03}"), 0, 1)).collect()));
    for _ in 0..100 {
        let unit = added(&mut stage).await;
        stage.agent.report(&unit, Report::new(UnitState::Healthy, "x".repeat(50)));
    }
    let mut parts = call.hear_for(Duration::from_secs(2)).await;
    let last = parts.pop().unwrap();
    assert!(last.units.is_empty() && last.units_timestamp.is_some());
    let parts: Vec<_> = parts.into_iter().filter(|part| part.units_timestamp == last.units_timestamp).collect();
    assert!(parts.len() > 3 && parts.iter().all(|part| prost::Message::encoded_len(part) <= 2000));
    assert_eq!(parts.iter().map(|part| part.units.len()).sum::<usize>(), 100);
}

/// While the agent takes nothing, what is new replaces what waits.
#[tokio::test(start_paused = true)]
async fn an_agent_that_does_not_read_gets_the_latest_when_it_does() {
    let mut stage = Stage::new();
    let (mut call, unit) = settle(&mut stage).await;
    for number in 0..100 {
        stage.agent.report(&unit, Report::new(UnitState::Degraded, format!("attempt {number}")));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let messages = call.hear_for(Duration::from_secs(1)).await;
    assert!(messages.len() <= 3, "{} messages", messages.len());
    assert_eq!(messages.last().unwrap().units[0].message, "attempt 99");
}

/// Trap: told once, a unit is gone; the message after that does not name it.
#[tokio::test(start_paused = true)]
async fn stopped_is_told_once() {
    let mut stage = Stage::new();
    let (mut call, _) = settle(&mut stage).await;
    call.say(expected(vec![unwanted("a", 0, 1)]));
    let Change::UnitRemoved(unit) = stage.change().await else { panic!("removed") };
    assert_eq!(call.hear().await.units[0].state, State::Stopping as i32);
    // It drains.
    tokio::time::sleep(Duration::from_secs(3)).await;
    stage.agent.report(&unit, Report::new(UnitState::Stopped, "stopped"));
    let messages = call.hear_for(Duration::from_mins(1)).await;
    let states: Vec<Vec<i32>> =
        messages.iter().map(|message| message.units.iter().map(|unit| unit.state).collect()).collect();
    assert_eq!(states, [vec![State::Stopped as i32], vec![], vec![]]);
    assert!(stage.agent.states().is_empty());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_changes_ends_the_connection() {
    let mut stage = Stage::new();
    let (mut call, _) = settle(&mut stage).await;
    let Stage { changes, .. } = stage;
    drop(changes);
    assert!(tokio::time::timeout(Duration::from_secs(1), call.sent.recv()).await.unwrap().is_none());
}
