//! Laws of files that are not what they should be: refused with the way out, without a panic.

use std::fs;

use super::*;

/// A closed file with something in every table.
async fn sample() -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    for dataset in ["alert", "incident"] {
        let change = Change {
            progress: Some(progress(&minute(70))),
            ids: (0..5000).map(|number| Entry::new(Some(&minute(number / 71)), id(number))).collect(),
            retry: Some(vec![Retry { id: "7".to_owned(), ..Retry::default() }]),
            put: vec![Task { kind: "k".to_owned(), key: b"1".to_vec(), body: serde_json::json!({}) }],
            ..Change::default()
        };
        store.source("global", "t", dataset).commit(change).await.expect("commits");
    }
    store.close().await.expect("closes");
    drop(store);
    let bytes = fs::read(folder.path().join(FILE)).expect("reads");
    (folder, bytes)
}

/// What comes of a file with these bytes: refused, or all of its content is there.
fn check(bytes: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join(FILE), bytes).expect("writes");
    let db = Db::open_or_create(folder.path()).map_err(|fault| fault.to_string())?;
    for dataset in ["alert", "incident"] {
        let key = SourceKey { cloud: "global".to_owned(), tenant: "t".to_owned(), dataset: dataset.to_owned() };
        let number = db.number(&key).expect("reads").expect("is there");
        assert_eq!(db.progress(number).expect("reads"), Some(progress(&minute(70))));
        let ids = db.ids(Some(number)).expect("ids");
        for number in (0..5000).step_by(50) {
            let entry = Entry::new(Some(&minute(number / 71)), id(number));
            assert!(ids.contains(entry).expect("looks up"), "{number}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_none_is_refused_with_the_way_out() {
    let (_folder, bytes) = sample().await;
    check(&bytes).expect("whole");
    let half = &bytes[..bytes.len() / 2];
    let nonsense = vec![0x5a; 70_000];
    let zeros = vec![0; bytes.len()];
    for bad in [half, &bytes[..4096], &bytes[..100], &bytes[..1], b"", b"{\"version\":2}", &nonsense, &zeros] {
        let said = check(bad).expect_err("refused");
        assert!(said.contains(FILE) && said.contains("is damaged") && said.contains("state import"), "{said}");
    }
}

#[tokio::test]
async fn flipped_bytes_are_refused_or_harmless_and_never_a_panic() {
    let (_folder, bytes) = sample().await;
    let mut refused = 0;
    let places = (0..320).step_by(2).chain((320..bytes.len()).step_by(bytes.len() / 100));
    for place in places {
        let mut bad = bytes.clone();
        bad[place] ^= 0x55;
        // Either the flip hit nothing that is in use, or it was noticed.
        if let Err(said) = check(&bad) {
            refused += 1;
            assert!(said.contains("hint: "), "byte {place}: {said}");
        }
    }
    assert!(refused > 20, "{refused}");
}

#[tokio::test]
async fn a_newer_file_is_refused_and_one_in_use_as_well() {
    let (folder, _) = sample().await;
    let store = open(folder.path());
    let said = Store::open(folder.path(), Options::default()).expect_err("refused").to_string();
    assert!(said.contains("in use by a running m365-fetcher"), "{said}");
    store.close().await.expect("closes");
    drop(store);
    let path = folder.path().join(FILE);
    let db = Db::open(&path).expect("opens");
    for (version, word) in [("4", "use the newer program"), ("x", "is damaged")] {
        let write = db.write().expect("writes");
        write.open_table(crate::db::META).expect("table").insert("version", version).expect("inserts");
        write.commit().expect("commits");
        let said = db.check_format().expect_err("refused").to_string();
        assert!(said.contains(word), "{said}");
    }
}
