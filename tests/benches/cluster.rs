//! What a document costs the cluster: CPU of the server's processes per alert, in arms that take turns.
//!
//! `cargo bench -p it --bench cluster`. Mapped documents through our pipeline against the same documents without one,
//! under the generated mapping; raw rows through our pipeline against mapped documents without one, under a mapping that
//! indexes nothing. The empty pipeline stands beside them: what Elasticsearch itself takes for any pipeline at all.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use it::{Elasticsearch, Stack, repository};
use mapper::Mapper;
use serde_json::{Value, json};

/// Documents per arm and round.
const BATCH: u64 = 500;
const BATCHES: u64 = 8;
const PER_ROUND: f64 = 4000.0;
/// Rounds that count: 20,000 documents per arm. Three before them warm the server up.
const ROUNDS: u64 = 5;
const WARM_UP: u64 = 3;

struct Arm {
    name: &'static str,
    raw: bool,
    costs: Vec<f64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Some(server) = Elasticsearch::shared(Stack::V8) else { return Ok(()) };
    let mapping = read("fields/component-templates/logs-m365_security.alert@package.json")?;
    let mapping = &mapping["template"]["mappings"];
    let nothing = json!({ "dynamic": false, "properties": { "@timestamp": { "type": "date" } } });
    for entry in std::fs::read_dir(repository().join("pipelines"))? {
        let path = entry?.path();
        let name = path.file_stem().context("a pipeline without a name")?.to_string_lossy().into_owned();
        put(server, &format!("/_ingest/pipeline/{name}"), &serde_json::from_slice(&std::fs::read(&path)?)?).await?;
    }
    put(server, "/_ingest/pipeline/empty", &json!({ "processors": [] })).await?;
    let ours = "logs-m365_security.alert-0.1.0";
    let mut arms = Vec::new();
    for (name, mapping, pipeline, raw) in [
        ("typed-none", mapping, "_none", false),
        ("typed-empty", mapping, "empty", false),
        ("typed-ours", mapping, ours, false),
        ("flat-none", &nothing, "_none", false),
        ("flat-raw", &nothing, ours, true),
    ] {
        let settings = json!({ "index": {
            "default_pipeline": pipeline, "codec": "best_compression", "refresh_interval": "-1", "number_of_replicas": 0,
            "mapping": { "ignore_malformed": true, "total_fields": { "limit": 1500 } },
        } });
        let template = json!({ "index_patterns": [format!("bench-{name}")], "data_stream": {}, "priority": 500,
            "template": { "settings": settings, "mappings": mapping } });
        put(server, &format!("/_index_template/bench-{name}"), &template).await?;
        arms.push(Arm { name, raw, costs: Vec::new() });
    }
    let tenant = simulator::Tenant { incidents: 1_000_000, ..simulator::Tenant::default() };
    let mut mapper = Mapper::new(schema::dataset("alert").context("no dataset alert")?);
    for round in 0..WARM_UP + ROUNDS {
        for arm in &mut arms {
            let before = server.cpu_time()?;
            for batch in 0..BATCHES {
                let body = body(&tenant, &mut mapper, (round * BATCHES + batch) * BATCH, arm.raw)?;
                let (status, answer) =
                    server.bulk(&format!("/bench-{}/_bulk?filter_path=errors", arm.name), body).await?;
                ensure!(status == 200 && answer["errors"] == json!(false), "{}: {status} {answer}", arm.name);
            }
            // What follows from the documents is theirs too: segments, merges.
            server.post_json(&format!("/bench-{}/_refresh", arm.name), &Value::Null).await?;
            idle(server).await?;
            let spent = server.cpu_time()?.saturating_sub(before);
            if round >= WARM_UP {
                arm.costs.push(spent.as_secs_f64() * 1e6 / PER_ROUND);
            }
        }
    }
    report(&arms);
    Ok(())
}

/// Bulk lines of alerts from `first` on, as documents or as rows.
fn body(tenant: &simulator::Tenant, mapper: &mut Mapper, first: u64, raw: bool) -> Result<String> {
    let (mut lines, mut row, mut document) = (Vec::new(), Vec::new(), Vec::new());
    for incident in first..first + BATCH {
        row.clear();
        document.clear();
        simulator::alert_json(tenant, incident, 0, 0, &mut row);
        let id = mapper.map(&row, &mut document)?;
        lines.extend_from_slice(format!("{{\"create\":{{\"_id\":\"{id}\"}}}}\n").as_bytes());
        if raw {
            let time = serde_json::from_slice::<Value>(&row)?["lastUpdateDateTime"].take();
            let line = json!({ "@timestamp": time, "message": std::str::from_utf8(&row)? });
            lines.extend_from_slice(line.to_string().as_bytes());
        } else {
            lines.extend_from_slice(&document);
        }
        lines.push(b'\n');
    }
    Ok(String::from_utf8(lines)?)
}

/// Waits until the server has nothing left to do.
async fn idle(server: &Elasticsearch) -> Result<()> {
    loop {
        let before = server.cpu_time()?;
        tokio::time::sleep(Duration::from_millis(250)).await;
        if server.cpu_time()?.saturating_sub(before) <= Duration::from_millis(20) {
            return Ok(());
        }
    }
}

async fn put(server: &Elasticsearch, path: &str, body: &Value) -> Result<()> {
    let (status, answer) = server.put_json(path, body).await?;
    ensure!(status == 200, "PUT {path}: {status} {answer}");
    Ok(())
}

fn read(path: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&std::fs::read(repository().join(path))?)?)
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn report(arms: &[Arm]) {
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let ratio = |a: &str, b: &str| {
        let of = |name: &str| arms.iter().find(|arm| arm.name == name).map(|arm| arm.costs.clone()).unwrap_or_default();
        median(&mut of(a).iter().zip(of(b)).map(|(a, b)| a / b).collect())
    };
    for arm in arms {
        println!(
            "{:12} {:7.0} µs CPU per document (median of {ROUNDS} rounds)",
            arm.name,
            median(&mut arm.costs.clone())
        );
    }
    println!("empty pipeline / none, generated mapping             {:.2}", ratio("typed-empty", "typed-none"));
    println!(
        "our pipeline on mapped documents / none              {:.2}  (target 1.1)",
        ratio("typed-ours", "typed-none")
    );
    println!("raw rows through our pipeline / none, indexes nothing {:.2}  (target 4)", ratio("flat-raw", "flat-none"));
}
