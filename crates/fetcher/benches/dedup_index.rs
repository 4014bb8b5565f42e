//! What remembering ids costs: `cargo bench -p fetcher --bench dedup_index`.
//!
//! `documents` maps the same alerts with and without the dedup index, side by side: in the steady state (fresh records, a
//! commit per 20,000) and in an overlap or late-arrival scan (every id is looked up). The difference is the index's whole cost per
//! document; the sorting and writing of the commit is in it. `look_up` compares one look-up per document with batches of
//! a page. `file` prints bytes per id, the memory that a million ids
//! take, and how long opening takes, which checks the whole file.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::disallowed_methods)]

use std::time::Instant;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mapper::Mapper;
use rustc_hash::FxHashSet;
use state::{DatasetUpdate, DedupKey, EndpointState, Options, StateUpdate, Store};
use tokio::runtime::Runtime;

const DOCUMENTS: u64 = 20_000;
/// Documents of a page.
const PAGE: usize = 500;
const DATASET: &str = "alert";

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
    folder: tempfile::TempDir,
    store: Store,
    endpoint: EndpointState,
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
    let endpoint = store.endpoint("global", "contoso", "graph/v1.0/security/alerts_v2");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/alert/process.json");
    let row = std::fs::read(path).expect("a fixture");
    let mapper = Mapper::new(schema::dataset("alert").expect("dataset"));
    let times = (0..DOCUMENTS).map(time).collect();
    Scene { runtime, folder, store, endpoint, mapper, row, document: Vec::new(), times, next: 0 }
}

impl Scene {
    /// The work without the index.
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
            pending.insert(DedupKey::new(Some(changed), id(self.next)));
        }
        self.commit(pending.into_iter().collect());
    }

    fn commit(&self, delivered: Vec<DedupKey>) {
        let update = StateUpdate::of(DATASET, DatasetUpdate { progress: None, delivered });
        self.runtime.block_on(self.endpoint.commit(update)).expect("commits");
    }
}

#[divan::bench_group(sample_count = 12, sample_size = 1)]
mod documents {
    use super::{Bencher, DATASET, DOCUMENTS, DedupKey, ItemsCount, PAGE, id, scene};

    #[divan::bench]
    fn without_index(bencher: Bencher) {
        let mut scene = scene();
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| (0..DOCUMENTS).for_each(|_| scene.map()));
    }

    #[divan::bench]
    fn with_index_fresh(bencher: Bencher) {
        let mut scene = scene();
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| scene.fresh());
    }

    #[divan::bench]
    fn with_index_all_looked_up(bencher: Bencher) {
        let mut scene = scene();
        scene.fresh();
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| {
            let mut page = Vec::new();
            for place in 0..DOCUMENTS {
                scene.map();
                let changed = &scene.times[usize::try_from(place).expect("place")];
                page.push(DedupKey::new(Some(changed), id(place + 1)));
                if page.len() == PAGE {
                    let unseen = scene.runtime.block_on(scene.endpoint.unseen(DATASET, &page)).expect("looks up");
                    assert!(!unseen.contains(&true));
                    page.clear();
                }
            }
        });
    }
}

/// Looking up alone: one at a time, and in batches of a page. The documents lie in the order of their time or anywhere.
#[divan::bench_group(sample_count = 12, sample_size = 1)]
mod look_up {
    use super::{Bencher, DATASET, DOCUMENTS, DedupKey, ItemsCount, PAGE, Scene, id, scene, time};

    /// A scene whose index holds a million documents, and 20,000 keys of them.
    fn known(is_sorted: bool) -> (Scene, Vec<DedupKey>) {
        let scene = scene();
        let key = |number: u64| DedupKey::new(Some(&time(number)), id(number));
        for commit in 0..50 {
            scene.commit((commit * DOCUMENTS..(commit + 1) * DOCUMENTS).map(key).collect());
        }
        let place = |number: u64| if is_sorted { 300_000 + number } else { number * 7_919 % 1_000_000 };
        (scene, (0..DOCUMENTS).map(|number| key(place(number))).collect())
    }

    #[divan::bench(args = [true, false])]
    fn one_by_one(bencher: Bencher, is_sorted: bool) {
        let (scene, keys) = known(is_sorted);
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| {
            for key in keys.chunks(1) {
                let unseen = scene.runtime.block_on(scene.endpoint.unseen(DATASET, key)).expect("looks up");
                assert_eq!(unseen, [false]);
            }
        });
    }

    #[divan::bench(args = [true, false])]
    fn in_batches_of_a_page(bencher: Bencher, is_sorted: bool) {
        let (scene, keys) = known(is_sorted);
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| {
            for page in keys.chunks(PAGE) {
                let unseen = scene.runtime.block_on(scene.endpoint.unseen(DATASET, page)).expect("looks up");
                assert!(!unseen.contains(&true));
            }
        });
    }
}

/// The index alone, without the documents.
#[divan::bench_group(sample_count = 12, sample_size = 1)]
mod alone {
    use super::{Bencher, DOCUMENTS, DedupKey, FxHashSet, ItemsCount, id, scene};

    #[divan::bench]
    fn remember_and_commit(bencher: Bencher) {
        let scene = scene();
        let mut next = 0;
        bencher.counter(ItemsCount::new(DOCUMENTS)).bench_local(|| {
            let mut pending = FxHashSet::default();
            for changed in &scene.times {
                next += 1;
                pending.insert(DedupKey::new(Some(changed), id(next)));
            }
            scene.commit(pending.into_iter().collect());
        });
    }
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap_or_default()
}

fn file() {
    let scene = scene();
    let mut before = 0;
    for million in [1, 4] {
        let started = Instant::now();
        for commit in before..million * 50 {
            let numbers = commit * DOCUMENTS..(commit + 1) * DOCUMENTS;
            scene.commit(numbers.map(|number| DedupKey::new(Some(&time(number)), id(number))).collect());
        }
        before = million * 50;
        let bytes = std::fs::metadata(scene.folder.path().join(state::FILE)).expect("file").len();
        println!(
            "{million} M ids: {:.1} bytes of file per id, {:.1} MiB resident, written in {:.2} s",
            bytes as f64 / (million * 1_000_000) as f64,
            resident_kib() as f64 / 1024.0,
            started.elapsed().as_secs_f64()
        );
    }
    let Scene { runtime, folder, store, endpoint, .. } = scene;
    runtime.block_on(store.close()).expect("closes");
    drop((endpoint, store));
    let started = Instant::now();
    let guard = runtime.enter();
    let store = Store::open(folder.path(), Options::default()).expect("opens");
    println!("opening with a check of the whole file: {:.2} s", started.elapsed().as_secs_f64());
    drop(guard);
    runtime.block_on(store.close()).expect("closes");
}
