//! Dead letters: none is lost when files are put aside.

use std::fs;
use std::sync::Arc;

use serde_json::Value;

use super::testing::{letters, rejection};
use super::*;

#[test]
fn no_line_is_lost_when_files_are_put_aside_under_the_hands_of_others() {
    let folder = tempfile::tempdir().expect("folder");
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let dead = DeadLetters::new(folder.path());
            std::thread::spawn(move || {
                for number in 0..300 {
                    let row = format!("{{\"writer\":{writer},\"number\":{number}}}");
                    dead.keep(rejection("x", None), Raw::Bytes(row.as_bytes())).expect("kept");
                    if number % 50 == 0 {
                        dead.sync().expect("synced");
                    }
                }
            })
        })
        .collect();
    let mut segments = 0;
    while !writers.iter().all(std::thread::JoinHandle::is_finished) {
        segments = segment::collect(folder.path(), "alert").expect("put aside").len();
    }
    for writer in writers {
        writer.join().expect("ends");
    }
    let mut rows: Vec<_> = letters(folder.path()).iter().map(|letter| letter["row"].to_string()).collect();
    assert_eq!(rows.len(), 900);
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), 900);
    assert!(segments > 1, "{segments}");
}

#[test]
fn a_line_that_a_crash_cut_off_spoils_no_other() {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("alert.ndjson"), "{\"@timestamp\":\"2026").expect("writes");
    let dead = DeadLetters::new(folder.path());
    dead.keep(rejection("x", None), Raw::Bytes(b"{}")).expect("kept");
    let text = fs::read_to_string(folder.path().join("alert.ndjson")).expect("text");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 1, "nobody acknowledged what was cut off");
    serde_json::from_str::<Value>(lines[0]).expect("a whole line");
}

/// Dead letters with a limit, and who hears of it.
fn limited(folder: &Path, when_full: WhenFull) -> (DeadLetters, Arc<Health>) {
    let health = Arc::<Health>::default();
    let limit = Limit { bytes: 1024 * 1024, when_full };
    (DeadLetters::limited(folder, limit, Arc::clone(&health)), health)
}

/// A letter of about 10 KiB.
fn keep_long(dead: &DeadLetters, number: u32) -> Result<Kept, Error> {
    let row = format!("{{\"number\":{number},\"tail\":\"{}\"}}", "x".repeat(10_000));
    dead.keep(rejection("x", None), Raw::Bytes(row.as_bytes()))
}

#[test]
fn letters_that_are_full_stop_and_it_is_told_before() {
    let folder = tempfile::tempdir().expect("folder");
    let (dead, health) = limited(folder.path(), WhenFull::Stop);
    let mut kept = 0;
    let mut loud_from = None;
    let error = loop {
        match keep_long(&dead, kept) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        let told = health.letters();
        if let [reason] = &told.reasons[..] {
            loud_from.get_or_insert(told.bytes);
            assert!(reason.text.contains("hint: "), "{told:?}");
        }
    };
    assert!(error.to_string().contains("`dead_letter.max_size`"), "{error}");
    assert_eq!(letters(folder.path()).len(), kept as usize, "nothing was dropped");
    let loud_from = loud_from.expect("it was told");
    assert!((800 * 1024..880 * 1024).contains(&loud_from), "{loud_from}");
    assert!((90..=104).contains(&kept), "{kept}");
    // Whoever takes them away makes room.
    for file in fs::read_dir(folder.path()).expect("folder") {
        fs::remove_file(file.expect("file").path()).expect("removed");
    }
    keep_long(&dead, kept).expect("kept");
    assert!(health.letters().reasons.is_empty());
}

#[test]
fn the_oldest_letters_go_where_that_is_wanted() {
    let folder = tempfile::tempdir().expect("folder");
    let (dead, health) = limited(folder.path(), WhenFull::DropOldest);
    for number in 0..400 {
        keep_long(&dead, number).expect("kept");
    }
    let left: Vec<u64> = letters(folder.path())
        .iter()
        .map(|letter| serde_json::from_str::<Value>(letter["row"].as_str().expect("row")).expect("JSON"))
        .map(|row| row["number"].as_u64().expect("number"))
        .collect();
    assert!(left.len() > 60 && left.len() <= 104, "{}", left.len());
    assert_eq!(*left.iter().max().expect("letters"), 399);
    assert!(*left.iter().min().expect("letters") > 250, "the oldest went");
    let told = health.letters();
    assert_eq!(told.dropped, 400 - left.len() as u64);
    assert!(!told.reasons.is_empty());
}

#[test]
fn a_letter_of_a_cycle_that_is_repeated_is_kept_once() {
    let folder = tempfile::tempdir().expect("folder");
    let dead = DeadLetters::new(folder.path());
    let row = Raw::Bytes(b"{\"a\":1}");
    assert_eq!(dead.keep(rejection("x", Some("1")), row).expect("kept"), Kept::New);
    for _ in 0..3 {
        assert_eq!(dead.keep(rejection("x", Some("1")), Raw::Bytes(b"{\"a\":1}")).expect("kept"), Kept::Known);
    }
    assert_eq!(dead.keep(rejection("x", Some("1")), Raw::Bytes(b"{\"a\":2}")).expect("kept"), Kept::New);
    assert_eq!(dead.keep(rejection("x", Some("2")), Raw::Bytes(b"{\"a\":1}")).expect("kept"), Kept::New);
    assert_eq!((letters(folder.path()).len(), dead.counts()), (3, vec![("alert", "x".to_owned(), 3)]));
}

#[cfg(unix)]
#[test]
fn letters_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("folder");
    let (below, mode) = (folder.path().join("state/dead-letter"), |path: &Path| {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    });
    let dead = DeadLetters::new(&below);
    keep_long(&dead, 1).expect("kept");
    let file = below.join("alert.ndjson");
    assert_eq!((mode(&below), mode(&below.join("..")), mode(&file)), (0o700, 0o700, 0o600));
    // An earlier version left it open to others.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("opened");
    drop(DeadLetters::limited(&below, Limit::default(), Arc::default()));
    assert_eq!(mode(&file), 0o600);
}

/// What identifies a letter stands here as it was first computed: an upgrade must not change it.
#[test]
fn marks_of_letters_are_pinned() {
    let row = br#"{"id":"a1"}"#;
    let mark = |record| {
        let rejection = Rejection { tenant: "t1", ..rejection("no_timestamp", record) };
        let (mark, length) = known::mark(rejection, &mut Raw::Bytes(row)).expect("a mark");
        assert_eq!(length, 11);
        mark.to_string()
    };
    assert_eq!(mark(Some("a1")), "6de3492dc137344f7fa749e114de4fd4");
    assert_eq!(mark(None), "69b0b54a3ade1c9594d08ed0baaf3dc2");
    assert_ne!(mark(Some("")), mark(None));
    // A long row comes in a file, and is the same letter.
    let mut file = SpooledTempFile::new(1024);
    std::io::Write::write_all(&mut file, row).expect("written");
    let rejection = Rejection { tenant: "t1", ..rejection("no_timestamp", Some("a1")) };
    assert_eq!(known::mark(rejection, &mut Raw::File(file)).expect("a mark").0.to_string(), mark(Some("a1")));
}
