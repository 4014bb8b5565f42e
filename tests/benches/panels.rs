//! How long each panel's searches take on a big history: `cargo bench -p it --bench panels`.
//!
//! `M365_BENCH_INCIDENTS` (40,000: about a million documents) says how many incidents the tenant has. The time range holds
//! all of them, whatever a dashboard restores, and the request cache is off. A panel is asked three times; the slowest
//! counts. The table goes from the slowest panel to the fastest.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../it/panels/world.rs"]
mod world;

use it::{Elasticsearch, Stack, number};
use panels::lens::{self, PanelQuery, View};
use serde_json::Value;

use self::world::World;

/// Times that a panel is asked.
const TIMES: u32 = 3;

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let Some(server) = Elasticsearch::shared(Stack::V8) else { return };
    let incidents = number("M365_BENCH_INCIDENTS").unwrap_or(40_000).to_string();
    let world = World::new(server, &["--incidents", &incidents]).await;
    let (_, count) = server.get_json("/logs-*-demo/_count").await.unwrap();
    println!("{incidents} incidents, {} documents of history", count["count"]);
    let view = View { now: world.now, range: Some(("now-5y".to_owned(), "now".to_owned())), ..View::default() };
    let mut lines = Vec::new();
    for dashboard in &world.dashboards {
        for query in lens::queries(dashboard, &world.library, &world.fields, &view).unwrap() {
            let mut slowest = 0;
            let mut hits = 0;
            for _ in 0..TIMES {
                let (took, total) = ask(&world, &query).await;
                (slowest, hits) = (slowest.max(took), total);
            }
            lines.push((slowest, format!("{} / {} / {}: {hits} documents", query.dashboard, query.title, query.layer)));
        }
    }
    lines.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
    for (took, line) in lines {
        println!("{took:>6} ms  {line}");
    }
}

/// Milliseconds that the server took for a panel, and the documents that it is about.
async fn ask(world: &World, query: &PanelQuery) -> (u64, u64) {
    let (mut run, mut took) = (query.begin(), 0);
    while !run.searches().is_empty() {
        let mut answers: Vec<Value> = Vec::new();
        for search in run.searches() {
            let answer = world.search(search).await;
            took += answer["took"].as_u64().unwrap_or(0);
            answers.push(answer);
        }
        run.answer(answers).unwrap();
    }
    (took, run.finish().unwrap().total_hits)
}
