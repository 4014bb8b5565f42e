//! What the fake agent does to a component that ignores a rule: each rule is seen to hurt here, and kept by ours in
//! `client.rs`.

use std::time::Duration;

use agent::messages::{ActionResponse, CheckinObserved, State, UnitObserved};
use it::fake_agent::{Component, FakeAgent, Options, Policy, Times};
use serde_json::json;
use tonic::Code;

use super::naive::{DEGRADED, HEALTHY, Naive, STARTING, STOPPED, echo, introduction};

pub(super) fn policy(inputs: &[&str]) -> Policy {
    let policy = Policy::new(json!({"type": "elasticsearch", "hosts": ["http://127.0.0.1:9"], "number": 1}));
    inputs.iter().fold(policy, |policy, id| policy.input(json!({"id": id, "type": "m365-fetcher", "number": 1})))
}

async fn agent(times: Times) -> (FakeAgent, Component) {
    let agent = FakeAgent::start(Options { times, ..Options::default() }).await.unwrap();
    let component = agent.component("m365-fetcher-default").unwrap();
    component.set_policy(&policy(&["one"]));
    (agent, component)
}

/// A stream with every unit healthy and every number sent back.
async fn settled(component: &Component, naive: &Naive) -> super::naive::Checkins {
    let mut stream = naive.checkins();
    stream.say(introduction());
    let expected = stream.hear().await.unwrap();
    stream.say(echo(&expected, HEALTHY, true));
    component.until("healthy", it::fake_agent::Status::is_healthy).await;
    stream
}

#[tokio::test]
async fn a_first_message_without_units_fails_all_units_of_a_known_process() {
    let (_agent, component) = agent(Times::default()).await;
    let naive = Naive::new(component.start_up());
    drop(settled(&component, &naive).await);
    // The seat is free as soon as the agent has noticed.
    let mut stream = reopened(&component, &naive, introduction()).await;
    let status =
        component.until("failed", |status| status.input("one").is_some_and(|unit| unit.state == State::Failed)).await;
    assert_eq!(status.input("one").unwrap().message, "not reported in check-in");
    let expected = stream.hear().await.unwrap();
    assert!(expected.units.iter().all(|unit| unit.config.is_none()), "their numbers were reported once");
    stream.say(echo(&expected, HEALTHY, true));
    component.until("healthy again", it::fake_agent::Status::is_healthy).await;
}

/// Opens streams until the agent has noticed the end of the former one.
async fn reopened(component: &Component, naive: &Naive, first: CheckinObserved) -> super::naive::Checkins {
    let before = component.received().len();
    loop {
        let stream = naive.checkins();
        stream.say(first.clone());
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if component.received().len() > before {
                return stream;
            }
        }
    }
}

#[tokio::test]
async fn a_first_message_that_leaves_nothing_to_say_silences_the_stream() {
    let (_agent, component) = agent(Times::default()).await;
    let naive = Naive::new(component.start_up());
    drop(settled(&component, &naive).await);
    let last = component.received().pop().unwrap().observed;
    let mut stream = reopened(&component, &naive, last.clone()).await;
    // A later policy does not arrive, and nothing tells.
    let lists = component.lists_sent();
    component.set_units(changed(&component));
    assert!(stream.hear_soon().await.is_none());
    stream.say(last);
    assert!(stream.hear_soon().await.is_none());
    assert_eq!(component.lists_sent(), lists);
    assert!(component.status().input("one").is_some_and(|unit| unit.state == State::Healthy));
}

fn changed(component: &Component) -> Vec<it::fake_agent::UnitSpec> {
    let mut units = policy(&["one"]).units(component.id());
    "another".clone_into(&mut units[1].config.name);
    units
}

