//! What every [`State`] keeps to. One line runs the suite against an implementation: `contract!(its place);`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::{
    DatasetUpdate, DedupKey, EndpointKey, Fence, Loaded, MinuteBucket, Progress, RetryItem, RetryKind, State,
    StateUpdate, Task,
};

/// Where a state is kept: opened again it holds what was there when it was closed.
pub(crate) trait Place {
    fn open(&self) -> Arc<dyn State>;
}

/// Runs the suite against states that are kept in the place that the expression makes.
macro_rules! contract {
    ($place:expr) => {
        $crate::contract::contract!(
            $place;
            what_nobody_stored_is_the_default,
            what_is_committed_is_there_after_opening_again_and_belongs_to_its_endpoint,
            parts_of_an_update_that_are_left_out_stay,
            a_former_holder_is_refused_and_changes_nothing,
            who_holds_one_endpoint_commits_to_no_other,
            tasks_come_in_the_order_of_their_keys_and_kinds_are_apart,
            what_was_delivered_is_seen_in_any_batch,
            batches_agree_with_a_set,
            lazy_progress_is_seen_at_once_and_survives_closing,
            extreme_values_come_back_as_they_were,
            commits_of_many_endpoints_at_a_time_are_all_kept,
            after_closing_everything_is_refused
        );
    };
    ($place:expr; $($law:ident),+) => {
        mod contract {
            $(
                #[tokio::test]
                async fn $law() {
                    #[allow(unused_imports)]
                    use super::*;
                    $crate::contract::$law(&$place).await;
                }
            )+
        }
    };
}
pub(crate) use contract;

const AT: &str = "2026-01-01T10:00:00.5Z";

pub(crate) fn endpoint(name: &str) -> EndpointKey {
    EndpointKey { cloud: "global".to_owned(), tenant: "t".to_owned(), endpoint: format!("graph/v1.0/{name}") }
}

pub(crate) fn progress(cursor: &str) -> Progress {
    Progress { cursor: Some(cursor.to_owned()), ..Progress::default() }
}

pub(crate) fn id(number: u64) -> [u8; 16] {
    // Spread like a hash.
    u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}

/// A time so many minutes after the beginning of 2026.
pub(crate) fn minute(number: u64) -> String {
    let time =
        chrono::DateTime::from_timestamp(1_767_225_600 + i64::try_from(number).expect("minute") * 60, 0).expect("time");
    time.format("%Y-%m-%dT%H:%M:%S.5Z").to_string()
}

pub(crate) fn keys(numbers: std::ops::Range<u64>, at: &str) -> Vec<DedupKey> {
    numbers.map(|number| DedupKey::new(Some(at), id(number))).collect()
}

/// An update of the dataset `alert`.
pub(crate) fn alert(progress: Option<Progress>, delivered: Vec<DedupKey>) -> StateUpdate {
    StateUpdate::of("alert", DatasetUpdate { progress, delivered })
}

fn task(kind: &str, key: &[u8]) -> Task {
    Task { kind: kind.to_owned(), key: key.to_vec(), body: json!({ "from": 1 }) }
}

fn retry(id: &str) -> RetryItem {
    RetryItem {
        kind: RetryKind::Record,
        id: id.to_owned(),
        version: "v".to_owned(),
        attempts: 2,
        ..RetryItem::default()
    }
}

async fn holder(state: &Arc<dyn State>, endpoint: &EndpointKey) -> Fence {
    state.acquire(std::slice::from_ref(endpoint)).await.expect("acquires")
}

async fn commit(state: &Arc<dyn State>, endpoint: &EndpointKey, fence: Fence, update: StateUpdate) {
    state.commit(vec![(endpoint.clone(), update)], fence).await.expect("commits");
}

async fn seen(state: &Arc<dyn State>, endpoint: &EndpointKey, dataset: &str, keys: &[DedupKey]) -> usize {
    let unseen = state.unseen(endpoint, dataset, keys).await.expect("looks up");
    assert_eq!(unseen.len(), keys.len());
    unseen.iter().filter(|unseen| !**unseen).count()
}

pub(crate) async fn what_nobody_stored_is_the_default(place: &impl Place) {
    let (state, alerts) = (place.open(), endpoint("alerts"));
    for _ in 0..2 {
        assert_eq!(state.load(&alerts).await.expect("loads"), Loaded::default());
        assert_eq!(state.tasks(&alerts, "slice", 10).await.expect("tasks"), []);
        assert_eq!(seen(&state, &alerts, "alert", &keys(0..3, AT)).await, 0);
        // To be held alone stores nothing.
        holder(&state, &alerts).await;
    }
}

