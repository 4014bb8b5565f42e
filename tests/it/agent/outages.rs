//! A cluster and an agent that are not there, do not answer, or refuse: the right unit says so, the others go on, nothing
//! is lost and nothing comes twice.

use std::time::Duration;

use agent::messages::State;
use it::fake_agent::{Options, Policy, Status};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::gate::{Gate, Way};
use super::growth::Growth;
use super::scene::{GROWING, Scene};

fn output(status: &Status) -> (State, &str) {
    status.output().map_or((State::Starting, ""), |unit| (unit.state, unit.message.as_str()))
}

fn input(status: &Status) -> State {
    status.units.iter().find(|((kind, _), _)| *kind == 0).map_or(State::Starting, |(_, unit)| unit.state)
}

fn error(kind: &str, reason: &str) -> Value {
    json!({"error": {"type": kind, "reason": reason}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_to_the_agent_stops_nothing() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    component.set_policy(&scene.policy([scene.input(0)]));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    let firsts = || component.received().iter().filter(|received| received.is_first).count();
    for round in 0..4 {
        let before = firsts();
        scene.agent.drop_connections();
        if round == 2 {
            // Said while nobody listens.
            component.set_policy(&scene.policy([scene.input(0), scene.input(1)]));
        }
        component.until("back", |status| firsts() > before && status.is_healthy()).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
    }
    assert_eq!(component.status().units.len(), 3);
    scene.until_complete(&[0, 1]).await;
    assert_eq!(component.status().starts, 1);
    assert_eq!(scene.lines("tenant is configured anew"), 0, "sources go on");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_with_the_cluster_is_the_outputs_and_ends() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let (component, mut growth) = (&scene.component, Growth::new(&scene));
    let gate = Gate::new(scene.server.url(), Way::Open).await;
    component.set_policy(&Policy::new(gate.output()).input(scene.input(GROWING)));
    component.spawn(scene.program()).await.unwrap();
    growth.until(&scene, "healthy", Status::is_healthy).await;
    let troubles = [
        (Way::Broken, "127.0.0.1"),
        (Way::Says(401, error("security_exception", "unable to authenticate with provided credentials")), "401"),
        (Way::Says(403, error("security_exception", "action [indices:data/write/bulk] is unauthorized")), "403"),
        (Way::Says(503, error("unavailable_shards_exception", "busy")), "503"),
        (Way::Says(429, error("es_rejected_execution_exception", "queue is full")), "429"),
    ];
    for (way, word) in troubles {
        gate.set(way.clone());
        let is_told = |status: &Status| output(status).0 != State::Healthy && output(status).1.contains(word);
        let status = growth.until(&scene, word, is_told).await;
        println!("{way:?}: {:?}", output(&status));
        assert_eq!((output(&status).0, input(&status)), (State::Degraded, State::Healthy), "{way:?} {status:#?}");
        // Whatever is said, the agent is not asked again and again.
        let before = component.received().len();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let messages = component.received().len() - before;
        assert!(messages < 6, "{messages} messages in 3 s: {way:?}");
        gate.set(Way::Open);
        growth.until(&scene, "healthy again", Status::is_healthy).await;
    }
    growth.until_complete(&scene, &[]).await;
    assert_eq!(component.status().starts, 1);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_too_long_is_split_and_what_is_there_already_comes_once() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let gate = Gate::new(scene.server.url(), Way::Longest(60_000)).await;
    component.set_policy(&Policy::new(gate.output()).input(scene.input(0)));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    scene.until_complete(&[0]).await;
    assert!(gate.asked().iter().any(|asked| asked.status == 413), "nothing was too long");
    component.stop(false).await;
    // What it remembers is gone: everything is read again, and refused by its id (409).
    std::fs::remove_dir_all(scene.program().run_folder(component.id())).unwrap();
    let before = gate.bulks();
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    component.until("sent again", |_| gate.bulks() > before).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    component.until("healthy", Status::is_healthy).await;
    scene.until_complete(&[0]).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rights_that_fleet_gives_are_enough() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let gate = Gate::new(scene.server.url(), Way::Fleet(scene.namespace.clone())).await;
    let mut output = gate.output();
    output["api_key"] = "id:canary-key".into();
    component.set_policy(&Policy::new(output).input(scene.input(0)));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    scene.until_complete(&[0]).await;
    component.until("still healthy", Status::is_healthy).await;
    component.stop(false).await;
    let asked = gate.asked();
    let refused = asked.iter().filter(|asked| asked.status == 403).map(|asked| asked.request.as_str());
    let refused: Vec<_> = refused.collect();
    // What cannot be looked at before is asked for once, not again and again.
    assert!(refused.len() <= 3 && refused.iter().all(|request| request.starts_with("GET /_")), "{refused:?}");
    let key = format!("ApiKey {}", data_encoding::BASE64.encode(b"id:canary-key"));
    assert!(asked.iter().all(|asked| asked.authorization.as_ref() == Some(&key)), "{asked:#?}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_says_nothing_is_told_of_and_keeps_nobody_waiting() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let (component, mut growth) = (&scene.component, Growth::new(&scene));
    let gate = Gate::new(scene.server.url(), Way::Silent).await;
    let policy = |tag: &str| {
        let mut input = scene.input(GROWING);
        input["processors"] = json!([{"add_fields": {"target": "labels", "fields": {"tag": tag}}}]);
        let mut output = gate.output();
        output["timeout"] = "2s".into();
        Policy::new(output).input(input)
    };
    component.set_policy(&policy("first"));
    component.spawn(scene.program()).await.unwrap();
    component.until("asking", |status| output(status).0 == State::Configuring).await;
    // Nothing is done meanwhile, but what was wanted last is done in the end: no list is lost on its way.
    for round in 0..20 {
        component.set_policy(&policy(&format!("round {round}")));
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    component.set_policy(&policy("last"));
    let is_told = |status: &Status| output(status).0 == State::Degraded && output(status).1.contains("127.0.0.1");
    growth.until(&scene, "told", is_told).await;
    gate.set(Way::Open);
    growth.until(&scene, "healthy", Status::is_healthy).await;
    growth.until_complete(&scene, &[]).await;
    growth.grow(&scene);
    growth.until_complete(&scene, &[]).await;
    let path = format!("/logs-*-{}/_count?q=labels.tag:last", scene.namespace);
    let count = &scene.server.get_json(&path).await.unwrap().1["count"];
    assert!(count.as_u64() > Some(0), "{count}");
    component.stop(false).await;
    // Told to stop, it does not wait for the cluster either.
    gate.set(Way::Silent);
    component.spawn(scene.program()).await.unwrap();
    component.until("asking again", |status| output(status).0 == State::Configuring).await;
    let begun = Instant::now();
    component.stop(false).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_not_prepared_fails_the_output_steadily_until_it_is() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let gate = Gate::new(scene.server.url(), Way::Bare).await;
    component.set_policy(&Policy::new(gate.output()).input(scene.input(0)));
    component.spawn(scene.program()).await.unwrap();
    let is_failed = |status: &Status| output(status).0 == State::Failed;
    let status = component.until("told", is_failed).await;
    assert!(output(&status).1.contains("index templates are missing"), "{status:#?}");
    // It is tried again and again, and says the same all the time.
    let before = component.received().len();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let messages = component.received().len() - before;
    assert!(messages <= 2, "{messages} messages while nothing changed");
    assert!(gate.asked().len() >= 3, "{:#?}", gate.asked());
    gate.set(Way::Open);
    component.until("healthy", Status::is_healthy).await;
    // Another output is not kept waiting by the former one's trouble.
    gate.set(Way::Bare);
    let mut again = gate.output();
    again["bulk_max_size"] = 51.into();
    component.set_policy(&Policy::new(again).input(scene.input(0)));
    component.until("told", is_failed).await;
    let begun = Instant::now();
    component.set_policy(&scene.policy([scene.input(0)]));
    component.until("healthy again", Status::is_healthy).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    scene.until_complete(&[0]).await;
    scene.end().await;
}
