//! From columns to fields.

use serde_json::{Value, json};

use super::{alert, check, document, evidence, items, json::strict, map, mapper};

#[test]
fn every_document_says_what_it_is() {
    check(
        &document("alert", &alert("")),
        &[
            ("/@timestamp", json!("2026-03-02T09:40:01Z")),
            ("/ecs/version", json!(schema::ecs::VERSION)),
            ("/event/module", json!("m365_security")),
            ("/event/dataset", json!("m365_security.alert")),
            ("/event/kind", json!("alert")),
            ("/event/original", Value::Null),
            ("/tags", Value::Null),
        ],
    );
}

#[test]
fn the_lowest_rank_wins_whatever_the_order() {
    for row in [r#""detectorId":"d","alertPolicyId":"p""#, r#""alertPolicyId":"p","detectorId":"d""#] {
        check(&document("alert", &alert(row)), &[("/rule/id", json!("d"))]);
    }
    check(&document("alert", &alert(r#""alertPolicyId":"p""#)), &[("/rule/id", json!("p"))]);
    check(&document("alert", &alert(r#""detectorId":"","alertPolicyId":"p""#)), &[("/rule/id", json!("p"))]);
    let row = r#"{"id":"a1","createdDateTime":"2026-03-01T00:00:00Z"}"#;
    check(&document("alert", row), &[("/@timestamp", json!("2026-03-01T00:00:00Z"))]);
}

#[test]
fn values_take_their_normal_form() {
    let row = r#"{"id":12,"tenantId":"7C5D","severity":"High","createdDateTime":"2026-03-02 11:00:00+02:00",
        "lastUpdateDateTime":"2026-03-02T09:40:01Z","title":"a\u0062\"","description":""}"#;
    check(
        &document("alert", row),
        &[
            ("/event/id", json!("12")),
            ("/cloud/account/id", json!("7c5d")),
            ("/event/severity", json!(73)),
            ("/m365_defender/alert/severity", json!("high")),
            ("/event/created", json!("2026-03-02T09:00:00Z")),
            ("/rule/name", json!("ab\"")),
            ("/m365_defender/alert/title", json!("ab\"")),
        ],
    );
}

#[test]
fn lists_stay_lists_and_ecs_takes_each_value_once() {
    let row = alert(r#""mitreTechniques":["T1059.001","T1059.003",null,"T1059","x"],"systemTags":["a","a"]"#);
    check(
        &document("alert", &row),
        &[
            ("/m365_defender/alert/mitre_techniques", json!(["T1059.001", "T1059.003", "T1059", "x"])),
            ("/m365_defender/alert/system_tags", json!(["a", "a"])),
            ("/threat/technique/id", json!(["T1059"])),
            ("/threat/technique/subtechnique/id", json!(["T1059.001", "T1059.003"])),
        ],
    );
    // A single value where a list is due is a list of one; an empty list is nothing.
    let row = alert(r#""mitreTechniques":"T1105","systemTags":[],"evidence":[{}]"#);
    check(
        &document("alert", &row),
        &[
            ("/m365_defender/alert/mitre_techniques", json!(["T1105"])),
            ("/m365_defender/alert/system_tags", Value::Null),
            ("/m365_defender/alert/evidence", Value::Null),
        ],
    );
}

#[test]
fn urls_become_groups() {
    check(
        &document("alert", &alert(r#""alertWebUrl":"https://H.example:8443/a?q#f""#)),
        &[(
            "/m365_defender/alert/web_url",
            json!({"original": "https://H.example:8443/a?q#f", "full": "https://H.example:8443/a?q#f", "domain": "h.example", "port": 8443, "path": "/a",
                "query": "q", "fragment": "f", "scheme": "https"}),
        )],
    );
    check(
        &document("alert", &alert(r#""alertWebUrl":"nowhere""#)),
        &[("/m365_defender/alert/web_url", json!({"original": "nowhere"})), ("/event/url", json!("nowhere"))],
    );
}

#[test]
fn what_no_column_names_is_kept_and_counted() {
    let row = alert(r#""b.c":1,"a":{"x":[1, {"y":null}]},"n":null,"evidence":[{"new":1},{"new":"2"}]"#);
    let mut mapper = mapper("alert");
    let mut out = Vec::new();
    mapper.map(row.as_bytes(), &mut out).expect("a document");
    mapper.map(row.as_bytes(), &mut Vec::new()).expect("a document");
    let kept = json!({"a": [{"x": [1, {"y": null}]}], "b.c": [1], "evidence.new": [1, "2"]});
    check(&strict(&out), &[("/m365_defender/alert/unmapped", kept)]);
    let drift: Vec<_> = mapper.take_drift().into_iter().map(|drift| (drift.kind, drift.path, drift.count)).collect();
    let expected = [
        ("unknown_column", "a", 2),
        ("unknown_column", "b.c", 2),
        ("unknown_column", "evidence.new", 4),
        ("unknown_kind", "(none)", 4),
    ];
    assert_eq!(drift, expected.map(|(kind, path, count)| (kind, path.to_owned(), count)));
}

#[test]
fn long_kept_texts_stay_whole() {
    let text = "ä€😀".repeat(9000);
    let document = document("alert", &alert(&format!("\"new\":\"{text}\"")));
    let kept = &document["m365_defender"]["alert"]["unmapped"]["new"][0];
    let whole = match kept {
        Value::String(text) => text.clone(),
        pieces => pieces.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    };
    assert_eq!(whole, text);
}

#[test]
fn one_process_keeps_together() {
    let item = r##"{"@odata.type":"#microsoft.graph.security.processEvidence","mdeDeviceId":"d1","processId":"4312",
        "processCreationDateTime":"2026-03-02T09:05:13Z","processCommandLine":"x.exe -a -a \"b c\"",
        "imageFile":{"fileName":"x.exe","filePath":"C:\\a","sha256":"AB"},"parentProcessId":7,
        "parentProcessImageFile":{"fileName":"p.exe"},"userAccount":{"accountName":"mara","userSid":"S-1"}}"##;
    check(
        &document("evidence", &evidence(item)),
        &[
            ("/process/pid", json!(4312)),
            ("/process/name", json!("x.exe")),
            ("/process/executable", json!(r"C:\a\x.exe")),
            ("/process/hash/sha256", json!("ab")),
            ("/process/args", json!(["x.exe", "-a", "-a", "b c"])),
            ("/process/parent/pid", json!(7)),
            ("/process/parent/name", json!("p.exe")),
            ("/process/user/name", json!("mara")),
            ("/related/hash", json!(["ab"])),
            ("/event/kind", json!("event")),
        ],
    );
}

#[test]
fn the_original_is_preserved_on_request() {
    let row = alert(r#""title" : "a\"b""#);
    let mut alerts = mapper("alert");
    alerts.preserve_original(true);
    let mut out = Vec::new();
    let id = alerts.map(row.as_bytes(), &mut out).expect("a document");
    check(&strict(&out), &[("/event/original", json!(row)), ("/tags", json!(["preserve_original_event"]))]);
    assert_eq!(id, map("alert", &row).expect("a document").0);
    alerts.preserve_original(false);
    out.clear();
    alerts.map(row.as_bytes(), &mut out).expect("a document");
    check(&strict(&out), &[("/event/original", Value::Null), ("/tags", Value::Null)]);
    // Of a split row each item keeps the row as it would have come alone, whole.
    let mut evidences = mapper("evidence");
    evidences.preserve_original(true);
    let list = evidence(r#"[{"verdict":"a"} , { "verdict":"b"}]"#).replace("\"t1\"", "\"t1\", \"evidence2\":[]");
    let originals = originals(&mut evidences, &list);
    let alone = |item: &str| evidence(item).replace("\"t1\"", "\"t1\", \"evidence2\":[]");
    assert_eq!(originals, [alone(r#"{"verdict":"a"}"#), alone(r#"{ "verdict":"b"}"#)]);
}

fn originals(mapper: &mut crate::Mapper, row: &str) -> Vec<String> {
    let documents = items(mapper, row.as_bytes()).into_iter().map(|result| strict(&result.expect("a document").1));
    documents.map(|document| document["event"]["original"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn the_original_of_a_legacy_row_has_incident_alert_and_entity() {
    let mut logs = mapper("log");
    logs.preserve_original(true);
    let row = |alerts: &str| {
        format!(r#"{{"incidentId":1,"lastUpdateTime":"2026-03-02T09:40:01Z","alerts":{alerts},"tags":["a"]}}"#)
    };
    let alert = |entities: &str| format!(r#"{{"alertId":"a", "entities":{entities},"title":"t"}}"#);
    let (url, ip) = (r#"{"url":"u"}"#, r#"{"ipAddress":"192.0.2.1"}"#);
    let expected = [row(&alert(url)), row(&alert(ip))];
    assert_eq!(originals(&mut logs, &row(&alert(&format!("[{url},{ip}]")))), expected);
    assert_eq!(originals(&mut logs, &row(&format!("[{},{}]", alert(url), alert(&format!("[ {ip} ]"))))), expected);
    for whole in [row("[]"), row(&alert("[]")), row(&alert("null")), row(&alert(url))] {
        assert_eq!(originals(&mut logs, &whole), [whole]);
    }
    // As it would come alone, the row gives the same document.
    let list = row(&alert(&format!("[{url},{ip}]")));
    let split = items(&mut logs, list.as_bytes());
    for (result, alone) in split.into_iter().zip(expected) {
        let (id, document) = result.expect("a document");
        let mut again = Vec::new();
        assert_eq!(logs.map(alone.as_bytes(), &mut again).expect("a document"), id);
        assert_eq!(strict(&document), strict(&again));
    }
}

/// Fields of the agent stand beside those of the row; below a name that rows have they are merged into them.
#[test]
fn fields_are_on_every_document_and_change_no_id() {
    let fields = serde_json::json!({
        "agent": {"id": "a\"1", "version": "9.5.2"},
        "elastic_agent": {"snapshot": false},
        "event": {"dataset": "other", "start": null},
        "labels": {"customer": "4711"},
    });
    let marks = crate::Marks::new(Vec::new(), std::iter::empty()).with_fields(fields.as_object().expect("an object"));
    let marks = std::sync::Arc::new(marks);
    for (dataset, row) in [("alert", alert("")), ("evidence", evidence(r#"[{"verdict":"a"},{"verdict":"b"}]"#))] {
        let mut marked = mapper(dataset);
        marked.mark(std::sync::Arc::clone(&marks));
        let plain = items(&mut mapper(dataset), row.as_bytes());
        for (plain, with) in plain.into_iter().zip(items(&mut marked, row.as_bytes())) {
            let (plain, with) = (plain.expect("a document"), with.expect("a document"));
            assert_eq!(plain.0, with.0);
            let (mut expected, with) = (strict(&plain.1), strict(&with.1));
            for name in ["agent", "elastic_agent", "labels"] {
                expected[name] = fields[name].clone();
            }
            expected["event"]["dataset"] = "other".into();
            expected["event"]["start"] = serde_json::Value::Null;
            assert_eq!(with, expected);
        }
    }
}

#[test]
fn marks_are_on_every_document_and_change_no_id() {
    let labels = [("customer".to_owned(), "4\"711".to_owned()), ("region".to_owned(), "eu".to_owned())];
    let labels = labels.iter().map(|(name, value)| (name, value));
    let marks = std::sync::Arc::new(crate::Marks::new(vec!["gold".to_owned(), "a".to_owned()], labels));
    for (dataset, row) in [("alert", alert("")), ("evidence", evidence(r#"[{"verdict":"a"},{"verdict":"b"}]"#))] {
        let mut marked = mapper(dataset);
        marked.mark(std::sync::Arc::clone(&marks));
        marked.preserve_original(true);
        let plain = items(&mut mapper(dataset), row.as_bytes());
        let with = items(&mut marked, row.as_bytes());
        assert_eq!(plain.len(), with.len());
        for (plain, with) in plain.into_iter().zip(with) {
            let (plain, (id, text)) = (plain.expect("a document"), with.expect("a document"));
            assert_eq!(plain.0, id);
            check(
                &strict(&text),
                &[
                    ("/tags", json!(["gold", "a", "preserve_original_event"])),
                    ("/labels", json!({"customer": "4\"711", "region": "eu"})),
                ],
            );
        }
    }
}

#[test]
fn documents_are_appended() {
    let mut out = b"before".to_vec();
    mapper("alert").map(alert("").as_bytes(), &mut out).expect("a document");
    assert!(out.starts_with(b"before{\"@timestamp\""));
    let length = out.len();
    assert!(mapper("alert").map(b"{}", &mut out).is_err());
    assert_eq!(out.len(), length, "a rejection leaves nothing behind");
}
