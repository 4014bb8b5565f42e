//! How fast one core writes records: `cargo bench -p simulator`.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use simulator::{AlertsPerIncident, Tenant, alert_count, alert_json, incident_json, legacy_incident_json};

const INCIDENTS: u64 = 400;

fn main() {
    divan::main();
}

fn tenant() -> Tenant {
    Tenant { incidents: INCIDENTS, ..Tenant::default() }
}

/// Measures `write`, which appends records and returns how many.
fn measure(bencher: Bencher<'_, '_>, write: impl Fn(&mut Vec<u8>) -> u64 + Sync) {
    let mut out = Vec::new();
    let items = write(&mut out);
    let bytes = out.len();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(items)).bench(|| {
        let mut out = Vec::with_capacity(bytes);
        write(&mut out);
        out
    });
}

#[divan::bench]
fn alerts(bencher: Bencher<'_, '_>) {
    let tenant = tenant();
    measure(bencher, |out| {
        let mut count = 0;
        for index in 0..INCIDENTS {
            for number in 0..alert_count(&tenant, index) {
                alert_json(&tenant, index, number, u32::MAX, out);
                count += 1;
            }
        }
        count
    });
}

#[divan::bench]
fn expanded_incidents(bencher: Bencher<'_, '_>) {
    let tenant = Tenant { alerts_per_incident: AlertsPerIncident::Exactly(10), ..tenant() };
    measure(bencher, |out| {
        (0..INCIDENTS).for_each(|index| incident_json(&tenant, index, u32::MAX, true, out));
        INCIDENTS
    });
}

#[divan::bench]
fn legacy_incidents(bencher: Bencher<'_, '_>) {
    let tenant = tenant();
    measure(bencher, |out| {
        (0..INCIDENTS).for_each(|index| legacy_incident_json(&tenant, index, u32::MAX, out));
        INCIDENTS
    });
}
