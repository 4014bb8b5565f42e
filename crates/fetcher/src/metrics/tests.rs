//! The format, read by a parser of its grammar; the endpoint.

mod assets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use common::error::Error;
use common::health::{Key, Reason};

/// A sample: name, labels, value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Text format 0.0.4, strictly: returns types by family, and samples.
fn parse(text: &str) -> (BTreeMap<String, String>, Vec<Sample>) {
    let (mut types, mut helps, mut samples, mut family) =
        (BTreeMap::new(), BTreeSet::new(), Vec::<Sample>::new(), String::new());
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a text");
            assert!(!help.is_empty() && helps.insert(name.to_owned()), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert!(helps.contains(name), "HELP comes first: {line}");
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "a family is written once: {line}");
            name.clone_into(&mut family);
        } else {
            let sample = sample(line);
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| sample.0.strip_suffix(end));
            let is_part = types[&family] == "histogram" && base == Some(family.as_str());
            assert!(is_part || sample.0 == family, "{line} under {family}");
            let same = |other: &&Sample| (&other.0, &other.1) == (&sample.0, &sample.1);
            assert!(!samples.iter().any(|other| same(&other)), "twice: {line}");
            samples.push(sample);
        }
    }
    (types, samples)
}

fn sample(line: &str) -> Sample {
    let is_name = |text: &str| {
        !text.is_empty()
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let end = line.find(['{', ' ']).expect("a name");
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, tail) = rest.split_once("=\"").expect("a label");
            assert!(is_name(label), "{line}");
            let mut value = String::new();
            let mut chars = tail.char_indices();
            let end = loop {
                match chars.next().expect("a closing mark") {
                    (at, '"') => break at,
                    (_, '\\') => match chars.next().expect("an escape").1 {
                        'n' => value.push('\n'),
                        c @ ('\\' | '"') => value.push(c),
                        c => panic!("unknown escape {c}"),
                    },
                    (_, c) => value.push(c),
                }
            };
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
            rest = &tail[end + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').expect("a value");
    (name.to_owned(), labels, value.parse().expect("a number"))
}

fn health() -> Arc<Health> {
    let health = Arc::<Health>::default();
    for tenant in ["contoso", "odd\"te\\nant\n"] {
        let key = Key { cloud: "global".into(), tenant: tenant.into(), datasets: "alert+evidence".into() };
        let source = health.source(&key, Duration::from_mins(1));
        source.late(3);
        source.fetched(7);
        source.seen("2026-01-01T00:00:00Z");
        source.throttled(Some(Duration::from_secs(2)));
        source.cycle_ended(&Err(Error::Auth("AADSTS7000215".to_owned())));
    }
    health
}

#[tokio::test]
async fn the_text_follows_the_grammar_and_says_what_happened() {
    let (types, samples) = parse(&render(&health()));
    let find = |name: &str, label: (&str, &str)| {
        let fits = |sample: &&Sample| sample.0 == name && sample.1.get(label.0).is_some_and(|value| value == label.1);
        samples.iter().find(fits).unwrap_or_else(|| panic!("{name} {label:?}")).2
    };
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
    for tenant in ["contoso", "odd\"te\\nant\n"] {
        near(find("m365_records_late_total", ("tenant", tenant)), 3.0);
        near(find("m365_throttled_seconds_total", ("tenant", tenant)), 2.0);
    }
    near(find(SOURCE_REASON, ("reason", "auth")), 1.0);
    near(find(SOURCE_STATE, ("state", "failed")), 1.0);
    near(find(SOURCE_STATE, ("state", "healthy")), 0.0);
    for (name, kind) in &types {
        assert!(name.starts_with("m365_") || name.starts_with("process_"), "{name}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} {kind}");
    }
    for sample in samples.iter().filter(|sample| sample.0 == DOCUMENTS) {
        assert!(["alert", "evidence"].contains(&&*sample.1["dataset"]), "{sample:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_histogram_is_cumulative() {
    let health = health();
    for source in health.sources() {
        source.observe_latency(Duration::from_millis(4500));
        source.observe_latency(Duration::from_secs(5));
        source.observe_latency(Duration::from_hours(240));
    }
    let (_, samples) = parse(&render(&health));
    let buckets: Vec<_> = samples.iter().filter(|s| s.0 == format!("{LATENCY}_bucket")).map(|s| s.2).collect();
    assert_eq!(buckets, [0., 4., 4., 4., 4., 4., 4., 4., 4., 4., 4., 4., 6.]);
    let sum = samples.iter().find(|s| s.0 == format!("{LATENCY}_sum")).expect("a sum").2;
    assert!((sum - 2.0 * (4.5 + 5.0 + 864_000.0)).abs() < 0.001, "{sum}");
}

#[tokio::test]
async fn the_endpoint_answers_a_real_client() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(serve(listener, health()));
    let client = microsoft::client().expect("a client");
    let get = |path: &str| client.get(format!("http://{address}{path}")).send();
    let answer = get("/metrics").await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], CONTENT_TYPE);
    assert!(!parse(&answer.text().await.expect("a text")).1.is_empty());
    assert_eq!(get("/").await.expect("an answer").status(), 404);
    let post = client.post(format!("http://{address}/metrics")).send().await.expect("an answer");
    assert_eq!(post.status(), 405);
    server.abort();
}

