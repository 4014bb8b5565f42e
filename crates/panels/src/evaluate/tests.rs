//! Searches over documents in memory. That they answer as a server does is proven on one, panel by panel.

use schema::ecs::Type;
use serde_json::{Value, json};

use super::Documents;
use crate::lens::{Fields, Search};

fn documents() -> Documents {
    let fields: Fields = [
        ("@timestamp", Type::Date),
        ("tag", Type::Keyword),
        ("score", Type::Double),
        ("count", Type::Long),
        ("done", Type::Boolean),
        ("ip", Type::Ip),
        ("note", Type::MatchOnlyText),
        ("place", Type::GeoPoint),
        ("raw", Type::Flattened),
        ("data_stream.dataset", Type::ConstantKeyword),
    ]
    .into_iter()
    .map(|(name, kind)| (name.to_owned(), kind))
    .collect();
    let mut documents = Documents::new(fields, 1_793_836_800_000);
    for source in [
        json!({ "@timestamp": "2026-11-01T10:15:00Z", "tag": ["a", "b", "a"], "score": 1.5, "count": 1, "done": true, "ip": "10.1.2.3",
            "note": "A long, quiet night", "place": { "lat": 52.5, "lon": 13.4 }, "raw": { "x": [1, { "y": "deep" }] } }),
        json!({ "@timestamp": "2026-11-01T11:00:00.123456789Z", "tag": "b", "score": 2.5, "count": 3, "done": false, "ip": "::1",
            "unknown": "x", "place": { "lat": 52.6, "lon": 13.5 } }),
        json!({ "@timestamp": "2026-11-03T00:00:00Z", "score": [4.0, 6.0], "count": 10, "tag": "c" }),
        json!({ "@timestamp": "2026-11-03T23:59:59.999Z", "note": "quiet, long", "done": "true" }),
    ] {
        documents.add("logs-some.thing-one", source);
    }
    documents.add("state-1", json!({ "tag": "now" }));
    documents.alias("state", "state-1");
    documents
}

fn search(body: Value) -> Value {
    documents().search(&Search { index: "logs-*".to_owned(), body }).unwrap()
}

fn hits(query: &Value) -> u64 {
    search(json!({ "size": 0, "query": query }))["hits"]["total"]["value"].as_u64().unwrap()
}

fn aggregated(aggregation: &Value) -> Value {
    search(json!({ "size": 0, "aggs": { "a": aggregation } }))["aggregations"]["a"].clone()
}

/// Keys and counts of buckets.
fn counts(aggregation: &Value) -> Vec<(Value, u64)> {
    let answer = aggregated(aggregation);
    let buckets = answer["buckets"].as_array().unwrap();
    buckets.iter().map(|bucket| (bucket["key"].clone(), bucket["doc_count"].as_u64().unwrap())).collect()
}

#[test]
fn queries_find_what_they_say() {
    for (query, expected) in [
        (json!({ "match_all": {} }), 4),
        (json!({ "term": { "tag": "b" } }), 2),
        (json!({ "term": { "tag": { "value": "B" } } }), 0),
        (json!({ "terms": { "tag": ["a", "c"] } }), 2),
        (json!({ "match_phrase": { "tag": "b" } }), 2),
        (json!({ "term": { "done": true } }), 2),
        (json!({ "term": { "ip": "10.0.0.0/8" } }), 1),
        (json!({ "term": { "ip": "0:0:0:0:0:0:0:1" } }), 1),
        (json!({ "term": { "raw.x.y": "deep" } }), 1),
        (json!({ "term": { "raw": "1" } }), 1),
        (json!({ "term": { "unknown": "x" } }), 0),
        (json!({ "exists": { "field": "note" } }), 2),
        (json!({ "exists": { "field": "unknown" } }), 0),
        (json!({ "exists": { "field": "raw" } }), 1),
        (json!({ "match": { "note": "LONG dark" } }), 2),
        (json!({ "match_phrase": { "note": "long quiet" } }), 1),
        (json!({ "wildcard": { "tag": { "value": "?" } } }), 3),
        (json!({ "wildcard": { "raw.x.y": { "value": "d*p" } } }), 1),
        (json!({ "wildcard": { "tag": { "value": "\\*" } } }), 0),
        (json!({ "range": { "count": { "gt": 1, "lte": 10 } } }), 2),
        (json!({ "range": { "count": { "gte": 2.5 } } }), 2),
        (json!({ "range": { "score": { "lt": 5 } } }), 3),
        (json!({ "range": { "@timestamp": { "gte": "2026-11-03", "lte": "2026-11-03" } } }), 2),
        (json!({ "range": { "@timestamp": { "lt": 1_793_530_800_000_i64, "format": "epoch_millis" } } }), 1),
        (json!({ "range": { "@timestamp": { "gte": "now-2d/d" } } }), 2),
        (json!({ "term": { "data_stream.dataset": "some.thing" } }), 4),
        (json!({ "bool": { "must_not": [{ "exists": { "field": "tag" } }] } }), 1),
        (json!({ "bool": { "should": [{ "term": { "tag": "a" } }, { "term": { "tag": "c" } }] } }), 2),
        (json!({ "bool": { "filter": { "term": { "done": true } }, "should": [{ "term": { "tag": "a" } }] } }), 2),
        (
            json!({ "bool": { "filter": [], "should": [{ "term": { "tag": "a" } }, { "term": { "tag": "b" } }], "minimum_should_match": 2 } }),
            1,
        ),
    ] {
        assert_eq!(hits(&query), expected, "{query}");
    }
}

