use serde_json::{Value, json};

use super::{NOW, count, dashboard, fields, histogram, query, terms, view};
use crate::lens::time::text;
use crate::lens::{Library, View, queries};

const WEEK: i64 = 7 * 86_400_000;

/// Bodies of the first round.
fn bodies(board: &Value) -> Vec<Value> {
    query(board).begin().searches().iter().map(|search| search.body.clone()).collect()
}

fn conditions(body: &Value) -> &Vec<Value> {
    body["query"]["bool"]["filter"].as_array().unwrap()
}

#[test]
fn all_conditions_come_together() {
    let mut board = dashboard(&[("m", count())]);
    board["attributes"]["controlGroupInput"] = json!({ "panelsJSON": {
        "c1": { "type": "optionsListControl", "explicitInput": { "fieldName": "tag", "selectedOptions": ["x", "y"] } },
        "c2": { "type": "optionsListControl", "explicitInput": { "fieldName": "severity", "selectedOptions": [] } },
        "c3": { "type": "rangeSliderControl", "explicitInput": { "fieldName": "count", "value": ["2", ""] } },
    } });
    board["attributes"]["panelsJSON"][0]["embeddableConfig"]["attributes"]["state"]["filters"] = json!([
        { "meta": { "type": "exists", "negate": true }, "query": { "exists": { "field": "tag" } } },
        { "meta": { "type": "exists", "disabled": true }, "query": { "exists": { "field": "ip" } } },
    ]);
    let query = query(&board);
    assert_eq!(query.range, (NOW - WEEK, NOW));
    let run = query.begin();
    assert_eq!(run.searches().len(), 1);
    assert_eq!(run.searches()[0].index, "logs-*");
    let expected = json!({
        "size": 0, "track_total_hits": true,
        "query": { "bool": { "filter": [
            { "match_phrase": { "event.module": "m365_security" } },
            { "terms": { "tag": ["x", "y"] } },
            { "range": { "count": { "gte": 2.0 } } },
            { "term": { "severity": { "value": "high" } } },
            { "bool": { "must_not": [{ "exists": { "field": "tag" } }] } },
            { "range": { "@timestamp": {
                "gte": text(NOW - WEEK), "lte": text(NOW), "format": "strict_date_optional_time",
            } } },
        ] } },
    });
    assert_eq!(run.searches()[0].body, expected);
}

#[test]
fn a_choice_of_the_view_replaces_that_of_the_control() {
    let mut board = dashboard(&[("m", count())]);
    board["attributes"]["controlGroupInput"] = json!({ "panelsJSON": {
        "c1": { "type": "optionsListControl", "explicitInput": { "fieldName": "tag", "selectedOptions": ["x"] } },
    } });
    let chosen = |id: &str| View { selections: [(id.to_owned(), vec![json!("z")])].into(), ..view() };
    let asked = queries(&board, &Library::default(), &fields(), &chosen("c1")).unwrap();
    let body = asked[0].begin().searches()[0].body.clone();
    assert!(conditions(&body).contains(&json!({ "terms": { "tag": ["z"] } })), "{body}");
    let wrong = queries(&board, &Library::default(), &fields(), &chosen("c9")).unwrap_err();
    assert!(wrong[0].to_string().contains("no control c9"), "{wrong:?}");
}

#[test]
fn buckets_nest_and_order_by_the_metric() {
    let body = bodies(&dashboard(&[("t", terms("tag", &Value::Null)), ("h", histogram()), ("m", count())])).remove(0);
    let expected = json!({ "b0": {
        "terms": { "size": 2, "order": { "_count": "desc" }, "field": "tag" },
        "aggs": { "b1": { "date_histogram": {
            "field": "@timestamp", "fixed_interval": "3h", "time_zone": "UTC", "min_doc_count": 0,
            "extended_bounds": { "min": NOW - WEEK, "max": NOW },
        } } },
    } });
    assert_eq!(body["aggs"], expected);
}

#[test]
fn an_outer_bucket_has_its_own_metric_to_order_by() {
    let sum = json!({
        "operationType": "sum", "sourceField": "score", "isBucketed": false, "label": "S",
        "filter": { "language": "kuery", "query": "done: true" }, "params": { "emptyAsNull": false },
    });
    let board = dashboard(&[("t", terms("tag", &Value::Null)), ("u", terms("severity", &Value::Null)), ("m", sum)]);
    let body = bodies(&board).remove(0);
    let own = json!({
        "filter": { "bool": { "filter": [{ "term": { "done": { "value": true } } }] } },
        "aggs": { "v": { "sum": { "field": "score" } } },
    });
    assert_eq!(body["aggs"]["b0"]["terms"]["order"], json!({ "o0>v": "desc" }));
    assert_eq!(body["aggs"]["b0"]["aggs"]["o0"], own);
    assert_eq!(body["aggs"]["b0"]["aggs"]["b1"]["terms"]["order"], json!({ "m2>v": "desc" }));
    assert_eq!(body["aggs"]["b0"]["aggs"]["b1"]["aggs"]["m2"], own);
}

