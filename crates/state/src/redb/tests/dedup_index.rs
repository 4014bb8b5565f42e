//! Laws of a dedup index: it knows what was put into it and nothing else, in little space.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::dedup_index::{chunk_key, chunk_range};
use super::super::file::DEDUP;
use super::*;

fn remember(file: &StateFile, endpoint: &EndpointKey, delivered: Vec<DedupKey>) {
    step(file, endpoint, vec![delivered]);
}

/// Commits of one endpoint that share a step.
fn step(file: &StateFile, endpoint: &EndpointKey, commits: Vec<Vec<DedupKey>>) {
    apply(file, commits.into_iter().map(|delivered| (endpoint.clone(), alert(None, delivered))));
}

/// Every chunk of a dataset: its key fits its first document, it is sorted, and it fits a page.
fn all(file: &StateFile, of: &EndpointKey) -> Vec<DedupKey> {
    let read = file.read().expect("reads");
    let Some(endpoint) = file.endpoint(&read, of).expect("number") else { return Vec::new() };
    let number = file.dataset(&read, endpoint, "alert").expect("number").expect("is there");
    let Some(table) = file.table(&read, DEDUP).expect("table") else { return Vec::new() };
    let (first, last) = chunk_range(number);
    let mut found = Vec::new();
    for item in table.range::<&[u8; 16]>(&first..=&last).expect("range") {
        let (key, chunk) = item.expect("chunk");
        let start = found.len();
        chunk::read(chunk.value(), &mut found).expect("readable");
        assert_eq!(*key.value(), chunk_key(number, found[start]));
        assert!(chunk.value().len() <= chunk::MAX, "{}", chunk.value().len());
        assert_eq!(chunk::count(chunk.value()), Some(found.len() - start));
    }
    assert!(found.is_sorted_by(|a, b| a < b));
    found
}

