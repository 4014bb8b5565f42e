//! Figures of many tenants in one process, nearly idle: memory and CPU of `m365-fetcher run` alone.
//!
//! `cargo bench -p fetcher --bench tenants [-- TENANTS [SECONDS]]` collects 1,000 invented tenants with three sources each,
//! every source polled every 60 s, for three minutes, and one tenant for one minute beside it. Simulator, fetcher and bulk
//! endpoint are processes of their own. Linux only: CPU time and memory come from `/proc`.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::disallowed_methods)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::HeaderMap;
use futures_util::StreamExt;
use simulator::{Simulator, Tenant};

const FETCHER: &str = env!("CARGO_BIN_EXE_m365-fetcher");
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<usize>().ok());
    match arguments.first().map(String::as_str) {
        Some("endpoint") => serve(|listener| async { axum::serve(listener, endpoint()).await.expect("serves") }),
        Some("tenants") => {
            let simulator = Simulator::with_tenants((0..number(1).expect("a number")).map(tenant).collect());
            serve(|listener| async { simulator.serve(listener, std::future::pending()).await.expect("serves") });
        }
        // `cargo test --benches` runs this without `--bench`.
        _ if std::env::args().all(|argument| argument != "--bench") => println!("left out: run with `cargo bench`"),
        _ => {
            let seconds = number(1).unwrap_or(180);
            measure(1, seconds.min(60) as u64);
            measure(number(0).unwrap_or(1000), seconds as u64);
        }
    }
}

/// A tenant with twenty incidents so far and one more every six minutes.
fn tenant(place: usize) -> Tenant {
    let base = Tenant::default();
    Tenant {
        id: format!("{place:08x}-2222-4333-8444-555555555555"),
        seed: place as u64,
        incidents: 1000,
        start: fetcher::clock::now() - base.spacing * 20,
        ..base
    }
}

fn config(tenants: usize, service: &str, endpoint: &str, folder: &std::path::Path) -> String {
    let mut text = "tenants:\n".to_owned();
    for place in 0..tenants {
        let Tenant { id, client_id, client_secret, .. } = tenant(place);
        let _ = writeln!(
            text,
            "  - id: {id}\n    cloud: {{login: \"http://{service}\", graph: \"http://{service}\", defender: \
             \"http://{service}\"}}\n    client_id: {client_id}\n    client_secret: {client_secret}\n    datasets: \
             [{{name: alert, interval: 60s}}, {{name: incident, interval: 60s}}, {{name: log, interval: 60s}}]"
        );
    }
    let _ = writeln!(text, "output:\n  elasticsearch: {{hosts: [\"http://{endpoint}\"]}}\nstate: {}", folder.display());
    text
}

fn measure(tenants: usize, seconds: u64) {
    let service = Server::start(&["tenants", &tenants.to_string()]);
    let endpoint = Server::start(&["endpoint"]);
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("config.yml");
    std::fs::write(&file, config(tenants, &service.address, &endpoint.address, folder.path())).expect("writes");
    let mut child = Command::new(FETCHER)
        .args(["--log-format", "json", "run", "--config"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stderr = child.stderr.take().expect("piped");
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        stderr.read_to_string(&mut log).map(|_| log)
    });
    let id = child.id();
    // The first polls bring what is there already; after them the tenants are nearly idle.
    let first = Duration::from_secs((seconds / 3).min(70));
    std::thread::sleep(first);
    let (start, warm) = (Instant::now(), ticks(id));
    std::thread::sleep(Duration::from_secs(seconds).saturating_sub(first));
    let (end, idle) = (ticks(id), start.elapsed().as_secs_f64());
    let (peak, resident) = (memory(id, "VmHWM:"), memory(id, "VmRSS:"));
    let stopping = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &id.to_string()]).status().expect("sends").success());
    let status = child.wait().expect("ends");
    let log = log.join().expect("reads").expect("text");
    assert!(status.success(), "{log}");
    let errors = log.lines().filter(|line| line.contains("\"ERROR\"") || line.contains("\"error\"")).count();
    println!(
        "{tenants:>5} tenants × 3 sources, {seconds} s: peak {peak:.1} MiB, at the end {resident:.1} MiB; CPU {:.3} cores \
         in the first {} s, {:.3} nearly idle; stopped in {:.1} s; {} documents delivered, {errors} errors",
        warm / TICKS_PER_SECOND / first.as_secs_f64(),
        first.as_secs(),
        (end - warm) / TICKS_PER_SECOND / idle,
        stopping.elapsed().as_secs_f64(),
        documents(&log),
    );
}

fn documents(log: &str) -> u64 {
    let end = log.lines().find(|line| line.contains("run ended")).expect("a last line");
    let end: serde_json::Value = serde_json::from_str(end).expect("JSON");
    end["m365.documents"].as_u64().expect("a count")
}

/// CPU time of a process, in ticks.
fn ticks(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("stat");
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("ticks")).sum()
}

/// A line of a process's memory, in MiB.
fn memory(id: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("KiB") / 1024.0
}

/// A child that serves until it is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let program = std::env::current_exe().expect("own path");
        let mut child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn().expect("starts");
        let mut address = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut address).expect("greets");
        Self { child, address: address.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves on a free port, whose address it prints.
fn serve<F: Future<Output = ()>>(server: impl FnOnce(tokio::net::TcpListener) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        println!("{}", listener.local_addr().expect("address"));
        server(listener).await;
    });
}

/// A bulk endpoint that takes everything.
fn endpoint() -> axum::Router {
    axum::Router::new().route("/_bulk", axum::routing::post(bulk))
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
