//! Figures of the component, printed and not judged: they depend on the machine.
//!
//! `M365_TEST_PROGRAM=target/release/m365-fetcher cargo test -p it --test it agent::figures -- --ignored --nocapture`; without
//! it, those of the program as it was built for the tests.

use std::io::Write as _;
use std::time::Duration;

use it::fake_agent::{Options, Policy, Status};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::scene::Scene;

/// Inputs, each a tenant with all of its streams: about a hundred streams.
const STREAMS: usize = 100;

fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "figures: {text}");
}

/// Inputs whose tenant is nobody's, polled rarely: what is measured is the component.
fn inputs(scene: &Scene) -> Vec<Value> {
    let each = scene.input(0)["streams"].as_array().unwrap().len();
    (0..STREAMS.div_ceil(each))
        .map(|number| {
            let mut input = scene.input(0);
            input["id"] = format!("tenant-{number:03}").into();
            input["tenant_id"] = format!("{number:08}-aaaa-bbbb-cccc-dddddddddddd").into();
            for stream in input["streams"].as_array_mut().unwrap() {
                stream["interval"] = "1h".into();
            }
            input
        })
        .collect()
}

/// Milliseconds of processor time, and KiB of memory.
fn costs(pid: u32) -> (u64, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15, of which two stand before the parenthesis; a tick is 10 ms on Linux.
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    (ticks * 10, line.trim().trim_end_matches(" kB").parse().unwrap())
}

/// Processor time and memory of a minute in which nothing is to be done.
async fn idle(scene: &Scene, what: &str) {
    tokio::time::sleep(Duration::from_secs(10)).await;
    let pid = scene.component.pid().unwrap();
    let before = costs(pid).0;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let (after, memory) = costs(pid);
    let milliseconds = after - before;
    say(&format!("{what}: {milliseconds} ms of a processor in 60 s, {memory} KiB"));
}

#[ignore = "figures, not a proof"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_component() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let nothing = Policy::new(scene.output());
    component.set_policy(&nothing);
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    idle(&scene, "idle without inputs").await;
    component.stop(false).await;

    let many = inputs(&scene);
    let count: usize = many.iter().map(|input| input["streams"].as_array().unwrap().len()).sum();
    let policy = |inputs: &[Value]| inputs.iter().cloned().fold(Policy::new(scene.output()), Policy::input);
    component.set_policy(&policy(&many));
    let checkins = component.received().len();
    let begun = Instant::now();
    component.spawn(scene.program()).await.unwrap();
    component.until("checked in", |_| component.received().len() > checkins).await;
    let first = begun.elapsed();
    component.until("taken over", |status| status.units.values().all(|unit| unit.config_idx > 0)).await;
    say(&format!("{count} streams: first check-in after {first:?}, all taken over after {:?}", begun.elapsed()));

    let mut changed = many.clone();
    for round in 2..7_u64 {
        changed[7]["streams"][0]["tags"] = json!([round.to_string()]);
        let begun = Instant::now();
        component.set_policy(&policy(&changed));
        component
            .until("changed", |status| status.input("tenant-007").is_some_and(|unit| unit.config_idx == round))
            .await;
        say(&format!("a changed unit is taken over after {:?}", begun.elapsed()));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    component.set_policy(&scene.policy([{
        let mut input = scene.input(0);
        for stream in input["streams"].as_array_mut().unwrap() {
            stream["interval"] = "5m".into();
        }
        input
    }]));
    component.until("healthy", |status| status.units.len() == 2 && status.is_healthy()).await;
    idle(&scene, "idle with one tenant").await;
    component.stop(false).await;
}
