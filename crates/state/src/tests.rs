//! Laws of the state file.

mod damage;
mod ledger;
mod migrate;
mod spelling;

use super::*;

fn id(number: u64) -> [u8; 16] {
    // Spread like a hash.
    u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}

fn minute(number: u64) -> String {
    let time =
        chrono::DateTime::from_timestamp(1_767_225_600 + i64::try_from(number).expect("minute") * 60, 0).expect("time");
    time.format("%Y-%m-%dT%H:%M:%S.5Z").to_string()
}

fn entries(numbers: std::ops::Range<u64>, at: &str) -> Vec<Entry> {
    numbers.map(|number| Entry::new(Some(at), id(number))).collect()
}

fn open(folder: &Path) -> Store {
    Store::open(folder, Options::default()).expect("opens")
}

fn progress(cursor: &str) -> Progress {
    Progress { cursor: Some(cursor.to_owned()), ..Progress::default() }
}

#[tokio::test]
async fn what_is_committed_is_there_after_a_restart_and_belongs_to_its_source() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let [alert, incident, other] =
        [("t", "alert"), ("t", "incident"), ("u", "alert")].map(|(tenant, name)| store.source("global", tenant, name));
    assert_eq!(alert.load().expect("loads"), Loaded::default());
    let retry = vec![Retry { id: "7".to_owned(), version: "v".to_owned(), attempts: 2, ..Retry::default() }];
    let task =
        |key: &[u8]| Task { kind: "slice".to_owned(), key: key.to_vec(), body: serde_json::json!({ "from": 1 }) };
    let change = Change {
        progress: Some(progress(&minute(5))),
        ids: entries(0..10, &minute(5)),
        retry: Some(retry.clone()),
        put: vec![task(b"b"), task(b"a"), Task { kind: "slices".to_owned(), ..task(b"x") }],
        ..Change::default()
    };
    let second = Change { progress: Some(progress(&minute(9))), ..Change::default() };
    store.commit(vec![(alert.clone(), change), (incident.clone(), second)]).await.expect("commits");
    alert.finish_task("slice", b"a").await.expect("commits");
    store.close().await.expect("closes");
    assert!(alert.commit(Change { ids: entries(0..1, ""), ..Change::default() }).await.is_err(), "it is closed");
    drop((store, alert, incident, other));

    let store = open(folder.path());
    let [alert, incident, other] =
        [("t", "alert"), ("t", "incident"), ("u", "alert")].map(|(tenant, name)| store.source("global", tenant, name));
    assert_eq!(alert.load().expect("loads"), Loaded { progress: progress(&minute(5)), retry });
    assert_eq!(incident.load().expect("loads"), Loaded { progress: progress(&minute(9)), retry: Vec::new() });
    assert_eq!(other.load().expect("loads"), Loaded::default());
    assert_eq!(alert.tasks("slice", 10).expect("tasks"), [task(b"b")]);
    assert_eq!(incident.tasks("slice", 10).expect("tasks"), []);
    for number in 0..12 {
        assert_eq!(alert.contains(Some(&minute(5)), id(number)).expect("looks up"), number < 10);
        assert!(!alert.contains(Some(&minute(6)), id(number)).expect("looks up"));
        assert!(!incident.contains(Some(&minute(5)), id(number)).expect("looks up"));
        assert!(!other.contains(Some(&minute(5)), id(number)).expect("looks up"));
    }
    store.close().await.expect("closes");
}

#[tokio::test]
async fn who_holds_ids_in_memory_knows_of_the_others() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let (one, other) = (store.source("global", "t", "alert"), store.source("global", "u", "alert"));
    let (first, second) = (one.share(), other.share());
    assert_eq!((first.count(), second.count()), (2, 2));
    drop(second);
    assert_eq!(first.count(), 1);
}

#[tokio::test]
async fn what_another_version_remembers_of_a_source_stays() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let source = store.source("global", "t", "alert");
    let text = r#"{"cursor":"2026-01-01T00:00:00Z","delta_link":{"a":[1]}}"#;
    let stored: Progress = serde_json::from_str(text).expect("JSON");
    source.commit(Change { progress: Some(stored), ..Change::default() }).await.expect("commits");
    let loaded = source.load().expect("loads").progress;
    assert_eq!(serde_json::to_string(&loaded).expect("JSON"), text);
}

