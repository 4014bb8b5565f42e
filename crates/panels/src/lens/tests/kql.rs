use serde_json::{Value, json};

use super::fields;
use crate::lens::kql::to_dsl;

fn dsl(text: &str) -> Value {
    to_dsl(text, &fields()).unwrap().unwrap()
}

fn problem(text: &str) -> String {
    to_dsl(text, &fields()).unwrap_err().text
}

fn term(field: &str, value: impl Into<Value>) -> Value {
    json!({ "term": { field: { "value": value.into() } } })
}

#[test]
fn values_take_the_type_of_the_field() {
    assert_eq!(dsl("severity: high"), term("severity", "high"));
    assert_eq!(dsl("severity : \"very high\""), term("severity", "very high"));
    assert_eq!(dsl("severity: very high"), term("severity", "very high"));
    assert_eq!(dsl("count: 4"), term("count", 4));
    assert_eq!(dsl("score: 1.5"), term("score", 1.5));
    assert_eq!(dsl("done: true"), term("done", true));
    assert_eq!(dsl("ip: \"10.0.0.0/8\""), term("ip", "10.0.0.0/8"));
    assert_eq!(dsl("raw.anything.below: x"), term("raw.anything.below", "x"));
    assert_eq!(dsl("note: two words"), json!({ "match": { "note": { "query": "two words" } } }));
    assert_eq!(dsl("note: \"two words\""), json!({ "match_phrase": { "note": { "query": "two words" } } }));
    assert_eq!(
        dsl("@timestamp: 2026-01-01"),
        json!({ "range": { "@timestamp": { "gte": "2026-01-01", "lte": "2026-01-01" } } })
    );
    assert_eq!(dsl("command: *\\*.exe"), json!({ "wildcard": { "command": { "value": "*\\*.exe" } } }));
    assert_eq!(dsl("severity: \"a*\""), term("severity", "a*"));
    assert_eq!(dsl("severity: C\\:\\\\x"), term("severity", "C:\\x"));
    assert_eq!(dsl("severity: *"), json!({ "exists": { "field": "severity" } }));
    assert_eq!(dsl("*"), json!({ "match_all": {} }));
}

#[test]
fn and_binds_closer_than_or_and_not_closest() {
    let (a, b, c) = (term("tag", "a"), term("tag", "b"), term("severity", "c"));
    assert_eq!(
        dsl("tag: a or tag: b and not severity: c"),
        json!({ "bool": { "minimum_should_match": 1, "should": [
            a, { "bool": { "filter": [b, { "bool": { "must_not": [c] } }] } },
        ] } })
    );
    assert_eq!(
        dsl("(tag: a OR tag: b) AND severity: c"),
        json!({ "bool": { "filter": [{ "bool": { "should": [a, b], "minimum_should_match": 1 } }, c] } })
    );
}

#[test]
fn lists_belong_to_their_field() {
    let (a, b) = (term("tag", "a b"), term("tag", "c"));
    assert_eq!(dsl("tag: (\"a b\" or c)"), json!({ "bool": { "should": [a, b], "minimum_should_match": 1 } }));
    assert_eq!(
        dsl("tag: (c and not d)"),
        json!({ "bool": { "filter": [b, { "bool": { "must_not": [term("tag", "d")] } }] } })
    );
    assert_eq!(dsl("not tag: (c)"), json!({ "bool": { "must_not": [b] } }));
}

#[test]
fn comparisons_are_ranges() {
    assert_eq!(dsl("count >= 5"), json!({ "range": { "count": { "gte": 5 } } }));
    assert_eq!(dsl("@timestamp < now-1d"), json!({ "range": { "@timestamp": { "lt": "now-1d" } } }));
    assert_eq!(
        dsl("count > 1 and count<=3"),
        json!({ "bool": { "filter": [{ "range": { "count": { "gt": 1 } } }, { "range": { "count": { "lte": 3 } } }] } })
    );
}

#[test]
fn nothing_is_asked_by_an_empty_text() {
    assert_eq!(to_dsl("  ", &fields()), Ok(None));
}

#[test]
fn what_is_not_understood_is_said() {
    for (text, part) in [
        ("severty: high", "no field is called severty"),
        ("count: many", "\"many\" is no long, which count is"),
        ("count: 1*", "takes no wildcard"),
        ("high", "\"high\" stands without a field"),
        ("severity:", "the text ends"),
        ("(severity: high", "not closed"),
        ("severity: high)", "\")\" is not expected"),
        ("severity: \"high", "quotation mark"),
        ("severity: { a: b }", "nested"),
        ("raw > 3", "cannot be compared"),
        ("severity: and", "\"and\" is not expected"),
        ("place: x", "geo_point"),
        ("severity: C:x", "\":\" is not expected"),
    ] {
        let problem = problem(text);
        assert!(problem.contains(part) && problem.contains(text), "{text}: {problem}");
    }
}