/// A commit: where its ids begin, how many, over how many minutes, and whose they are.
fn commits() -> impl Strategy<Value = Vec<(u64, u64, u64, bool)>> {
    proptest::collection::vec((0..5000_u64, 1..700_u64, 1..200_u64, any::<bool>()), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_index_is_a_set(commits in commits(), seed in any::<u64>()) {
        let folder = tempfile::tempdir().expect("folder");
        let file = StateFile::open_or_create(folder.path()).expect("opens");
        let mut model = [BTreeSet::new(), BTreeSet::new()];
        let sources = [endpoint("a"), endpoint("b")];
        for (start, count, minutes, second) in commits {
            let ids: Vec<_> = (0..count)
                .map(|number| {
                    let number = number ^ (seed % 3);
                    let at = start + number % minutes;
                    // Some have no time.
                    let at = (number % 17 != 0).then(|| minute(at));
                    DedupKey::new(at.as_deref(), id(number * 7 + start))
                })
                .collect();
            model[usize::from(second)].extend(ids.iter().copied());
            remember(&file, &sources[usize::from(second)], ids);
        }
        for (source, model) in sources.iter().zip(&model) {
            let found = all(&file, source);
            prop_assert!(found.iter().eq(model.iter()));
            let ids = file.index_of(source, "alert").expect("opens");
            prop_assert_eq!(ids.newest().expect("newest"), model.last().map_or(MinuteBucket::UNDATED, |entry| entry.minute));
            for entry in model.iter().step_by(7) {
                prop_assert!(contains(&ids, *entry));
                for absent in [DedupKey { id: entry.id ^ 1, ..*entry }, DedupKey { minute: MinuteBucket(entry.minute.0 + 7919), ..*entry }] {
                    prop_assert_eq!(contains(&ids, absent), model.contains(&absent));
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_a_chunk_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), minute in 0..9_u32, id in any::<u64>()) {
        let _ = chunk::look_up(&bytes, &[(DedupKey { minute: MinuteBucket(minute), id }, 0)], &mut |_, _| {});
        let mut found = Vec::new();
        prop_assert_eq!(chunk::read(&bytes, &mut found).is_some(), chunk::count(&bytes).is_some());
        let _ = (chunk::last_minute(&bytes), chunk::hour(&bytes));
    }
}

#[test]
fn ids_are_forgotten_by_the_time_of_writing_but_not_what_a_poll_reads_again() {
    let folder = tempfile::tempdir().expect("folder");
    let file = StateFile::open_or_create(folder.path()).expect("opens");
    let (quiet, busy) = (endpoint("quiet"), endpoint("busy"));
    let day = 24 * 60;
    for source in [&quiet, &busy] {
        let ids = (0..40).flat_map(|number| keys(number * 300..number * 300 + 300, &minute(number * day)));
        remember(&file, source, ids.collect());
    }
    let at = |days: u64| alert(Some(progress(&minute(days * day))), Vec::new());
    apply(&file, [(quiet.clone(), at(39)), (busy.clone(), at(400))]);
    let round = |hours| {
        let mut from = Some([0; 16]);
        while let Some(place) = from {
            from = prune::prune(&file, hours, place).expect("prunes");
        }
    };
    let count = |source| all(&file, source).len();
    round(35 * 24);
    assert_eq!([count(&quiet), count(&busy)], [12_000, 12_000], "all of it was written just now");
    // A negative age: everything counts as old.
    prune::prune_older_than(&file, u32::MAX, [0; 16]).expect("prunes");
    assert_eq!(count(&busy), 0);
    let left = all(&file, &quiet);
    assert!(left.len() >= 600 && left.len() < 1500, "{}", left.len());
    for entry in keys(39 * 300..40 * 300, &minute(39 * day)) {
        assert!(left.contains(&entry), "a poll goes back to the cursor less the overlap");
    }
}

/// Bytes of the file for each id.
fn bytes_per_id(steps: impl Iterator<Item = Vec<Vec<DedupKey>>>) -> f64 {
    let folder = tempfile::tempdir().expect("folder");
    let file = StateFile::open_or_create(folder.path()).expect("opens");
    let source = endpoint("a");
    let mut count = 0;
    for commits in steps {
        count += commits.iter().map(Vec::len).sum::<usize>();
        step(&file, &source, commits);
    }
    drop(file);
    let bytes = std::fs::metadata(folder.path().join(FILE)).expect("file").len();
    let file = StateFile::open_or_create(folder.path()).expect("opens");
    assert_eq!(all(&file, &source).len(), count);
    #[allow(clippy::cast_precision_loss)]
    let bytes_per_id = bytes as f64 / count as f64;
    bytes_per_id
}

#[test]
fn an_id_takes_at_most_forty_bytes_of_the_file() {
    // A backlog: 20,000 ids at a time, 300 in a minute.
    let backlog = bytes_per_id((0..50_u64).map(|commit| {
        vec![(commit * 20_000..(commit + 1) * 20_000).map(|n| DedupKey::new(Some(&minute(n / 300)), id(n))).collect()]
    }));
    // A backfill, the newest day first.
    let backfill = bytes_per_id((0..50_u64).rev().map(|commit| {
        vec![(commit * 20_000..(commit + 1) * 20_000).map(|n| DedupKey::new(Some(&minute(n / 300)), id(n))).collect()]
    }));
    println!("bytes per id: backlog {backlog:.1}, backfill {backfill:.1}");
    assert!(backlog <= 40.0 && backfill <= 40.0, "{backlog} {backfill}");
}

#[test]
fn an_id_that_comes_alone_takes_at_most_forty_bytes_too() {
    let alone = |minutes: fn(u64) -> u64| {
        let ids = move |step: u64| {
            (step * 250..(step + 1) * 250).map(move |n| vec![DedupKey::new(Some(&minute(minutes(n))), id(n))])
        };
        bytes_per_id((0..120).map(|step| ids(step).collect()))
    };
    // One per minute, one per hour, and five in the same minute.
    let figures = [alone(|n| n), alone(|n| n * 60), alone(|n| n / 5)];
    println!("bytes per id: {figures:.1?}");
    assert!(figures.iter().all(|bytes| *bytes <= 40.0), "{figures:?}");
}
