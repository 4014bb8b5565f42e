//! The crate `agent` against a server made from Elastic's official descriptors, whose certificates have the shape of an
//! agent's; the fake agent against Elastic's client for Python; our golden bytes against the descriptors.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use agent::messages::State;
use agent::{
    Actions, Agent, Change, Changes, CustomAction, Diagnostic, DiagnosticsRequest, Refusal, Report, StartUp, Unit,
    UnitState,
};
use data_encoding::HEXLOWER;
use it::fake_agent::{FakeAgent, Options, Policy, Program};
use it::{official_python, repository};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

fn script(name: &str) -> PathBuf {
    repository().join("tests/official").join(name)
}

#[test]
fn golden_bytes_are_those_of_the_official_descriptors() {
    let Some(python) = official_python() else { return };
    let output = std::process::Command::new(python).arg(script("golden.py")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let golden = std::fs::read_to_string(repository().join("crates/agent/src/messages/golden.txt")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), golden);
}

/// The server, and the lines of what happens there.
pub(super) struct Official {
    _child: Child,
    input: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
}

impl Official {
    async fn start(python: &Path) -> (Self, StartUp) {
        let (official, bytes) = Self::start_with_bytes(python).await;
        (official, StartUp::decode(&bytes).unwrap())
    }

    /// The server, and what a component reads from its standard input.
    pub(super) async fn start_with_bytes(python: &Path) -> (Self, Vec<u8>) {
        let mut child = Command::new(python)
            .arg(script("server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut official = Self { _child: child, input, events: BufReader::new(output).lines() };
        let bytes = official.until("start_up", |_| true).await;
        let bytes = HEXLOWER.decode(bytes.as_str().unwrap().as_bytes()).unwrap();
        (official, bytes)
    }

    pub(super) async fn obey(&mut self, command: Value) {
        self.input.write_all(format!("{command}\n").as_bytes()).await.unwrap();
    }

    /// The first event of that name that is what is waited for; what comes before it is left out.
    pub(super) async fn until(&mut self, name: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut passed = Vec::new();
        loop {
            let line = tokio::time::timeout(Duration::from_secs(30), self.events.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("no {name}: {passed:#?}")).unwrap().expect("the server runs");
            let event: Value = serde_json::from_str(&line).unwrap();
            if let Some(found) = event.get(name).filter(|found| is_it(found)) {
                return found.clone();
            }
            passed.push(event);
        }
    }
}

struct Files;

#[async_trait::async_trait]
impl Actions for Files {
    async fn diagnostics(&self, request: DiagnosticsRequest) -> Result<Vec<Diagnostic>, Refusal> {
        Ok(vec![Diagnostic {
            name: "state".to_owned(),
            filename: "state.json".to_owned(),
            description: request.unit.map_or("component".to_owned(), |unit| unit.to_string()),
            content_type: "application/json".to_owned(),
            content: b"{}".to_vec(),
        }])
    }

    async fn action(&self, action: CustomAction) -> Option<Result<Value, Refusal>> {
        (action.name == "echo").then_some(Ok(action.params))
    }
}

fn start(start_up: &StartUp) -> (Agent, Changes) {
    let component = agent::Component {
        name: "ours".to_owned(),
        meta: [("version".to_owned(), "0.1.0".to_owned())].into(),
        ..agent::Component::default()
    };
    agent::start(start_up, component, Arc::new(Files))
}

async fn unit(changes: &mut Changes) -> (&'static str, Unit) {
    loop {
        match tokio::time::timeout(Duration::from_secs(30), changes.next()).await.unwrap().unwrap() {
            Change::UnitAdded(unit) => return ("added", unit),
            Change::UnitChanged(unit) => return ("changed", unit),
            Change::UnitRemoved(unit) => return ("removed", unit),
            _ => {}
        }
    }
}

fn healthy() -> Report {
    Report::new(UnitState::Healthy, "collecting")
}

/// An input with everything that a configuration may have, in the JSON of protobuf.
fn input(idx: u64) -> Value {
    json!({
        "id": "m365-default-one", "type": "INPUT", "state": "HEALTHY", "config_state_idx": idx, "log_level": "DEBUG",
        "config": {
            "source": {"id": "one", "interval": "5m", "port": 8080, "share": 0.5, "nothing": null, "list": [1, "a"]},
            "id": "one", "type": "m365-fetcher", "name": "tenant one", "revision": idx,
            "meta": {"package": {"name": "m365_security", "version": "0.1.0"}},
            "data_stream": {"namespace": "lab"},
            "streams": [{
                "id": "alert", "source": {"batch_size": 1000},
                "data_stream": {"type": "logs", "dataset": "m365_security.alert"},
            }],
        },
    })
}

fn output(idx: u64) -> Value {
    json!({
        "id": "m365-default", "type": "OUTPUT", "state": "HEALTHY", "config_state_idx": idx, "log_level": "INFO",
        "config": {"source": {"type": "elasticsearch", "hosts": "https://a.example"}, "type": "elasticsearch"},
    })
}

pub(super) fn expect(units: &[Value]) -> Value {
    let info = json!({"id": "official", "version": "9.5.2", "mode": "STANDALONE"});
    json!({"expect": {"units": units, "features_idx": 2, "component_idx": 3, "agent_info": info}})
}

/// Whether a check-in has that many units, all in that state.
pub(super) fn all(observed: &Value, count: usize, state: &str) -> bool {
    let units = observed["units"].as_array();
    // STARTING is what is not written.
    let is_state = |unit: &Value| unit.get("state").and_then(Value::as_str).unwrap_or("STARTING") == state;
    units.is_some_and(|units| units.len() == count && units.iter().all(is_state))
}

#[tokio::test]
async fn check_ins_are_understood_by_the_official_descriptors() {
    let Some(python) = official_python() else { return };
    let (mut official, start_up) = Official::start(&python).await;
    assert_eq!(start_up.agent().unwrap().id, "official");
    let (agent, mut changes) = start(&start_up);
    let first = official.until("checkin", |_| true).await;
    let introduction = json!({"name": "ours", "meta": {"version": "0.1.0"}});
    assert_eq!((&first["version_info"], &first["supports"]), (&introduction, &json!(["CheckinChunking"])));
    assert!(first.get("units").is_none() && first.get("features_idx").is_none());
    official.obey(expect(&[output(1), input(1)])).await;
    for _ in 0..2 {
        let (what, unit) = unit(&mut changes).await;
        assert_eq!(what, "added");
        agent.report(&unit, healthy().with("streams", json!({"alert": {"status": "HEALTHY", "error": ""}})));
        if unit.key.id.ends_with("one") {
            let config = &unit.config;
            assert_eq!((config.name.as_str(), config.revision), ("tenant one", 1));
            assert_eq!(config.source["list"], json!([1, "a"]));
            assert_eq!((&config.source["share"], &config.source["nothing"]), (&json!(0.5), &Value::Null));
            assert_eq!(config.package.as_ref().unwrap().name, "m365_security");
            assert_eq!(config.streams[0].data_stream.dataset, "m365_security.alert");
            assert_eq!((config.data_stream.namespace.as_str(), unit.log_level), ("lab", agent::LogLevel::Debug));
        }
    }
    let observed = official.until("checkin", |observed| all(observed, 2, "HEALTHY")).await;
    assert_eq!((&observed["features_idx"], &observed["component_idx"]), (&json!("2"), &json!("3")));
    assert_eq!(observed["units"][0]["config_state_idx"], json!("1"));
    assert_eq!(observed["units"][0]["payload"]["streams"]["alert"]["status"], "HEALTHY");
    // The output alone changes; then the input stops.
    official.obey(expect(&[output(2), input(1)])).await;
    let (what, renewed) = unit(&mut changes).await;
    assert_eq!((what, &*renewed.key.id), ("changed", "m365-default"));
    agent.report(&renewed, healthy());
    let mut stopped = input(1);
    stopped["state"] = json!("STOPPED");
    stopped.as_object_mut().unwrap().remove("config");
    official.obey(expect(&[output(2), stopped])).await;
    let (what, removed) = unit(&mut changes).await;
    assert_eq!((what, &*removed.key.id), ("removed", "m365-default-one"));
    agent.report(&removed, Report::new(UnitState::Stopped, "stopped"));
    let is_stopped = |observed: &Value| {
        observed["units"].as_array().is_some_and(|units| units.iter().any(|unit| unit["state"] == "STOPPED"))
    };
    official.until("checkin", is_stopped).await;
    // A new stream begins with what there is, and without numbers.
    official.obey(json!({"drop": true})).await;
    official.until("opened", |stream| stream == "checkin").await;
    let first = official.until("checkin", |_| true).await;
    assert!(first.get("features_idx").is_none() && first.get("version_info").is_some() && all(&first, 1, "HEALTHY"));
}

#[tokio::test]
async fn parts_and_large_lists_of_the_official_server_arrive() {
    let Some(python) = official_python() else { return };
    let (mut official, start_up) = Official::start(&python).await;
    let (agent, mut changes) = start(&start_up);
    official.until("checkin", |_| true).await;
    let units: Vec<Value> = (0..7)
        .map(|number| {
            let mut unit = input(1);
            unit["id"] = json!(format!("m365-default-{number}"));
            unit["config"]["source"]["large"] = json!("x".repeat(1 << 20));
            unit
        })
        .collect();
    for parts in [Some(3), None] {
        let mut command = expect(&units);
        if let Some(parts) = parts {
            command["parts"] = json!(parts);
        } else {
            // More than 4 MiB in one message, with other numbers.
            for unit in command["expect"]["units"].as_array_mut().unwrap() {
                unit["config_state_idx"] = json!(2);
            }
        }
        official.obey(command).await;
        for _ in 0..7 {
            let (_, unit) = unit(&mut changes).await;
            assert_eq!(unit.config.source["large"].as_str().unwrap().len(), 1 << 20);
            agent.report(&unit, healthy());
        }
        let idx = if parts.is_some() { "1" } else { "2" };
        let is_taken = |observed: &Value| {
            all(observed, 7, "HEALTHY")
                && observed["units"].as_array().unwrap().iter().all(|unit| unit["config_state_idx"] == idx)
        };
        official.until("checkin", is_taken).await;
    }
}

#[tokio::test]
async fn actions_of_the_official_server_are_answered() {
    let Some(python) = official_python() else { return };
    let (mut official, start_up) = Official::start(&python).await;
    let (_agent, mut changes) = start(&start_up);
    let init = official.until("action", |_| true).await;
    assert_eq!((&init["id"], &init["result"]), (&json!("init"), &json!("e30=")));
    official.obey(expect(&[output(1)])).await;
    unit(&mut changes).await;
    let of_unit = json!({"act": {
        "id": "1", "type": "DIAGNOSTICS", "level": "UNIT", "unit_id": "m365-default", "unit_type": "OUTPUT",
        "params": "bnVsbA==",
    }});
    official.obey(of_unit).await;
    let answer = official.until("action", |answer| answer["id"] == "1").await;
    let file = &answer["diagnostic"][0];
    assert_eq!((&file["description"], &file["filename"]), (&json!("output m365-default"), &json!("state.json")));
    assert!(
        answer.get("status").is_none() && file["generated"].is_string(),
        "SUCCESS is what is not written: {answer}"
    );
    official.obey(json!({"act": {"id": "2", "name": "unheard of"}})).await;
    let answer = official.until("action", |answer| answer["id"] == "2").await;
    assert_eq!(answer["status"], "FAILED");
    official.obey(json!({"act": {"id": "3", "name": "echo", "params": "eyJhIjoxfQ=="}})).await;
    let answer = official.until("action", |answer| answer["id"] == "3").await;
    assert_eq!(answer["result"], "eyJhIjoxfQ==");
}

#[tokio::test]
async fn elastics_client_for_python_is_healthy_under_the_fake_agent() {
    let Some(python) = official_python() else { return };
    let agent = FakeAgent::start(Options::default()).await.unwrap();
    let component = agent.component("m365-fetcher-default").unwrap();
    let input = |id: &str| json!({"id": id, "type": "m365-fetcher", "streams": [{"id": "alert"}], "port": 8080});
    component.set_policy(&Policy::new(json!({"type": "elasticsearch", "hosts": ["a"]})).input(input("one")));
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(python, folder.path()).arguments([script("component.py").to_str().unwrap()]);
    component.spawn(program).await.unwrap();
    // It never sends the number of the features back, so the agent is never done with it.
    let is_healthy = |status: &it::fake_agent::Status| {
        !status.units.is_empty()
            && status.units.values().all(|unit| unit.state == State::Healthy && unit.config_idx == 1)
    };
    let status = component
        .until("healthy", |status| is_healthy(status) && status.input("one").unwrap().message == "m365-fetcher one")
        .await;
    assert_eq!(status.output().unwrap().message, "elasticsearch ");
    // A second input arrives at it.
    component.set_policy(
        &Policy::new(json!({"type": "elasticsearch", "hosts": ["a"]})).input(input("one")).input(input("two")),
    );
    component
        .until("both", |status| is_healthy(status) && status.input("two").is_some_and(|unit| !unit.message.is_empty()))
        .await;
    // Its handler refuses every action, and it answers so.
    component.until_actions().await;
    let answer = component.action("anything", &json!({})).await.unwrap();
    assert_eq!((answer.status, answer.result.as_slice()), (1, br#"{"error": "Action failed"}"#.as_slice()));
    component.begin_stop(true);
}
