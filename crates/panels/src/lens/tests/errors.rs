//! What is not understood names dashboard, panel and column.

use serde_json::{Value, json};

use super::{count, dashboard, histogram, problem, terms};

#[test]
fn unknown_constructs_are_never_skipped() {
    let with = |mut column: Value, path: &[&str], value: Value| {
        let mut place = &mut column;
        for name in path {
            place = &mut place[*name];
        }
        *place = value;
        column
    };
    for (column, part) in [
        (with(count(), &["operationType"], "formula".into()), "the operation formula is not supported"),
        (
            json!({ "operationType": "formula", "isBucketed": false, "params": { "formula": "count()" } }),
            "the operation formula is not supported",
        ),
        (with(count(), &["timeScale"], "h".into()), "timeScale"),
        (with(count(), &["surprise"], 1.into()), "the property surprise of a column"),
        (with(count(), &["params", "surprise"], 1.into()), "the parameter surprise"),
        (with(count(), &["timeShift"], "soon".into()), "\"soon\" is no length of time"),
        (with(count(), &["filter"], json!({ "language": "lucene", "query": "a" })), "queries in lucene"),
        (with(count(), &["filter"], json!({ "language": "kuery", "query": "nope: 1" })), "no field is called nope"),
        (
            json!({ "operationType": "sum", "sourceField": "severity", "isBucketed": false }),
            "sum of severity, which is keyword",
        ),
        (json!({ "operationType": "max", "sourceField": "nope", "isBucketed": false }), "no field is called nope"),
        (
            json!({ "operationType": "terms", "sourceField": "tag", "isBucketed": false }),
            "the operation terms is not supported",
        ),
    ] {
        let said = problem(&dashboard(&[("m", column)]));
        assert!(
            said.starts_with("dashboard board, panel \"How many?\", column m: ") && said.contains(part),
            "{part}: {said}"
        );
    }
}

#[test]
fn buckets_that_cannot_be_are_refused() {
    for (column, part) in [
        (terms("note", &Value::Null), "top values of note, which is match_only_text"),
        (terms("tag", &json!({ "orderBy": { "type": "significant" } })), "an order of type significant"),
        (terms("tag", &json!({ "orderBy": { "type": "column", "columnId": "gone" } })), "the order names gone"),
        (terms("tag", &json!({ "accuracyMode": true })), "accuracyMode"),
        (terms("tag", &json!({ "size": 0 })), "without a size"),
        (json!({ "operationType": "range", "sourceField": "tag", "isBucketed": true }), "ranges of tag"),
        (
            json!({ "operationType": "filters", "isBucketed": true, "params": { "filters": [] } }),
            "filters without a filter",
        ),
        (
            json!({ "operationType": "date_histogram", "sourceField": "count", "isBucketed": true }),
            "count, which is no date",
        ),
    ] {
        let said = problem(&dashboard(&[("b", column), ("m", count())]));
        assert!(said.contains("panel \"How many?\"") && said.contains(part), "{part}: {said}");
    }
}

#[test]
fn panels_and_layers_are_refused_as_a_whole() {
    let change = |pointer: &str, value: Value| {
        let mut board = dashboard(&[("h", histogram()), ("m", count())]);
        *board.pointer_mut(pointer).unwrap() = value;
        problem(&board)
    };
    let attributes = "/attributes/panelsJSON/0/embeddableConfig/attributes";
    let layer = format!("{attributes}/state/datasourceStates/formBased/layers/l");
    for (pointer, value, part) in [
        ("/attributes/panelsJSON".to_owned(), json!("[]"), "decoded form"),
        ("/attributes/panelsJSON/0/type".to_owned(), json!("vega"), "panels of type vega"),
        (attributes.to_owned(), json!({}), "not by value"),
        (format!("{attributes}/references"), json!([]), "no reference called indexpattern-datasource-layer-l"),
        (format!("{attributes}/references/0/id"), json!("elsewhere"), "no data view elsewhere"),
        (format!("{attributes}/state/query"), json!({ "esql": "FROM x" }), "ES|QL"),
        (format!("{layer}/columnOrder"), json!(["m", "h"]), "buckets must stand before metrics"),
        (format!("{layer}/columnOrder"), json!(["h"]), "names 1 of 2 columns"),
        (format!("{layer}/columnOrder"), json!(["h", "m", "z"]), "column z: columnOrder names a column"),
        ("/attributes/timeFrom".to_owned(), json!("whenever"), "\"whenever\" is no point in time"),
    ] {
        let said = change(&pointer, value);
        assert!(said.contains("dashboard board") && said.contains(part), "{part}: {said}");
    }
}

#[test]
fn all_panels_that_are_wrong_are_told() {
    let mut board = dashboard(&[("m", json!({ "operationType": "formula", "isBucketed": false }))]);
    let panel = board["attributes"]["panelsJSON"][0].clone();
    board["attributes"]["panelsJSON"] = json!([panel, panel]);
    assert_eq!(problem(&board).lines().count(), 2);
}
