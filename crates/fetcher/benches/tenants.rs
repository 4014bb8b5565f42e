//! Figures of many tenants in one process, nearly idle: memory and CPU of `m365-fetcher run` alone.
//!
//! `cargo bench -p fetcher --bench tenants [-- TENANTS [SECONDS]]` collects 1,000 invented tenants with three sources each,
//! every source polled every 60 s, for three minutes, and one tenant for one minute beside it. Simulator, fetcher and bulk
//! endpoint are processes of their own. Linux only: CPU time and memory come from `/proc`.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::disallowed_methods)]

#[path = "support/processes.rs"]
mod processes;

use std::fmt::Write as _;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use processes::{FETCHER, Server, cpu_of, last_line, serve};
use simulator::{Simulator, Tenant};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<usize>().ok());
    match arguments.first().map(String::as_str) {
        Some("tenants") => {
            let simulator = Simulator::with_tenants((0..number(1).expect("a number")).map(tenant).collect());
            serve(async |listener| simulator.serve(listener, std::future::pending()).await.expect("serves"));
        }
        _ => processes::main(|| {
            let seconds = number(1).unwrap_or(180);
            measure(1, seconds.min(60) as u64);
            measure(number(0).unwrap_or(1000), seconds as u64);
        }),
    }
}

/// A tenant with twenty incidents so far and one more every six minutes.
fn tenant(place: usize) -> Tenant {
    let base = Tenant::default();
    Tenant {
        id: format!("{place:08x}-2222-4333-8444-555555555555"),
        seed: place as u64,
        incidents: 1000,
        start: common::clock::now() - base.spacing * 20,
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
    let service = Server::own(&["tenants", &tenants.to_string()]);
    let endpoint = Server::own(&["endpoint"]);
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
    let (start, warm) = (Instant::now(), cpu_of(id));
    std::thread::sleep(Duration::from_secs(seconds).saturating_sub(first));
    let (end, idle) = (cpu_of(id), start.elapsed().as_secs_f64());
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
        warm / first.as_secs_f64(),
        first.as_secs(),
        (end - warm) / idle,
        stopping.elapsed().as_secs_f64(),
        last_line(&log, "documents"),
    );
}

/// A line of a process's memory, in MiB.
fn memory(id: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("KiB") / 1024.0
}
