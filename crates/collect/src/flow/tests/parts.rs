//! Laws of the parts: cursor, page size, queue, who shares a budget.

use super::super::kinds::progress::CursorProgress;
use super::super::retry_queue::RetryKey;
use super::*;
use state::{Progress, RetryKind};

const HOUR: Duration = Duration::from_hours(1);

fn cursor_at(progress: &Progress, overlap: u64) -> Cursor {
    let reach = cursor::Reach { lookback: HOUR, overlap: Duration::from_secs(overlap) };
    Cursor::new(progress, reach, common::clock::now())
}

fn at(second: u32) -> String {
    format!("2026-01-01T10:{:02}:{:02}.5000000Z", second / 60, second % 60)
}

/// Reads one record per second.
fn read(cursor: &mut Cursor, seconds: std::ops::Range<u32>) -> Progress {
    seconds.for_each(|second| cursor.advance(Some(&at(second))));
    stored(&cursor.progress(true))
}

/// As the state holds it.
fn stored(progress: &CursorProgress) -> Progress {
    let mut stored = Progress::default();
    assert!(progress.replace(&mut stored), "a floor is new to an empty state");
    stored
}

#[test]
fn a_cursor_goes_back_by_the_overlap_and_no_further_than_its_floor() {
    let first = cursor_at(&Progress::default(), 120);
    let floor = first.from().to_owned();
    let nothing = stored(&first.progress(true));
    assert_eq!((&nothing.cursor, nothing.floor.as_ref()), (&None, Some(&floor)));
    assert_eq!(cursor_at(&nothing, 120).from(), floor, "a source without records looks back to its start, not to now");
    let start = Progress { cursor: Some(at(0)), ..Progress::default() };
    let mut cursor = cursor_at(&start, 120);
    assert_eq!(cursor.from(), at(0), "what was never remembered is not read again");
    let progress = read(&mut cursor, 0..600);
    assert_eq!(progress.cursor, Some(at(599)));
    let again = cursor_at(&progress, 120);
    assert_eq!(again.from(), "2026-01-01T10:07:59Z");
    assert!(again.is_past(Some(&at(478))) && !again.is_past(Some(&at(479))));
    assert_eq!(cursor_at(&progress, 3600).from(), at(0));
    assert_eq!(cursor_at(&progress, 10).from(), "2026-01-01T10:09:49Z");
}

#[test]
fn a_list_without_order_never_moves_the_cursor_beyond_its_start() {
    let mut cursor = cursor_at(&Progress { cursor: Some(at(0)), ..Progress::default() }, 60);
    cursor.limit(at(100));
    assert_eq!(read(&mut cursor, 0..300).cursor, Some(at(100)));
}

#[test]
fn a_cursor_whose_order_was_wrong_goes_back_to_where_the_cycle_found_it() {
    let mut cursor = cursor_at(&Progress { cursor: Some(at(0)), ..Progress::default() }, 60);
    read(&mut cursor, 0..300);
    let progress = cursor.progress(false);
    let mut kept = Progress { cursor: Some(at(0)), ..Progress::default() };
    assert_eq!((progress.cursor.clone(), progress.replace(&mut kept)), (Some(at(0)), true));
    assert!(!cursor.progress(false).replace(&mut kept), "nothing new to be written");
    assert_eq!(cursor.progress(true).cursor, Some(at(299)));
}

#[test]
fn a_record_from_the_far_future_moves_no_cursor() {
    let mut cursor = cursor_at(&Progress { cursor: Some(at(0)), ..Progress::default() }, 60);
    cursor.advance(Some("9999-12-31T23:59:59Z"));
    cursor.advance(Some(&at(7)));
    assert_eq!(cursor.progress(true).cursor, Some(at(7)));
    for ahead in [2, 60, 3600, 86_400] {
        cursor.advance(Some(&common::clock::after(Duration::from_secs(ahead))));
    }
    cursor.advance(Some("not a time"));
    assert_eq!(cursor.progress(true).cursor, Some(at(7)));
    // When the service's time has come there, they do.
    let soon = common::clock::after(HOUR);
    cursor.answered(common::clock::now() + chrono::TimeDelta::hours(2));
    cursor.advance(Some(&soon));
    assert_eq!(cursor.progress(true).cursor, Some(soon));
}

