//! The summary of an incident's alerts.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{alert, json::strict, map, mapper};
use crate::{FactsReader, Rollup};

fn reader() -> FactsReader {
    FactsReader::new(schema::dataset("alert").expect("dataset"))
}

fn add(rollup: &mut Rollup, reader: &mut FactsReader, alert: &str) {
    rollup.add(reader.read(alert.as_bytes()).expect("facts"));
}

fn sum<'a>(alerts: impl IntoIterator<Item = &'a String>) -> Value {
    let (mut reader, mut rollup) = (reader(), Rollup::default());
    for alert in alerts {
        add(&mut rollup, &mut reader, alert);
    }
    let mut out = Vec::new();
    rollup.write(&mut out);
    strict(&out)
}

#[test]
fn nothing() {
    let sum = sum([]);
    assert_eq!((&sum["alertCount"], &sum["evidenceCount"], &sum["ips"]), (&json!(0), &json!(0), &json!([])));
    assert_eq!(sum.get("firstActivityDateTime"), None);
}

#[test]
fn counts_and_unions() {
    let first = alert(
        r##""severity":"High","status":"inProgress","serviceSource":"s\"1","category":"Execution","mitreTechniques":["T1059","T1105"],
        "firstActivityDateTime":"2026-03-02T09:00:00.5Z","lastActivityDateTime":"2026-03-02T10:00:00Z",
        "evidence":[{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"192.0.2.1"},{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"192.0.2.1"}]"##,
    );
    let second = alert(
        r##""severity":"strange","status":"","mitreTechniques":"T1105","firstActivityDateTime":"2026-03-02T11:00:00+02:00","lastActivityDateTime":"never",
        "evidence":[{"@odata.type":"#microsoft.graph.security.ipEvidence","ipAddress":"198.51.100.7"}]"##,
    )
    .replace("a1", "a2");
    let sum = sum([&first, &second]);
    for (name, expected) in [
        ("alertCount", json!(2)),
        ("evidenceCount", json!(3)),
        ("severity", json!({"informational": 0, "low": 0, "medium": 0, "high": 1, "other": 1})),
        ("status", json!({"new": 0, "inProgress": 1, "resolved": 0, "other": 1})),
        ("serviceSource", json!({"s\"1": 1})),
        ("serviceSources", json!(["s\"1"])),
        ("alertIds", json!(["a1", "a2"])),
        ("mitreTechniques", json!(["T1059", "T1105"])),
        ("categories", json!(["Execution"])),
        ("ips", json!(["192.0.2.1", "198.51.100.7"])),
        ("ipsOverflow", json!(0)),
        ("firstActivityDateTime", json!("2026-03-02T09:00:00Z")),
        ("lastActivityDateTime", json!("2026-03-02T10:00:00Z")),
    ] {
        assert_eq!(sum[name], expected, "{name}");
    }
}

