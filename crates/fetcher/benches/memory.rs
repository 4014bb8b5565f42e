//! Peak memory of `m365-fetcher run --once` over very different tenants, side by side in one run: little and much raw data,
//! few and many alerts in each incident. It should not depend on either.
//!
//! `cargo bench -p fetcher --bench memory [-- GIB]` (default: 10 GiB, some minutes). Simulator, fetcher and endpoint are
//! processes of their own, so that each figure is the fetcher's alone. Linux only.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
#![allow(clippy::disallowed_methods)]

#[path = "support/processes.rs"]
mod processes;

use processes::{Server, run, simulate};

/// Incidents of about 41.6 MiB of raw data with incidents, alerts and the legacy log.
const INCIDENTS: u64 = 800;

fn main() {
    processes::main(measure);
}

fn measure() {
    let gib = std::env::args().skip(1).find_map(|argument| argument.parse::<f64>().ok()).unwrap_or(10.0);
    let many = (INCIDENTS as f64 * gib * 1024.0 / 41.6) as u64;
    let endpoint = Server::own(&["endpoint"]);
    let tenants = [
        ("little", INCIDENTS, None),
        ("4 alerts per incident", 1600, Some(4)),
        ("4,000 alerts per incident", 4, Some(4000)),
        ("much", many, None),
    ];
    let mut first = None;
    for (name, incidents, alerts) in tenants {
        let figures = run(&simulate(incidents, alerts), &endpoint, false, |_| {});
        let (peak, mib) = (figures.peak_kib as f64 / 1024.0, figures.bytes as f64 / 1_048_576.0);
        let reference = *first.get_or_insert(peak);
        println!(
            "{name:<26} {:>9} documents, {mib:>8.1} MiB raw, {:>6.1} s: {peak:.1} MiB, {:+.1} %",
            figures.documents,
            figures.wall,
            (peak / reference - 1.0) * 100.0
        );
    }
}
