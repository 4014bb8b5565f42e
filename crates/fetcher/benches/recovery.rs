//! Recovery of an output: what has waited during an outage, delivered at what rate.
//!
//! `cargo bench -p fetcher --bench recovery` collects a tenant twice: with an output that works, and with one that answers
//! 503 while everything waits and then works again. It prints documents per second of the fetcher's own CPU time for both,
//! and their ratio. `RECOVERY_DOCUMENTS` is about how many wait (default 1,000,000), `RECOVERY_OUTAGE` how many seconds
//! the output is down.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::disallowed_methods)]

#[path = "support/processes.rs"]
mod processes;

use std::time::Duration;

use processes::{Figures, Server, cpu_of, run, simulate};

/// Documents that an incident of the realistic mixture gives, about.
const PER_INCIDENT: u64 = 24;

fn main() {
    processes::main(measure);
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

fn measure() {
    let documents = number("RECOVERY_DOCUMENTS", 1_000_000);
    let outage = Duration::from_secs(number("RECOVERY_OUTAGE", 20));
    let endpoint = Server::own(&["endpoint"]);
    let tenant = simulate(documents.div_ceil(PER_INCIDENT), None);
    let plain = run(&tenant, &endpoint, false, |_| {});
    let normal = show("output works all the time", &plain, plain.cpu);
    let (mut cpu_before, mut taken) = (0.0, endpoint.endpoint(false));
    let recovered = run(&tenant, &endpoint, false, |process| {
        std::thread::sleep(outage);
        cpu_before = cpu_of(process);
        taken = endpoint.endpoint(true) - taken;
    });
    assert_eq!(taken, 0, "nothing arrived during the outage");
    assert_eq!(recovered.documents, plain.documents, "everything arrives");
    println!("  {} s without output cost {cpu_before:.2} s CPU", outage.as_secs());
    let after = show("after the outage, its own CPU time included", &recovered, recovered.cpu);
    println!("  {:.0} % of the normal rate", after / normal * 100.0);
}

/// Prints and returns documents per second of CPU time.
fn show(what: &str, figures: &Figures, cpu: f64) -> f64 {
    let Figures { documents, wall, peak_kib, .. } = figures;
    let rate = *documents as f64 / cpu;
    let peak = *peak_kib as f64 / 1024.0;
    println!(
        "{what}: {documents} documents, {cpu:.2} s CPU, {wall:.1} s wall, peak {peak:.1} MiB: {rate:.0} documents/s per core"
    );
    rate
}