#[test]
fn what_was_remembered_by_a_wrong_clock_is_healed() {
    use chrono::{TimeDelta, Utc};
    let now = common::clock::parse("2026-06-01T12:00:00Z").expect("time");
    let reach = cursor::Reach { lookback: HOUR * 24, overlap: Duration::from_mins(2) };
    let ask = |progress: &Progress, local: chrono::DateTime<Utc>| {
        let mut cursor = Cursor::new(progress, reach, local);
        let is_elsewhere = cursor.settle(now);
        (is_elsewhere, cursor.from().to_owned(), stored(&cursor.progress(true)))
    };
    let (day, year) = (TimeDelta::days(1), TimeDelta::days(365));
    for local in [now + day, now + year, now - day, now - year] {
        let (is_elsewhere, from, progress) = ask(&Progress::default(), local);
        assert!(is_elsewhere && !progress.guessed, "{local}");
        let from = common::clock::parse(&from).expect("time");
        assert_eq!(from, now - day, "{local}");
    }
    assert!(!ask(&Progress::default(), now).0, "a clock that is right changes nothing");
    // A floor that was written before the service ever answered is a guess.
    let guess = stored(&Cursor::new(&Progress::default(), reach, now + year).progress(true));
    assert!(guess.guessed);
    assert_eq!(ask(&guess, now).1, "2026-05-31T12:00:00Z");
    // As an earlier version has left it.
    let written = |cursor: Option<&str>, floor: &str| Progress {
        cursor: cursor.map(str::to_owned),
        floor: Some(floor.to_owned()),
        ..Progress::default()
    };
    for (progress, from) in [
        (written(None, "2027-06-01T00:00:00Z"), "2026-05-31T12:00:00Z"),
        (written(Some("2027-06-01T00:00:00Z"), "2027-05-01T00:00:00Z"), "2026-05-31T12:00:00Z"),
        (written(Some("2026-06-02T11:00:00Z"), "2026-01-01T00:00:00Z"), "2026-05-31T11:58:00Z"),
        (written(Some("yesterday"), "2026-01-01T00:00:00Z"), "2026-05-31T11:58:00Z"),
        (written(Some("2026-06-01T11:00:00Z"), "2026-01-01T00:00:00Z"), "2026-06-01T10:58:00Z"),
        (written(Some("2026-06-01T12:01:00Z"), "2026-01-01T00:00:00Z"), "2026-06-01T11:59:00Z"),
    ] {
        assert_eq!(ask(&progress, now).1, from, "{progress:?}");
    }
}

#[test]
fn the_full_page_size_is_tried_again_once_before_it_grows_step_by_step() {
    let mut size = PageSize::new(1000);
    for _ in 0..6 {
        size.shrink();
    }
    assert_eq!(size.get(), 15);
    size.clean_page();
    assert!(size.may_grow());
    size.grow();
    assert_eq!(size.get(), 1000, "it may have been an outage");
    size.shrink();
    assert_eq!(size.get(), 15, "it was the size");
    for expected in [30, 60] {
        size.clean_page();
        size.clean_page();
        assert!(!size.may_grow());
        size.clean_page();
        size.grow();
        assert_eq!(size.get(), expected);
    }
}

#[test]
fn a_page_size_halves_and_grows_back() {
    let mut size = PageSize::new(50);
    let shrunk: Vec<_> = std::iter::from_fn(|| size.shrink().then(|| size.get())).collect();
    assert_eq!(shrunk, [25, 12, 6, 3, 1]);
    let mut pages = 0;
    size.smallest();
    while size.get() < 50 {
        size.clean_page();
        pages += 1;
        if size.may_grow() {
            size.grow();
        }
    }
    assert_eq!(pages, 18);
    assert!(!size.may_grow());
}

fn nested<'a>(id: &'a str, version: &'a str) -> RetryKey<'a> {
    RetryKey { kind: RetryKind::Nested, id, version }
}

