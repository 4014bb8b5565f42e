//! The summary of a demo, for people.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use elasticsearch::SearchParts;
use elasticsearch::indices::IndicesRefreshParts;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::{print, run};
use crate::config::{Config, ElasticOutput, Output};
use common::stats::Stats;
use output::dead_letters::DeadLetters;
use output::elasticsearch::{Call, Client};

/// Incidents that are shown.
const NEWEST: usize = 8;

/// A demo that has ended.
pub(super) struct Demo<'a> {
    pub(super) config: &'a Config,
    pub(super) stats: &'a Stats,
    pub(super) dead: &'a DeadLetters,
    pub(super) elapsed: Duration,
}

pub(super) async fn print(demo: &Demo<'_>) -> anyhow::Result<()> {
    let output = &demo.config.outputs[0];
    let newest = match &output.output {
        Output::File(files) => newest_in_file(&files.directory)?,
        Output::Elasticsearch(cluster) => newest_in_cluster(cluster, &output.namespace).await?,
        Output::Stdout => Vec::new(),
    };
    let mut out = print::out();
    out.line("Documents")?;
    for (dataset, created, duplicates, refused) in demo.stats.by_dataset() {
        let there = if duplicates > 0 { format!("  {duplicates} were there already") } else { String::new() };
        let refused = if refused > 0 { format!("  {refused} refused") } else { String::new() };
        out.line(format_args!("  {dataset:<10} {created:>9}{there}{refused}"))?;
    }
    let rejections = demo.dead.counts();
    if rejections.is_empty() {
        out.line("Rejected rows: none")?;
    } else {
        out.line(format_args!("Rejected rows, kept in {}", demo.config.dead_letter.display()))?;
        for (dataset, reason, count) in rejections {
            out.line(format_args!("  {dataset:<10} {count:>9}  {reason}"))?;
        }
    }
    out.line("Newest incidents")?;
    out.line(format_args!("  {:<28} {:<13} {:>6}  title", "last update", "severity", "alerts"))?;
    newest.iter().try_for_each(|(_, shown)| out.line(shown))?;
    let seconds = demo.elapsed.as_secs_f64();
    let mib = f64::from(u32::try_from(demo.stats.bytes.load(Ordering::Relaxed) >> 10).unwrap_or(u32::MAX)) / 1024.0;
    let documents = u32::try_from(demo.stats.created()).unwrap_or(u32::MAX);
    let rate = f64::from(documents) / seconds;
    let pages = demo.stats.pages.load(Ordering::Relaxed);
    out.line(format_args!(
        "Throughput: {documents} documents from {pages} pages, {mib:.1} MiB, in {seconds:.2} s: {rate:.0} documents/s"
    ))?;
    if let Some(kib) = run::peak_memory_kib() {
        let mib = f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0;
        out.line(format_args!("Peak memory: {mib:.1} MiB, the simulated tenant included"))?;
    }
    match &output.output {
        Output::File(files) => out.line(format_args!("Output: {}", files.directory.display()))?,
        Output::Elasticsearch(elastic) => {
            let hosts: Vec<_> = elastic.hosts.iter().map(url::Url::as_str).collect();
            let (hosts, namespace) = (hosts.join(", "), &output.namespace);
            out.line(format_args!("Output: data streams logs-m365_security.*-{namespace} at {hosts}"))?;
            out.line("`m365-fetcher demo --remove` with the same options takes them away again")?;
        }
        Output::Stdout => {}
    }
    Ok(())
}

/// (last update, line) of an incident.
type Shown = (String, String);

fn newest_in_file(directory: &Path) -> anyhow::Result<Vec<Shown>> {
    let mut newest = Vec::new();
    let Ok(file) = File::open(directory.join("logs-m365_security.incident-default.ndjson")) else { return Ok(newest) };
    for line in BufReader::new(file).lines() {
        newest.push(show(&serde_json::from_str(&line?)?));
        if newest.len() > 4 * NEWEST {
            keep_newest(&mut newest);
        }
    }
    keep_newest(&mut newest);
    Ok(newest)
}

/// Only what lies in the demo's own data stream.
async fn newest_in_cluster(output: &ElasticOutput, namespace: &str) -> anyhow::Result<Vec<Shown>> {
    let client = Client::new(output)?.node().await?;
    let stream = format!("logs-m365_security.incident-{namespace}");
    let stream = [stream.as_str()];
    client.send(Call::new(Method::POST, &IndicesRefreshParts::Index(&stream).url())).await?;
    let query = json!({
        "size": NEWEST,
        "sort": [{ "@timestamp": "desc" }],
        "_source": ["@timestamp", "m365_defender.incident.*"],
    });
    let answer = client.send(Call::new(Method::POST, &SearchParts::Index(&stream).url()).json(&query)).await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let hits = answer["hits"]["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut newest = hits.iter().map(|hit| show(&hit["_source"])).collect();
    keep_newest(&mut newest);
    Ok(newest)
}

fn show(document: &Value) -> Shown {
    let incident = &document["m365_defender"]["incident"];
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let changed = text(&incident["last_update_datetime"]);
    let changed = if changed == "-" { text(&document["@timestamp"]) } else { changed };
    let alerts = incident["rollup"]["alert_count"].as_u64().unwrap_or_default();
    let severity = text(&incident["severity"]);
    let title = text(&incident["display_name"]);
    let shown = format!("  {changed:<28} {severity:<13} {alerts:>6}  {title}");
    (changed, shown)
}

fn keep_newest(incidents: &mut Vec<Shown>) {
    incidents.sort_by(|a, b| b.cmp(a));
    incidents.truncate(NEWEST);
}
