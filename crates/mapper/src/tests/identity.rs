//! Identity of documents: what names a record and its version counts, nothing else does.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{evidence, items, map, mapper};
use crate::DocId;

fn id(dataset: &str, row: &Value) -> DocId {
    map(dataset, &row.to_string()).unwrap_or_else(|reject| panic!("{reject}: {row}")).0
}

/// A row of each dataset in which every identity column has a value.
fn rows() -> Vec<(&'static str, Value)> {
    let mut rows = Vec::new();
    for dataset in schema::catalog() {
        let name = dataset.definition.name;
        let mut row = json!({});
        for path in dataset.definition.identity {
            let (object, leaf) = place(&mut row, path);
            object[leaf] =
                json!(if leaf.ends_with("Time") { "2026-03-02T09:40:01Z".into() } else { format!("v{leaf}") });
        }
        for time in ["lastUpdateDateTime", "lastUpdateTime"] {
            if dataset.root.columns.iter().any(|column| column.name == time) {
                row[time] = json!("2026-03-02T09:40:01Z");
            }
        }
        rows.push((name, row));
    }
    rows
}

/// The object that holds the last segment of a path; `@odata.type` is one segment.
fn place<'v, 'p>(row: &'v mut Value, path: &'p str) -> (&'v mut Value, &'p str) {
    let (parents, leaf) = match path.strip_suffix("@odata.type") {
        Some(parents) => (parents.trim_end_matches('.'), "@odata.type"),
        None => path.rsplit_once('.').unwrap_or(("", path)),
    };
    let mut at = row;
    for segment in parents.split('.').filter(|segment| !segment.is_empty()) {
        at = &mut at[segment];
    }
    (at, leaf)
}

#[test]
fn every_identity_column_counts() {
    for (name, row) in rows() {
        let known = id(name, &row);
        let columns = schema::dataset(name).expect("dataset").definition.identity;
        for path in columns {
            let mut other = row.clone();
            let (object, leaf) = place(&mut other, path);
            object[leaf] = json!("2026-03-02T09:40:02Z");
            assert_ne!(id(name, &other), known, "{name} {path}");
            if *path != columns[0] {
                let (object, leaf) = place(&mut other, path);
                object[leaf] = Value::Null;
                if let Ok((gone, _)) = map(name, &other.to_string()) {
                    assert_ne!(gone, known, "{name} {path}");
                }
            }
        }
    }
}

#[test]
fn nothing_else_counts() {
    for (name, row) in rows() {
        let known = id(name, &row);
        let dataset = schema::dataset(name).expect("dataset");
        for column in &dataset.root.columns {
            if row.get(&column.name).is_none() {
                let mut other = row.clone();
                other[&column.name] = json!("x");
                assert_eq!(id(name, &other), known, "{name} {}", column.name);
            }
        }
        let mut other = row.clone();
        other["somethingNew"] = json!({"a": [1]});
        assert_eq!(id(name, &other), known);
    }
}

#[test]
fn order_spelling_and_blanks_do_not_count() {
    let same = [
        r#"{"id":"a1","tenantId":"t1","lastUpdateDateTime":"2026-03-02T09:40:01Z"}"#,
        r#" { "lastUpdateDateTime" : "2026-03-02T09:40:01Z", "tenantId":"t1","id":"a1" } "#,
        r#"{"\u0069d":"\u00611","tenantId":"t1","lastUpdateDateTime":"2026-03-02T09:40:01Z","title":null}"#,
    ];
    let ids: Vec<DocId> = same.iter().map(|row| map("alert", row).expect("a document").0).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(ids[0].to_string().len(), 32);
}

#[test]
fn datasets_differ() {
    let row = json!({"id": "a1", "tenantId": "t1", "lastUpdateDateTime": "2026-03-02T09:40:01Z"});
    assert_ne!(id("alert", &row), id("incident", &row));
}

