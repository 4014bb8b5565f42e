//! Units in any order, with any number of streams, of any size and type; log levels; tenants that move.

use std::time::Duration;

use agent::messages::State;
use it::fake_agent::{Options, Policy, Status, UnitSpec};
use prost_types::value::Kind;
use serde_json::{Value, json};

use super::scene::Scene;

fn input_is(status: &Status, id: &str, state: State) -> bool {
    status.input(id).is_some_and(|unit| unit.state == state)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_may_come_before_or_after_its_inputs_and_go() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let whole = scene.policy([scene.input(0)]).units(component.id());
    let of_type = |unit_type: i32| whole.iter().filter(|unit| unit.unit_type == unit_type).cloned().collect::<Vec<_>>();
    // The input alone: it waits, and says for what.
    component.set_units(of_type(0));
    component.spawn(scene.program()).await.unwrap();
    let status = component.until("told", |status| input_is(status, "tenant-0", State::Degraded)).await;
    assert!(status.input("tenant-0").unwrap().message.contains("the output is missing"), "{status:#?}");
    component.set_units(whole.clone());
    component.until("healthy", Status::is_healthy).await;
    scene.until_complete(&[0]).await;
    // The output goes away and comes back.
    component.set_units(of_type(0));
    component
        .until("without an output", |status| status.output().is_none() && input_is(status, "tenant-0", State::Degraded))
        .await;
    component.set_units(whole.clone());
    component.until("healthy again", Status::is_healthy).await;
    // The output alone.
    component.set_units(of_type(1));
    component.until("without an input", |status| status.units.len() == 1 && status.is_healthy()).await;
    component.set_units(whole);
    component.until("healthy at last", |status| status.units.len() == 2 && status.is_healthy()).await;
    scene.until_complete(&[0]).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_level_of_the_log_changes_alone() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    component.set_policy(&scene.policy([scene.input(0), scene.input(1)]));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    let debug = || component.lines().iter().filter(|line| line.level == "debug").count();
    assert_eq!(debug(), 0);
    let mut talkative = scene.input(0);
    talkative["log_level"] = json!("debug");
    let number = component.status().input("tenant-0").unwrap().config_idx;
    component.set_policy(&scene.policy([talkative, scene.input(1)]));
    component.until("talkative", |_| debug() > 5).await;
    // Lines of sources name their unit: the agent shows those of the unit that wants them. Not every line is of a source.
    let is_named = |tenant: &str| {
        component.lines().iter().any(|line| line.unit.as_ref().is_some_and(|unit| unit.ends_with(tenant)))
    };
    component.until("lines of both", |_| is_named("tenant-0") && is_named("tenant-1")).await;
    component.set_policy(&scene.policy([scene.input(0), scene.input(1)]));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = debug();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(debug(), before);
    // Nothing else has changed.
    assert_eq!(component.status().input("tenant-0").unwrap().config_idx, number);
    assert_eq!(scene.lines("tenant is configured anew"), 0);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_of_a_later_agent_fails_and_the_others_go_on() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let units = scene.policy([scene.input(0)]).units(component.id());
    let later = UnitSpec { id: "later".to_owned(), unit_type: 7, ..units[1].clone() };
    component.set_units(units.iter().cloned().chain([later]).collect());
    component.spawn(scene.program()).await.unwrap();
    let key = (7, "later".to_owned());
    let status = component
        .until("told", |status| {
            status.units.get(&key).is_some_and(|unit| unit.state == State::Failed && unit.config_idx == 1)
                && input_is(status, "tenant-0", State::Healthy)
        })
        .await;
    assert!(status.units[&key].message.contains("use a newer m365-fetcher"), "{status:#?}");
    scene.until_complete(&[0]).await;
    component.set_units(units);
    component.until("healthy", |status| status.units.len() == 2 && status.is_healthy()).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_switched_off_are_not_collected_and_none_at_all_is_a_mistake() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let mut one = scene.input(0);
    let streams = one["streams"].as_array_mut().unwrap();
    let name = streams[0]["id"].as_str().unwrap().to_owned();
    streams.iter_mut().skip(1).for_each(|stream| stream["enabled"] = json!(false));
    let mut off = scene.input(1);
    off["streams"].as_array_mut().unwrap().iter_mut().for_each(|stream| stream["enabled"] = json!(false));
    component.set_policy(&scene.policy([one, off]));
    component.spawn(scene.program()).await.unwrap();
    let status = component
        .until("told", |status| {
            input_is(status, "tenant-0", State::Healthy) && input_is(status, "tenant-1", State::Failed)
        })
        .await;
    assert!(status.input("tenant-1").unwrap().message.contains("streams"), "{status:#?}");
    let payload = payload(&status, "tenant-0");
    assert_eq!(payload["streams"].as_object().unwrap().keys().collect::<Vec<_>>(), [&name]);
    let mut none = scene.input(1);
    none["streams"] = json!([]);
    component.set_policy(&scene.policy([scene.input(0), none]));
    component.until("told again", |status| status.input("tenant-1").is_some_and(|unit| unit.config_idx == 2)).await;
    assert!(input_is(&component.status(), "tenant-1", State::Failed));
    component.set_policy(&scene.policy([scene.input(0), scene.input(1)]));
    component.until("healthy", Status::is_healthy).await;
    scene.until_complete(&[0, 1]).await;
    scene.end().await;
}

