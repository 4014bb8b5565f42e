//! Everything at once, for long: a policy that changes every second, connections that break, kills, pauses, an output that
//! goes and comes back, while the tenant grows. In the end nothing is lost, nothing is there twice, no unit is stuck.
//!
//! `M365_SOAK_SECONDS=600 cargo test -p it --test it soak` is the long run; half a minute is the default. `M365_SOAK_SEED`
//! repeats the order of what happens.

use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use std::time::Duration;

use it::fake_agent::{ComponentState, Options, Policy, Status, Times};
use it::number;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::gate::{Gate, Way};
use super::growth::Growth;
use super::scene::{GROWING, Scene};

/// Prints past the test harness, which shows output only when a test fails.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "soak: {text}");
}

/// What happens beside the changes of the policy.
#[derive(Debug, Clone, Copy)]
enum Event {
    Nothing,
    Drop,
    Kill,
    Pause,
    Refuse,
    Break,
    Late,
    OtherAddress,
}

const EVENTS: [Event; 8] = [
    Event::Nothing,
    Event::Drop,
    Event::Kill,
    Event::Pause,
    Event::Refuse,
    Event::Break,
    Event::Late,
    Event::OtherAddress,
];

/// KiB of memory that the process holds.
fn memory(pid: Option<u32>) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid?)).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// A policy of this second: the growing tenant, moved between two inputs, with more or fewer streams; another tenant comes
/// and goes; small options change.
fn policy(scene: &Scene, output: &Value, roll: u64) -> Policy {
    let mut growing = scene.input(GROWING);
    if roll.is_multiple_of(3) {
        growing["id"] = "another".into();
    }
    growing["processors"] = json!([{"add_fields": {"target": "labels", "fields": {"roll": roll.to_string()}}}]);
    if roll.is_multiple_of(5) {
        growing["streams"].as_array_mut().unwrap().pop();
    }
    if roll.is_multiple_of(7) {
        growing["log_level"] = "debug".into();
    }
    let mut output = output.clone();
    if roll.is_multiple_of(4) {
        output["bulk_max_size"] = 40.into();
    }
    let policy = Policy::new(output).input(growing);
    if roll.is_multiple_of(2) { policy.input(scene.input(1)) } else { policy }
}

/// What a soak happens to.
struct Soak {
    scene: Scene,
    growth: Growth,
    gates: [Gate; 2],
    /// Of the policy, at one of the gates.
    output: Value,
    dice: fastrand::Rng,
    memories: Vec<u64>,
    /// Until all was well again.
    longest: Duration,
}

impl Soak {
    fn open(&self) {
        for gate in &self.gates {
            gate.set(Way::Open);
        }
    }

    async fn happen(&mut self, event: Event) {
        let (component, dice) = (&self.scene.component, &mut self.dice);
        let ways = |way: &Way| self.gates.iter().for_each(|gate| gate.set(way.clone()));
        match event {
            Event::Nothing => {}
            Event::Drop => self.scene.agent.drop_connections(),
            // It may be on its way back from the last one.
            Event::Kill => drop(component.signal(Signal::KILL)),
            Event::Pause => {
                let _ = component.signal(Signal::STOP);
                tokio::time::sleep(Duration::from_millis(dice.u64(..3000))).await;
                let _ = component.signal(Signal::CONT);
            }
            Event::Refuse => ways(&Way::Says(503, json!({}))),
            Event::Break => ways(&Way::Broken),
            Event::Late => ways(&Way::Late(Duration::from_millis(dice.u64(..3000)))),
            Event::OtherAddress => self.output["hosts"] = json!([self.gates[dice.usize(..2)].url()]),
        }
    }

    /// Left alone, it recovers: every unit is well.
    async fn recover(&mut self) {
        self.open();
        let begun = Instant::now();
        let component = &self.scene.component;
        let policy = Policy::new(self.output.clone()).input(self.scene.input(GROWING)).input(self.scene.input(1));
        component.set_policy(&policy);
        let is_well = |status: &Status| status.units.len() == 3 && status.is_healthy();
        self.growth.until(&self.scene, "healthy", is_well).await;
        self.longest = self.longest.max(begun.elapsed());
        self.memories.push(memory(component.pid()).unwrap_or_default());
    }

    async fn round(&mut self, round: u64) {
        self.growth.grow(&self.scene);
        let roll = self.dice.u64(..);
        self.scene.component.set_policy(&policy(&self.scene, &self.output, roll));
        let event = EVENTS[self.dice.usize(..EVENTS.len())];
        // Every other hundred rounds a process lives on: its memory is to be seen.
        if !matches!(event, Event::Kill) || round % 200 < 100 {
            self.happen(event).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        if self.dice.u8(..3) == 0 {
            self.open();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_soak_loses_nothing_repeats_nothing_and_leaves_no_unit_behind() {
    let times = Times { restart: Duration::from_millis(500), ..Times::default() };
    let Some(scene) = Scene::new(Options { times, ..Options::default() }).await else { return };
    let seconds = number("M365_SOAK_SECONDS").unwrap_or(30);
    let seed = number("M365_SOAK_SEED").unwrap_or_else(|| RandomState::new().hash_one(0) >> 32);
    say(&format!("{seconds} s, M365_SOAK_SEED={seed}"));
    let gates = [Gate::new(scene.server.url(), Way::Open).await, Gate::new(scene.server.url(), Way::Open).await];
    let mut output = gates[0].output();
    output["timeout"] = "5s".into();
    let (growth, dice) = (Growth::new(&scene), fastrand::Rng::with_seed(seed));
    let mut soak = Soak { scene, growth, gates, output, dice, memories: Vec::new(), longest: Duration::ZERO };
    soak.scene.component.set_policy(&policy(&soak.scene, &soak.output, 1));
    soak.scene.component.spawn(soak.scene.program()).await.unwrap();
    soak.growth.until(&soak.scene, "healthy", Status::is_healthy).await;
    let end = Instant::now() + Duration::from_secs(seconds);
    for round in 0_u64.. {
        soak.round(round).await;
        let is_over = Instant::now() >= end;
        if is_over || round % 20 == 19 {
            soak.recover().await;
        }
        if is_over || round % 100 == 99 {
            soak.growth.until_complete(&soak.scene, &[1]).await;
            let (starts, memories) = (soak.scene.component.status().starts, &soak.memories);
            say(&format!("{} rounds, {starts} starts, KiB {memories:?}", round + 1));
        }
        if is_over {
            break;
        }
    }
    assert_eq!(soak.scene.component.status().state, ComponentState::Healthy);
    say(&format!("{}, healthy again after {:?} at most", soak.growth.expected(), soak.longest));
    soak.scene.end().await;
}
