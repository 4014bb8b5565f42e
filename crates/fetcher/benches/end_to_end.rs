//! Figures of the whole way: simulated tenant → `m365-fetcher run --once` → a bulk endpoint on loopback.
//!
//! `cargo bench -p fetcher --bench end_to_end` prints documents per second of the fetcher's own CPU time, with and without
//! request compression, and its peak memory at 1 ×, at 5 × and at 400 alerts per incident. Simulator, fetcher and endpoint
//! are processes of their own, so that each figure is the fetcher's alone. Linux only: CPU time and memory come from `/proc`.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::disallowed_methods)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use axum::body::Body;
use axum::http::HeaderMap;
use futures_util::StreamExt;

const FETCHER: &str = env!("CARGO_BIN_EXE_m365-fetcher");
/// About 41.6 MiB of raw data with incidents, alerts and the legacy log.
const INCIDENTS: u64 = 800;
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("endpoint") => endpoint(),
        // `cargo test --benches` runs this without `--bench`.
        _ if std::env::args().all(|argument| argument != "--bench") => println!("left out: run with `cargo bench`"),
        _ => measure(),
    }
}

/// What one run of the fetcher said and cost.
struct Figures {
    documents: u64,
    bytes: u64,
    peak_kib: u64,
    cpu: f64,
    wall: f64,
}

fn measure() {
    let endpoint = Server::start(&std::env::current_exe().expect("own path"), &["endpoint"]);
    println!("CPU of the fetcher, {} incidents", INCIDENTS * 4);
    let tenant = simulate(INCIDENTS * 4, None);
    for gzip in [false, true] {
        let runs: Vec<Figures> = (0..3).map(|_| run(&tenant, &endpoint, gzip)).collect();
        for Figures { documents, bytes, cpu, wall, .. } in runs {
            let (per_core, mib) = (documents as f64 / cpu, bytes as f64 / 1_048_576.0);
            println!(
                "  gzip {gzip:<5}  {documents} documents, {mib:.1} MiB raw: {cpu:.2} s CPU, {wall:.2} s wall: \
                 {per_core:.0} documents/s per core, {:.0} MiB/s per core",
                mib / cpu
            );
        }
    }
    drop(tenant);
    println!("peak memory of the fetcher, without compression");
    for (name, incidents, alerts) in
        [("1 ×", INCIDENTS, None), ("5 ×", INCIDENTS * 5, None), ("400 alerts per incident", 16, Some(400))]
    {
        let Figures { documents, bytes, peak_kib, .. } = run(&simulate(incidents, alerts), &endpoint, false);
        let (peak, mib) = (peak_kib as f64 / 1024.0, bytes as f64 / 1_048_576.0);
        println!("  {name:<24} {documents:>7} documents, {mib:>6.1} MiB raw: {peak:.1} MiB");
    }
}

/// One cycle of the real program in a process of its own.
fn run(tenant: &Server, endpoint: &Server, gzip: bool) -> Figures {
    let folder = tempfile::tempdir().expect("temporary folder");
    let config = folder.path().join("config.yml");
    let output = format!(
        "output:\n  elasticsearch: {{hosts: [\"http://{}\"], gzip: {gzip}}}\nstate: {}\n",
        endpoint.address,
        folder.path().display()
    );
    let (head, _) = tenant.greeting.split_once("output:").expect("an example configuration");
    std::fs::write(&config, format!("{head}{output}")).expect("writes");
    let started = std::time::Instant::now();
    let before = children_ticks();
    let mut child = Command::new(FETCHER)
        .args(["--log-format", "json", "run", "--once", "--config"])
        .arg(&config)
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut log = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut log).expect("reads");
    let status = child.wait().expect("ends");
    assert!(status.success(), "{log}");
    let cpu = (children_ticks() - before) / TICKS_PER_SECOND;
    let end = log.lines().find(|line| line.contains("run ended")).expect("a last line");
    let end: serde_json::Value = serde_json::from_str(end).expect("JSON");
    let number = |name: &str| end[name].as_u64().unwrap_or_default();
    Figures {
        documents: number("documents"),
        bytes: number("bytes"),
        peak_kib: number("peak_memory_kib"),
        cpu,
        wall: started.elapsed().as_secs_f64(),
    }
}

/// CPU time of the children that have ended, in ticks.
fn children_ticks() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("stat");
    fields.split_whitespace().skip(13).take(2).map(|ticks| ticks.parse::<f64>().expect("ticks")).sum()
}

/// A child that serves until it is dropped.
struct Server {
    child: Child,
    address: String,
    greeting: String,
}

impl Server {
    /// Reads the address and what else it says up to its first empty line.
    fn start(program: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn().expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut greeting = String::new();
        for line in lines.map(|line| line.expect("text")).take_while(|line| !line.is_empty()) {
            greeting.push_str(&line);
            greeting.push('\n');
        }
        let (_, rest) = greeting.split_once("http://").expect("an address");
        let address = rest.split([' ', ';', '\n']).next().unwrap_or_default().to_owned();
        Self { child, address, greeting }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn simulate(incidents: u64, alerts: Option<u32>) -> Server {
    let (incidents, alerts) = (incidents.to_string(), alerts.map(|alerts| alerts.to_string()));
    let mut arguments = vec!["simulate", "--listen", "127.0.0.1:0", "--incidents", &incidents];
    if let Some(alerts) = &alerts {
        arguments.extend(["--alerts-per-incident", alerts]);
    }
    Server::start(Path::new(FETCHER), &arguments)
}

/// A bulk endpoint that takes everything.
fn endpoint() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        println!("http://{}\n", listener.local_addr().expect("address"));
        let app = axum::Router::new().route("/_bulk", axum::routing::post(bulk));
        axum::serve(listener, app).await.expect("serves");
    });
}

async fn bulk(headers: HeaderMap, body: Body) -> ([(&'static str, &'static str); 1], Vec<u8>) {
    let mut bytes = Vec::new();
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.expect("body"));
    }
    if headers.contains_key("content-encoding") {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).expect("gzip");
        bytes = plain;
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    let mut reply = br#"{"errors":false,"items":["#.to_vec();
    for place in 0..lines / 2 {
        reply.extend_from_slice(if place > 0 { b"," } else { b"" });
        reply.extend_from_slice(br#"{"create":{"status":201}}"#);
    }
    reply.extend_from_slice(b"]}");
    ([("content-type", "application/json")], reply)
}
