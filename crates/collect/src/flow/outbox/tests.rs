//! What an outbox leaves out, and in which order the rest goes.

use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;

use super::*;
use common::health::Key;
use common::ids::DatasetNames;
use common::stats::Stats;
use output::batch::{Batch, Pool};
use output::{DataStreams, OutputCommand};
use state::{DatasetUpdate, EndpointState, MinuteBucket, StateUpdate, Store};

const DATASETS: [&str; 2] = ["incident", "alert"];

struct Scene {
    _folder: TempDir,
    store: Store,
    state: EndpointState,
    health: Arc<SourceHealth>,
}

impl Scene {
    /// A state whose dedup indices hold what was delivered.
    async fn new(delivered: [&[DedupKey]; 2]) -> Self {
        let folder = tempfile::tempdir().expect("directory");
        let store = Store::open(folder.path(), state::Options::default()).expect("opens");
        let state = store.endpoint("global", "t", "graph /list");
        let mut update = StateUpdate::default();
        for (name, delivered) in DATASETS.into_iter().zip(delivered) {
            let dataset = DatasetUpdate { progress: None, delivered: delivered.to_vec() };
            update.datasets.insert(name.to_owned(), dataset);
        }
        state.commit(update).await.expect("commits");
        let key = Key { cloud: "global".into(), tenant: "t".into(), datasets: DatasetNames::join(&DATASETS) };
        let health = Stats::default().health.source(&key, Duration::from_mins(1));
        Self { _folder: folder, store, state, health }
    }

    /// An outbox, and where its batches come out.
    async fn outbox(&self) -> (Outbox, Inbox) {
        let (commands, inbox) = mpsc::channel(8);
        let streams = Arc::new(DataStreams::new("default"));
        let writer = BatchWriter::new(streams, commands, Arc::new(Pool::among(1)), "t".into());
        let loaded = self.state.load().await.expect("loads");
        let seen = DATASETS.map(|name| Deduplicator::new(self.state.clone(), name, loaded.dataset(name).newest));
        (Outbox::new(writer, seen.into(), &self.health), Inbox(inbox, Vec::new()))
    }
}

/// A record that changed in this minute.
fn key(minute: u32, id: u8) -> DedupKey {
    DedupKey::new(Some(&format!("2026-01-01T10:{minute:02}:00Z")), [id; 16])
}

fn push(outbox: &mut Outbox, dataset: usize, key: DedupKey, id: u8, is_late: bool) {
    let json = format!("{{\"id\":{id}}}");
    outbox.push(Document { dataset, index: 0, id: DocId([id; 16]), key, json: json.as_bytes(), is_late });
}

/// Where batches come out. They are kept: one that is dropped fails its cycle.
struct Inbox(mpsc::Receiver<OutputCommand>, Vec<Batch>);

impl Inbox {
    /// The documents of the next batch; none where nothing was handed over.
    fn batch(&mut self) -> Vec<String> {
        let Ok(OutputCommand::Batch(batch)) = self.0.try_recv() else { return Vec::new() };
        let text = |entry| String::from_utf8_lossy(batch.document(entry)).into_owned();
        let documents = batch.entries().iter().map(text).collect();
        self.1.push(batch);
        documents
    }
}

#[tokio::test]
async fn what_the_dedup_index_holds_is_left_out_and_the_rest_keeps_its_order() {
    let scene = Scene::new([&[key(5, 1), key(5, 3)], &[key(5, 2), key(9, 9)]]).await;
    let (mut outbox, mut inbox) = scene.outbox().await;
    // Of the first dataset 1 and 3 are known and 5 is beyond its index; of the second one 2 is known.
    for (dataset, minute, id) in
        [(0, 5, 1), (1, 5, 1), (0, 5, 2), (0, 6, 5), (1, 5, 2), (0, 5, 3), (1, 5, 3), (0, 4, 4)]
    {
        push(&mut outbox, dataset, key(minute, id), id, false);
    }
    outbox.send().await.expect("sends");
    assert_eq!(inbox.batch(), ["{\"id\":1}", "{\"id\":2}", "{\"id\":5}", "{\"id\":3}", "{\"id\":4}"]);
    assert_eq!(outbox.fresh(), 5);
    let pending: Vec<_> = outbox.datasets_mut().map(|seen| seen.take_pending().len()).collect();
    assert_eq!(pending, [3, 2]);
    scene.store.close().await.expect("closes");
}

