//! The real program between a growing tenant and a real cluster, killed again and again: nothing is lost, nothing comes
//! twice.
//!
//! `M365_KILLS=1000 cargo test -p it --test it kill` is the long run; 50 kills are the default. `M365_KILL_SEED` repeats the
//! moments of a run, as far as a running machine can repeat itself.
//!
//! Streams are rolled over between whole cycles only. What a process sent and could not commit is sent again by the next
//! one, and the cluster refuses it by its `_id`, in the index that is written to. Were the stream rolled over between the
//! kill and that moment, these documents would be there twice: the state cannot know ids that were not committed. This is
//! a known limit of the program, of one commit's width, and no test claims otherwise.

mod program;
mod proxy;

use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use it::{Elasticsearch, Stack, number};
use serde_json::Value;
use simulator::{Simulator, Tenant};
use tokio::net::TcpListener;

use self::program::Program;
use self::proxy::{Aim, Proxy};
use super::expected_documents::ExpectedDocuments;
use super::stored;

/// By how much the tenant's clock moves between two kills, and how far incidents are apart.
const STEP: TimeDelta = TimeDelta::seconds(2);
const SPACING: TimeDelta = TimeDelta::seconds(2);
/// Incidents that are there from the start.
const BACKLOG: i32 = 12;
/// A process that has not reached its mark by then is killed anyway.
const PATIENCE: Duration = Duration::from_millis(1200);
/// Every so many steps the program may finish a cycle, so that the versions of this moment must be there in the end.
const WHOLE: u64 = 10;
/// How often a run rolls its data streams over; more would be too many indices for a small server.
const ROLLOVERS: u64 = 5;

/// A stream of numbers that depends on its seed alone.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }

    fn aim(&mut self) -> Aim {
        // A cycle sends a few bulk requests; the first ones are those of the overlap or of a backlog.
        let nth = u32::try_from(self.below(4)).unwrap();
        let after = Duration::from_micros(self.below(30_000));
        match self.below(6) {
            0 => Aim::Request { nth, after },
            1 => Aim::Withheld { nth, after },
            2 | 3 => Aim::Answered { nth, after },
            _ => Aim::Time(Duration::from_micros(self.below(1_200_000))),
        }
    }
}

/// Prints progress past the test harness, which shows output only when a test fails.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "kill -9: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_comes_twice() {
    let Some(server) = Elasticsearch::shared(Stack::selected()[0]) else { return };
    let kills = number("M365_KILLS").unwrap_or(50);
    let seed = number("M365_KILL_SEED").unwrap_or_else(|| RandomState::new().hash_one(0) >> 32);
    say(&format!("{kills} kills, M365_KILL_SEED={seed}"));
    let mut session = Session::new(server, kills).await;
    let mut dice = Dice(seed);
    let mut hits = 0;
    session.program.complete(&["--setup"]).await;
    session.expected.require();
    for step in 1..=kills {
        session.grow();
        let aim = dice.aim();
        let mut run = session.program.start();
        hits += u64::from(session.proxy.wait(aim, PATIENCE, &mut run).await);
        run.kill(step);
        if step % WHOLE == 0 {
            session.program.complete(&[]).await;
            session.expected.require();
            if (step / WHOLE).is_multiple_of((kills / WHOLE / ROLLOVERS).max(1)) {
                session.roll_over().await;
            }
        }
        if step % 100 == 0 {
            say(&format!("{step} done"));
        }
    }
    session.program.complete(&[]).await;
    session.expected.require();
    let found = stored::documents(server, session.program.namespace()).await;
    say(&format!("{hits} of {kills} at their mark, {} documents, {}", found.len(), session.expected.expected()));
    stored::clear(server, session.program.namespace()).await;
    let wrong = session.expected.compare(&found);
    assert!(wrong.is_empty(), "M365_KILL_SEED={seed}, log in {}\n{wrong}", session.program.keep());
    assert_eq!(session.program.dead_letters(), 0, "dead letters in {}", session.program.keep());
}

/// Tenant, cluster, program and the account of what went in.
struct Session {
    simulator: Simulator,
    server: &'static Elasticsearch,
    proxy: Proxy,
    program: Program,
    expected: ExpectedDocuments,
    now: DateTime<Utc>,
}

impl Session {
    async fn new(server: &'static Elasticsearch, kills: u64) -> Self {
        let steps = i32::try_from(kills).unwrap() + 1;
        // The growth ends now: the program has a clock, too.
        let now = common::clock::now() - STEP * steps;
        let start = now - SPACING * BACKLOG;
        let tenant = Tenant { incidents: u64::MAX >> 32, spacing: SPACING, start, ..Tenant::default() };
        let simulator = Simulator::new(tenant);
        simulator.clock().set(now);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        let proxy = Proxy::start(server.url()).await;
        let program = Program::new(address, proxy.address());
        let mut expected = ExpectedDocuments::default();
        expected.enter(&simulator, &Tenant::default().id, (start - TimeDelta::hours(1), now));
        Self { simulator, server, proxy, program, expected, now }
    }

    /// Time passes in the tenant.
    fn grow(&mut self) {
        let before = self.now;
        self.now += STEP;
        self.simulator.clock().set(self.now);
        self.expected.enter(&self.simulator, &Tenant::default().id, (before, self.now));
    }

    /// From now on documents go to other indices: an id that is there already no longer keeps a document out.
    async fn roll_over(&self) {
        for stream in stored::streams(self.program.namespace()) {
            stored::ask(self.server, &format!("/{stream}/_rollover"), &Value::Null).await;
        }
    }
}
