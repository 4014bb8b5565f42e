//! What a demo did, for people.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use elasticsearch::SearchParts;
use elasticsearch::indices::IndicesRefreshParts;
use reqwest::Method;
use serde_json::{Value, json};

use crate::config::{Config, ElasticOutput, Output};
use crate::deadletter::DeadLetters;
use crate::sink::elastic::{Call, Elastic};
use crate::stats::Stats;

/// Incidents that are shown.
const NEWEST: usize = 8;

/// What is summed up.
pub(super) struct Demo<'a> {
    pub(super) config: &'a Config,
    pub(super) stats: &'a Stats,
    pub(super) dead: &'a DeadLetters,
    pub(super) elapsed: Duration,
}

pub(super) async fn print(demo: &Demo<'_>) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "Documents")?;
    for (dataset, created, duplicates, refused) in demo.stats.by_dataset() {
        write!(out, "  {dataset:<10} {created:>9}")?;
        if duplicates > 0 {
            write!(out, "  {duplicates} were there already")?;
        }
        if refused > 0 {
            write!(out, "  {refused} refused")?;
        }
        writeln!(out)?;
    }
    let rejections = demo.dead.counts();
    if rejections.is_empty() {
        writeln!(out, "Rejected rows: none")?;
    } else {
        writeln!(out, "Rejected rows, kept in {}", demo.config.dead_letter.display())?;
        for (dataset, reason, count) in rejections {
            writeln!(out, "  {dataset:<10} {count:>9}  {reason}")?;
        }
    }
    let newest = match &demo.config.outputs[0].output {
        Output::File(files) => newest_in_file(&files.directory)?,
        Output::Elasticsearch(output) => newest_in_cluster(output).await?,
        Output::Stdout => Vec::new(),
    };
    writeln!(out, "Newest incidents\n  {:<28} {:<13} {:>6}  title", "last update", "severity", "alerts")?;
    newest.iter().try_for_each(|(_, shown)| writeln!(out, "{shown}"))?;
    let seconds = demo.elapsed.as_secs_f64();
    let mib = f64::from(u32::try_from(demo.stats.bytes.load(Ordering::Relaxed) >> 10).unwrap_or(u32::MAX)) / 1024.0;
    let documents = u32::try_from(demo.stats.created()).unwrap_or(u32::MAX);
    let rate = f64::from(documents) / seconds;
    let pages = demo.stats.pages.load(Ordering::Relaxed);
    writeln!(
        out,
        "Throughput: {documents} documents from {pages} pages, {mib:.1} MiB, in {seconds:.2} s: {rate:.0} documents/s"
    )?;
    if let Some(kib) = peak_memory_kib() {
        let mib = f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0;
        writeln!(out, "Peak memory: {mib:.1} MiB, the simulated tenant included")?;
    }
    match &demo.config.outputs[0].output {
        Output::File(files) => writeln!(out, "Output: {}", files.directory.display())?,
        Output::Elasticsearch(elastic) => {
            let hosts: Vec<_> = elastic.hosts.iter().map(url::Url::as_str).collect();
            writeln!(out, "Output: data streams logs-m365_security.*-default at {}", hosts.join(", "))?;
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

async fn newest_in_cluster(output: &ElasticOutput) -> anyhow::Result<Vec<Shown>> {
    let client = Elastic::new(output)?.client().await?;
    let stream = ["logs-m365_security.incident-default"];
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

/// `VmHWM`: the most memory that this process ever held, in KiB. Linux only.
pub(super) fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