/// What Fleet shows of an input.
fn payload(status: &Status, id: &str) -> Value {
    fn structure(of: &prost_types::Struct) -> Value {
        let value = |value: &prost_types::Value| match value.kind.as_ref() {
            Some(Kind::StringValue(text)) => text.as_str().into(),
            Some(Kind::NumberValue(number)) => (*number).into(),
            Some(Kind::StructValue(inner)) => structure(inner),
            _ => Value::Null,
        };
        of.fields.iter().map(|(name, inner)| (name.clone(), value(inner))).collect()
    }
    structure(status.input(id).unwrap().payload.as_ref().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_above_the_limit_come_in_parts_and_large_ones_whole() {
    let long = |scene: &Scene, tenant: usize, length: usize| {
        let mut input = scene.input(tenant);
        input["meta"] = json!({"package": {"name": "m365_security", "version": "1.0.0"}, "long": "x".repeat(length)});
        input
    };
    // Parts of one unit.
    let Some(scene) = Scene::new(Options { max_message_size: 1 << 20, ..Options::default() }).await else { return };
    let component = &scene.component;
    component.set_policy(&scene.policy([long(&scene, 0, 400_000), long(&scene, 1, 400_000)]));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", |status| status.units.len() == 3 && status.is_healthy()).await;
    scene.until_complete(&[0, 1]).await;
    scene.end().await;
    // One message above gRPC's usual limit.
    let Some(scene) = Scene::new(Options { chunking: false, ..Options::default() }).await else { return };
    let component = &scene.component;
    component.set_policy(&scene.policy([long(&scene, 0, 6 << 20)]));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", |status| status.units.len() == 2 && status.is_healthy()).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_comes_back_at_once_and_a_tenant_moves_between_inputs() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    component.set_policy(&scene.policy([scene.input(0)]));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    let nobody = Policy::new(scene.output());
    for round in 0..10_u64 {
        component.set_policy(&nobody);
        // Sometimes the former one is on its way to its end, sometimes it has not heard of it.
        tokio::time::sleep(Duration::from_millis(round * 40)).await;
        component.set_policy(&scene.policy([scene.input(0)]));
    }
    component.until("healthy again", |status| status.units.len() == 2 && status.is_healthy()).await;
    let mut other = scene.input(0);
    other["id"] = "another".into();
    for round in 0..6_u64 {
        component.set_policy(&scene.policy([other.clone()]));
        tokio::time::sleep(Duration::from_millis(round * 60)).await;
        component.set_policy(&scene.policy([scene.input(0)]));
        tokio::time::sleep(Duration::from_millis(round * 60)).await;
    }
    component.set_policy(&scene.policy([other]));
    component
        .until("moved", |status| {
            status.units.len() == 2 && status.is_healthy() && input_is(status, "another", State::Healthy)
        })
        .await;
    scene.until_complete(&[0]).await;
    // Both at once: one of them says what is wrong, and takes over when the other goes.
    let mut both = scene.input(0);
    both["id"] = "zzz".into();
    component.set_policy(&scene.policy([scene.input(0), both.clone()]));
    let status = component.until("told", |status| input_is(status, "zzz", State::Failed)).await;
    assert!(status.input("zzz").unwrap().message.contains("by tenant-0"), "{status:#?}");
    component.set_policy(&scene.policy([both]));
    component.until("taken over", |status| status.units.len() == 2 && status.is_healthy()).await;
    scene.until_complete(&[0]).await;
    scene.end().await;
}
