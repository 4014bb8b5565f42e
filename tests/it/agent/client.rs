//! The crate `agent` against the fake agent: over sockets, with mutual TLS, in one process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent::messages::{ActionRequest, ActionStatus, State};
use agent::{
    Actions, Agent, Change, CustomAction, Diagnostic, DiagnosticsRequest, Refusal, Report, StartUp, Unit, UnitState,
};
use it::fake_agent::{Component, FakeAgent, Options, Policy, Status, Times};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::traps::policy;

/// A component that is healthy as soon as it knows its units, and remembers what it was told.
struct Ours {
    agent: Agent,
    units: Arc<Mutex<Vec<(String, Unit)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Files;

#[async_trait::async_trait]
impl Actions for Files {
    async fn diagnostics(&self, request: DiagnosticsRequest) -> Result<Vec<Diagnostic>, Refusal> {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(vec![Diagnostic {
            name: "state".to_owned(),
            filename: "state.json".to_owned(),
            description: format!(
                "{:?} {}",
                request.unit.map(|unit| unit.to_string()),
                request.additional_metrics.join(" ")
            ),
            content_type: "application/json".to_owned(),
            content: vec![b'x'; 100_000],
        }])
    }

    async fn action(&self, action: CustomAction) -> Option<Result<Value, Refusal>> {
        (action.name == "echo").then_some(Ok(action.params))
    }
}

impl Ours {
    fn start(component: &Component) -> Self {
        let start_up = StartUp::decode(&component.start_up_info()).unwrap();
        let introduction = agent::Component { name: "ours".to_owned(), ..agent::Component::default() };
        let (agent, mut changes) = agent::start(&start_up, introduction, Arc::new(Files));
        let units: Arc<Mutex<Vec<(String, Unit)>>> = Arc::default();
        let (told, reporter) = (Arc::clone(&units), agent.clone());
        let task = tokio::spawn(async move {
            while let Some(change) = changes.next().await {
                let (what, unit) = match change {
                    Change::UnitAdded(unit) => ("added", unit),
                    Change::UnitChanged(unit) => ("changed", unit),
                    Change::UnitRemoved(unit) => ("removed", unit),
                    Change::LogLevel(unit) => ("log level", unit),
                    _ => continue,
                };
                let number = unit.config.source.get("number").cloned().unwrap_or_default().to_string();
                let report = match what {
                    "removed" => Report::new(UnitState::Stopped, "stopped"),
                    _ => Report::new(UnitState::Healthy, number),
                };
                reporter.report(&unit, report);
                told.lock().unwrap().push((what.to_owned(), unit));
            }
        });
        Self { agent, units, task }
    }

    fn unit(&self, id: &str) -> Unit {
        let told = self.units.lock().unwrap();
        told.iter().rev().find(|(_, unit)| unit.key.id.ends_with(id)).unwrap().1.clone()
    }

