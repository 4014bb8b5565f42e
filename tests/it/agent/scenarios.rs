//! The real program as a component: what a user does in Fleet, and what goes wrong on the way.

use std::time::Duration;

use agent::messages::{ActionStatus, State};
use it::fake_agent::{Options, Policy, Status};
use serde_json::{Value, json};

use super::scene::Scene;

fn message(status: &Status, input: &str) -> (State, String) {
    status.input(input).map_or((State::Starting, String::new()), |unit| (unit.state, unit.message.clone()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inputs_come_change_and_go_and_nothing_is_lost() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    component.set_policy(&scene.policy([scene.input(0)]));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    scene.until_complete(&[0]).await;
    // Documents are those of an agent.
    let document = scene.document("alert").await;
    assert_eq!(document["agent"]["id"], "5f2f3d6e-1c0a-4a52-9a40-0d7b2f6a5c11");
    assert_eq!(document["agent"]["version"], "9.5.2");
    assert_eq!(document["elastic_agent"]["id"], document["agent"]["id"]);
    assert_eq!(document["data_stream"]["namespace"], scene.namespace.as_str());
    assert!(document["tags"].as_array().unwrap().contains(&json!("forwarded")), "{document}");
    assert!(!document["host"].to_string().contains(document["agent"]["name"].as_str().unwrap()), "{document}");
    // Another tenant.
    component.set_policy(&scene.policy([scene.input(0), scene.input(1)]));
    component.until("two inputs", |status| status.units.len() == 3 && status.is_healthy()).await;
    scene.until_complete(&[0, 1]).await;
    // A stream is taken away and comes back.
    let mut shorter = scene.input(0);
    shorter["streams"].as_array_mut().unwrap().truncate(1);
    component.set_policy(&scene.policy([shorter, scene.input(1)]));
    component.until("healthy with fewer streams", Status::is_healthy).await;
    component.set_policy(&scene.policy([scene.input(0), scene.input(1)]));
    component.until("healthy with all streams", Status::is_healthy).await;
    // A tenant goes.
    component.set_policy(&scene.policy([scene.input(1)]));
    component.until("one input", |status| status.units.len() == 2 && status.is_healthy()).await;
    scene.until_complete(&[0, 1]).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_are_told_of_the_unit_that_has_them_and_the_others_go_on() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let mut wrong = scene.input(0);
    wrong["client_secret"] = "wrong-secret-of-a-user".into();
    let mut twice = scene.input(1);
    twice["id"] = "tenant-1-again".into();
    let mut broken = scene.input(1);
    broken["streams"][0]["interval"] = "5x".into();
    let nothing = json!({"id": "nothing", "type": "m365_security", "streams": []});
    component.set_policy(&scene.policy([wrong, broken, twice, nothing]));
    component.spawn(scene.program()).await.unwrap();
    let status = component
        .until("all told", |status| {
            ["tenant-0", "tenant-1", "tenant-1-again", "nothing"]
                .iter()
                .all(|id| message(status, id).0 == State::Failed)
        })
        .await;
    assert!(message(&status, "tenant-0").1.contains("AADSTS7000215"), "{status:#?}");
    assert!(message(&status, "tenant-1").1.contains("Interval (interval): `5x`"), "{status:#?}");
    assert!(message(&status, "tenant-1-again").1.contains("collected"), "{status:#?}");
    assert!(message(&status, "nothing").1.contains("Tenant"), "{status:#?}");
    assert!(!format!("{status:?}").contains("wrong-secret-of-a-user"));
    // The streams that are right are collected all the same.
    let is_collected = |status: &Status| {
        let payload = status.input("tenant-1").and_then(|unit| unit.payload.as_ref());
        payload.is_some_and(|payload| format!("{payload:?}").contains("HEALTHY"))
    };
    component.until("streams that are right are collected", is_collected).await;
    // Mended, everything is well.
    component.set_policy(&scene.policy([scene.input(0), scene.input(1)]));
    component.until("healthy", |status| status.units.len() == 3 && status.is_healthy()).await;
    scene.until_complete(&[0, 1]).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_output_is_taken_over_and_one_that_is_none_is_refused() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    // Nobody is there at first.
    let away = Policy::new(json!({"type": "elasticsearch", "hosts": ["http://127.0.0.1:9"], "preset": "latency"}));
    component.set_policy(&away.input(scene.input(0)));
    component.spawn(scene.program()).await.unwrap();
    let status = component
        .until("degraded", |status| status.output().is_some_and(|output| output.state == State::Degraded))
        .await;
    assert!(status.output().unwrap().message.contains("127.0.0.1:9"), "{status:#?}");
    // Whatever is said of the output, the agent is not asked again and again.
    let before = component.received().len();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let messages = component.received().len() - before;
    assert!(messages < 6, "{messages} messages in 3 s");
    component.set_policy(&scene.policy([scene.input(0)]));
    component.until("healthy", Status::is_healthy).await;
    scene.until_complete(&[0]).await;
    for kind in ["logstash", "kafka", "remote_elasticsearch"] {
        component.set_policy(&Policy::new(json!({"type": kind, "hosts": ["127.0.0.1:1"]})).input(scene.input(0)));
        let status = component
            .until("refused", |status| status.output().is_some_and(|output| output.message.contains(kind)))
            .await;
        assert_eq!(status.output().unwrap().state, State::Failed, "{status:#?}");
    }
    component.set_policy(&scene.policy([scene.input(0)]));
    component.until("healthy again", Status::is_healthy).await;
    scene.until_complete(&[0]).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_and_started_again_it_goes_on_where_it_was() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    component.set_policy(&scene.policy([scene.input(0)]));
    component.spawn(scene.program()).await.unwrap();
    for starts in 2..5 {
        component.until("known", |status| status.units.values().all(|unit| unit.config_idx > 0)).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        component.signal(rustix::process::Signal::KILL).unwrap();
        component.until("started again", |status| status.starts == starts).await;
    }
    component.until("back", Status::is_healthy).await;
    scene.until_complete(&[0]).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn diagnostics_tell_everything_but_secrets() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let mut output = scene.output();
    output["headers"] = json!({"X-Canary": "canary-header"});
    component.set_policy(&Policy::new(output).input(scene.input(0)));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    component.until_actions().await;
    let answer = component.diagnostics(None, true).await.unwrap();
    assert_eq!(answer.status, ActionStatus::Success as i32);
    let file = |name: &str| {
        let found = answer.diagnostic.iter().find(|file| file.filename == name);
        String::from_utf8(found.unwrap_or_else(|| panic!("no {name}")).content.clone()).unwrap()
    };
    let status: Value = serde_json::from_str(&file("status.json")).unwrap();
    assert_eq!(status["health"]["sources"].as_array().map(Vec::len), Some(super::super::sources::sources().len()));
    let state: Value = serde_json::from_str(&file("state.json")).unwrap();
    assert!(state.as_object().unwrap().values().all(|state| state["bytes"].as_u64() > Some(0)), "{state}");
    assert!(file("configuration.json").contains("<REDACTED>") && file("metrics.txt").contains("m365"));
    let unit = format!("{}-tenant-0", component.id());
    let of_unit = component.diagnostics(Some((0, &unit)), false).await.unwrap();
    assert_eq!(of_unit.status, ActionStatus::Success as i32);
    let secret = scene.input(0)["client_secret"].as_str().unwrap().to_owned();
    for file in answer.diagnostic.iter().chain(&of_unit.diagnostic) {
        let text = String::from_utf8_lossy(&file.content);
        assert!(!text.contains(&secret) && !text.contains("canary-header"), "{}", file.filename);
    }
    let unknown = component.action("isolate", &json!({})).await.unwrap();
    assert_eq!(unknown.status, ActionStatus::Failed as i32);
    scene.end().await;
}
