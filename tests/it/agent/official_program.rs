//! The real program under a server made from Elastic's official descriptors.

use std::process::Stdio;
use std::time::Duration;

use it::fake_agent::{Options, parse_line};
use it::official_python;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::official::{Official, all, expect};
use super::scene::Scene;

fn unit(id: &str, kind: &str, idx: u64, source: &Value) -> Value {
    let streams: Vec<Value> = source["streams"].as_array().into_iter().flatten().map(stream).collect();
    json!({
        "id": id, "type": kind, "state": "HEALTHY", "config_state_idx": idx, "log_level": "INFO",
        "config": {
            "source": source, "id": source.get("id").unwrap_or(&"".into()), "type": source["type"], "streams": streams,
        },
    })
}

fn stream(source: &Value) -> Value {
    json!({"id": source["id"], "source": source, "data_stream": source["data_stream"]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_is_healthy_and_delivers_under_the_official_server() {
    let Some(python) = official_python() else { return };
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let (mut official, start_up) = Official::start_with_bytes(&python).await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_collector"))
        .args(["agent-input", "-E", &format!("path.data={}", scene.folder.path().display())])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&start_up).await.unwrap();
    let mut errors = child.stderr.take().unwrap();
    let log = tokio::spawn(async move {
        let mut text = String::new();
        errors.read_to_string(&mut text).await.map(|_| text)
    });
    let first = official.until("checkin", |_| true).await;
    assert_eq!(first["version_info"]["name"], "m365-fetcher");
    let output = |idx: u64| unit("m365-default", "OUTPUT", idx, &scene.output());
    let input = |idx: u64| unit("m365-default-one", "INPUT", idx, &scene.input(0));
    official.obey(expect(&[output(1), input(1)])).await;
    let observed = official.until("checkin", |observed| all(observed, 2, "HEALTHY")).await;
    assert_eq!((&observed["features_idx"], &observed["component_idx"]), (&json!("2"), &json!("3")));
    let of_input = observed["units"].as_array().unwrap().iter().find(|unit| unit["id"] == "m365-default-one").unwrap();
    assert_eq!(of_input["config_state_idx"], "1");
    let states = of_input["payload"]["streams"].as_object().unwrap();
    assert!(!states.is_empty() && states.values().all(|stream| stream["status"] == "HEALTHY"), "{of_input:#}");
    scene.until_complete(&[0]).await;
    assert_eq!(scene.document("alert").await["agent"]["id"], "official");
    // Diagnostics, a broken stream, another configuration.
    official.obey(json!({"act": {"id": "1", "type": "DIAGNOSTICS", "level": "COMPONENT"}})).await;
    let answer = official.until("action", |answer| answer["id"] == "1").await;
    assert!(answer["diagnostic"].as_array().is_some_and(|files| files.len() >= 7), "{answer}");
    official.obey(json!({"drop": true})).await;
    official.until("opened", |stream| stream == "checkin").await;
    let first = official.until("checkin", |_| true).await;
    assert!(first.get("features_idx").is_none() && first["units"].as_array().map(Vec::len) == Some(2), "{first}");
    official.obey(expect(&[output(2), input(2)])).await;
    let is_taken = |observed: &Value| {
        all(observed, 2, "HEALTHY")
            && observed["units"].as_array().unwrap().iter().all(|unit| unit["config_state_idx"] == "2")
    };
    official.until("checkin", is_taken).await;
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(15), child.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(0));
    for line in log.await.unwrap().unwrap().lines() {
        parse_line(line).unwrap();
    }
    scene.until_complete(&[0]).await;
    scene.clear().await;
}