    fn told(&self, what: &str) -> usize {
        self.units.lock().unwrap().iter().filter(|(told, _)| told == what).count()
    }
}

async fn begin(options: Options, inputs: &[&str]) -> (FakeAgent, Component, Ours) {
    let agent = FakeAgent::start(options).await.unwrap();
    let component = agent.component("m365-fetcher-default").unwrap();
    component.set_policy(&policy(inputs));
    let ours = Ours::start(&component);
    component.until("healthy", Status::is_healthy).await;
    (agent, component, ours)
}

#[tokio::test]
async fn a_hundred_streams_are_healthy_within_a_second() {
    let agent = FakeAgent::start(Options::default()).await.unwrap();
    let component = agent.component("m365-fetcher-default").unwrap();
    let streams: Vec<Value> = (0..100)
        .map(|number| json!({"id": format!("stream-{number}"), "data_stream": {"type": "logs", "dataset": format!("m365.{number}")}}))
        .collect();
    let input = json!({"id": "one", "type": "m365-fetcher", "data_stream": {"namespace": "lab"}, "streams": streams});
    component.set_policy(&Policy::new(json!({"type": "elasticsearch"})).input(input));
    let begun = Instant::now();
    let ours = Ours::start(&component);
    component.until("healthy", Status::is_healthy).await;
    let healthy = begun.elapsed();
    let first = component.received()[0].at.duration_since(begun);
    let line = format!("100 streams: first check-in after {first:?}, healthy after {healthy:?}\n");
    std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
    assert!(healthy < Duration::from_secs(1), "{healthy:?}");
    let unit = ours.unit("one");
    assert_eq!(unit.config.streams.len(), 100);
    assert_eq!(unit.config.streams[7].data_stream.dataset, "m365.7");
    assert_eq!(unit.config.data_stream.namespace, "lab");
    assert!(component.faults().is_empty());
}

#[tokio::test]
async fn a_changed_unit_is_taken_over_within_a_second_and_leaves_the_others_alone() {
    let (_agent, component, ours) = begin(Options::default(), &["one", "two"]).await;
    let begun = Instant::now();
    let output = Policy::new(json!({"type": "elasticsearch", "hosts": "https://b.example", "number": 2}));
    let input = |id: &str| json!({"id": id, "type": "m365-fetcher", "number": 1});
    component.set_policy(&output.input(input("one")).input(input("two")));
    component.until("taken over", |status| status.output().unwrap().message == "2").await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!((ours.told("added"), ours.told("changed")), (3, 1));
    assert_eq!(ours.unit("default").config.source["hosts"], "https://b.example");
}

/// Trap: the type of an output changes live, the process is not replaced.
#[tokio::test]
async fn the_type_of_an_output_can_change() {
    let (_agent, component, ours) = begin(Options::default(), &["one"]).await;
    component.set_policy(
        &Policy::new(json!({"type": "logstash", "number": 2}))
            .input(json!({"id": "one", "type": "m365-fetcher", "number": 1})),
    );
    component.until("taken over", |status| status.output().unwrap().message == "2").await;
    assert_eq!(ours.unit("default").config.config_type, "logstash");
}

#[tokio::test]
async fn a_removed_unit_stops_once_and_can_come_back() {
    let (_agent, component, ours) = begin(Options::default(), &["one", "two"]).await;
    for _ in 0..3 {
        component.set_policy(&policy(&["two"]));
        component.until("gone", |status| status.is_healthy() && status.units.len() == 2).await;
        component.set_policy(&policy(&["one", "two"]));
        component.until("back", |status| status.is_healthy() && status.units.len() == 3).await;
    }
    let stopped = component
        .received()
        .iter()
        .flat_map(|message| message.observed.units.clone())
        .filter(|unit| unit.state == State::Stopped as i32)
        .count();
    assert_eq!((stopped, ours.told("removed"), ours.told("added")), (3, 3, 6));
    // And away and back before it has stopped.
    component.set_policy(&policy(&["two"]));
    component.set_policy(&policy(&["one", "two"]));
    component.until("back", |status| status.is_healthy() && status.units.len() == 3).await;
}

/// Trap: policy changes after a reconnect arrive, and nothing is shown FAILED meanwhile.
#[tokio::test]
async fn policy_changes_arrive_after_a_reconnect() {
    let (agent, component, ours) = begin(Options::default(), &["one"]).await;
    for number in 2..5 {
        let before = component.received().iter().filter(|message| message.is_first).count();
        agent.drop_connections();
        let is_back = |_: &Status| component.received().iter().filter(|message| message.is_first).count() > before;
        let status = component.until("back", is_back).await;
        assert!(status.units.values().all(|unit| unit.state == State::Healthy), "{status:?}");
        component.set_policy(
            &Policy::new(json!({"type": "elasticsearch", "number": number}))
                .input(json!({"id": "one", "type": "m365-fetcher", "number": 1})),
        );
        component
            .until("taken over", |status| status.is_healthy() && status.output().unwrap().message == number.to_string())
            .await;
    }
    assert_eq!((ours.told("added"), ours.told("changed")), (2, 3), "a reconnect is no change");
    assert!(component.faults().is_empty());
}

/// Trap: an agent answers each check-in of a component that is not as it should be.
#[tokio::test]
async fn a_degraded_unit_is_no_ping_pong() {
    let (_agent, component, ours) = begin(Options::default(), &["one"]).await;
    let before = component.received().len();
    ours.agent.report(&ours.unit("one"), Report::new(UnitState::Degraded, "slow"));
    component.until("degraded", |status| status.input("one").unwrap().state == State::Degraded).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(component.received().len(), before + 1);
    assert!(!component.status().is_settled);
}

#[tokio::test]
async fn log_levels_arrive_without_a_new_configuration() {
    let (_agent, component, ours) = begin(Options::default(), &["one"]).await;
    let mut units = policy(&["one"]).units(component.id());
    units[1].log_level = 3;
    component.set_units(units);
    tokio::time::timeout(Duration::from_secs(5), async {
        while ours.agent.log_level() != Some(agent::LogLevel::Debug) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!((ours.told("changed"), ours.told("log level")), (0, 1));
}

#[tokio::test]
async fn lists_in_parts_and_large_ones_arrive() {
    let ids: Vec<String> = (0..50).map(|number| format!("input-{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (_agent, component, ours) = begin(Options { max_message_size: 3000, ..Options::default() }, &ids).await;
    assert_eq!(ours.told("added"), 51);
    assert!(component.received().last().unwrap().observed.units.len() == 51, "and what is sent is joined again");
    // Above the usual limit of gRPC, 4 MiB.
    let (_agent, component, ours) = begin(Options::default(), &["one"]).await;
    let large = json!({"id": "one", "type": "m365-fetcher", "number": 1, "large": "x".repeat(6 << 20)});
    component.set_policy(&policy(&[]).input(large));
    let is_taken = |_: &Status| ours.told("changed") == 1;
    component.until("large", |status| is_taken(status) && status.is_healthy()).await;
    assert_eq!(ours.unit("one").config.source["large"].as_str().unwrap().len(), 6 << 20);
}

#[tokio::test]
async fn features_and_limits_are_sent_back() {
    let (_agent, component, _ours) = begin(Options::default(), &["one"]).await;
    component.set_fqdn(true);
    component.set_go_max_procs(2);
    component.until("settled", Status::is_healthy).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let last = component.received().pop().unwrap().observed;
    assert_eq!((last.features_idx, last.component_idx), (3, 3));
}

/// Trap: the call is open until the first action, whenever that is; three requests follow each other.
#[tokio::test]
async fn actions_and_diagnostics_are_answered() {
    let (agent, component, _ours) = begin(Options::default(), &["one"]).await;
    component.until_actions().await;
    let whole = component.diagnostics(None, true).await.unwrap();
    assert_eq!(
        (whole.status, whole.diagnostic[0].description.as_str()),
        (ActionStatus::Success as i32, "None CONN CPU")
    );
    assert_eq!(whole.diagnostic[0].content.len(), 100_000);
    for (unit_type, id, name) in [(0, "m365-fetcher-default-one", "input"), (1, "m365-fetcher-default", "output")] {
        let unit = component.diagnostics(Some((unit_type, id)), false).await.unwrap();
        assert_eq!(unit.diagnostic[0].description, format!("Some(\"{name} {id}\") "));
    }
    let unknown = component.action("unheard of", &json!({})).await.unwrap();
    assert_eq!((unknown.status, unknown.result.as_slice()), (1, br#"{"error":"action undefined"}"#.as_slice()));
    let echo = component.action("echo", &json!({"a": 1})).await.unwrap();
    assert_eq!(echo.result, br#"{"a":1}"#);
    // An answer survives the loss of its stream.
    let request = ActionRequest { r#type: 1, level: 1, ..ActionRequest::default() };
    let (answer, ()) = tokio::join!(component.ask(request, Duration::from_secs(20)), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        agent.drop_connections();
    });
    assert_eq!(answer.unwrap().diagnostic.len(), 1);
    assert!(component.faults().is_empty());
}

#[tokio::test]
async fn a_wrong_token_and_wrong_certificates_are_refusals() {
    let agent = FakeAgent::start(Options::default()).await.unwrap();
    let component = agent.component("m365-fetcher-default").unwrap();
    let other_agent = FakeAgent::start(Options::default()).await.unwrap();
    let other = other_agent.component("m365-fetcher-default").unwrap().start_up();
    let good = component.start_up();
    let token = agent::messages::StartUpInfo { token: "stolen".to_owned(), ..good.clone() };
    let authority = agent::messages::StartUpInfo { ca_cert: other.ca_cert.clone(), ..good.clone() };
    let peer = agent::messages::StartUpInfo { peer_cert: other.peer_cert, peer_key: other.peer_key, ..good.clone() };
    let broken = agent::messages::StartUpInfo { peer_key: b"-----BEGIN PRIVATE KEY-----".to_vec(), ..good };
    for (info, what) in [(token, "token"), (authority, "certificate"), (peer, "certificate"), (broken, "start-up info")]
    {
        let start_up = StartUp::decode(&prost::Message::encode_to_vec(&info)).unwrap();
        let (_, mut changes) = agent::start(&start_up, agent::Component::default(), Arc::new(Files));
        let end = Instant::now() + Duration::from_secs(20);
        let mut told = Vec::new();
        let reason = loop {
            match tokio::time::timeout_at(end, changes.next()).await {
                Ok(Some(Change::Disconnected { reason, is_refused: true })) => break reason,
                Ok(Some(change)) => told.push(change),
                _ => panic!("no refusal for {what}: {told:?}"),
            }
        };
        assert!(reason.contains(what) && !reason.contains('\n') && !reason.contains("stolen"), "{what}: {reason}");
    }
    assert!(component.received().is_empty());
}

#[tokio::test]
async fn an_agent_that_is_away_is_no_refusal() {
    let agent = FakeAgent::start(Options { times: Times::default(), ..Options::default() }).await.unwrap();
    let mut info = agent.component("m365-fetcher-default").unwrap().start_up();
    // Port 9 of this machine: nobody listens.
    info.addr = "localhost:9".to_owned();
    let start_up = StartUp::decode(&prost::Message::encode_to_vec(&info)).unwrap();
    let (_, mut changes) = agent::start(&start_up, agent::Component::default(), Arc::new(Files));
    let Change::AgentInfo(info) = changes.next().await.unwrap() else { panic!("the start-up info names the agent") };
    assert_eq!(info.version, "9.5.2");
    match changes.next().await.unwrap() {
        Change::Disconnected { is_refused: false, reason } => assert!(reason.contains("onnect"), "{reason}"),
        other => panic!("{other:?}"),
    }
}
