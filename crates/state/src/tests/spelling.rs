//! One tenant in several spellings is one source.

use super::*;
use crate::offline::Offline;

const RIGHT: &str = "1a2b3c4d-0000-4444-8888-aaaabbbbcccc";
const SPELLINGS: [&str; 5] = [
    "1A2B3C4D-0000-4444-8888-AAAABBBBCCCC",
    "{1a2b3c4d-0000-4444-8888-aaaabbbbcccc}",
    "urn:uuid:1a2b3c4d-0000-4444-8888-AAAABBBBCCCC",
    "(1A2B3C4D-0000-4444-8888-aaaabbbbcccc)",
    " 1A2B3C4D000044448888AAAABBBBCCCC ",
];

#[test]
fn ids_have_one_spelling() {
    use common::ids::canonical;
    for text in SPELLINGS {
        assert_eq!(canonical(text), RIGHT, "{text}");
    }
    assert_eq!(canonical(RIGHT), RIGHT);
    assert_eq!(canonical(" Contoso.OnMicrosoft.com. "), "contoso.onmicrosoft.com");
    for text in ["{1a2b3c4d-0000}", "contoso.example", "1a2b3c4d00004444888-8aaaabbbbcccc"] {
        let once = canonical(text);
        assert_eq!(canonical(&once), once, "{text}");
    }
}

#[tokio::test]
async fn a_source_is_found_under_every_spelling() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let progress = Progress { cursor: Some("2026-01-01T00:00:00Z".to_owned()), ..Progress::default() };
    store
        .source("Global", SPELLINGS[0], "Alert")
        .commit(Change { progress: Some(progress), ..Change::default() })
        .await
        .expect("commits");
    for tenant in [RIGHT, SPELLINGS[1], SPELLINGS[2], SPELLINGS[4]] {
        let loaded = store.source("global", tenant, "alert").load().expect("loads");
        assert_eq!(loaded.progress.cursor.as_deref(), Some("2026-01-01T00:00:00Z"), "{tenant}");
    }
    store.close().await.expect("closes");
}

/// An export as an earlier version has written it, with these spellings, is put into the file as it is.
fn plant(folder: &Path, sources: &[(&str, &str, u64)]) {
    let db = super::super::db::Db::open_or_create(folder).expect("opens");
    for (tenant, cursor, number) in sources {
        let key = SourceKey { cloud: "global".to_owned(), tenant: (*tenant).to_owned(), dataset: "alert".to_owned() };
        let progress = Progress {
            cursor: Some((*cursor).to_owned()),
            floor: Some("2025-01-01T00:00:00Z".to_owned()),
            ..Progress::default()
        };
        let ids = vec![Entry::new(Some(cursor), id(*number))];
        let retry = vec![Retry { id: number.to_string(), ..Retry::default() }];
        let put = vec![Task { kind: "k".to_owned(), key: number.to_be_bytes().to_vec(), body: serde_json::json!({}) }];
        let change = Change { progress: Some(progress), ids, retry: Some(retry), put, ..Change::default() };
        super::super::apply::apply(&db, std::iter::once((key, change))).expect("applies");
    }
}

#[tokio::test]
async fn state_of_another_spelling_is_taken_over_and_joined() {
    let (early, late) = ("2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z");
    for sources in [
        vec![(SPELLINGS[0], early, 1)],
        vec![(RIGHT, late, 1), (SPELLINGS[0], early, 2)],
        vec![(RIGHT, early, 1), (SPELLINGS[0], late, 2), (SPELLINGS[1], late, 3)],
    ] {
        let folder = tempfile::tempdir().expect("folder");
        plant(folder.path(), &sources);
        for _ in 0..2 {
            let store = open(folder.path());
            let source = store.source("global", RIGHT, "alert");
            let loaded = source.load().expect("loads");
            assert_eq!(loaded.progress.cursor.as_deref(), Some(early), "{sources:?}");
            assert_eq!(loaded.retry.len(), sources.len());
            assert_eq!(source.tasks("k", 10).expect("tasks").len(), sources.len());
            for (_, at, number) in &sources {
                assert!(source.contains(Some(at), id(*number)).expect("looks up"), "{sources:?} {number}");
            }
            store.close().await.expect("closes");
        }
        assert_eq!(Offline::open(folder.path()).expect("opens").sources().expect("sources").len(), 1);
    }
}

#[test]
fn an_export_with_two_spellings_is_one_source() {
    let folder = tempfile::tempdir().expect("folder");
    let line = |tenant: &str, cursor: &str| {
        format!(
            r#"{{"source":{{"key":{{"cloud":"global","tenant":"{tenant}","dataset":"alert"}},"progress":{{"cursor":"{cursor}"}},"retry":[]}}}}"#
        )
    };
    let text = [
        r#"{"head":{"format":3,"exported":"2026-01-01T00:00:00Z"}}"#.to_owned(),
        line(SPELLINGS[0], "2026-01-01T10:00:00Z"),
        line(RIGHT, "2026-01-01T12:00:00Z"),
        r#"{"end":{"sources":2}}"#.to_owned(),
    ]
    .join("\n");
    let state = Offline::open_or_create(folder.path()).expect("opens");
    state.import(&mut text.as_bytes(), false).expect("imports");
    let sources = state.sources().expect("sources");
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0].key.tenant, RIGHT);
    assert_eq!(sources[0].progress.cursor.as_deref(), Some("2026-01-01T10:00:00Z"));
}