#[test]
fn a_shift_in_time_is_a_search_of_its_own() {
    let mut before = count();
    before["timeShift"] = "previous".into();
    let bodies = bodies(&dashboard(&[("h", histogram()), ("m", count()), ("n", before)]));
    assert_eq!(bodies.len(), 2);
    let range = |body: &Value| conditions(body).last().unwrap()["range"]["@timestamp"].clone();
    assert_eq!(range(&bodies[0])["gte"], text(NOW - WEEK).as_str());
    assert_eq!(range(&bodies[1])["gte"], text(NOW - 2 * WEEK).as_str());
    assert_eq!(range(&bodies[1])["lte"], text(NOW - WEEK).as_str());
    assert_eq!(bodies[1]["aggs"]["b0"]["date_histogram"]["extended_bounds"]["max"], NOW - WEEK);
}

#[test]
fn a_reduced_range_counts_its_end_only() {
    let mut recent = count();
    recent["reducedTimeRange"] = "1d".into();
    let body = bodies(&dashboard(&[("m", recent)])).remove(0);
    let range = &body["aggs"]["m0"]["filter"]["bool"]["filter"][0]["range"]["@timestamp"];
    assert_eq!(range["gte"], text(NOW - WEEK / 7).as_str());
}

#[test]
fn saved_searches_and_maps_ask_for_hits_and_tiles() {
    let mut board = dashboard(&[("m", count())]);
    board["attributes"]["panelsJSON"] = json!([
        { "type": "search", "panelIndex": "s", "panelRefName": "panel_s", "embeddableConfig": { "title": "Which?" } },
        { "type": "map", "panelIndex": "w", "embeddableConfig": { "title": "Where?", "attributes": {
            "references": [{ "name": "layer_1_source_index_pattern", "type": "index-pattern", "id": "logs-*" }],
            "mapStateJSON": { "zoom": 1.6, "query": { "language": "kuery", "query": "tag: a" }, "filters": [] },
            "layerListJSON": [
                { "id": "ground", "sourceDescriptor": { "type": "EMS_TMS" } },
                { "id": "grid", "sourceDescriptor": {
                    "type": "ES_GEO_GRID", "geoField": "place", "resolution": "FINE", "metrics": [{ "type": "count" }],
                    "indexPatternRefName": "layer_1_source_index_pattern",
                } },
            ],
        } } },
        { "type": "links", "panelIndex": "k", "embeddableConfig": {} },
        { "type": "visualization", "panelIndex": "x", "embeddableConfig": { "savedVis": { "type": "markdown" } } },
    ]);
    board["references"] = json!([{ "name": "s:panel_s", "type": "search", "id": "found" }]);
    let search = json!({
        "type": "search", "id": "found",
        "attributes": {
            "columns": ["severity", "raw.x"], "sort": [["@timestamp", "desc"]],
            "kibanaSavedObjectMeta": { "searchSourceJSON": {
                "query": { "language": "kuery", "query": "done: true" }, "filter": [],
            } },
        },
        "references": [{ "name": "kibanaSavedObjectMeta.searchSourceJSON.index", "type": "index-pattern", "id": "logs-*" }],
    });
    let asked = queries(&board, &Library::new([&search]), &fields(), &view()).unwrap();
    let names: Vec<_> = asked.iter().map(|query| (query.panel.as_str(), query.layer.as_str())).collect();
    assert_eq!(names, [("s", "s"), ("w", "grid")]);
    let hits = asked[0].begin().searches()[0].body.clone();
    assert_eq!(
        hits["fields"],
        json!([{ "field": "@timestamp", "format": "epoch_millis" }, { "field": "severity" }, { "field": "raw.x" }])
    );
    assert_eq!(hits["sort"], json!([{ "@timestamp": { "order": "desc", "unmapped_type": "date" } }]));
    assert!(conditions(&hits).contains(&json!({ "term": { "done": { "value": true } } })));
    let tiles = asked[1].begin().searches()[0].body.clone();
    assert_eq!(tiles["aggs"]["tiles"]["geotile_grid"], json!({ "field": "place", "precision": 5, "size": 10_000 }));
    assert!(conditions(&tiles).contains(&json!({ "term": { "tag": { "value": "a" } } })));
    assert!(conditions(&tiles).contains(&json!({ "match_phrase": { "event.module": "m365_security" } })));
}
