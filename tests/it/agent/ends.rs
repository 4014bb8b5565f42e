//! Processes that end, follow each other, or cannot begin.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use agent::messages::State;
use it::fake_agent::{FakeAgent, Options, Policy, Status, Times, parse_line};
use prost::Message;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::gate::{Gate, Way};
use super::growth::Growth;
use super::scene::{GROWING, Scene};

fn with_state(mut input: Value, state: &std::path::Path) -> Value {
    input["state_path"] = state.to_str().unwrap().into();
    input
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_in_the_middle_of_a_request_it_goes_on_where_it_was() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let (component, mut growth) = (&scene.component, Growth::new(&scene));
    let gate = Gate::new(scene.server.url(), Way::Open).await;
    component.set_policy(&Policy::new(gate.output()).input(scene.input(GROWING)));
    // The cluster answers late: in time for the stop, and not in time.
    for late in [500, 2000, 30_000] {
        gate.set(Way::Late(Duration::from_millis(late)));
        let before = gate.arrived();
        component.spawn(scene.program()).await.unwrap();
        growth.until(&scene, "in the middle", |_| gate.arrived() > before).await;
        let (begun, before) = (Instant::now(), gate.arrived());
        component.stop(false).await;
        let took = begun.elapsed();
        println!("answer after {late} ms: stopped after {took:?}, {} requests", gate.arrived() - before);
        assert!(took < Duration::from_secs(15), "{took:?}");
    }
    gate.set(Way::Open);
    component.spawn(scene.program()).await.unwrap();
    growth.until(&scene, "healthy", Status::is_healthy).await;
    growth.until_complete(&scene, &[]).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_successor_waits_for_the_state_and_goes_on_from_it() {
    let times = Times { successor: Duration::from_secs(1), ..Times::default() };
    let Some(scene) = Scene::new(Options { times, ..Options::default() }).await else { return };
    let (component, mut growth) = (&scene.component, Growth::new(&scene));
    let state = scene.folder.path().join("state");
    let gate = Gate::new(scene.server.url(), Way::Open).await;
    let input = || with_state(scene.input(GROWING), &state);
    component.set_policy(&Policy::new(gate.output()).input(input()));
    component.spawn(scene.program()).await.unwrap();
    growth.until(&scene, "healthy", Status::is_healthy).await;
    // The former process has an answer to wait for.
    gate.set(Way::Late(Duration::from_secs(5)));
    let before = gate.arrived();
    growth.until(&scene, "in the middle", |_| gate.arrived() > before).await;
    let policy = scene.policy([input()]);
    let successor = scene.agent.replace(component, "m365_security-other", &policy, scene.program()).await.unwrap();
    let is_failed = |status: &Status| status.input("tenant-2").is_some_and(|unit| unit.state == State::Failed);
    let status = successor.until("it waits", is_failed).await;
    assert!(component.pid().is_some(), "the former process is still there");
    let said = &status.input("tenant-2").unwrap().message;
    assert!(said.contains("another m365-fetcher"), "{said}");
    successor.until("it goes on", Status::is_healthy).await;
    assert!(component.pid().is_none());
    growth.grow(&scene);
    growth.until_complete(&scene, &[]).await;
    successor.stop(false).await;
    scene.look(&successor);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_cannot_be_written_fails_its_input_alone_until_it_can() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    // Not a matter of rights, which the administrator has.
    let obstacle = scene.folder.path().join("obstacle");
    fs::write(&obstacle, "a file").unwrap();
    component.set_policy(&scene.policy([scene.input(0), with_state(scene.input(1), &obstacle.join("state"))]));
    component.spawn(scene.program()).await.unwrap();
    let is_told = |status: &Status| {
        let state = |id: &str| status.input(id).map(|unit| unit.state);
        state("tenant-1") == Some(State::Failed) && state("tenant-0") == Some(State::Healthy)
    };
    let status = component.until("told", is_told).await;
    assert!(status.input("tenant-1").unwrap().message.contains("obstacle"), "{status:#?}");
    assert_eq!(status.output().unwrap().state, State::Healthy, "{status:#?}");
    scene.until_complete(&[0]).await;
    // Steadily.
    let before = component.received().len();
    for _ in 0..110 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(is_told(&component.status()), "{:#?}", component.status());
    }
    assert!(component.received().len() - before <= 3);
    fs::remove_file(&obstacle).unwrap();
    component.until("healthy", Status::is_healthy).await;
    scene.until_complete(&[0, 1]).await;
    scene.end().await;
}

/// Exit code and lines of the real program with this start-up info.
fn end_of(start_up: &[u8]) -> (Option<i32>, Vec<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_collector"))
        .args(["agent-input", "-E", "path.data=/nowhere", "-E", "other=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended already.
    let _ = child.stdin.take().unwrap().write_all(start_up);
    let output = child.wait_with_output().unwrap();
    assert!(output.stdout.is_empty());
    let lines = String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect();
    (output.status.code(), lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_leads_to_no_agent_ends_with_one_line() {
    let agent = FakeAgent::start(Options::default()).await.unwrap();
    let start_up = agent.component("m365_security-default").unwrap().start_up();
    let other = FakeAgent::start(Options::default()).await.unwrap();
    let foreign = other.component("m365_security-default").unwrap().start_up();
    let mut token = start_up.clone();
    token.token = "canary-token".to_owned();
    let mut ca = start_up.clone();
    ca.ca_cert = foreign.ca_cert;
    let mut key = start_up.clone();
    key.peer_key = b"-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n".to_vec();
    let cases = [
        ("nothing", Vec::new(), "empty"),
        ("garbage", b"garbage, canary".to_vec(), "StartUpInfo"),
        ("a wrong token", token.encode_to_vec(), "token"),
        ("a wrong CA", ca.encode_to_vec(), "certificate"),
        ("a wrong key", key.encode_to_vec(), "certificate"),
    ];
    for (what, start_up, word) in cases {
        let ended = tokio::task::spawn_blocking(move || end_of(&start_up));
        let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
        let (code, lines) = ended.unwrap_or_else(|_| panic!("{what}: it does not end")).unwrap();
        println!("{what}: {lines:#?}");
        assert_eq!((code, lines.len()), (Some(1), 1), "{what}: {lines:#?}");
        let line = parse_line(&lines[0]).unwrap();
        let text = json!(line.fields).to_string();
        assert!(line.level == "error" && text.contains(word) && !text.contains("canary"), "{what}: {text}");
    }
}
