//! Laws of the state of earlier versions.

use std::fs;

use super::*;

fn hex(number: u64) -> String {
    format!("{:032x}", u128::from_be_bytes(id(number)))
}

fn write(folder: &Path, dataset: &str, text: &str) -> std::path::PathBuf {
    let place = folder.join("global").join("contoso.example");
    fs::create_dir_all(&place).expect("creates");
    let path = place.join(format!("{dataset}.json"));
    fs::write(&path, text).expect("writes");
    path
}

#[tokio::test]
async fn files_of_version_1_and_2_are_taken_over_once() {
    let folder = tempfile::tempdir().expect("folder");
    let (at, early) = ("2026-01-01T00:00:00.1234567Z", "2025-12-31T23:59:00Z");
    let first = format!(
        r#"{{"version":1,"updated":"2026-01-01T00:00:00Z","cursor":"{at}","seen":["{}","{}"]}}"#,
        hex(1),
        hex(2)
    );
    let second = format!(
        r#"{{"version":2,"updated":"2026-01-01T00:00:00Z","cursor":"{at}","seen":["{}"],"floor":"{early}",
            "recent":[{{"at":"{early}","ids":["{}"]}},{{"at":"{at}","ids":["{}"]}}],
            "retry":[{{"id":"9","version":"{at}","attempts":3,"next":"2026-01-02T00:00:00Z"}}]}}"#,
        hex(3),
        hex(4),
        hex(5)
    );
    let (alert, incident) = (write(folder.path(), "alert", &first), write(folder.path(), "incident", &second));
    let notes = write(folder.path(), "notes", "not ours");
    for round in 0..2 {
        let store = open(folder.path());
        let of = |dataset: &str| store.source("global", "contoso.example", dataset);
        let loaded = of("alert").load().expect("loads");
        assert_eq!(loaded.progress.cursor.as_deref(), Some(at), "round {round}");
        assert_eq!(loaded.progress.floor.as_deref(), Some(at), "before it nothing is remembered");
        let has = |dataset: &str, at: Option<&str>, number| of(dataset).contains(at, id(number)).expect("looks up");
        assert!(has("alert", Some(at), 1) && has("alert", Some(at), 2) && !has("alert", Some(at), 3));
        let loaded = of("incident").load().expect("loads");
        assert_eq!(loaded.progress.floor.as_deref(), Some(early));
        assert_eq!((loaded.retry[0].id.as_str(), loaded.retry[0].attempts), ("9", 3));
        assert!(has("incident", None, 3) && has("incident", Some(early), 4) && has("incident", Some(at), 5));
        assert!(!has("incident", Some(at), 4));
        store.close().await.expect("closes");
        assert!(!alert.exists() && !incident.exists() && notes.exists());
        assert!(alert.with_extension("json.migrated").exists());
    }
    // A file that appears later is an old one that somebody put back: what is here is newer.
    let back = write(folder.path(), "alert", &first.replace("2026-01", "2020-01"));
    let store = open(folder.path());
    let loaded = store.source("global", "contoso.example", "alert").load().expect("loads");
    assert_eq!(loaded.progress.cursor.as_deref(), Some(at));
    assert!(back.exists());
    store.close().await.expect("closes");
}

#[tokio::test]
async fn a_takeover_that_a_crash_interrupts_is_completed() {
    let folder = tempfile::tempdir().expect("folder");
    let text = r#"{"version":1,"updated":"2026-01-01T00:00:00Z","cursor":"2026-01-01T00:00:00Z","seen":[]}"#;
    let path = write(folder.path(), "alert", text);
    // Before the new file has its name.
    fs::write(folder.path().join("m365-fetcher.redb.new"), "half a file").expect("writes");
    open(folder.path()).close().await.expect("closes");
    assert!(!path.exists());
    // After it has, before the old ones are set aside.
    fs::rename(path.with_extension("json.migrated"), &path).expect("renames");
    let db = Db::open(&folder.path().join(FILE)).expect("opens");
    let write = db.write().expect("writes");
    write.open_table(crate::db::META).expect("table").insert("migration", "begun").expect("inserts");
    write.commit().expect("commits");
    drop(db);
    open(folder.path()).close().await.expect("closes");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_damaged_file_of_an_earlier_version_stops_the_takeover() {
    let text = r#"{"version":1,"updated":"2026-01-01T00:00:00Z","cursor":"2026-01-01T00:00:00Z","seen":["00"]}"#;
    for bad in [text, &text[..text.len() / 2], "", "[]", &text.replace("\"00\"", "").replace(":1,", ":3,")] {
        let folder = tempfile::tempdir().expect("folder");
        let path = write(folder.path(), "alert", bad);
        let fault = Store::open(folder.path(), Options::default()).expect_err("refused").to_string();
        assert!(fault.contains("alert.json is damaged") && fault.contains("hint: "), "{fault}");
        assert!(path.exists() && !folder.path().join(FILE).exists());
    }
}
