//! Figures of the whole way: simulated tenant → `m365-fetcher run --once` → a bulk endpoint on loopback.
//!
//! `cargo bench -p fetcher --bench end_to_end` prints documents per second of the fetcher's own CPU time, with and without
//! request compression, and its peak memory at 1 ×, at 5 × and at 400 alerts per incident. Simulator, fetcher and endpoint
//! are processes of their own, so that each figure is the fetcher's alone. Linux only: CPU time and memory come from `/proc`.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::disallowed_methods)]

#[path = "support/processes.rs"]
mod processes;

use processes::{Figures, Server, run, simulate};

/// About 41.6 MiB of raw data with incidents, alerts and the legacy log.
const INCIDENTS: u64 = 800;

fn main() {
    processes::main(measure);
}

fn measure() {
    let endpoint = Server::own(&["endpoint"]);
    println!("CPU of the fetcher, {} incidents", INCIDENTS * 4);
    let tenant = simulate(INCIDENTS * 4, None);
    for gzip in [false, true] {
        let runs: Vec<Figures> = (0..3).map(|_| run(&tenant, &endpoint, gzip, |_| {})).collect();
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
        let Figures { documents, bytes, peak_kib, .. } = run(&simulate(incidents, alerts), &endpoint, false, |_| {});
        let (peak, mib) = (peak_kib as f64 / 1024.0, bytes as f64 / 1_048_576.0);
        println!("  {name:<24} {documents:>7} documents, {mib:>6.1} MiB raw: {peak:.1} MiB");
    }
}