#[test]
fn items_are_told_apart_by_their_kind() {
    let kinds = &schema::dataset("evidence").expect("dataset").root.columns;
    let kinds = kinds.iter().find_map(|column| match &column.content {
        schema::Content::Object(shape) if column.name == "evidence" => Some(&shape.kinds),
        _ => None,
    });
    for kind in kinds.expect("kinds") {
        assert!(!kind.shape.identity.is_empty(), "{} has no identity", kind.tag);
        let item = |place_at: usize, value: &str| {
            let mut item = json!({"@odata.type": kind.tag});
            for (position, path) in kind.shape.identity.iter().enumerate() {
                let (object, leaf) = place(&mut item, path);
                object[leaf] = json!(if position == place_at { value } else { "same" });
            }
            map("evidence", &evidence(&item.to_string())).expect("a document").0
        };
        for (position, path) in kind.shape.identity.iter().enumerate() {
            assert_ne!(item(position, "one"), item(position, "two"), "{} {path}", kind.tag);
        }
    }
}

#[test]
fn items_without_identity_count_by_content() {
    let id = |item: &str| map("evidence", &evidence(item)).expect("a document").0;
    let ip = |members: &str| id(&format!(r##"{{"@odata.type":"#microsoft.graph.security.ipEvidence"{members}}}"##));
    assert_ne!(ip(r#","roles":["a"]"#), ip(r#","roles":["b"]"#));
    assert_eq!(ip(r#","roles":["a"],"tags":[]"#), ip(r#","tags":[],"roles":["a"]"#));
    assert_eq!(ip(r#","roles":["a"],"tags":null"#), ip(r#","roles":["a"]"#));
    // With an address the rest does not matter.
    assert_eq!(ip(r#","ipAddress":"192.0.2.1","roles":["a"]"#), ip(r#","ipAddress":"192.0.2.1""#));
    assert_ne!(ip(r#","ipAddress":"192.0.2.1","verdict":"x""#), ip(r#","ipAddress":"192.0.2.1""#));
}

#[test]
fn a_cluster_is_named_by_its_resource_whatever_is_said_about_that() {
    let id = |resource: &str| {
        let kind = "#microsoft.graph.security.kubernetesClusterEvidence";
        let item = format!(r#"{{"@odata.type":"{kind}","name":"aks-1","cloudResource":{{{resource}}}}}"#);
        map("evidence", &evidence(&item)).expect("a document").0
    };
    let known = id(r#""resourceId":"/a","verdict":"unknown","roles":[]"#);
    assert_eq!(id(r#""resourceId":"/a","verdict":"malicious","roles":["x"]"#), known);
    assert_ne!(id(r#""resourceId":"/b","verdict":"unknown","roles":[]"#), known);
}

#[test]
fn a_split_item_has_the_identity_of_its_row() {
    let list = [
        r##"{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"192.0.2.1"}"##,
        r##"{"@odata.type":"#microsoft.graph.security.urlEvidence","url":"https://a.example/"}"##,
        r#"{"verdict":"clean"}"#,
    ];
    let split = items(&mut mapper("evidence"), evidence(&format!("[{}]", list.join(","))).as_bytes());
    let split: Vec<DocId> = split.into_iter().map(|result| result.expect("a document").0).collect();
    let single: Vec<DocId> = list.iter().map(|item| map("evidence", &evidence(item)).expect("a document").0).collect();
    assert_eq!(split, single);
}

proptest! {
    #[test]
    fn different_items_have_different_ids(first: [u8; 4], second: [u8; 4], verdict in "[a-z]{0,8}") {
        prop_assume!(first != second);
        let id = |ip: [u8; 4]| {
            let item = json!({"@odata.type": "#microsoft.graph.security.ipEvidence", "verdict": verdict,
                "ipAddress": std::net::Ipv4Addr::from(ip).to_string()});
            map("evidence", &evidence(&item.to_string())).expect("a document").0
        };
        prop_assert_ne!(id(first), id(second));
    }
}

/// What has no id of its own gets one of its content. Such ids are stored, so they stand here as they were first computed.
#[test]
fn ids_of_content_are_pinned() {
    for (content, id) in [
        (&[][..], "c5d728c676b7f1498dbd9a9de30550f3"),
        (&[&b""[..]], "5f6ff860894bb78c510427209528880b"),
        (&[b"ab", b"c"], "522dba109f58c2ab83460e0f58effb82"),
        (&[b"a", b"bc"], "f62a9471b6e5a1824d7d0b25149e081a"),
    ] {
        assert_eq!(DocId::of_content("thing", content).to_string(), id, "{content:?}");
    }
}