pub(crate) async fn what_is_committed_is_there_after_opening_again_and_belongs_to_its_endpoint(place: &impl Place) {
    let (state, alerts, other) = (place.open(), endpoint("alerts"), endpoint("incidents"));
    let neighbour = EndpointKey { tenant: "u".to_owned(), ..alerts.clone() };
    let fence = state.acquire(&[alerts.clone(), other.clone()]).await.expect("acquires");
    let mut update = alert(Some(progress(&minute(5))), keys(0..10, &minute(5)));
    let evidence = DatasetUpdate { progress: Some(progress(&minute(7))), delivered: keys(20..30, &minute(7)) };
    update.datasets.insert("evidence".to_owned(), evidence);
    update.retry = Some(vec![retry("7")]);
    update.put = vec![task("slice", b"a")];
    let second = StateUpdate { retry: Some(vec![retry("9")]), ..StateUpdate::default() };
    state.commit(vec![(alerts.clone(), update), (other.clone(), second)], fence).await.expect("commits");
    state.close().await.expect("closes");
    drop(state);
    let state = place.open();
    let loaded = state.load(&alerts).await.expect("loads");
    assert_eq!(loaded.datasets.keys().collect::<Vec<_>>(), ["alert", "evidence"]);
    assert_eq!(loaded.dataset("alert").progress, progress(&minute(5)));
    assert_eq!(loaded.dataset("evidence").progress, progress(&minute(7)));
    assert_eq!(loaded.dataset("evidence").newest, MinuteBucket::of(Some(&minute(7))));
    assert_eq!(loaded.retry, [retry("7")]);
    assert_eq!(state.tasks(&alerts, "slice", 10).await.expect("tasks"), [task("slice", b"a")]);
    let loaded = state.load(&other).await.expect("loads");
    assert_eq!((loaded.datasets.len(), loaded.retry), (0, vec![retry("9")]));
    assert_eq!(state.load(&neighbour).await.expect("loads"), Loaded::default());
    assert_eq!(state.tasks(&other, "slice", 10).await.expect("tasks"), []);
    let delivered = keys(0..12, &minute(5));
    for (of, dataset, expected) in
        [(&alerts, "alert", 10), (&alerts, "evidence", 0), (&other, "alert", 0), (&neighbour, "alert", 0)]
    {
        assert_eq!(seen(&state, of, dataset, &delivered).await, expected, "{of} {dataset}");
    }
}

pub(crate) async fn parts_of_an_update_that_are_left_out_stay(place: &impl Place) {
    let (state, alerts) = (place.open(), endpoint("alerts"));
    let fence = holder(&state, &alerts).await;
    let text = r#"{"cursor":"2026-01-01T00:00:00Z","delta_link":{"a":[1]}}"#;
    let stored: Progress = serde_json::from_str(text).expect("JSON");
    let mut update = alert(Some(stored.clone()), keys(0..3, AT));
    (update.retry, update.put) = (Some(vec![retry("7")]), vec![task("slice", b"a")]);
    commit(&state, &alerts, fence, update).await;
    commit(&state, &alerts, fence, alert(None, keys(3..5, AT))).await;
    commit(&state, &alerts, fence, StateUpdate { put: vec![task("slice", b"b")], ..StateUpdate::default() }).await;
    let loaded = state.load(&alerts).await.expect("loads");
    // What another version of the program remembers of a dataset is kept.
    assert_eq!(serde_json::to_string(&loaded.dataset("alert").progress).expect("JSON"), text);
    assert_eq!(loaded.retry, [retry("7")]);
    assert_eq!(state.tasks(&alerts, "slice", 10).await.expect("tasks").len(), 2);
    assert_eq!(seen(&state, &alerts, "alert", &keys(0..9, AT)).await, 5);
    commit(&state, &alerts, fence, StateUpdate { retry: Some(Vec::new()), ..StateUpdate::default() }).await;
    let loaded = state.load(&alerts).await.expect("loads");
    assert_eq!((loaded.dataset("alert").progress, loaded.retry), (stored, Vec::new()));
}