#[test]
fn an_index_is_found_by_pattern_and_alias() {
    let documents = documents();
    let count = |index: &str| {
        let body = json!({ "size": 0, "query": { "match_all": {} } });
        documents.search(&Search { index: index.to_owned(), body }).unwrap()["hits"]["total"]["value"].clone()
    };
    for (index, expected) in
        [("logs-*", 4), ("state", 1), ("logs-some.thing-*,state", 5), ("state-1", 1), ("log", 0), ("*", 5)]
    {
        assert_eq!(count(index), expected, "{index}");
    }
}

#[test]
fn values_are_counted_once_per_document() {
    let pairs = |pairs: &[(&str, u64)]| pairs.iter().map(|(key, count)| (json!(key), *count)).collect::<Vec<_>>();
    assert_eq!(counts(&json!({ "terms": { "field": "tag" } })), pairs(&[("b", 2), ("a", 1), ("c", 1)]));
    assert_eq!(
        counts(&json!({ "terms": { "field": "tag", "order": { "_key": "desc" }, "size": 2 } })),
        pairs(&[("c", 1), ("b", 2)])
    );
    assert_eq!(
        counts(&json!({ "terms": { "field": "tag", "missing": "__missing__", "exclude": ["a", "b"] } })),
        pairs(&[("__missing__", 1), ("c", 1)])
    );
    assert_eq!(counts(&json!({ "rare_terms": { "field": "tag", "max_doc_count": 1 } })), pairs(&[("a", 1), ("c", 1)]));
    assert_eq!(aggregated(&json!({ "terms": { "field": "tag", "size": 1 } }))["sum_other_doc_count"], 2);
    let both = counts(&json!({ "multi_terms": { "terms": [{ "field": "tag" }, { "field": "done" }] } }));
    assert_eq!(both, [(json!(["a", true]), 1), (json!(["b", false]), 1), (json!(["b", true]), 1)]);
    assert_eq!(
        aggregated(&json!({ "terms": { "field": "done" } }))["buckets"][0],
        json!({ "key": 1, "key_as_string": "true", "doc_count": 2 })
    );
}

