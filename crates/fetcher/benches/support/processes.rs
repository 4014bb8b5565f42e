//! The processes of a benchmark: a simulated tenant, the fetcher and a bulk endpoint, each on its own, so that each figure
//! is the fetcher's alone. Linux only: CPU time and memory come from `/proc`.
// Each benchmark uses what it needs.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;

pub(crate) const FETCHER: &str = env!("CARGO_BIN_EXE_m365-fetcher");
const TICKS_PER_SECOND: f64 = 100.0;

/// The program of a benchmark: the endpoint where it was started as one, else the measuring.
pub(crate) fn main(measure: impl FnOnce()) {
    match std::env::args().nth(1).as_deref() {
        Some("endpoint") => endpoint(),
        // `cargo test --benches` runs this without `--bench`.
        _ if std::env::args().all(|argument| argument != "--bench") => println!("left out: run with `cargo bench`"),
        _ => measure(),
    }
}

/// What one run of the fetcher said and cost.
pub(crate) struct Figures {
    pub(crate) documents: u64,
    pub(crate) bytes: u64,
    pub(crate) peak_kib: u64,
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
}

/// One cycle of the real program in a process of its own. `meanwhile` is called with its process id.
pub(crate) fn run(tenant: &Server, endpoint: &Server, gzip: bool, meanwhile: impl FnOnce(u32)) -> Figures {
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
    let mut stderr = child.stderr.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut log = String::new();
        stderr.read_to_string(&mut log).expect("reads");
        log
    });
    meanwhile(child.id());
    let log = reader.join().expect("reads");
    let status = child.wait().expect("ends");
    assert!(status.success(), "{log}");
    let cpu = (children_ticks() - before) / TICKS_PER_SECOND;
    let number = |name: &str| last_line(&log, name);
    Figures {
        documents: number("documents"),
        bytes: number("bytes"),
        peak_kib: number("peak_memory_kib"),
        cpu,
        wall: started.elapsed().as_secs_f64(),
    }
}

/// A number that the fetcher's last line of log tells.
pub(crate) fn last_line(log: &str, name: &str) -> u64 {
    let end = log.lines().find(|line| line.contains("run ended")).expect("a last line");
    let end: serde_json::Value = serde_json::from_str(end).expect("JSON");
    end[format!("m365.{name}")].as_u64().expect("a number")
}

/// CPU time of a process in seconds.
pub(crate) fn cpu_of(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
    let (_, fields) = stat.rsplit_once(')').expect("stat");
    let ticks =
        fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>();
    ticks / TICKS_PER_SECOND
}

/// CPU time of the children that have ended, in ticks.
fn children_ticks() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("stat");
    fields.split_whitespace().skip(13).take(2).map(|ticks| ticks.parse::<f64>().expect("ticks")).sum()
}

/// A child that serves until it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    greeting: String,
}

impl Server {
    /// This program, started as something else.
    pub(crate) fn own(arguments: &[&str]) -> Self {
        Self::start(&std::env::current_exe().expect("own path"), arguments)
    }

    /// Reads the address and what else it says up to its first empty line.
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Self {
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

    /// Documents that the endpoint took; from then on it takes bulk requests, or answers them with 503.
    pub(crate) fn endpoint(&self, takes: bool) -> u64 {
        let mut connection = TcpStream::connect(&self.address).expect("connects");
        let path = if takes { "take" } else { "refuse" };
        write!(connection, "GET /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("writes");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("reads");
        answer.rsplit("\r\n").next().and_then(|count| count.parse().ok()).expect("a count")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn simulate(incidents: u64, alerts: Option<u32>) -> Server {
    let (incidents, alerts) = (incidents.to_string(), alerts.map(|alerts| alerts.to_string()));
    let mut arguments = vec!["simulate", "--listen", "127.0.0.1:0", "--incidents", &incidents];
    if let Some(alerts) = &alerts {
        arguments.extend(["--alerts-per-incident", alerts]);
    }
    Server::start(Path::new(FETCHER), &arguments)
}

/// A bulk endpoint that takes everything, or nothing.
#[derive(Default)]
struct Endpoint {
    refuses: AtomicBool,
    documents: AtomicU64,
}

/// Serves on a free port, whose address it prints, until the process ends.
pub(crate) fn serve(server: impl AsyncFnOnce(tokio::net::TcpListener)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        println!("http://{}\n", listener.local_addr().expect("address"));
        server(listener).await;
    });
}

/// Serves a bulk endpoint until the process ends.
fn endpoint() {
    serve(async |listener| {
        let switch = |refuses: bool| {
            move |State(endpoint): State<Arc<Endpoint>>| async move {
                endpoint.refuses.store(refuses, Ordering::Relaxed);
                endpoint.documents.load(Ordering::Relaxed).to_string()
            }
        };
        let app = axum::Router::new()
            .route("/_bulk", post(bulk))
            .route("/take", get(switch(false)))
            .route("/refuse", get(switch(true)))
            .with_state(Arc::<Endpoint>::default());
        axum::serve(listener, app).await.expect("serves");
    });
}

async fn bulk(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: Body) -> Response {
    let mut bytes = Vec::new();
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.expect("body"));
    }
    if endpoint.refuses.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if headers.contains_key("content-encoding") {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).expect("gzip");
        bytes = plain;
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    endpoint.documents.fetch_add(lines as u64 / 2, Ordering::Relaxed);
    let mut reply = br#"{"errors":false,"items":["#.to_vec();
    for place in 0..lines / 2 {
        reply.extend_from_slice(if place > 0 { b"," } else { b"" });
        reply.extend_from_slice(br#"{"create":{"status":201}}"#);
    }
    reply.extend_from_slice(b"]}");
    ([("content-type", "application/json")], reply).into_response()
}