pub(crate) async fn a_former_holder_is_refused_and_changes_nothing(place: &impl Place) {
    let (state, alerts) = (place.open(), endpoint("alerts"));
    let former = holder(&state, &alerts).await;
    commit(&state, &alerts, former, alert(Some(progress("1")), keys(0..1, AT))).await;
    state.set_lazy(&alerts, "alert", progress("2"), former).expect("is the holder");
    let fence = holder(&state, &alerts).await;
    assert!(fence > former);
    assert_eq!(state.load(&alerts).await.expect("loads").dataset("alert").progress, progress("2"));
    let overtaken = || {
        let mut update = alert(Some(progress("9")), keys(1..2, AT));
        (update.retry, update.put) = (Some(vec![retry("7")]), vec![task("slice", b"a")]);
        vec![(alerts.clone(), update)]
    };
    let refused = state.commit(overtaken(), former).await.expect_err("is not the holder any more").to_string();
    let lazy = state.set_lazy(&alerts, "alert", progress("9"), former).expect_err("neither").to_string();
    for said in [&refused, &lazy] {
        let is_clear = said.contains("graph/v1.0/alerts of t (global)") && said.contains("taken it over");
        assert!(is_clear && said.contains("\nhint: "), "{said}");
    }
    commit(&state, &alerts, fence, alert(Some(progress("3")), Vec::new())).await;
    state.close().await.expect("closes");
    drop(state);
    let state = place.open();
    state.commit(overtaken(), former).await.expect_err("is not the holder after a restart either");
    let next = holder(&state, &alerts).await;
    assert!(next > fence);
    state.commit(overtaken(), fence).await.expect_err("was taken over");
    let loaded = state.load(&alerts).await.expect("loads");
    assert_eq!((loaded.dataset("alert").progress, loaded.retry), (progress("3"), Vec::new()));
    assert_eq!(state.tasks(&alerts, "slice", 10).await.expect("tasks"), []);
    assert_eq!(seen(&state, &alerts, "alert", &keys(0..9, AT)).await, 1);
}

pub(crate) async fn who_holds_one_endpoint_commits_to_no_other(place: &impl Place) {
    let (state, alerts, other) = (place.open(), endpoint("alerts"), endpoint("incidents"));
    let fence = holder(&state, &alerts).await;
    let both = || {
        let update = |cursor: &str| alert(Some(progress(cursor)), Vec::new());
        vec![(alerts.clone(), update("1")), (other.clone(), update("2"))]
    };
    let refused = state.commit(both(), fence).await.expect_err("nobody holds the second one").to_string();
    assert!(refused.contains("held by nobody"), "{refused}");
    holder(&state, &other).await;
    state.commit(both(), fence).await.expect_err("another one holds the second one");
    for endpoint in [&alerts, &other] {
        assert_eq!(state.load(endpoint).await.expect("loads"), Loaded::default(), "all of it or nothing");
    }
    let fence = state.acquire(&[alerts.clone(), other.clone()]).await.expect("acquires");
    state.commit(both(), fence).await.expect("holds both");
    assert_eq!(state.load(&other).await.expect("loads").dataset("alert").progress, progress("2"));
}

pub(crate) async fn tasks_come_in_the_order_of_their_keys_and_kinds_are_apart(place: &impl Place) {
    let (state, alerts, other) = (place.open(), endpoint("alerts"), endpoint("alerts/more"));
    let fence = state.acquire(&[alerts.clone(), other.clone()]).await.expect("acquires");
    let names: [&[u8]; 5] = [b"b", b"a", b"\xff", b"", b"a\0b"];
    let mut put: Vec<_> = names.into_iter().map(|key| task("slice", key)).collect();
    put.push(task("slices", b"x"));
    commit(&state, &alerts, fence, StateUpdate { put, ..StateUpdate::default() }).await;
    commit(&state, &other, fence, StateUpdate { put: vec![task("slice", b"y")], ..StateUpdate::default() }).await;
    let listed = async |kind: &str, limit: usize| -> Vec<Vec<u8>> {
        let tasks = state.tasks(&alerts, kind, limit).await.expect("tasks");
        tasks.into_iter().map(|task| task.key).collect()
    };
    let sorted: [&[u8]; 5] = [b"", b"a", b"a\0b", b"b", b"\xff"];
    assert_eq!(listed("slice", 10).await, sorted);
    assert_eq!(listed("slice", 2).await, sorted[..2]);
    assert_eq!(listed("slices", 10).await, [b"x"]);
    assert_eq!(listed("slic", 10).await, Vec::<Vec<u8>>::new());
    // One is done, one is replaced, and one that is done is put again.
    let done = [b"b".to_vec(), b"a".to_vec(), b"never there".to_vec()].map(|key| ("slice".to_owned(), key)).to_vec();
    let put = vec![Task { body: json!(2), ..task("slice", b"") }, Task { body: json!(3), ..task("slice", b"a") }];
    commit(&state, &alerts, fence, StateUpdate { put, done, ..StateUpdate::default() }).await;
    let tasks = state.tasks(&alerts, "slice", 10).await.expect("tasks");
    let bodies: Vec<_> = tasks.iter().map(|task| (&task.key[..], task.body.clone())).collect();
    let from = json!({ "from": 1 });
    let expected: [(&[u8], _); 4] = [(b"", json!(2)), (b"a", json!(3)), (b"a\0b", from.clone()), (b"\xff", from)];
    assert_eq!(bodies, expected);
}

