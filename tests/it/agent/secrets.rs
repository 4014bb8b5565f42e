//! What a policy keeps secret is in no line of the log, in no report, in no diagnostics, whoever repeats it.

use std::time::Duration;

use agent::messages::State;
use it::fake_agent::{Options, Policy, Status};
use serde_json::json;

use super::gate::{Gate, Way};
use super::scene::{CANARY, Scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_a_secret() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let encoded = data_encoding::BASE64.encode(b"id:canary-key");
    // A cluster that repeats what it was sent.
    let said = format!("neither canary-key nor {encoded} nor canary-header is known, said canary-header");
    let refusal = json!({"error": {"type": "security_exception", "reason": said}});
    let gate = Gate::new(scene.server.url(), Way::Says(401, refusal)).await;
    let mut output = gate.output();
    output["api_key"] = "id:canary-key".into();
    output["headers"] = json!({"X-Canary": "canary-header"});
    output["log_level"] = "trace".into();
    let mut wrong = scene.input(0);
    wrong["client_secret"] = "canary-secret".into();
    // Nobody is behind this proxy, whose address is told.
    let mut away = scene.input(1);
    away["proxy_url"] = "http://canary-user:canary-password@127.0.0.1:9".into();
    let mut misspelt = scene.input(2);
    misspelt["client_secrett"] = "canary-secret-of-nobody".into();
    misspelt["log_level"] = "debug".into();
    component.set_policy(&Policy::new(output).input(wrong).input(away).input(misspelt));
    component.spawn(scene.program()).await.unwrap();
    let state = |status: &Status, id: &str| status.input(id).map(|unit| unit.state);
    component
        .until("told", |status| {
            state(status, "tenant-0") == Some(State::Failed)
                && status
                    .output()
                    .is_some_and(|output| output.state == State::Degraded && output.message.contains("401"))
        })
        .await;
    component
        .until("tried", |_| component.lines().iter().any(|line| format!("{:?}", line.fields).contains(":9")))
        .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    component.until_actions().await;
    let mut files = component.diagnostics(None, true).await.unwrap().diagnostic;
    for (kind, unit) in component.status().units.keys() {
        files.extend(component.diagnostics(Some((*kind, unit)), false).await.unwrap().diagnostic);
    }
    for file in &files {
        let text = String::from_utf8_lossy(&file.content);
        assert!(!text.contains(CANARY) && !text.contains(&encoded), "{}: {text}", file.filename);
    }
    let unseen = |text: String| assert!(!text.contains(&encoded), "{text}");
    component.lines().iter().for_each(|line| unseen(format!("{:?}", line.fields)));
    component.received().iter().for_each(|received| unseen(format!("{:?}", received.observed)));
    scene.end().await;
}
