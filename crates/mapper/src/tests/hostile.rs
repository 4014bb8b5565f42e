//! Bad input: a rejection with its reason and, where readable, the record's id; never a panic, never broken JSON.

use proptest::prelude::*;
use serde_json::json;

use super::{alert, check, document, evidence, json::strict, map, mapper};
use crate::Row;

/// The row is rejected for this reason; the record is named if `record` says so.
fn rejected(row: &[u8], reason: &str, record: Option<&str>) {
    let reject = mapper("alert").map(row, &mut Vec::new()).expect_err("a rejection");
    assert_eq!((reject.reason, reject.record.as_deref()), (reason, record), "{}", reject.detail);
    assert!(!reject.detail.is_empty() && reject.detail.len() < 300);
}

#[test]
fn not_an_object() {
    for row in ["[]", "null", "1", "\"id\"", "[{\"id\":\"a1\"}]"] {
        let record = row.contains("a1").then_some("a1");
        rejected(row.as_bytes(), "not_an_object", record);
    }
}

#[test]
fn truncated() {
    let row = alert(r#""title":"x""#);
    rejected(b"", "not_json", None);
    rejected(&row.as_bytes()[..4], "not_json", None);
    for end in row.find("\"tenantId").expect("a column")..row.len() {
        rejected(&row.as_bytes()[..end], "not_json", Some("a1"));
    }
}

#[test]
fn too_large() {
    let row = alert(&format!("\"description\":\"{}\"", "x".repeat(5 << 20)));
    rejected(row.as_bytes(), "too_large", Some("a1"));
}

#[test]
fn long_texts_within_the_limit() {
    let row = alert(&format!("\"description\":\"{}\"", "x".repeat(3 << 20)));
    let document = document("alert", &row);
    assert_eq!(document["m365_defender"]["alert"]["description"].as_str().map(str::len), Some(3 << 20));
}

#[test]
fn without_identity_or_time() {
    for row in ["{}", r#"{"id":null}"#, r#"{"id":""}"#, r#"{"id":[]}"#, r#"{"id":{"x":1}}"#, r#"{"ID":"a1"}"#] {
        rejected(row.as_bytes(), "no_identity", None);
    }
    rejected(br#"{"id":"a1"}"#, "no_timestamp", Some("a1"));
    rejected(br#"{"id":7,"lastUpdateDateTime":"yesterday"}"#, "no_timestamp", Some("7"));
}

#[test]
fn wrong_types_are_kept_and_counted() {
    let row = alert(
        r##""title":{"x":1},"mitreTechniques":{"a":2},"createdDateTime":7,"firstActivityDateTime":"soon",
        "additionalData":[1],"evidence":["text",{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"300.1.1.1"}]"##,
    );
    let mut mapper = mapper("alert");
    let mut out = Vec::new();
    mapper.map(row.as_bytes(), &mut out).expect("a document");
    let unmapped = json!({
        "additionalData": [[1]], "createdDateTime": [7], "evidence": ["text"], "evidence.ipAddress": ["300.1.1.1"],
        "firstActivityDateTime": ["soon"], "mitreTechniques": [{"a": 2}], "title": [{"x": 1}]
    });
    check(&strict(&out), &[("/m365_defender/alert/unmapped", unmapped), ("/rule/name", json!(null))]);
    let drift = mapper.take_drift();
    assert_eq!(drift.len(), 7);
    assert!(drift.iter().all(|drift| drift.kind == "mistyped" && drift.record.as_deref() == Some("a1")));
    assert!(mapper.take_drift().is_empty());
}

#[test]
fn unknown_kinds_keep_everything() {
    let item = r##"{"@odata.type":"#microsoft.graph.security.futureEvidence","verdict":"malicious","shape":{"n":1},"ids":[1,2]}"##;
    let mut mapper = mapper("evidence");
    let mut out = Vec::new();
    mapper.map(evidence(item).as_bytes(), &mut out).expect("a document");
    check(
        &strict(&out),
        &[
            ("/m365_defender/alert/evidence/verdict", json!("malicious")),
            ("/m365_defender/alert/evidence/odata_type", json!("#microsoft.graph.security.futureEvidence")),
            ("/m365_defender/alert/unmapped", json!({"evidence.ids": [[1, 2]], "evidence.shape": [{"n": 1}]})),
        ],
    );
    let kinds: Vec<_> = mapper.take_drift().into_iter().map(|drift| (drift.kind, drift.path, drift.count)).collect();
    assert!(kinds.contains(&("unknown_kind", "#microsoft.graph.security.futureEvidence".into(), 1)), "{kinds:?}");
}

#[test]
fn drift_is_bounded() {
    let mut mapper = mapper("alert");
    for number in 0..3000 {
        mapper.map(alert(&format!("\"x{number}\":1")).as_bytes(), &mut Vec::new()).expect("a document");
    }
    let drift = mapper.take_drift();
    assert!(drift.len() <= 1001);
    assert_eq!(drift.iter().map(|drift| drift.count).sum::<u64>(), 3000);
}

/// What fuzzing found.
#[test]
fn findings() {
    let row = alert(r#""alertWebUrl":"https://u@h.example:0443/p""#);
    check(&document("alert", &row), &[("/m365_defender/alert/web_url/port", json!(443))]);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        for dataset in schema::catalog() {
            let _ = crate::Mapper::new(dataset).map(&bytes, &mut Vec::new());
        }
    }

    #[test]
    fn no_value_in_any_column_panics(column: prop::sample::Index, text in "[ -~äß\u{0}]{0,20}", number: f64, kind in 0..6) {
        let columns = &schema::dataset("alert").expect("dataset").root.columns;
        let name = &columns[column.index(columns.len())].name;
        let value = match kind {
            0 => json!(text),
            1 => json!(number),
            2 => json!([text, number, null, [], {}]),
            3 => json!({"@odata.type": text, "x": number}),
            4 => json!([{"fileName": number, "imageFile": text}]),
            _ => json!(true),
        };
        let mut row = json!({"id": "a1", "lastUpdateDateTime": "2026-03-02T09:40:01Z"});
        row[name] = value;
        if let Ok((_, document)) = map("alert", &row.to_string()) {
            prop_assert!(document.is_object());
        }
        let row = row.to_string();
        let row = Row::parse(row.as_bytes()).expect("row");
        mapper("evidence").map_items(&row, &mut |result| {
            if let Ok((_, document)) = result {
                strict(document);
            }
        });
    }
}
