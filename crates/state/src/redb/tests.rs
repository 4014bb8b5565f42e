//! Laws of the state file.

mod damage;
mod dedup_index;
mod former;
mod import;
mod numbers;

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::contract::{Place, alert, contract, endpoint, id, keys, minute, progress};
use crate::{MinuteBucket, RetryItem};

/// Whether the index holds a document.
fn contains(index: &super::dedup_index::DedupIndex, key: DedupKey) -> bool {
    index.unseen(&[key]).expect("looks up") == [false]
}

/// A directory for a state file.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.path().join(FILE)
    }
}

impl Place for Folder {
    fn open(&self) -> Arc<dyn State> {
        Arc::new(open(self.path()))
    }
}

contract!(Folder::new());

fn open(folder: &Path) -> RedbState {
    RedbState::open(folder, Options::default()).expect("opens")
}

async fn holder(state: &RedbState, endpoint: &EndpointKey) -> Fence {
    state.acquire(std::slice::from_ref(endpoint)).await.expect("acquires")
}

async fn commit(state: &RedbState, endpoint: &EndpointKey, fence: Fence, update: StateUpdate) {
    state.commit(vec![(endpoint.clone(), update)], fence).await.expect("commits");
}

/// Writes updates in one step, without a fence.
fn apply(file: &StateFile, updates: impl IntoIterator<Item = (EndpointKey, StateUpdate)>) {
    let write = file.write().expect("writes");
    for (endpoint, update) in updates {
        file.apply(&write, &endpoint, update).expect("applies");
    }
    write.commit().expect("commits");
}

/// What the file says of the dataset `alert`.
fn on_disk(state: &RedbState, endpoint: &EndpointKey) -> Option<Progress> {
    let file = state.file.get().expect("open");
    let read = file.read().expect("reads");
    let number = file.endpoint(&read, endpoint).expect("reads")?;
    let dataset = file.dataset(&read, number, "alert").expect("reads")?;
    file.progress(&read, dataset).expect("reads")
}

#[tokio::test(start_paused = true)]
async fn lazy_progress_is_written_with_the_next_commit_or_soon() {
    let folder = Folder::new();
    let state = open(folder.path());
    let (one, other) = (endpoint("alerts"), endpoint("incidents"));
    let fence = state.acquire(&[one.clone(), other.clone()]).await.expect("acquires");
    let lazy = |cursor: &str| state.set_lazy(&one, "alert", progress(cursor), fence).expect("sets");
    lazy("1");
    assert_eq!(on_disk(&state, &one), None);
    commit(&state, &other, fence, alert(Some(progress("9")), Vec::new())).await;
    assert_eq!(on_disk(&state, &one), Some(progress("1")));
    lazy("2");
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(on_disk(&state, &one), Some(progress("1")));
    tokio::time::sleep(Duration::from_secs(2)).await;
    // The step itself takes real time.
    while on_disk(&state, &one) != Some(progress("2")) {
        tokio::task::yield_now().await;
    }
    lazy("5");
    state.close().await.expect("closes");
    drop(state);
    assert_eq!(on_disk(&open(folder.path()), &one), Some(progress("5")));
}

#[tokio::test]
async fn a_file_that_an_error_made_unusable_is_opened_anew() {
    let folder = Folder::new();
    let (state, alerts) = (open(folder.path()), endpoint("alerts"));
    let fence = holder(&state, &alerts).await;
    commit(&state, &alerts, fence, alert(Some(progress("1")), keys(0..1, ""))).await;
    // What the writer does after a step that failed.
    state.file.close();
    commit(&state, &alerts, fence, alert(Some(progress("2")), Vec::new())).await;
    assert_eq!(on_disk(&state, &alerts), Some(progress("2")));
    // Who only reads need not wait for somebody who commits.
    state.file.close();
    assert_eq!(state.load(&alerts).await.expect("loads").dataset("alert").progress, progress("2"));
    state.file.close();
    assert_eq!(state.unseen(&alerts, "alert", &keys(0..1, "")).await.expect("looks up"), [false]);
    state.close().await.expect("closes");
}

