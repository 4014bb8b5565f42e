//! What remembering ids costs: `cargo bench -p fetcher --bench ledger`.
//!
//! `documents` maps the same alerts with and without the ledger, side by side: in the steady state (fresh records, a
//! commit per 20,000) and in an overlap or sweep (every id is looked up). The difference is the ledger's whole cost per
//! document; the sorting and writing of the commit is in it. `file` prints bytes per id, the memory that a million ids
//! take, and how long opening takes, which checks the whole file.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::disallowed_methods)]

use std::time::Instant;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mapper::Mapper;
use rustc_hash::FxHashSet;
use state::{Change, Entry, Options, SourceState, Store};
use tokio::runtime::Runtime;

const DOCUMENTS: u64 = 20_000;

fn main() {
    if std::env::args().any(|argument| argument == "--bench") {
        file();
    }
    divan::main();
}

fn id(number: u64) -> [u8; 16] {
    u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}

/// A hundred documents a second, from some day on.
fn time(number: u64) -> String {
    let second = 1_767_225_600 + i64::try_from(number / 100).expect("second");
    chrono::DateTime::from_timestamp(second, 0).expect("time").format("%Y-%m-%dT%H:%M:%S.1234567Z").to_string()
}

struct Scene {
    runtime: Runtime,
    _folder: tempfile::TempDir,
    store: Store,
    source: SourceState,
    mapper: Mapper,
    row: Vec<u8>,
    document: Vec<u8>,
    times: Vec<String>,
    next: u64,
}

fn scene() -> Scene {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
    let folder = tempfile::tempdir().expect("folder");
    let guard = runtime.enter();
    let store = Store::open(folder.path(), Options::default()).expect("opens");
    drop(guard);
    let source = store.source("global", "contoso", "alert");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/alert/process.json");
    let row = std::fs::read(path).expect("a fixture");
    let mapper = Mapper::new(schema::dataset("alert").expect("dataset"));
    let times = (0..DOCUMENTS).map(time).collect();
    Scene { runtime, _folder: folder, store, source, mapper, row, document: Vec::new(), times, next: 0 }
}

impl Scene {
    /// The work without the ledger.
    fn map(&mut self) {
        self.document.clear();
        black_box(self.mapper.map(&self.row, &mut self.document).is_ok());
    }

    fn fresh(&mut self) {
        let mut pending = FxHashSet::default();
        for place in 0..DOCUMENTS {
            self.map();
            self.next += 1;
            let changed = &self.times[usize::try_from(place).expect("place")];
            pending.insert(Entry::new(Some(changed), id(self.next)));
        }
        let ids = pending.into_iter().collect();
        let change = Change { ids, ..Change::default() };
        self.runtime.block_on(self.source.commit(change)).expect("commits");
    }
}

#[divan::bench_group(sample_count = 12, sample_size = 1)]
mod documents {
    use super::{Bencher, DOCUMENTS, Entry, ItemsCount, id, scene};

    #[divan::bench]
    fn without_ledger(bencher: Bencher) {
        let mut scene = scene();
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| (0..DOCUMENTS).for_each(|_| scene.map()));
    }

    #[divan::bench]
    fn with_ledger_fresh(bencher: Bencher) {
        let mut scene = scene();
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| scene.fresh());
    }

    #[divan::bench]
    fn with_ledger_all_looked_up(bencher: Bencher) {
        let mut scene = scene();
        scene.fresh();
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| {
            let ids = scene.source.ids().expect("ids");
            for place in 0..DOCUMENTS {
                scene.map();
                let changed = &scene.times[usize::try_from(place).expect("place")];
                assert!(ids.contains(Entry::new(Some(changed), id(place + 1))).expect("looks up"));
            }
        });
    }
}

/// The ledger alone, without the documents.
#[divan::bench_group(sample_count = 12, sample_size = 1)]
mod alone {
    use super::{Bencher, Change, DOCUMENTS, Entry, FxHashSet, ItemsCount, id, scene};

    #[divan::bench]
    fn remember_and_commit(bencher: Bencher) {
        let scene = scene();
        let mut next = 0;
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| {
            let mut pending = FxHashSet::default();
            for changed in &scene.times {
                next += 1;
                pending.insert(Entry::new(Some(changed), id(next)));
            }
            let change = Change { ids: pending.into_iter().collect(), ..Change::default() };
            scene.runtime.block_on(scene.source.commit(change)).expect("commits");
        });
    }
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap_or_default()
}

fn file() {
    let Scene { runtime, _folder: folder, store, source, .. } = scene();
    let mut before = 0;
    for million in [1, 4] {
        let started = Instant::now();
        for commit in before..million * 50 {
            let numbers = commit * DOCUMENTS..(commit + 1) * DOCUMENTS;
            let ids = numbers.map(|number| Entry::new(Some(&time(number)), id(number))).collect();
            runtime.block_on(source.commit(Change { ids, ..Change::default() })).expect("commits");
        }
        before = million * 50;
        let bytes = std::fs::metadata(folder.path().join(state::FILE)).expect("file").len();
        println!(
            "{million} M ids: {:.1} bytes of file per id, {:.1} MiB resident, written in {:.2} s",
            bytes as f64 / (million * 1_000_000) as f64,
            resident_kib() as f64 / 1024.0,
            started.elapsed().as_secs_f64()
        );
    }
    runtime.block_on(store.close()).expect("closes");
    drop((source, store));
    let started = Instant::now();
    let guard = runtime.enter();
    let store = Store::open(folder.path(), Options::default()).expect("opens");
    println!("opening with a check of the whole file: {:.2} s", started.elapsed().as_secs_f64());
    drop(guard);
    runtime.block_on(store.close()).expect("closes");
}
