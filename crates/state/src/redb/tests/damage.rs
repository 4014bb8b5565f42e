//! Laws of files that are not what they should be: refused with the way out, without a panic.

use std::fs;

use super::super::file::META;
use super::*;

/// A closed file with something in every table.
async fn sample() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    let state = open(folder.path());
    for name in ["alerts", "incidents"] {
        let delivered = (0..5000).map(|number| DedupKey::new(Some(&minute(number / 71)), id(number)));
        let mut update = alert(Some(progress(&minute(70))), delivered.collect());
        update.retry = Some(vec![RetryItem { id: "7".to_owned(), ..RetryItem::default() }]);
        update.put = vec![Task { kind: "k".to_owned(), key: b"1".to_vec(), body: serde_json::json!({}) }];
        let fence = holder(&state, &endpoint(name)).await;
        commit(&state, &endpoint(name), fence, update).await;
    }
    state.close().await.expect("closes");
    drop(state);
    let bytes = fs::read(folder.file()).expect("reads");
    (folder, bytes)
}

/// What comes of a file with these bytes: refused, or all of its content is there.
fn check(bytes: &[u8]) -> Result<(), String> {
    let folder = Folder::new();
    fs::write(folder.file(), bytes).expect("writes");
    let file = StateFile::open_or_create(folder.path()).map_err(|error| error.to_string())?;
    for name in ["alerts", "incidents"] {
        let read = file.read().expect("reads");
        let number = file.endpoint(&read, &endpoint(name)).expect("reads").expect("is there");
        let dataset = file.dataset(&read, number, "alert").expect("reads").expect("is there");
        assert_eq!(file.progress(&read, dataset).expect("reads"), Some(progress(&minute(70))));
        let index = file.dedup_index(&read, dataset).expect("opens");
        for number in (0..5000).step_by(50) {
            let key = DedupKey::new(Some(&minute(number / 71)), id(number));
            assert!(contains(&index, key), "{number}");
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
async fn a_file_in_use_and_a_newer_one_are_refused() {
    let (folder, _) = sample().await;
    let state = open(folder.path());
    let said = RedbState::open(folder.path(), Options::default()).expect_err("refused").to_string();
    assert!(said.contains("in use by a running m365-fetcher"), "{said}");
    state.close().await.expect("closes");
    drop(state);
    let file = StateFile::open(&folder.file()).expect("opens");
    for (version, word) in
        [("5", "use the newer program"), ("4294967295", "use the newer program"), ("x", "damaged"), ("-1", "damaged")]
    {
        let write = file.write().expect("writes");
        write.open_table(META).expect("table").insert("version", version).expect("inserts");
        write.commit().expect("commits");
        let said = file.check_format().expect_err("refused").to_string();
        assert!(said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn a_file_that_a_crash_left_half_made_is_made_again() {
    let folder = Folder::new();
    fs::write(folder.path().join("m365-fetcher.redb.new"), "half a file").expect("writes");
    open(folder.path()).close().await.expect("closes");
    assert!(folder.file().exists());
}