#[tokio::test]
async fn commits_of_many_endpoints_share_their_disk_flushes() {
    let folder = Folder::new();
    let state = Arc::new(open(folder.path()));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1000_u32 {
        let (state, key) = (Arc::clone(&state), endpoint(&number.to_string()));
        tasks.spawn(async move {
            let fence = holder(&state, &key).await;
            commit(&state, &key, fence, alert(Some(progress(&key.endpoint)), Vec::new())).await;
            key
        });
    }
    while let Some(done) = tasks.join_next().await {
        let key = done.expect("commits");
        assert_eq!(on_disk(&state, &key), Some(progress(&key.endpoint)));
    }
    let steps = state.file.get().expect("open").steps.load(std::sync::atomic::Ordering::Relaxed);
    assert!(steps < 100, "{steps} steps for a thousand holders and commits");
    state.close().await.expect("closes");
}

/// A refusal concerns whom it is said to: what was committed in the same step is kept.
#[tokio::test]
async fn a_refused_commit_fails_alone() {
    let folder = Folder::new();
    let (state, one, other) = (open(folder.path()), endpoint("alerts"), endpoint("incidents"));
    let former = holder(&state, &one).await;
    let fence = state.acquire(&[one.clone(), other.clone()]).await.expect("acquires");
    let update = |cursor: &str| alert(Some(progress(cursor)), Vec::new());
    let (first, second, third) = tokio::join!(
        state.commit(vec![(other.clone(), update("1"))], fence),
        state.commit(vec![(one.clone(), update("2"))], former),
        state.commit(vec![(one.clone(), update("3"))], fence)
    );
    assert!(first.is_ok() && matches!(second, Err(Error::Permanent(_))) && third.is_ok());
    assert_eq!((on_disk(&state, &other), on_disk(&state, &one)), (Some(progress("1")), Some(progress("3"))));
}

/// A file copied while the process runs is what a crash leaves behind.
#[tokio::test]
async fn after_a_crash_the_file_holds_what_was_acknowledged_and_whole_steps_only() {
    let folder = Folder::new();
    let (state, alerts) = (open(folder.path()), endpoint("alerts"));
    let fence = holder(&state, &alerts).await;
    let (committed, copies) = (std::sync::atomic::AtomicU64::new(0), Folder::new());
    let commits = async {
        for step in 1..=60_u64 {
            // Each step goes through many pages: cursor, ids all over the place, a task, the retry queue.
            let delivered = (0..200)
                .map(|place| DedupKey::new(Some(&minute((step * 977 + place * 31) % 50_000)), id(step * 200 + place)));
            let mut update = alert(Some(progress(&step.to_string())), delivered.collect());
            update.retry = Some(vec![RetryItem { id: step.to_string(), ..RetryItem::default() }]);
            update.put =
                vec![Task { kind: "k".to_owned(), key: step.to_be_bytes().to_vec(), body: serde_json::json!(step) }];
            commit(&state, &alerts, fence, update).await;
            committed.store(step, std::sync::atomic::Ordering::SeqCst);
        }
    };
    let copying = async {
        let mut kept = Vec::new();
        for number in 0..12_u32 {
            let before = committed.load(std::sync::atomic::Ordering::SeqCst);
            let (from, to) = (folder.file(), copies.path().join(number.to_string()));
            tokio::task::spawn_blocking(move || {
                std::fs::create_dir(&to).expect("creates");
                let read = || std::fs::read(&from).expect("reads");
                let (mut one, mut other) = (read(), read());
                // A reading that goes over a step is no moment of the file.
                while one != other {
                    (one, other) = (other, read());
                }
                std::fs::write(to.join(FILE), one).expect("writes");
            })
            .await
            .expect("copies");
            kept.push(before);
            tokio::task::yield_now().await;
        }
        kept
    };
    let ((), kept) = tokio::join!(commits, copying);
    for (number, before) in kept.into_iter().enumerate() {
        let state = open(&copies.path().join(number.to_string()));
        let loaded = state.load(&alerts).await.expect("loads");
        let step: u64 = loaded.dataset("alert").progress.cursor.map_or(0, |cursor| cursor.parse().expect("number"));
        assert!(step >= before, "step {before} was acknowledged, the file is at {step}");
        assert_eq!(loaded.retry.first().map_or(0, |item| item.id.parse().expect("number")), step);
        assert_eq!(state.tasks(&alerts, "k", 1000).await.expect("tasks").len() as u64, step);
        for other in 1..=60 {
            let batch: Vec<_> = (0..200)
                .step_by(20)
                .map(|place| DedupKey::new(Some(&minute((other * 977 + place * 31) % 50_000)), id(other * 200 + place)))
                .collect();
            let unseen = state.unseen(&alerts, "alert", &batch).await.expect("looks up");
            assert_eq!(unseen, vec![other > step; 10], "step {other} of {step}");
        }
        state.close().await.expect("closes");
    }
    state.close().await.expect("closes");
}