#[test]
fn a_retry_queue_waits_longer_and_longer() {
    let mut queue = RetryQueue::default();
    let now = common::clock::now();
    let mut waits = Vec::new();
    for attempts in 1..=12 {
        let (entry, given_up) = queue.failed(nested("7", "v1"), None);
        assert_eq!((entry.attempts, given_up), (attempts, None));
        let next = chrono::DateTime::parse_from_rfc3339(&entry.next).expect("time").to_utc();
        waits.push((next - now).num_minutes());
    }
    assert!(waits[0] >= 1 && waits[..8].is_sorted() && waits.iter().all(|wait| *wait <= 7 * 60 + 31), "{waits:?}");
    assert!(queue.find(RetryKind::Nested, "7").is_some_and(|entry| entry.version == "v1") && queue.due(now).is_empty());
    assert!(queue.find(RetryKind::Record, "7").is_none());
    assert_eq!(queue.failed(nested("7", "v2"), None).0.attempts, 1, "a newer version is a new start");
    assert!(
        (0..40)
            .any(|_| queue.failed(nested("8", "v"), None).1.is_some_and(|lost| lost.id == "8" && lost.attempts == 32))
    );
    queue.take(RetryKind::Nested, "8");
    let lost: Vec<_> =
        (0..1000).filter_map(|number| queue.failed(nested(&format!("n{number}"), "v"), None).1).collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(queue.due(now + chrono::TimeDelta::days(1)).len(), 20);
}

#[tokio::test]
async fn a_budget_is_shared_by_the_sources_of_a_family_and_by_nobody_else() {
    let scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
    let Parts { outputs, stats, dead, desk } = scene.parts();
    let (outlets, _tasks) = Outlets::open(outputs, &stats, &dead, None);
    let run = Arc::new(RunContext {
        reports: config::HealthReports::default(),
        clients: microsoft::Clients::new(&scene.config.http).expect("clients"),
        outlets,
        stats,
        dead,
        desk,
        store: Store::open(&scene.config.state, scene.config.store).expect("opens"),
        preserve_original: false,
        clock_told: Arc::default(),
    });
    let stop = CancellationToken::new();
    let of_tenant = || super::super::collectors::collectors(&scene.config.tenants[0], &run, &stop).expect("collectors");
    let (one, other) = (of_tenant(), of_tenant());
    assert_eq!(one.len(), 3);
    for a in &one {
        for b in &one {
            let same_family =
                a.cycles.reader.source.endpoint.limit.family == b.cycles.reader.source.endpoint.limit.family;
            assert_eq!(Arc::ptr_eq(&a.cycles.reader.source.budget, &b.cycles.reader.source.budget), same_family);
            let same_api = a.cycles.reader.source.endpoint.api == b.cycles.reader.source.endpoint.api;
            assert_eq!(Arc::ptr_eq(&a.cycles.reader.source.tokens, &b.cycles.reader.source.tokens), same_api);
        }
        assert!(other.iter().all(|b| !Arc::ptr_eq(&a.cycles.reader.source.budget, &b.cycles.reader.source.budget)));
    }
}

#[test]
fn times_are_ordered_whatever_their_digits() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    for (a, b, expected) in [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1Z", Less),
        ("2026-01-01T00:00:00.12Z", "2026-01-01T00:00:00.1200000Z", Equal),
        ("2026-01-01T00:00:00.0000000Z", "2026-01-01T00:00:00Z", Equal),
        ("2026-01-01T00:00:09.9Z", "2026-01-01T00:00:10Z", Less),
        ("2025-12-31T23:59:59-05:00", "2026-01-01T00:00:10Z", Greater),
        ("2026-01-01T05:30:00.5+0530", "2026-01-01T00:00:00.5000000Z", Equal),
    ] {
        assert_eq!(cursor::order(a, b), expected, "{a} {b}");
    }
}

/// State is kept by the endpoint's name: two sources of one name would take it from each other.
#[test]
fn datasets_of_one_endpoint_are_one_source() {
    let mut known = std::collections::BTreeMap::new();
    for dataset in schema::catalog() {
        let schema::Definition { source, rows, .. } = dataset.definition;
        let way = (source, super::super::rows::nested_array(rows));
        let first = known.entry(source.name()).or_insert(way);
        assert_eq!(*first, way, "{}", source.name());
    }
    assert!(known.len() > 1);
}
