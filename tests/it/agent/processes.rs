//! The fake agent as the keeper of processes: a small component of ours, and shell scripts that misbehave.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agent::messages::State;
use it::fake_agent::{Component, ComponentState, FakeAgent, Options, Policy, Program, Status, Times};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use super::traps::policy;

const COMPONENT: &str = env!("CARGO_BIN_EXE_component");

fn short() -> Times {
    Times {
        checkin: Duration::from_millis(400),
        restart: Duration::from_millis(200),
        stop: Duration::from_secs(2),
        successor: Duration::from_millis(500),
        ..Times::default()
    }
}

async fn agent() -> (FakeAgent, Component, TempDir) {
    let agent = FakeAgent::start(Options { times: short(), ..Options::default() }).await.unwrap();
    let component = agent.component("m365-fetcher-default").unwrap();
    component.set_policy(&policy(&["one"]));
    (agent, component, tempfile::tempdir().unwrap())
}

/// Our component, with check-ins as often as the short times want.
fn ours(folder: &TempDir) -> Program {
    Program::new(COMPONENT, folder.path()).arguments(["agent-input", "-E", "checkin.period_ms=200"])
}

/// A component that is a shell script; `cat` reads the start-up info to its end.
fn script(folder: &TempDir, body: &str) -> Program {
    let path = folder.path().join("script");
    fs::write(&path, format!("#!/bin/sh\ncat >/dev/null\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
    Program::new(path, folder.path())
}

fn run_folder(folder: &TempDir) -> PathBuf {
    folder.path().join("run/m365-fetcher-default")
}

#[tokio::test]
async fn a_process_is_started_and_stopped() {
    let (_agent, component, folder) = agent().await;
    let begun = Instant::now();
    component.spawn(ours(&folder)).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    let healthy = begun.elapsed();
    assert!(healthy < Duration::from_secs(1), "{healthy:?}");
    assert_eq!(fs::metadata(run_folder(&folder)).unwrap().permissions().mode() & 0o777, 0o770);
    // For longer than the agent tolerates silence.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((component.status().starts, component.status().is_healthy()), (1, true));
    component.stop(true).await;
    assert!(!run_folder(&folder).exists());
    let lines: Vec<String> = component.lines().into_iter().map(|line| line.message).collect();
    assert_eq!(lines, ["taken over", "taken over", "stopped"]);
    assert!(component.faults().is_empty(), "{:?}", component.faults());
}

/// Trap: Ctrl-C in the terminal of an agent reaches the component, too.
#[tokio::test]
async fn an_interrupt_stops_like_sigterm() {
    let (_agent, component, folder) = agent().await;
    component.spawn(ours(&folder)).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    component.signal(Signal::INT).unwrap();
    let status = component.until("over", |status| status.state == ComponentState::Failed).await;
    assert!(status.message.ends_with("exited with code '0'"), "{}", status.message);
}

#[tokio::test]
async fn a_killed_process_comes_back_with_all_units() {
    let (_agent, component, folder) = agent().await;
    component.spawn(ours(&folder)).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    for starts in 2..4 {
        let pid = component.pid().unwrap();
        component.signal(Signal::KILL).unwrap();
        let status = component.until("noticed", |status| status.state == ComponentState::Failed).await;
        assert!(status.message.contains(&format!("pid '{pid}' exited")), "{}", status.message);
        assert!(status.units.values().all(|unit| unit.state == State::Failed));
        component.until("back", |status| status.is_healthy() && status.starts == starts).await;
    }
    assert!(run_folder(&folder).exists(), "what it keeps there survives");
    component.stop(false).await;
    assert!(run_folder(&folder).exists() && component.faults().is_empty());
}

#[tokio::test]
async fn a_process_that_hangs_is_degraded_then_killed_then_back() {
    let (_agent, component, folder) = agent().await;
    component.spawn(ours(&folder)).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    component.signal(Signal::STOP).unwrap();
    component.until("degraded", |status| status.message == "Degraded: missed 2 check-in").await;
    component.until("killed", |status| status.state == ComponentState::Failed).await;
    component.until("back", |status| status.is_healthy() && status.starts == 2).await;
}

#[tokio::test]
async fn a_pause_that_is_short_enough_is_forgiven() {
    let (_agent, component, folder) = agent().await;
    component.spawn(ours(&folder)).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    component.signal(Signal::STOP).unwrap();
    component.until("degraded", |status| status.state == ComponentState::Degraded).await;
    component.signal(Signal::CONT).unwrap();
    let status = component.until("healthy again", Status::is_healthy).await;
    assert_eq!(status.starts, 1);
}

#[tokio::test]
async fn a_process_that_never_checks_in_is_killed_and_started_again() {
    let (_agent, component, folder) = agent().await;
    component.spawn(script(&folder, "exec sleep 60")).await.unwrap();
    let status = component.until("started again", |status| status.starts >= 2).await;
    assert_ne!(status.state, ComponentState::Healthy);
    component.stop(false).await;
}

#[tokio::test]
async fn a_process_that_does_not_stop_is_killed() {
    let (_agent, component, folder) = agent().await;
    component.spawn(ours(&folder).arguments(["agent-input", "--deaf", "checkin.period_ms=200"])).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    let begun = Instant::now();
    component.stop(false).await;
    assert!(begun.elapsed() >= Duration::from_secs(2));
    assert_eq!(component.faults(), ["still running 2s after SIGTERM, killed"]);
}

#[tokio::test]
async fn lines_that_an_agent_would_mangle_are_faults() {
    let (_agent, component, folder) = agent().await;
    component.spawn(script(&folder, "echo hello; echo '{\"a\":1}' >&2; exec sleep 60")).await.unwrap();
    component.until("read", |_| component.faults().len() == 2).await;
    let faults = component.faults().join("\n");
    assert!(faults.contains("plain text becomes a message") && faults.contains("no log.level"), "{faults}");
}

#[tokio::test]
async fn what_an_agent_does_not_start_fails() {
    let (_agent, component, folder) = agent().await;
    for (mode, why) in [(0o640, "not executable by owner"), (0o770, "can be written by group or others")] {
        let program = script(&folder, "exit 0");
        fs::set_permissions(folder.path().join("script"), fs::Permissions::from_mode(mode)).unwrap();
        let error = component.spawn(program).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        let status = component.status();
        assert!(status.state == ComponentState::Failed && status.message.contains(why));
    }
    assert!(component.spawn(Program::new(Path::new("/nowhere"), folder.path())).await.is_err());
}

/// Trap: under another output's name the successor starts while the former process may still run.
#[tokio::test]
async fn a_successor_starts_beside_a_process_that_is_slow_to_end() {
    let (agent, component, folder) = agent().await;
    component.spawn(script(&folder, "trap 'sleep 1; exit 0' TERM\nwhile :; do sleep 0.1; done")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let program = ours(&folder);
    let policy = Policy::new(json!({"type": "elasticsearch", "number": 1}));
    let successor = agent.replace(&component, "m365-fetcher-other", &policy, program).await.unwrap();
    assert!(component.pid().is_some() && successor.pid().is_some(), "both run");
    successor.until("healthy", Status::is_healthy).await;
    component.until("stopped", |status| status.state == ComponentState::Stopped).await;
    assert!(!run_folder(&folder).exists(), "and its folder is gone");
}

#[tokio::test]
async fn garbage_on_standard_input_ends_with_one_line() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    for (input, word) in [("", "is empty"), ("garbage", "no StartUpInfo")] {
        let mut child = Command::new(COMPONENT).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let lines = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && lines.lines().count() == 1 && lines.contains(word), "{lines}");
    }
}
