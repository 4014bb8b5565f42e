use serde_json::{Value, json};

use super::{count, dashboard, histogram, query, terms};
use crate::lens::PanelQuery;
use crate::table::{Kind, MISSING, OTHER, Table};

/// The table of these answers, one after another.
fn table(query: &PanelQuery, answers: &[Value]) -> Table {
    let mut answers = answers.iter();
    let table = query.table_with(|_| Ok(answers.next().expect("one more search than answers").clone())).unwrap();
    assert!(answers.next().is_none(), "an answer is left");
    table
}

fn answer(total: u64, aggregations: &Value) -> Value {
    json!({ "hits": { "total": { "value": total } }, "aggregations": aggregations })
}

#[test]
fn a_metric_alone_is_one_row() {
    let table = table(&query(&dashboard(&[("m", count())])), &[answer(7, &json!({}))]);
    assert_eq!((table.rows, table.total_hits), (vec![vec![json!(7)]], 7));
    assert_eq!((table.columns[0].kind, table.columns[0].label.as_str()), (Kind::Number, "Count"));
}

#[test]
fn zero_is_nothing_where_the_column_says_so() {
    let asked = query(&dashboard(&[("m", count())]));
    let empty = table(&asked, &[answer(0, &json!({}))]);
    assert_eq!(empty.rows, [[Value::Null]]);
    assert!(!asked.shows_something(&empty));
    let mut zero = count();
    zero["params"]["emptyAsNull"] = false.into();
    let asked = query(&dashboard(&[("m", zero.clone())]));
    let shown = table(&asked, &[answer(0, &json!({}))]);
    assert_eq!(shown.rows, [[json!(0)]]);
    assert!(!asked.shows_something(&shown));
    let labels = json!({ "operationType": "filters", "isBucketed": true, "params": { "filters": [
        { "label": "High", "input": { "language": "kuery", "query": "severity: highest" } },
    ] } });
    let asked = query(&dashboard(&[("f", labels), ("m", zero)]));
    let shown = table(&asked, &[answer(9, &json!({ "b0": { "buckets": [{ "doc_count": 0 }] } }))]);
    assert_eq!(shown.rows, [[json!("High"), json!(0)]]);
    assert!(!asked.shows_something(&shown), "a label is no value");
}

#[test]
fn the_rest_is_asked_for_and_put_beside_the_top_values() {
    let more = json!({ "otherBucket": true, "missingBucket": true });
    let asked = query(&dashboard(&[("t", terms("tag", &more)), ("m", count())]));
    let mut run = asked.begin();
    assert_eq!(run.searches()[0].body["aggs"]["b0"]["terms"]["missing"], "__missing__");
    let top = json!([{ "key": "a", "doc_count": 5 }, { "key": "__missing__", "doc_count": 3 }]);
    run.answer(vec![answer(10, &json!({ "b0": { "sum_other_doc_count": 2, "buckets": top } }))]).unwrap();
    let second = run.searches()[0].body["aggs"]["other"]["filters"]["filters"].clone();
    let not = |condition: Value| json!({ "bool": { "must_not": [condition] } });
    let is_missing = not(json!({ "exists": { "field": "tag" } }));
    let expected =
        json!([{ "bool": { "filter": [not(json!({ "term": { "tag": { "value": "a" } } })), not(is_missing)] } }]);
    assert_eq!(second, expected);
    run.answer(vec![answer(10, &json!({ "other": { "buckets": [{ "doc_count": 2 }] } }))]).unwrap();
    assert!(run.searches().is_empty());
    let table = run.finish().unwrap();
    assert_eq!(table.rows, [[json!("a"), json!(5)], [json!(MISSING), json!(3)], [json!(OTHER), json!(2)]]);
}