pub(crate) async fn what_was_delivered_is_seen_in_any_batch(place: &impl Place) {
    let (state, alerts) = (place.open(), endpoint("alerts"));
    let fence = holder(&state, &alerts).await;
    let (dated, undated) = (keys(0..4, AT), DedupKey::new(None, id(9)));
    let mut delivered = dated.clone();
    delivered.push(undated);
    // What is delivered twice is known once.
    for _ in 0..2 {
        commit(&state, &alerts, fence, alert(None, delivered.clone())).await;
    }
    let elsewhere = DedupKey::new(Some("2026-01-01T10:01:00Z"), id(1));
    let later = DedupKey::new(Some("2027-01-01T10:01:00Z"), id(1));
    let earlier = DedupKey::new(Some("1999-01-01T10:01:00Z"), id(1));
    let batch = [later, dated[3], elsewhere, undated, dated[0], dated[3], DedupKey::new(Some(AT), id(7)), earlier];
    let unseen = state.unseen(&alerts, "alert", &batch).await.expect("looks up");
    assert_eq!(unseen, [true, false, true, false, false, false, true, true]);
    assert!(state.unseen(&alerts, "alert", &[]).await.expect("looks up").is_empty());
    let newest = state.load(&alerts).await.expect("loads").dataset("alert").newest;
    assert_eq!(newest, MinuteBucket::of(Some(AT)));
}

pub(crate) async fn batches_agree_with_a_set(place: &impl Place) {
    let (state, alerts) = (place.open(), endpoint("alerts"));
    let fence = holder(&state, &alerts).await;
    let mut known = BTreeSet::new();
    // A fixed sequence of numbers that looks like chance.
    let mut number = 1_u64;
    let mut next = |below: u64| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (number >> 33) % below
    };
    let mut draw = |count: u64, minutes: u64| -> Vec<DedupKey> {
        let mut key = || {
            let (at, of) = (next(minutes), next(1500));
            DedupKey::new((at > 0).then(|| minute(at * 7)).as_deref(), id(of))
        };
        (0..count).map(|_| key()).collect()
    };
    for round in 0..30 {
        let delivered = draw(if round % 3 == 0 { 1500 } else { 7 }, if round % 2 == 0 { 4 } else { 4000 });
        known.extend(delivered.iter().copied());
        commit(&state, &alerts, fence, alert(None, delivered)).await;
        for batch in [draw(1, 4), draw(40, 4), draw(300, 4), draw(300, 4000)] {
            let unseen = state.unseen(&alerts, "alert", &batch).await.expect("looks up");
            let expected: Vec<_> = batch.iter().map(|key| !known.contains(key)).collect();
            assert_eq!(unseen, expected, "round {round}");
        }
    }
    let all: Vec<_> = known.iter().copied().collect();
    assert_eq!(seen(&state, &alerts, "alert", &all).await, all.len());
}

