//! One tenant in several spellings is one tenant, and an export is taken over whole.

use super::*;
use crate::Store;
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
async fn an_endpoint_is_found_under_every_spelling() {
    let folder = Folder::new();
    let store = Store::open(folder.path(), Options::default()).expect("opens");
    let at = "2026-01-01T00:00:00Z";
    let written = store.endpoint("Global", SPELLINGS[0], "Graph/v1.0/Alerts");
    written.commit(alert(Some(progress(at)), Vec::new())).await.expect("commits");
    for tenant in [RIGHT, SPELLINGS[1], SPELLINGS[2], SPELLINGS[4]] {
        let loaded = store.endpoint("global", tenant, "graph/v1.0/alerts").load().await.expect("loads");
        assert_eq!(loaded.dataset("alert").progress, progress(at), "{tenant}");
    }
    // The last one that came holds it.
    let refused = written.commit(alert(Some(progress(at)), Vec::new())).await.expect_err("refused").to_string();
    assert!(refused.contains("taken it over"), "{refused}");
    store.close().await.expect("closes");
}

/// An endpoint of an export with the dataset `alert`, which delivered one document.
fn lines(tenant: &str, cursor: &str, number: u8) -> Vec<String> {
    vec![
        format!(
            r#"{{"endpoint":{{"key":{{"cloud":"global","tenant":"{tenant}","endpoint":"graph/v1.0/alerts"}},"retry":[{{"id":"{number}","version":"v","attempts":1,"next":"n"}}]}}}}"#
        ),
        format!(r#"{{"task":{{"kind":"k","key":"{number}AAA","body":{{}}}}}}"#),
        format!(
            r#"{{"dataset":{{"name":"alert","progress":{{"cursor":"{cursor}","floor":"2025-01-01T00:00:00Z"}}}}}}"#
        ),
        format!(r#"{{"ids":{{"minute":{number},"written":1,"ids":"AAAAAAAAAAE="}}}}"#),
    ]
}

fn export(endpoints: Vec<Vec<String>>) -> String {
    let count = endpoints.len();
    let sources = endpoints.iter().flatten().filter(|line| line.contains("{\"dataset\"")).count();
    let head = r#"{"head":{"format":4,"exported":"2026-01-01T00:00:00Z"}}"#.to_owned();
    let end = format!(r#"{{"end":{{"endpoints":{count},"sources":{sources}}}}}"#);
    std::iter::once(head).chain(endpoints.into_iter().flatten()).chain([end]).collect::<Vec<_>>().join("\n")
}

/// People put exports together: what either spelling has delivered is known, and reading goes on where the one that is
/// behind ended.
#[tokio::test]
async fn an_export_with_several_spellings_is_one_endpoint() {
    let (early, late) = ("2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z");
    for endpoints in [
        vec![lines(SPELLINGS[0], early, 1)],
        vec![lines(RIGHT, late, 1), lines(SPELLINGS[0], early, 2)],
        vec![lines(RIGHT, early, 1), lines(SPELLINGS[0], late, 2), lines(SPELLINGS[4], late, 3)],
    ] {
        let (folder, count) = (Folder::new(), endpoints.len());
        let text = export(endpoints);
        let offline = Offline::open_or_create(folder.path()).expect("opens");
        offline.import(&mut text.as_bytes(), false).expect("imports");
        let sources = offline.sources().expect("sources");
        assert_eq!(sources.len(), 1, "{text}");
        assert_eq!((&*sources[0].key.tenant, sources[0].ids), (RIGHT, count as u64));
        assert_eq!(sources[0].progress.cursor.as_deref(), Some(early), "{text}");
        assert_eq!((sources[0].retry, sources[0].tasks), (count, count as u64));
        let known = offline.import(&mut text.as_bytes(), false).expect_err("is known").to_string();
        assert!(known.contains("known here already") && known.contains("--force"), "{known}");
        offline.import(&mut text.as_bytes(), true).expect("replaces");
        assert_eq!(offline.sources().expect("sources"), sources);
    }
}

#[test]
fn forgetting_a_dataset_leaves_its_endpoint_to_the_others() {
    let folder = Folder::new();
    let offline = Offline::open_or_create(folder.path()).expect("opens");
    let mut one = lines(RIGHT, "2026-01-01T10:00:00Z", 1);
    one.push(r#"{"dataset":{"name":"evidence","progress":null}}"#.to_owned());
    offline.import(&mut export(vec![one, lines("other", "x", 2)]).as_bytes(), false).expect("imports");
    let sources = || offline.sources().expect("sources");
    let key = sources()[0].key.clone();
    let names = |sources: &[offline::Summary]| -> Vec<_> {
        sources.iter().map(|source| (source.dataset.clone(), source.ids, source.retry, source.tasks)).collect()
    };
    let (alert, evidence) = (Some("alert".to_owned()), Some("evidence".to_owned()));
    assert_eq!(names(&sources()), [(alert.clone(), 1, 1, 1), (evidence.clone(), 0, 1, 1), (alert.clone(), 1, 1, 1)]);
    offline.forget(&[(key.clone(), alert.clone())]).expect("forgets");
    assert_eq!(names(&sources()), [(evidence.clone(), 0, 1, 1), (alert.clone(), 1, 1, 1)]);
    offline.forget(&[(key, evidence)]).expect("forgets");
    assert_eq!(names(&sources()), [(alert, 1, 1, 1)], "with its last dataset an endpoint goes");
}

#[tokio::test]
async fn work_that_waits_is_shown_before_anything_was_collected() {
    let folder = Folder::new();
    let state = open(folder.path());
    let alerts = endpoint("alerts");
    let fence = holder(&state, &alerts).await;
    assert_eq!(state.view().expect("view").sources().expect("sources"), []);
    let put = vec![Task { kind: "k".to_owned(), key: Vec::new(), body: serde_json::json!({}) }];
    commit(&state, &alerts, fence, StateUpdate { put, ..StateUpdate::default() }).await;
    let sources = state.view().expect("view").sources().expect("sources");
    assert_eq!((sources.len(), &sources[0].dataset, sources[0].tasks), (1, &None, 1));
}