#[tokio::test]
async fn a_document_that_comes_twice_goes_once_whether_or_not_the_index_was_asked_between() {
    let scene = Scene::new([&[key(5, 1)], &[]]).await;
    let (mut outbox, mut inbox) = scene.outbox().await;
    for _ in 0..2 {
        push(&mut outbox, 0, key(5, 2), 2, false);
        push(&mut outbox, 0, key(7, 3), 3, false);
    }
    outbox.send().await.expect("sends");
    assert_eq!(inbox.batch(), ["{\"id\":2}", "{\"id\":3}"]);
    push(&mut outbox, 0, key(5, 2), 2, false);
    push(&mut outbox, 0, key(7, 3), 3, false);
    outbox.send().await.expect("sends");
    assert_eq!(inbox.batch(), Vec::<String>::new(), "no empty batch either");
    assert_eq!(outbox.fresh(), 2);
    scene.store.close().await.expect("closes");
}

#[tokio::test]
async fn a_document_without_a_readable_time_is_remembered_anew_and_not_delivered_again() {
    let undated = DedupKey::new(None, [1; 16]);
    let scene = Scene::new([&[undated], &[]]).await;
    let (mut outbox, mut inbox) = scene.outbox().await;
    push(&mut outbox, 0, undated, 1, false);
    outbox.send().await.expect("sends");
    assert_eq!((inbox.batch(), outbox.fresh()), (Vec::new(), 0));
    assert_eq!(undated.minute(), MinuteBucket::UNDATED);
    let pending: Vec<_> = outbox.datasets_mut().flat_map(Deduplicator::take_pending).collect();
    assert_eq!(pending, [undated]);
    scene.store.close().await.expect("closes");
}

#[tokio::test]
async fn an_element_is_late_once_and_only_for_what_is_new() {
    let scene = Scene::new([&[key(5, 1)], &[key(5, 9)]]).await;
    let (mut outbox, _inbox) = scene.outbox().await;
    // Known everywhere; then new to both datasets, one of them beyond its index.
    outbox.begin_element();
    push(&mut outbox, 0, key(5, 1), 1, true);
    outbox.begin_element();
    push(&mut outbox, 0, key(5, 2), 2, true);
    push(&mut outbox, 1, key(6, 2), 2, true);
    // Another one, of which one document is told at once, before those of the element above.
    outbox.begin_element();
    push(&mut outbox, 1, key(6, 3), 3, true);
    push(&mut outbox, 0, key(5, 3), 3, true);
    outbox.send().await.expect("sends");
    assert_eq!(scene.health.snapshot().late, 2);
    assert!(outbox.is_new(0, key(5, 7)).await.expect("asks") && !outbox.is_new(0, key(5, 7)).await.expect("asks"));
    assert!(!outbox.is_new(0, key(5, 1)).await.expect("asks"), "it was delivered");
    scene.store.close().await.expect("closes");
}

#[tokio::test]
async fn ids_that_wait_are_counted_after_the_index_was_asked() {
    let known: Vec<_> = (0..60).map(|id| key(5, id)).collect();
    let scene = Scene::new([&known, &[]]).await;
    let (mut outbox, _inbox) = scene.outbox().await;
    for id in 0..60 {
        push(&mut outbox, 0, key(5, id), id, false);
    }
    assert!(!outbox.is_full_of_ids(1000, FEW_IDS).await.expect("asks"), "all of them are known");
    for id in 60..60 + 50 {
        push(&mut outbox, 0, key(5, id), id, false);
    }
    assert!(outbox.is_full_of_ids(1000, FEW_IDS).await.expect("asks"));
    scene.store.close().await.expect("closes");
}
