//! Rows that become several documents.

use serde_json::{Value, json};

use super::{document, evidence, items, json::strict, map, mapper};

/// Documents of the row by pointer: what each says there.
fn said(dataset: &str, row: &str, pointer: &str) -> Vec<Value> {
    let documents = items(&mut mapper(dataset), row.as_bytes()).into_iter();
    let documents = documents.map(|result| strict(&result.expect("a document").1));
    documents.map(|document| document.pointer(pointer).cloned().unwrap_or(Value::Null)).collect()
}

#[test]
fn one_document_per_item() {
    let verdict = "/m365_defender/alert/evidence/verdict";
    assert_eq!(said("evidence", &evidence(r#"[{"verdict":"a"},null,{"verdict":"b"}]"#), verdict), ["a", "b"]);
    assert_eq!(said("evidence", &evidence(r#"{"verdict":"a"}"#), verdict), ["a"]);
    for nothing in ["[]", "null", "[null]"] {
        assert!(said("evidence", &evidence(nothing), verdict).is_empty(), "{nothing}");
    }
    assert!(said("evidence", &super::alert(""), verdict).is_empty());
    assert_eq!(said("alert", &evidence(r#"[{"verdict":"a"},{"verdict":"b"}]"#), "/event/id"), ["a1"]);
}

fn log(members: &str) -> String {
    format!(r#"{{"incidentId":7,"tenantId":"t1","lastUpdateTime":"2026-03-02T09:40:01Z",{members}}}"#)
}

#[test]
fn alerts_and_entities_of_the_log() {
    let all = log(
        r#""alerts":[{"alertId":"a","entities":[{"entityType":"Ip","ipAddress":"192.0.2.1"},{"entityType":"File","fileName":"f"}]},
        {"alertId":"b","entities":[]},{"alertId":"c"},{"alertId":"d","entities":null},null]"#,
    );
    assert_eq!(said("log", &all, "/m365_defender/alerts/alertId"), ["a", "a", "b", "c", "d"]);
    let kinds = said("log", &all, "/m365_defender/alerts/entities/entityType");
    assert_eq!(kinds, [json!("Ip"), json!("File"), Value::Null, Value::Null, Value::Null]);
    for none in [r#""alerts":[]"#, r#""alerts":null"#, r#""alerts":[null]"#, r#""status":"Active""#] {
        assert_eq!(said("log", &log(none), "/m365_defender/incidentId"), [json!("7")], "{none}");
    }
}

#[test]
fn a_split_row_says_the_same_as_its_parts() {
    let (first, second) = (
        r##"{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"192.0.2.1","new":1,"tags":["x"]}"##,
        r##"{"@odata.type":"#microsoft.graph.security.fileEvidence","fileDetails":{"fileName":"f","sha1":"AA"}}"##,
    );
    let split = items(&mut mapper("evidence"), evidence(&format!("[{first},{second},{first}]")).as_bytes());
    let split: Vec<Value> = split.into_iter().map(|result| strict(&result.expect("a document").1)).collect();
    let [first, second] = [first, second].map(|item| document("evidence", &evidence(item)));
    assert_eq!(split, [first.clone(), second, first]);

    let entity = |name: &str| format!(r#"{{"entityType":"File","fileName":"{name}"}}"#);
    let row = |entities: &str| log(&format!(r#""alerts":[{{"alertId":"a","title":"t","entities":[{entities}]}}]"#));
    let split = items(&mut mapper("log"), row(&format!("{},{}", entity("x"), entity("y"))).as_bytes());
    for (result, name) in split.into_iter().zip(["x", "y"]) {
        let (id, bytes) = result.expect("a document");
        let part = log(&format!(r#""alerts":{{"alertId":"a","title":"t","entities":{}}}"#, entity(name)));
        assert_eq!(map("log", &part).expect("a document"), (id, strict(&bytes)));
    }
}

#[test]
fn items_do_not_leak_into_each_other() {
    let rich =
        r##"{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"192.0.2.1","roles":["r"],"new":1}"##;
    let row = evidence(&format!(r#"[{rich},{{"verdict":"clean"}},{rich}]"#));
    let documents: Vec<Value> = items(&mut mapper("evidence"), row.as_bytes())
        .into_iter()
        .map(|result| strict(&result.expect("one").1))
        .collect();
    assert_eq!(documents[0], documents[2]);
    assert_eq!(documents[1]["m365_defender"]["alert"]["evidence"], json!({"verdict": "clean"}));
    assert_eq!((documents[1].get("source"), documents[1].get("related")), (None, None));
}

#[test]
fn a_row_that_is_split_into_one_says_the_same_unsplit() {
    let entity = r#"{"entityType":"Ip","ipAddress":"192.0.2.1"}"#;
    for alerts in [
        "[]",
        "null",
        "[null]",
        "[null,null]",
        "{}",
        "[{}]",
        "[null,{}]",
        "7",
        "[7]",
        "\"x\"",
        "[[]]",
        "[[{}]]",
        r#"{"alertId":"a"}"#,
        r#"{"alertId":"a","entities":[]}"#,
        r#"[{"alertId":"a","entities":[]}]"#,
        r#"[{"alertId":"a","entities":[null]},null]"#,
        r#"[{"alertId":"a","entities":7}]"#,
        r#"[{"alertId":"a","entities":[7]}]"#,
        r#"[{"alertId":"a","entities":[{}]}]"#,
        r#"[{"alertId":"a","entities":[[]]}]"#,
        r#"[{"entities":[]}]"#,
    ] {
        let alerts = alerts.replace("[{}]]", &format!("[{entity}]]"));
        let row = log(&format!("\"alerts\":{alerts}"));
        let split = items(&mut mapper("log"), row.as_bytes());
        assert_eq!(split.len(), 1, "{row}");
        let split = split.into_iter().map(|result| result.map(|(id, bytes)| (id, strict(&bytes)))).next();
        assert_eq!(split, Some(map("log", &row)), "{row}");
    }
    let row = evidence(r##"[{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"192.0.2.1"},null]"##);
    let (id, bytes) = items(&mut mapper("evidence"), row.as_bytes()).remove(0).expect("a document");
    assert_eq!(map("evidence", &row), Ok((id, strict(&bytes))));
}