#[test]
fn the_rest_of_an_inner_bucket_belongs_to_its_outer_one() {
    let rest = json!({ "otherBucket": true });
    let mut outer = terms("severity", &rest);
    outer["params"]["size"] = 1.into();
    let asked = query(&dashboard(&[("s", outer), ("t", terms("tag", &rest)), ("m", count())]));
    let inner =
        |count: u64, rest: u64| json!({ "sum_other_doc_count": rest, "buckets": [{ "key": "x", "doc_count": count }] });
    let first = json!({ "b0": { "sum_other_doc_count": 4, "buckets": [{ "key": "high", "doc_count": 9, "b1": inner(8, 1) }] } });
    let second = json!({ "other": { "buckets": [{ "doc_count": 4, "b1": inner(2, 2) }] } });
    let third = json!({ "other": { "buckets": [{ "doc_count": 1 }, { "doc_count": 2 }] } });
    let mut run = asked.begin();
    run.answer(vec![answer(13, &first)]).unwrap();
    run.answer(vec![answer(13, &second)]).unwrap();
    let conditions = run.searches()[0].body["aggs"]["other"]["filters"]["filters"].clone();
    let high = json!({ "term": { "severity": { "value": "high" } } });
    assert_eq!(conditions[0]["bool"]["filter"][0], high);
    assert_eq!(conditions[1]["bool"]["filter"][0]["bool"]["filter"][0], json!({ "bool": { "must_not": [high] } }));
    run.answer(vec![answer(13, &third)]).unwrap();
    let rows: Vec<String> = run.finish().unwrap().rows.iter().map(|row| Value::from(row.clone()).to_string()).collect();
    assert_eq!(rows, [r#"["high","x",8]"#, r#"["high","Other",1]"#, r#"["Other","x",2]"#, r#"["Other","Other",2]"#]);
}

#[test]
fn an_earlier_time_stands_beside_the_present_one() {
    const HOUR: i64 = 3_600_000;
    let mut before = count();
    before["timeShift"] = "1d".into();
    let mut time = histogram();
    time["params"]["interval"] = "1h".into();
    let asked = query(&dashboard(&[("h", time), ("m", count()), ("n", before)]));
    let buckets = |counts: &[(i64, u64)]| {
        let buckets = counts.iter().map(|(hour, count)| json!({ "key": hour * HOUR, "doc_count": count }));
        json!({ "b0": { "buckets": buckets.collect::<Vec<_>>() } })
    };
    let now = answer(4, &buckets(&[(100, 1), (102, 3)]));
    let earlier = answer(7, &buckets(&[(76, 5), (77, 2)]));
    let table = table(&asked, &[now, earlier]);
    let row = |hour: i64, now: Value, earlier: Value| vec![json!(hour * HOUR), now, earlier];
    assert_eq!(
        table.rows,
        [row(100, 1.into(), 5.into()), row(101, Value::Null, 2.into()), row(102, 3.into(), Value::Null)]
    );
    assert_eq!(table.total_hits, 4);
}

#[test]
fn last_values_and_percentiles_are_read_from_their_places() {
    let last = |list: bool| {
        json!({
            "operationType": "last_value", "sourceField": "tag", "isBucketed": false, "label": "Last",
            "filter": { "language": "kuery", "query": "tag: *" },
            "params": { "sortField": "@timestamp", "showArrayValues": list },
        })
    };
    let when = json!({ "operationType": "last_value", "sourceField": "@timestamp", "isBucketed": false, "params": { "sortField": "@timestamp" } });
    let half = json!({ "operationType": "median", "sourceField": "score", "isBucketed": false, "params": {} });
    let asked = query(&dashboard(&[("a", last(false)), ("b", last(true)), ("c", when), ("d", half)]));
    let hit = |field: &str, values: Value| json!({ "hits": { "hits": [{ "fields": { field: values } }] } });
    let aggregations = json!({
        "m0": { "doc_count": 1, "v": hit("tag", json!(["x", "y"])) },
        "m1": { "doc_count": 1, "v": hit("tag", json!(["x", "y"])) },
        "m2": hit("@timestamp", json!(["1795858200000"])),
        "m3": { "values": [{ "key": 50.0, "value": 2.5 }] },
    });
    let table = table(&asked, &[answer(1, &aggregations)]);
    assert_eq!(table.rows, [[json!("x"), json!(["x", "y"]), json!(1_795_858_200_000_i64), json!(2.5)]]);
    assert_eq!(
        table.columns.iter().map(|column| column.kind).collect::<Vec<_>>(),
        [Kind::Text, Kind::Text, Kind::Date, Kind::Number]
    );
}

#[test]
fn a_table_is_sorted_as_it_says() {
    let mut board =
        dashboard(&[("t", terms("tag", &json!({ "orderBy": { "type": "alphabetical" } }))), ("m", count())]);
    board["attributes"]["panelsJSON"][0]["embeddableConfig"]["attributes"]["state"]["visualization"] =
        json!({ "layerId": "l", "sorting": { "columnId": "m", "direction": "desc" } });
    let buckets =
        json!([{ "key": "a", "doc_count": 0 }, { "key": "b", "doc_count": 2 }, { "key": "c", "doc_count": 9 }]);
    let table = table(&query(&board), &[answer(11, &json!({ "b0": { "buckets": buckets } }))]);
    assert_eq!(table.rows, [[json!("c"), json!(9)], [json!("b"), json!(2)], [json!("a"), Value::Null]]);
}

#[test]
fn an_interval_of_numbers_follows_their_width() {
    let bars = json!({
        "operationType": "range", "sourceField": "count", "isBucketed": true, "label": "Bars",
        "params": { "type": "histogram", "ranges": [], "maxBars": 10, "includeEmptyRows": false },
    });
    let asked = query(&dashboard(&[("b", bars), ("m", count())]));
    let mut run = asked.begin();
    run.answer(vec![answer(3, &json!({ "min0": { "value": 0.0 }, "max0": { "value": 37.0 } }))]).unwrap();
    assert_eq!(run.searches()[0].body["aggs"]["b0"]["histogram"]["interval"], 5.0);
    let buckets = json!({ "b0": { "buckets": [{ "key": 5.0, "doc_count": 2 }] } });
    run.answer(vec![answer(3, &buckets)]).unwrap();
    assert_eq!(run.finish().unwrap().rows, [[json!(5), json!(2)]]);
}

#[test]
fn a_search_that_fails_is_an_error_of_the_panel() {
    let asked = query(&dashboard(&[("m", count())]));
    for (answer, part) in [
        (json!({ "error": { "root_cause": [{ "reason": "no such thing" }] }, "status": 400 }), "no such thing"),
        (
            json!({ "hits": { "total": { "value": 1 } }, "_shards": { "failed": 1, "failures": [{ "reason": { "reason": "broken" } }] } }),
            "broken",
        ),
        (json!({ "hits": { "total": { "value": 1 } }, "timed_out": true }), "timed out"),
        (json!({ "acknowledged": true }), "not that of a search"),
    ] {
        let error = asked.table_with(|_| Ok(answer.clone())).unwrap_err().to_string();
        assert!(error.contains("panel \"How many?\"") && error.contains(part), "{error}");
    }
    assert!(asked.begin().finish().is_err(), "without an answer there is no table");
}