#[test]
fn terms_are_ordered_by_what_is_computed_in_them() {
    let by = |path: &str, direction: &str| {
        let inner = json!({
            "s": { "sum": { "field": "score" } },
            "f": { "filter": { "term": { "done": false } }, "aggs": { "v": { "max": { "field": "count" } } } },
            "p": { "percentiles": { "field": "score", "percents": [50.0], "keyed": false } },
        });
        let found = counts(&json!({ "terms": { "field": "tag", "order": { path: direction } }, "aggs": inner }));
        found.into_iter().map(|(key, _)| key.as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(by("s", "desc"), "cba");
    assert_eq!(by("s", "asc"), "abc");
    assert_eq!(by("f", "desc"), "bac");
    assert_eq!(by("f>v", "desc"), "bac");
    assert_eq!(by("p.50", "desc"), "cba");
}

#[test]
fn histograms_fill_their_gaps() {
    let times = json!({ "date_histogram": {
        "field": "@timestamp", "calendar_interval": "1d", "time_zone": "UTC", "min_doc_count": 0,
        "extended_bounds": { "min": 1_793_491_200_000_i64, "max": 1_793_836_800_000_i64 },
    } });
    let days: Vec<u64> = counts(&times).into_iter().map(|(_, count)| count).collect();
    assert_eq!(days, [2, 0, 2, 0, 0]);
    let bare = json!({ "date_histogram": { "field": "@timestamp", "fixed_interval": "1h", "min_doc_count": 1 } });
    assert_eq!(counts(&bare).len(), 4);
    assert_eq!(
        counts(&json!({ "histogram": { "field": "count", "interval": 5 } })),
        [(json!(0.0), 2), (json!(5.0), 0), (json!(10.0), 1)]
    );
    let ranges = aggregated(
        &json!({ "range": { "field": "score", "ranges": [{ "from": 2 }, { "to": 2 }, { "from": 2, "to": 5 }] } }),
    );
    let ranges: Vec<_> =
        ranges["buckets"].as_array().unwrap().iter().map(|bucket| bucket["doc_count"].as_u64().unwrap()).collect();
    assert_eq!(ranges, [1, 2, 2], "in the order of their ends, as the server gives them");
}

#[test]
fn metrics_compute() {
    let value = |word: &str, field: &str| aggregated(&json!({ word: { "field": field } }))["value"].clone();
    assert_eq!(value("sum", "score"), 14.0);
    assert_eq!(value("avg", "score"), 3.5);
    assert_eq!(value("min", "@timestamp"), 1_793_528_100_000.0);
    assert_eq!(value("max", "count"), 10.0);
    assert_eq!(value("cardinality", "tag"), 3);
    assert_eq!(value("value_count", "tag"), 4);
    let half = aggregated(&json!({ "percentiles": { "field": "score", "percents": [50, 100] } }));
    assert_eq!(half["values"], json!([{ "key": 50.0, "value": 3.25 }, { "key": 100.0, "value": 6.0 }]));
    let spread = aggregated(&json!({ "extended_stats": { "field": "count" } }));
    assert!((spread["std_deviation"].as_f64().unwrap() - 3.858).abs() < 0.001, "{spread}");
    assert_eq!(value("avg", "unknown"), Value::Null);
}

#[test]
fn hits_come_in_order_with_the_fields_asked_for() {
    let body = json!({
        "size": 2, "sort": [{ "@timestamp": { "order": "desc" } }],
        "fields": [{ "field": "@timestamp", "format": "epoch_millis" }, { "field": "tag" }, { "field": "score" }, { "field": "unknown" }],
    });
    let hits = search(body)["hits"]["hits"].clone();
    assert_eq!(hits[0]["fields"], json!({ "@timestamp": ["1793750399999"] }));
    assert_eq!(hits[1]["fields"], json!({ "@timestamp": ["1793664000000"], "tag": ["c"], "score": [4.0, 6.0] }));
    let top = aggregated(&json!({ "top_hits": {
        "size": 1, "sort": [{ "@timestamp": { "order": "asc" } }], "fields": [{ "field": "ip" }, { "field": "raw.x.y" }],
    } }));
    assert_eq!(top["hits"]["hits"][0]["fields"], json!({ "ip": ["10.1.2.3"], "raw.x.y": ["deep"] }));
}

#[test]
fn places_fall_into_tiles() {
    let tiles = aggregated(
        &json!({ "geotile_grid": { "field": "place", "precision": 3 }, "aggs": { "c": { "geo_centroid": { "field": "place" } } } }),
    );
    assert_eq!(tiles["buckets"][0]["key"], "3/4/2");
    assert_eq!(tiles["buckets"][0]["doc_count"], 2);
    assert_eq!(tiles["buckets"][0]["c"]["location"]["lat"], 52.55);
    assert_eq!(counts(&json!({ "geotile_grid": { "field": "place", "precision": 16 } })).len(), 2);
}

#[test]
fn what_is_not_known_is_an_error() {
    for (body, part) in [
        (json!({ "query": { "fuzzy": {} } }), "the query fuzzy"),
        (json!({ "query": { "bool": { "boost": 2, "should": [] } } }), "the option boost"),
        (json!({ "query": { "range": { "count": { "from": 2 } } } }), "the option from"),
        (json!({ "query": { "term": { "count": "many" } } }), "\"many\" is no long"),
        (json!({ "query": { "range": { "@timestamp": { "gte": "now-oops" } } } }), "no end of a range of @timestamp"),
        (
            json!({ "aggs": { "x": { "significant_terms": { "field": "tag" } } } }),
            "x: the aggregation significant_terms",
        ),
        (json!({ "aggs": { "x": { "terms": { "field": "tag", "include": "a.*" } } } }), "regular expressions"),
        (json!({ "aggs": { "x": { "terms": { "field": "tag", "order": { "gone": "asc" } } } } }), "leads nowhere"),
        (json!({ "from": 3 }), "the option from"),
    ] {
        let error = documents().search(&Search { index: "*".to_owned(), body }).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}