pub(crate) async fn lazy_progress_is_seen_at_once_and_survives_closing(place: &impl Place) {
    let (state, alerts) = (place.open(), endpoint("alerts"));
    let fence = holder(&state, &alerts).await;
    let now = async |state: &Arc<dyn State>| state.load(&alerts).await.expect("loads").dataset("alert").progress;
    state.set_lazy(&alerts, "alert", progress("1"), fence).expect("sets");
    assert_eq!(now(&state).await, progress("1"));
    // A commit is newer than what was set before it.
    commit(&state, &alerts, fence, alert(Some(progress("2")), Vec::new())).await;
    assert_eq!(now(&state).await, progress("2"));
    state.set_lazy(&alerts, "alert", progress("3"), fence).expect("sets");
    commit(&state, &alerts, fence, alert(None, keys(0..1, AT))).await;
    assert_eq!(now(&state).await, progress("3"));
    state.set_lazy(&alerts, "alert", progress("4"), fence).expect("sets");
    state.close().await.expect("closes");
    drop(state);
    assert_eq!(now(&place.open()).await, progress("4"));
}

pub(crate) async fn extreme_values_come_back_as_they_were(place: &impl Place) {
    let (state, alerts) = (place.open(), endpoint("alerts"));
    let fence = holder(&state, &alerts).await;
    let times =
        ["", "0", "-1", "9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00Z", "+292277026596-12-04T15:30:07Z"];
    for time in times {
        for (attempts, number) in [(0, json!(0)), (u32::MAX, json!(u64::MAX)), (1, json!(i64::MIN)), (2, json!(-0.5))] {
            let stored = Progress { floor: Some(time.to_owned()), last_new: Some(time.to_owned()), ..progress(time) };
            let item = RetryItem { attempts, next: time.to_owned(), until: Some(time.to_owned()), ..retry(time) };
            let mut update = alert(Some(stored.clone()), vec![DedupKey::new(Some(time), [0xff; 16])]);
            update.retry = Some(vec![item.clone()]);
            update.put = vec![Task { body: json!({ "n": number }), ..task("k", time.as_bytes()) }];
            commit(&state, &alerts, fence, update).await;
            let loaded = state.load(&alerts).await.expect("loads");
            assert_eq!((loaded.dataset("alert").progress, loaded.retry), (stored, vec![item]), "{time}");
            let tasks = state.tasks(&alerts, "k", 100).await.expect("tasks");
            let task = tasks.iter().find(|task| task.key == time.as_bytes()).expect("is there");
            assert_eq!(task.body["n"], number);
        }
    }
    let all: Vec<_> = times.iter().map(|time| DedupKey::new(Some(time), [0xff; 16])).collect();
    assert_eq!(seen(&state, &alerts, "alert", &all).await, all.len());
    let ends = [0, u32::MAX].map(|at| [0, u64::MAX].map(|id| DedupKey { minute: MinuteBucket(at), id })).concat();
    commit(&state, &alerts, fence, alert(None, ends.clone())).await;
    assert_eq!(seen(&state, &alerts, "alert", &ends).await, 4);
    assert_eq!(state.load(&alerts).await.expect("loads").dataset("alert").newest, MinuteBucket(u32::MAX));
}

pub(crate) async fn commits_of_many_endpoints_at_a_time_are_all_kept(place: &impl Place) {
    let state = place.open();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50_u64 {
        let (state, key) = (Arc::clone(&state), endpoint(&number.to_string()));
        tasks.spawn(async move {
            let fence = holder(&state, &key).await;
            for step in 0..3 {
                commit(&state, &key, fence, alert(Some(progress(&step.to_string())), keys(number..number + 2, AT)))
                    .await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("commits");
    }
    for number in 0..50_u64 {
        let key = endpoint(&number.to_string());
        assert_eq!(state.load(&key).await.expect("loads").dataset("alert").progress, progress("2"));
        assert_eq!(seen(&state, &key, "alert", &keys(0..60, AT)).await, 2);
    }
}

pub(crate) async fn after_closing_everything_is_refused(place: &impl Place) {
    let (state, alerts) = (place.open(), endpoint("alerts"));
    let fence = holder(&state, &alerts).await;
    state.close().await.expect("closes");
    state.close().await.expect("is closed already");
    assert!(state.load(&alerts).await.is_err());
    assert!(state.commit(vec![(alerts.clone(), alert(Some(progress("1")), Vec::new()))], fence).await.is_err());
    assert!(state.set_lazy(&alerts, "alert", progress("1"), fence).is_err());
    assert!(state.tasks(&alerts, "slice", 1).await.is_err());
    assert!(state.unseen(&alerts, "alert", &keys(0..1, AT)).await.is_err());
    assert!(state.acquire(&[alerts]).await.is_err());
}