/// A served endpoint and its address.
async fn served(health: Arc<Health>) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, health));
    address
}

async fn get(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    let client = microsoft::client().expect("a client");
    let answer = client.get(format!("http://{address}{path}")).timeout(Duration::from_secs(8)).send();
    let answer = answer.await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

#[tokio::test]
async fn peers_that_say_little_or_read_nothing_do_not_lock_others_out() {
    use tokio::io::AsyncWriteExt;
    let health = health();
    for tenant in 0..300 {
        let key = Key { cloud: "global".into(), tenant: format!("tenant-{tenant}").into(), datasets: "log".into() };
        health.source(&key, Duration::from_mins(1));
    }
    let address = served(health).await;
    for begun in ["", "GET /metr", "GET /metrics HTTP/1.1\r\nx: ", "GET /metrics HTTP/1.1\r\n\r\n"] {
        let mut held = Vec::new();
        for _ in 0..500 {
            let mut peer = tokio::net::TcpStream::connect(address).await.expect("a connection");
            peer.write_all(begun.as_bytes()).await.expect("written");
            held.push(peer);
        }
        for path in ["/metrics", "/healthz"] {
            assert_eq!(get(address, path).await.0, 200, "{begun:?} {path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_does_not_hold_a_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = served(health()).await;
    let peer = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let (mut reader, mut writer) = peer.into_split();
    let drip = tokio::spawn(async move {
        while writer.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let start = tokio::time::Instant::now();
    // An error is the end as well.
    let _ = reader.read(&mut [0]).await;
    assert!(start.elapsed() <= Duration::from_secs(15), "{:?}", start.elapsed());
    drip.abort();
}

#[tokio::test]
async fn a_process_is_ready_when_it_collects_and_its_output_takes_documents() {
    let health = Arc::<Health>::default();
    let address = served(Arc::clone(&health)).await;
    let key = |tenant: &str| Key { cloud: "global".into(), tenant: tenant.into(), datasets: "log".into() };
    let one = health.source(&key("contoso"), Duration::from_mins(1));
    let two = health.source(&key("fabrikam"), Duration::from_mins(1));
    let ready = async |code: u16, words: &str| {
        let (status, text) = get(address, "/readyz").await;
        assert!(status == code && text.contains(words), "{status} {text}");
        assert_eq!(get(address, "/healthz").await.0, 200);
    };
    ready(503, "starting").await;
    one.cycle_ended(&Ok(()));
    ready(200, "ok").await;
    two.cycle_ended(&Err(Error::Auth("AADSTS7000215\nhint: no".to_owned())));
    ready(200, "ok").await;
    health.output().failed(&Error::Transient("no node\u{1b}[31m answers".to_owned()));
    ready(503, "output default: output_blocked: no node\\u{1b}[31m answers\n").await;
    health.output().delivered();
    ready(200, "ok").await;
    one.cycle_ended(&Err(Error::Auth("AADSTS700016".to_owned())));
    ready(503, "contoso log: auth: AADSTS700016\nfabrikam log: auth: AADSTS7000215\n").await;
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_is_told_under_the_usual_names() {
    let (types, samples) = parse(&render(&Health::default()));
    let value = |name: &str| samples.iter().find(|sample| sample.0 == name).unwrap_or_else(|| panic!("{name}")).2;
    assert!(value("process_resident_memory_bytes") > 1_000_000.0);
    assert!(value("process_open_fds") >= 3.0 && value("process_max_fds") >= value("process_open_fds"));
    assert!(value("process_cpu_seconds_total") >= 0.0);
    let now = common::clock::now().timestamp();
    let age = f64::from(u32::try_from(now).expect("a time")) - value("process_start_time_seconds");
    assert!((-5.0..86_400.0).contains(&age), "{age}");
    assert_eq!(types["process_cpu_seconds_total"], "counter");
}
