//! The stored form of progress, and what it says.

use serde_json::{Value, json};

use super::later::{Blob, BlobsProgress, DeltaProgress, JobsProgress, SnapshotProgress, StreamProgress};
use super::spans::{Span, Spans};
use super::*;

fn span(from: u32, to: u32) -> Span {
    Span { from: at(from), to: at(to) }
}

fn at(hour: u32) -> String {
    format!("2026-01-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24)
}

/// It is written like this, and read again.
fn stored<T: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug>(progress: &T, form: Value) {
    assert_eq!(serde_json::to_value(progress).expect("JSON"), form);
    let mut newer = form;
    newer["something_newer"] = json!({ "that": "is not known" });
    assert_eq!(&serde_json::from_value::<T>(newer).expect("reads"), progress);
}

#[test]
fn what_is_stored_keeps_its_form() {
    let list = CursorProgress { cursor: Some(at(5)), floor: at(0), guessed: false };
    stored(&list, json!({ "cursor": "2026-01-01T05:00:00Z", "floor": "2026-01-01T00:00:00Z" }));
    stored(&DeltaProgress::default(), json!({}));
    let mut delta = DeltaProgress::default();
    delta.complete("https://192.0.2.1/delta?token=1".to_owned(), at(1));
    delta.page("https://192.0.2.1/delta?skip=2".to_owned());
    stored(
        &delta,
        json!({
            "delta_link": "https://192.0.2.1/delta?token=1",
            "since": "2026-01-01T01:00:00Z",
            "next_link": "https://192.0.2.1/delta?skip=2",
        }),
    );
    let mut snapshot = SnapshotProgress::default();
    snapshot.completed(at(2));
    stored(&snapshot, json!({ "complete": "2026-01-01T02:00:00Z", "generation": 1 }));
    let mut blobs = BlobsProgress { subscribed: Some(at(0)), ..BlobsProgress::default() };
    blobs.list(span(0, 24), [("uri".to_owned(), Blob { available: at(3), expires: at(171), attempts: 0 })]);
    stored(
        &blobs,
        json!({
            "subscribed": "2026-01-01T00:00:00Z",
            "listed": [{ "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z" }],
            "queue": {
                "uri": { "available": "2026-01-01T03:00:00Z", "expires": "2026-01-08T03:00:00Z", "attempts": 0 },
            },
        }),
    );
    let mut jobs = JobsProgress::default();
    jobs.created("job".to_owned(), span(0, 6));
    stored(&jobs, json!({ "running": { "job": { "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T06:00:00Z" } } }));
    let stream = StreamProgress { offsets: [("0".to_owned(), "7".to_owned())].into() };
    stored(&stream, json!({ "offsets": { "0": "7" } }));
}

#[test]
fn a_delta_goes_on_where_it_was_and_reads_all_when_its_link_is_forgotten() {
    let mut delta = DeltaProgress::default();
    assert_eq!(delta.resume(), None);
    delta.page("next".to_owned());
    assert_eq!(delta.resume(), Some("next"));
    delta.complete("delta".to_owned(), at(0));
    assert_eq!((delta.resume(), delta.is_full), (Some("delta"), false));
    delta.expired();
    assert_eq!((delta.resume(), delta.is_full), (None, true));
    delta.page("next".to_owned());
    assert!(delta.is_full, "until the round is complete");
    delta.complete("delta".to_owned(), at(9));
    assert!(!delta.is_full);
}

#[test]
fn blobs_are_listed_once_and_lost_ones_are_named() {
    let mut blobs = BlobsProgress::default();
    let blob = |available: u32, expires: u32| Blob { available: at(available), expires: at(expires), attempts: 3 };
    blobs.list(span(0, 24), [("a".to_owned(), blob(1, 30)), ("b".to_owned(), blob(2, 40))]);
    // Listed again, an attempt is not forgotten.
    blobs.list(span(12, 36), [("a".to_owned(), Blob { attempts: 0, ..blob(1, 30) })]);
    assert_eq!(blobs.queue["a"].attempts, 3);
    assert_eq!(blobs.listed.gaps(&at(0), &at(48)), [span(36, 48)]);
    assert_eq!(blobs.expire(&at(29)), 0);
    assert_eq!(blobs.expire(&at(30)), 1);
    assert_eq!((blobs.queue.len(), blobs.lost.is_empty()), (1, false));
    blobs.acknowledged("b");
    assert!(blobs.queue.is_empty());
}

#[test]
fn a_slice_is_finished_by_its_job_and_by_nothing_else() {
    let mut jobs = JobsProgress::default();
    jobs.created("a".to_owned(), span(0, 6));
    jobs.created("b".to_owned(), span(6, 12));
    jobs.finish("a");
    jobs.split("b", 21_600);
    assert_eq!((jobs.running.len(), jobs.seconds), (0, Some(10_800)));
    assert_eq!(jobs.finished.gaps(&at(0), &at(12)), [span(6, 12)]);
    jobs.finish("unknown");
    assert_eq!(jobs.finished.gaps(&at(0), &at(12)), [span(6, 12)]);
}

#[test]
fn spans_are_joined_where_they_meet() {
    let mut spans = Spans::default();
    for (from, to) in [(10, 12), (0, 2), (4, 6), (2, 4), (11, 20), (30, 31)] {
        spans.add(span(from, to));
    }
    let form = serde_json::to_value(&spans).expect("JSON");
    assert_eq!(form, serde_json::to_value([span(0, 6), span(10, 20), span(30, 31)]).expect("JSON"));
    assert_eq!(spans.gaps(&at(1), &at(40)), [span(6, 10), span(20, 30), span(31, 40)]);
    assert_eq!(spans.gaps(&at(12), &at(15)), []);
    assert_eq!(spans.gaps(&at(5), &at(7)), [span(6, 7)]);
    assert_eq!(spans.gaps(&at(50), &at(51)), [span(50, 51)]);
}

/// Progress of a kind for two datasets, the second of which is further.
fn of_every_kind() -> Vec<KindProgress> {
    let mut delta = DeltaProgress::default();
    delta.page("next".to_owned());
    let mut snapshot = SnapshotProgress::default();
    snapshot.completed(at(1));
    let mut jobs = JobsProgress::default();
    jobs.created("a".to_owned(), span(0, 6));
    let cursor = |hour| CursorProgress { cursor: Some(at(hour)), floor: at(0), guessed: false };
    let blobs = BlobsProgress { subscribed: Some(at(0)), ..BlobsProgress::default() };
    let stream = StreamProgress { offsets: [("0".to_owned(), "7".to_owned())].into() };
    vec![
        KindProgress::List(vec![cursor(1), cursor(2)]),
        KindProgress::Delta(vec![DeltaProgress::default(), delta]),
        KindProgress::Snapshot(vec![SnapshotProgress::default(), snapshot]),
        KindProgress::Blobs(vec![BlobsProgress::default(), blobs]),
        KindProgress::Jobs(vec![JobsProgress::default(), jobs]),
        KindProgress::Stream(vec![StreamProgress::default(), stream]),
    ]
}

#[test]
fn progress_of_every_kind_is_stored_by_dataset_and_found_again() {
    for progress in of_every_kind() {
        let told = Progress { last_success: Some(at(3)), ..Progress::default() };
        let mut stored = [told.clone(), told.clone()];
        for (dataset, stored) in stored.iter_mut().enumerate() {
            assert!(progress.replace(dataset, stored).expect("JSON"), "{progress:?}");
            assert!(!progress.replace(dataset, stored).expect("JSON"), "nothing new to be written: {progress:?}");
            assert_eq!(stored.last_success, told.last_success);
            // As the state keeps it, and as an export does.
            let text = serde_json::to_string(stored).expect("JSON");
            *stored = serde_json::from_str(&text).expect("reads");
        }
        assert_ne!(stored[0], stored[1], "each dataset has its own");
        let mut other = told.clone();
        assert!(!progress.replace(2, &mut other).expect("JSON") && other == told, "no such dataset");
        let read = match &progress {
            KindProgress::List(_) => {
                let of = |stored: &Progress| CursorProgress {
                    cursor: stored.cursor.clone(),
                    floor: stored.floor.clone().expect("a floor"),
                    guessed: stored.guessed,
                };
                KindProgress::List(stored.iter().map(of).collect())
            }
            KindProgress::Delta(_) => KindProgress::Delta(read(&stored)),
            KindProgress::Snapshot(_) => KindProgress::Snapshot(read(&stored)),
            KindProgress::Blobs(_) => KindProgress::Blobs(read(&stored)),
            KindProgress::Jobs(_) => KindProgress::Jobs(read(&stored)),
            KindProgress::Stream(_) => KindProgress::Stream(read(&stored)),
        };
        assert_eq!(read, progress);
    }
}

fn read<T: Member>(stored: &[Progress]) -> Vec<T> {
    stored.iter().map(|stored| T::read(stored).expect("reads")).collect()
}

#[test]
fn progress_that_cannot_be_understood_is_refused_by_name_and_none_is_the_beginning() {
    assert_eq!(DeltaProgress::read(&Progress::default()).expect("reads"), DeltaProgress::default());
    let odd: Progress = serde_json::from_value(json!({ "delta": { "delta_link": 7 } })).expect("reads");
    let said = DeltaProgress::read(&odd).expect_err("a number is no link").to_string();
    assert!(said.contains("`delta`") && said.contains("\nhint: "), "{said}");
}