#[tokio::test]
async fn a_second_stopped_brings_the_unit_back() {
    let (_agent, component) = agent(Times::default()).await;
    let naive = Naive::new(component.start_up());
    let mut stream = settled(&component, &naive).await;
    component.set_policy(&policy(&[]));
    let expected = stream.hear().await.unwrap();
    let mut observed = echo(&expected, HEALTHY, true);
    let unit = observed.units.iter_mut().find(|unit| unit.r#type == 0).unwrap();
    unit.state = STOPPED;
    stream.say(observed.clone());
    let status = component.until("gone", |status| status.units.len() == 1).await;
    assert!(status.is_settled);
    assert!(stream.hear_soon().await.is_none(), "no list says that it is gone");
    stream.say(observed);
    let status = component.until("back", |status| status.units.len() == 2).await;
    assert!(!status.is_settled && status.input("one").is_some());
    // It goes with the next policy.
    component.set_units(policy(&[]).units(component.id()));
    component.until("gone with the next policy", |status| status.units.len() == 1).await;
}

#[tokio::test]
async fn a_unit_that_the_agent_does_not_know_fails_until_the_next_policy() {
    let (_agent, component) = agent(Times::default()).await;
    let naive = Naive::new(component.start_up());
    let mut stream = naive.checkins();
    stream.say(introduction());
    let expected = stream.hear().await.unwrap();
    let mut observed = echo(&expected, HEALTHY, true);
    observed.units.push(UnitObserved {
        id: "m365-fetcher-default-x".to_owned(),
        state: HEALTHY,
        ..UnitObserved::default()
    });
    stream.say(observed);
    let status = component.until("seen", |status| status.input("-x").is_some()).await;
    assert_eq!(status.input("-x").unwrap().message, "reported unit is unknown");
    stream.say(echo(&expected, HEALTHY, true));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(component.status().input("-x").unwrap().state, State::Failed);
    component.set_policy(&policy(&["one"]));
    component.until("forgotten", |status| status.input("-x").is_none()).await;
}

#[tokio::test]
async fn an_echo_of_every_message_never_ends() {
    let (_agent, component) = agent(Times::default()).await;
    let naive = Naive::new(component.start_up());
    let mut stream = naive.checkins();
    stream.say(introduction());
    for _ in 0..100 {
        let expected = stream.hear().await.unwrap();
        stream.say(echo(&expected, DEGRADED, true));
    }
    assert!(component.lists_sent() >= 100);
}

#[tokio::test]
async fn numbers_that_are_not_sent_back_are_asked_for_every_time() {
    let (_agent, component) = agent(Times::default()).await;
    let naive = Naive::new(component.start_up());
    let mut stream = naive.checkins();
    stream.say(introduction());
    for _ in 0..5 {
        let expected = stream.hear().await.unwrap();
        stream.say(echo(&expected, HEALTHY, false));
    }
    let status = component.status();
    assert!(status.units.values().all(|unit| unit.state == State::Healthy) && !status.is_settled);
}

#[tokio::test]
async fn the_call_of_actions_is_open_until_the_first_action() {
    let (_agent, component) = agent(Times::default()).await;
    let naive = Naive::new(component.start_up());
    let call = naive.actions(naive.init());
    tokio::pin!(call);
    let wait = tokio::time::timeout(Duration::from_secs(1), &mut call).await;
    assert!(wait.is_err(), "who awaits the call stalls");
    let params = json!({});
    let (answer, opened) = tokio::join!(component.action("anything", &params), async {
        let (mut requests, sender) = call.await.unwrap();
        let request = requests.message().await.unwrap().unwrap();
        let answer = ActionResponse { id: request.id, token: naive.info.token.clone(), ..ActionResponse::default() };
        sender.send(answer).unwrap();
        (requests, sender)
    });
    assert_eq!(answer.unwrap().status, 0);
    drop(opened);
}

#[tokio::test]
async fn streams_have_to_introduce_themselves() {
    let times = Times { first_message: Duration::from_millis(200), ..Times::default() };
    let (_agent, component) = agent(times).await;
    let naive = Naive::new(component.start_up());
    // Too late.
    let mut late = naive.checkins();
    assert_eq!(late.hear().await.unwrap_err().code(), Code::DeadlineExceeded);
    // A wrong token, on either stream.
    let mut stranger = naive.checkins();
    stranger.say_exactly(CheckinObserved { token: "stolen".to_owned(), ..introduction() });
    assert_eq!(stranger.hear().await.unwrap_err().code(), Code::PermissionDenied);
    let first = ActionResponse { token: "stolen".to_owned(), ..naive.init() };
    assert_eq!(naive.actions(first).await.err().unwrap().code(), Code::PermissionDenied);
    // Not `init`.
    let first = ActionResponse { id: "hello".to_owned(), ..naive.init() };
    assert_eq!(naive.actions(first).await.err().unwrap().code(), Code::InvalidArgument);
    // A second stream beside the first.
    let _first = settled(&component, &naive).await;
    let mut second = naive.checkins();
    second.say(introduction());
    assert_eq!(second.hear().await.unwrap_err().code(), Code::AlreadyExists);
    // A later message without the token.
    let first = component.received().len();
    assert!(first > 0 && component.faults().is_empty(), "{:?}", component.faults());
}

#[tokio::test]
async fn every_message_carries_the_token() {
    let (_agent, component) = agent(Times::default()).await;
    let naive = Naive::new(component.start_up());
    let mut stream = settled(&component, &naive).await;
    stream.say_exactly(CheckinObserved::default());
    assert_eq!(stream.hear().await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(component.faults(), ["a message without the component's token"]);
}

#[tokio::test]
async fn certificates_are_asked_for_both_ways() {
    let (_agent, component) = agent(Times::default()).await;
    let refused = |naive: Naive| async move {
        let mut stream = naive.checkins();
        stream.say(introduction());
        stream.hear().await.unwrap_err()
    };
    let info = component.start_up();
    refused(Naive::anonymous(info.clone())).await;
    // A name that no component has: the agent has no certificate for it.
    let mut other = info.clone();
    other.server_name = "f".repeat(32);
    refused(Naive::new(other)).await;
    // Another agent's component.
    let (_other_agent, stranger) = agent(Times::default()).await;
    let mut mixed = stranger.start_up();
    mixed.addr.clone_from(&info.addr);
    mixed.server_name.clone_from(&info.server_name);
    refused(Naive::new(mixed)).await;
    assert!(component.received().is_empty());
    settled(&component, &Naive::new(info)).await;
}

#[tokio::test]
async fn a_configuration_comes_until_its_number_is_reported() {
    let (_agent, component) = agent(Times::default()).await;
    let naive = Naive::new(component.start_up());
    let mut stream = naive.checkins();
    stream.say(introduction());
    let expected = stream.hear().await.unwrap();
    assert_eq!((expected.features_idx, expected.component_idx, expected.units[0].config_state_idx), (2, 2, 1));
    assert!(expected.units.iter().all(|unit| unit.config.is_some()));
    let mut observed = echo(&expected, STARTING, true);
    observed.units[1].config_state_idx = 0;
    stream.say(observed);
    let expected = stream.hear().await.unwrap();
    assert!(expected.units[0].config.is_none() && expected.units[1].config.is_some());
}

#[tokio::test]
async fn a_long_list_comes_in_parts() {
    let options = Options { max_message_size: 2000, ..Options::default() };
    let agent = FakeAgent::start(options).await.unwrap();
    let component = agent.component("m365-fetcher-default").unwrap();
    let ids: Vec<String> = (0..30).map(|number| format!("input-{number}")).collect();
    component.set_policy(&policy(&ids.iter().map(String::as_str).collect::<Vec<_>>()));
    let naive = Naive::new(component.start_up());
    let mut stream = naive.checkins();
    stream.say(introduction());
    let mut units = 0;
    loop {
        let part = stream.hear().await.unwrap();
        assert!(prost::Message::encoded_len(&part) <= 2000 && part.units_timestamp.is_some());
        assert_eq!(part.features_idx != 0, units == 0, "the first part says more");
        if part.units.is_empty() {
            break;
        }
        units += part.units.len();
    }
    assert_eq!(units, 31);
}
