//! State of versions before the first release is refused with the way out, never misread and never taken for a first start.

use std::fs;

use ::redb::ReadableDatabase;

use super::super::file::META;
use super::*;
use crate::offline::Offline;

#[tokio::test]
async fn a_directory_with_json_files_is_refused_until_they_are_moved_away() {
    let folder = Folder::new();
    let place = folder.path().join("global").join("contoso.example");
    fs::create_dir_all(&place).expect("creates");
    fs::write(place.join("notes.json"), "not ours").expect("writes");
    let path = place.join("alert.json");
    fs::write(&path, r#"{"version":2,"cursor":"2026-01-01T00:00:00Z","seen":[]}"#).expect("writes");
    let opened = RedbState::open(folder.path(), Options::default()).map(|_| ());
    let imported = Offline::open_or_create(folder.path()).map(|_| ());
    let shown = Offline::open(folder.path()).map(|_| ());
    for outcome in [opened, imported, shown] {
        let said = outcome.expect_err("refused").to_string();
        let is_clear = said.contains("alert.json has format 2") && said.contains("before the first release");
        assert!(is_clear && said.contains("\nhint: move it away"), "{said}");
    }
    assert!(path.exists() && !folder.file().exists(), "nothing was touched");
    fs::remove_file(path).expect("removes");
    open(folder.path()).close().await.expect("closes");
}

#[tokio::test]
async fn a_file_of_a_format_before_the_first_release_is_refused() {
    let folder = Folder::new();
    open(folder.path()).close().await.expect("closes");
    for version in ["1", "3"] {
        let database = ::redb::Database::open(folder.file()).expect("opens");
        let write = database.begin_write().expect("writes");
        write.open_table(META).expect("table").insert("version", version).expect("inserts");
        write.commit().expect("commits");
        drop(database);
        let said = RedbState::open(folder.path(), Options::default()).expect_err("refused").to_string();
        let is_clear = said.contains(&format!("has format {version}")) && said.contains("before the first release");
        assert!(is_clear && said.contains("\nhint: move it away"), "{said}");
        let said = Offline::open(folder.path()).expect_err("refused").to_string();
        assert!(said.contains("before the first release"), "{said}");
        let database = ::redb::Database::open(folder.file()).expect("opens");
        let read = database.begin_read().expect("reads");
        let kept = read.open_table(META).expect("table").get("version").expect("reads").expect("is there");
        assert_eq!(kept.value(), version, "nothing was touched");
    }
}

#[test]
fn an_export_of_a_format_before_the_first_release_is_refused() {
    let folder = Folder::new();
    let state = Offline::open_or_create(folder.path()).expect("opens");
    let text = concat!(
        r#"{"head":{"format":3,"exported":"2026-01-01T00:00:00Z"}}"#,
        "\n",
        r#"{"source":{"key":{"cloud":"global","tenant":"t","dataset":"alert"},"progress":null,"retry":[]}}"#,
        "\n",
        r#"{"end":{"sources":1}}"#
    );
    let said = state.import(&mut text.as_bytes(), false).expect_err("refused").to_string();
    assert!(said.contains("line 1: format 3") && said.contains("\nhint: "), "{said}");
}