#[test]
fn times_span_all_alerts() {
    let last = |time: &str| alert(&format!(r#""firstActivityDateTime":"{time}","lastActivityDateTime":"{time}""#));
    let times = ["2026-03-02T10:00:00Z", "2026-03-02T10:00:00.25Z", "2026-03-02T12:00:00+02:30", "never", ""];
    let sum = sum(&times.map(last));
    assert_eq!(sum["firstActivityDateTime"], "2026-03-02T09:30:00Z");
    assert_eq!(sum["lastActivityDateTime"], "2026-03-02T10:00:00.25Z");
}

#[test]
fn bounds() {
    let alerts: Vec<String> = (0..250)
        .map(|number| {
            alert(&format!(r#""serviceSource":"s{number}","mitreTechniques":["T{number}"]"#))
                .replace("a1", &format!("a{number}"))
        })
        .collect();
    let sum = sum(&alerts);
    assert_eq!(sum["alertCount"], 250);
    assert_eq!(sum["alertIds"].as_array().map(Vec::len), Some(200));
    assert_eq!(sum["alertIdsOverflow"], 50);
    assert_eq!(sum["mitreTechniquesOverflow"], 50);
    assert_eq!(sum["serviceSources"].as_array().map(Vec::len), Some(200));
}

#[test]
fn what_cannot_be_read_is_counted_and_told() {
    let mut rollup = Rollup::default();
    add(&mut rollup, &mut reader(), &alert(r#""severity":"low""#));
    let write = |rollup: &Rollup| {
        let mut out = Vec::new();
        rollup.write(&mut out);
        let sum = strict(&out);
        (sum["alertCount"].clone(), sum["alertsMissing"].clone(), sum["complete"].clone())
    };
    assert_eq!(write(&rollup), (json!(1), json!(0), json!(true)));
    rollup.reject();
    assert_eq!(write(&rollup), (json!(2), json!(1), json!(false)));
    assert!(!rollup.announce(2) && rollup.announce(120));
    assert_eq!(write(&rollup), (json!(120), json!(119), json!(false)));
}

#[test]
fn facts_are_those_of_the_last_row() {
    let mut reader = reader();
    let (mut both, mut one) = (Rollup::default(), Rollup::default());
    add(&mut both, &mut reader, &alert(r#""severity":"low","serviceSource":"x","mitreTechniques":["T1"]"#));
    add(&mut one, &mut reader, &alert(""));
    let mut out = Vec::new();
    one.write(&mut out);
    let sum = strict(&out);
    assert_eq!((&sum["serviceSources"], &sum["mitreTechniques"]), (&json!([]), &json!([])));
    assert_eq!(sum["severity"]["other"], 1);
}

#[test]
fn the_incident_takes_the_summary() {
    let mut row = br#"{"id":"7","tenantId":"t","lastUpdateDateTime":"2026-03-02T09:40:01Z","rollup":"#.to_vec();
    let mut rollup = Rollup::default();
    add(&mut rollup, &mut reader(), &alert(r#""severity":"low","serviceSource":"x","mitreTechniques":["T1059.001"]"#));
    rollup.write(&mut row);
    row.push(b'}');
    let mut incidents = mapper("incident");
    incidents.map(&row, &mut Vec::new()).expect("a document");
    assert_eq!(incidents.take_drift(), []);
}

#[test]
fn rows_without_facts_are_those_without_documents() {
    let time = r#""lastUpdateDateTime":"2026-03-02T09:40:01Z""#;
    let without_id = [format!("{{{time}}}"), format!(r#"{{"id":"",{time}}}"#)];
    let odd = ["{", "[]", "{}", r#"{"id":"a"}"#, r#"{"id":"a","lastUpdateDateTime":"never"}"#].map(str::to_owned);
    for row in without_id.iter().chain(&odd) {
        let rejected = map("alert", row).expect_err("no document");
        assert_eq!(reader().read(row.as_bytes()).expect_err("no facts"), rejected, "{row}");
    }
}

#[test]
fn facts_are_what_the_document_says() {
    let (mut reader, mut evidence) = (reader(), 0);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/alert");
    for entry in std::fs::read_dir(folder).expect("fixtures") {
        let row = std::fs::read_to_string(entry.expect("a file").path()).expect("a row");
        let mut rollup = Rollup::default();
        let (Ok((_, document)), Ok(facts)) = (map("alert", &row), reader.read(row.as_bytes())) else { continue };
        rollup.add(facts);
        let mut out = Vec::new();
        rollup.write(&mut out);
        let sum = strict(&out);
        for (list, field) in [("users", "user"), ("hosts", "hosts"), ("ips", "ip"), ("hashes", "hash")] {
            let related = document["related"].get(field).cloned().unwrap_or(json!([]));
            let known = related.as_array().map_or(0, Vec::len).min(200);
            assert_eq!(
                sum[list].as_array().map(Vec::as_slice),
                related.as_array().map(|all| &all[..known]),
                "{list} of {row}"
            );
            evidence += known;
        }
    }
    assert!(evidence > 50, "only {evidence} values were compared");
}

proptest! {
    #[test]
    fn order_does_not_count(severities in prop::collection::vec("(low|high|x)", 1..8), seed: u64) {
        let mut alerts: Vec<String> = severities.iter().enumerate().map(|(number, severity)| {
            alert(&format!(r#""severity":"{severity}","category":"c{}","serviceSource":"s{}","firstActivityDateTime":"2026-03-0{}T00:00:00.{}Z""#,
                number % 3, number % 2, 1 + (seed >> number) % 9, 1 + number)).replace("a1", &format!("a{number}"))
        }).collect();
        let normal = |mut sum: Value| {
            for list in sum.as_object_mut().expect("an object").values_mut().filter_map(Value::as_array_mut) {
                list.sort_by_key(ToString::to_string);
            }
            sum
        };
        let forward = normal(sum(&alerts));
        alerts.reverse();
        prop_assert_eq!(normal(sum(&alerts)), forward);
    }
}