#[tokio::test(start_paused = true)]
async fn a_note_is_seen_at_once_and_written_with_the_next_commit_or_soon() {
    let folder = tempfile::tempdir().expect("folder");
    let on_disk = |store: &Store, source: &SourceState| {
        let db = store.inner.file.get().expect("open");
        db.number(&source.key).expect("reads").and_then(|number| db.progress(number).expect("reads"))
    };
    let store = open(folder.path());
    let (one, other) = (store.source("global", "t", "alert"), store.source("global", "t", "incident"));
    one.note(progress("1"));
    assert_eq!(one.load().expect("loads").progress, progress("1"));
    assert_eq!(on_disk(&store, &one), None);
    other.commit(Change { progress: Some(progress("9")), ..Change::default() }).await.expect("commits");
    assert_eq!(on_disk(&store, &one), Some(progress("1")));
    one.note(progress("2"));
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(on_disk(&store, &one), Some(progress("1")));
    tokio::time::sleep(Duration::from_secs(2)).await;
    // The step itself takes real time.
    while on_disk(&store, &one) != Some(progress("2")) {
        tokio::task::yield_now().await;
    }
    // A commit is newer than the note before it.
    one.note(progress("3"));
    one.commit(Change { progress: Some(progress("4")), ..Change::default() }).await.expect("commits");
    assert_eq!(one.load().expect("loads").progress, progress("4"));
    one.note(progress("5"));
    store.close().await.expect("closes");
    assert_eq!(on_disk(&open(folder.path()), &one), Some(progress("5")));
}

#[tokio::test]
async fn a_file_that_an_error_made_unusable_is_opened_anew() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let source = store.source("global", "t", "alert");
    let change = |cursor: &str| Change { progress: Some(progress(cursor)), ..Change::default() };
    source.commit(change("1")).await.expect("commits");
    // What the writer does after a step that failed.
    store.inner.file.close();
    assert!(source.load().is_err());
    source.commit(change("2")).await.expect("commits");
    assert_eq!(source.load().expect("loads").progress, progress("2"));
    store.close().await.expect("closes");
}

#[tokio::test]
async fn commits_of_many_sources_share_their_disk_flushes() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1000_u32 {
        let source = store.source("global", &number.to_string(), "alert");
        let change = Change { progress: Some(progress(&number.to_string())), ..Change::default() };
        tasks.spawn(async move { source.commit(change).await.map(|()| source) });
    }
    while let Some(done) = tasks.join_next().await {
        let source = done.expect("ends").expect("commits");
        assert_eq!(source.load().expect("loads").progress.cursor, Some(source.key().tenant.clone()));
    }
    let steps = store.inner.file.get().expect("open").steps.load(std::sync::atomic::Ordering::Relaxed);
    assert!(steps < 100, "{steps} steps for a thousand commits");
    store.close().await.expect("closes");
}

/// A file copied while the process runs is what a crash leaves behind.
#[tokio::test]
async fn after_a_crash_the_file_holds_what_was_acknowledged_and_whole_steps_only() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let source = store.source("global", "t", "alert");
    let (committed, copies) = (std::sync::atomic::AtomicU64::new(0), tempfile::tempdir().expect("folder"));
    let commits = async {
        for step in 1..=60_u64 {
            // Each step goes through many pages: cursor, ids all over the place, a task, the retry ledger.
            let ids = (0..200)
                .map(|place| Entry::new(Some(&minute((step * 977 + place * 31) % 50_000)), id(step * 200 + place)));
            let change = Change {
                progress: Some(progress(&step.to_string())),
                ids: ids.collect(),
                retry: Some(vec![Retry { id: step.to_string(), ..Retry::default() }]),
                put: vec![Task {
                    kind: "k".to_owned(),
                    key: step.to_be_bytes().to_vec(),
                    body: serde_json::json!(step),
                }],
                ..Change::default()
            };
            source.commit(change).await.expect("commits");
            committed.store(step, std::sync::atomic::Ordering::SeqCst);
        }
    };
    let copying = async {
        let mut kept = Vec::new();
        for number in 0..12_u32 {
            let before = committed.load(std::sync::atomic::Ordering::SeqCst);
            let (from, to) = (folder.path().join(FILE), copies.path().join(number.to_string()));
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
        let folder = copies.path().join(number.to_string());
        let store = open(&folder);
        let source = store.source("global", "t", "alert");
        let loaded = source.load().expect("loads");
        let step: u64 = loaded.progress.cursor.map_or(0, |cursor| cursor.parse().expect("number"));
        assert!(step >= before, "step {before} was acknowledged, the file is at {step}");
        assert_eq!(loaded.retry.first().map_or(0, |entry| entry.id.parse().expect("number")), step);
        assert_eq!(source.tasks("k", 1000).expect("tasks").len() as u64, step);
        let ids = source.ids().expect("ids");
        for other in 1..=60 {
            let known = (0..200).step_by(20).filter(|place| {
                let at = minute((other * 977 + place * 31) % 50_000);
                ids.contains(Entry::new(Some(&at), id(other * 200 + place))).expect("looks up")
            });
            assert_eq!(known.count(), if other <= step { 10 } else { 0 }, "step {other} of {step}");
        }
        store.close().await.expect("closes");
    }
    store.close().await.expect("closes");
}
