//! Our own security rules as queries over the demo's documents on a real server, and Elastic's rules for the records of
//! its package, which must find their fields filled.

use std::collections::BTreeSet;

use generator::rules::{self, Kind, Rule};
use it::{Elasticsearch, Stack};
use serde_json::{Value, json};

use super::demo;
use super::state::{fill, make_history};

/// The text of a query in Lucene's language, which says the same of what our rules use of KQL.
fn lucene(kql: &str) -> String {
    let mut out = String::new();
    for (at, part) in kql.split('"').enumerate() {
        if at % 2 == 1 {
            out.extend(["\"", part, "\""]);
            continue;
        }
        let words = part.replace(" : ", ":").replace(" and ", " AND ").replace(" or ", " OR ").replace("not ", "NOT ");
        out.push_str(&words);
    }
    out
}

/// What a rule should find, said by hand.
fn expected(rule: &Rule, document: &Value) -> bool {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let of_incident = |name: &str| text(&format!("/m365_defender/incident/{name}"));
    let of_alert = |name: &str| text(&format!("/m365_defender/alert/{name}"));
    let of_evidence = |name: &str| text(&format!("/m365_defender/alert/evidence/{name}"));
    match rule.name {
        "Microsoft Defender XDR incident" => !["resolved", "redirected"].contains(&of_incident("status")),
        "Microsoft Defender XDR alert" => {
            of_alert("status") != "resolved" && of_alert("classification") != "falsePositive"
        }
        "Malicious email lies in an inbox" => {
            of_evidence("delivery_action").eq_ignore_ascii_case("delivered")
                && of_evidence("delivery_location").eq_ignore_ascii_case("inbox")
                && ["malicious", "suspicious"].contains(&of_evidence("verdict"))
        }
        "Malicious evidence is not remediated" => {
            of_evidence("verdict") == "malicious"
                && ["active", "notRemediated", "unremediated", "pendingApproval"]
                    .contains(&of_evidence("remediation_status"))
                && of_alert("status") != "resolved"
        }
        "Device at high risk without working antivirus" => {
            text("/host/risk/static_level") == "high"
                && ["disabled", "notUpdated", "notReporting"].contains(&of_evidence("defender_av_status"))
        }
        "One account in several alerts" => !text("/user/id").is_empty(),
        other => panic!("no expectation of the rule {other}"),
    }
}

/// Values of the fields that alerts are grouped by.
fn group(fields: &[&str], document: &Value) -> String {
    let value = |field: &&str| document.pointer(&format!("/{}", field.replace('.', "/"))).cloned().unwrap_or_default();
    fields.iter().map(value).map(|value| value.to_string()).collect::<Vec<_>>().join("|")
}

async fn search(server: &Elasticsearch, index: &str, body: &Value) -> Value {
    let (status, answer) = server.post_json(&format!("/{index}/_search"), body).await.unwrap();
    assert_eq!(status, 200, "{index}: {answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn our_rules_find_what_they_should() {
    let demo = demo::documents();
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        for (at, rule) in rules::all().iter().enumerate() {
            let index = format!("rules-{at}");
            let documents = &demo[rule.dataset];
            make_history(server, rule.dataset, &index).await;
            fill(server, &index, documents.iter().enumerate().map(|(at, one)| (Some(at.to_string()), one.clone())))
                .await;
            let body = rule.body(schema::catalog()).unwrap();
            let query = lucene(body["query"].as_str().unwrap());
            let query = json!({ "query_string": { "query": query, "analyze_wildcard": true } });
            let answer = search(server, &index, &json!({ "size": 10_000, "_source": false, "query": query })).await;
            let found: BTreeSet<usize> = answer["hits"]["hits"]
                .as_array()
                .unwrap()
                .iter()
                .map(|hit| hit["_id"].as_str().unwrap().parse().unwrap())
                .collect();
            let wanted: BTreeSet<usize> =
                documents.iter().enumerate().filter(|(_, one)| expected(rule, one)).map(|(at, _)| at).collect();
            assert_eq!(found, wanted, "{}", rule.name);
            assert!(!found.is_empty() && found.len() < documents.len(), "{}: {} found", rule.name, found.len());
            match rule.kind {
                Kind::Grouped(fields) => {
                    assert_eq!(body["alert_suppression"]["group_by"], json!(fields));
                    let groups: BTreeSet<String> = found.iter().map(|at| group(fields, &documents[*at])).collect();
                    assert!(groups.iter().all(|group| !group.contains("null")), "{}: {groups:?}", rule.name);
                }
                Kind::Threshold(fields, counted, least) => {
                    assert!(threshold(server, &index, &query, fields, (counted, least)).await > 0, "{}", rule.name);
                }
            }
        }
    }
}

/// Groups that a rule of the type `threshold` would raise an alert for.
async fn threshold(
    server: &Elasticsearch,
    index: &str,
    query: &Value,
    fields: &[&str],
    (counted, least): (&str, u32),
) -> usize {
    let sources: Vec<Value> = fields.iter().map(|field| json!({ *field: { "terms": { "field": field } } })).collect();
    let answer = search(
        server,
        index,
        &json!({ "size": 0, "query": query, "aggs": { "groups": {
            "composite": { "size": 10_000, "sources": sources },
            "aggs": { "different": { "cardinality": { "field": counted } } },
        } } }),
    )
    .await;
    let buckets = answer["aggregations"]["groups"]["buckets"].as_array().unwrap();
    buckets.iter().filter(|bucket| bucket["different"]["value"].as_u64().unwrap() >= u64::from(least)).count()
}

/// An update of an incident or alert falls into the group of the one before.
#[test]
fn updates_are_no_new_alerts() {
    for rule in rules::all() {
        let Kind::Grouped(fields) = rule.kind else { continue };
        assert!(
            fields.iter().any(|field| field.ends_with("tenant_id")),
            "{}: ids of two tenants may be equal",
            rule.name
        );
        let mut groups = BTreeSet::new();
        for document in demo::documents()[rule.dataset].iter().filter(|document| expected(&rule, document)).take(1) {
            for version in 0..3 {
                let mut document = document.clone();
                document["@timestamp"] = format!("2026-03-0{}T00:00:00Z", version + 2).into();
                document["m365_defender"]["incident"]["status"] = "inProgress".into();
                groups.insert(group(fields, &document));
            }
        }
        assert_eq!(groups.len(), 1, "{}", rule.name);
    }
}

/// Rules of Elastic for the data streams of its package that are named like ours: every field has a value in some document
/// of the demo.
#[test]
fn rules_for_the_package_find_their_fields_filled() {
    let text = std::fs::read_to_string(it::repository().join("tests/reference/detection_rules.json")).unwrap();
    let rules: Value = serde_json::from_str(&text).unwrap();
    let mut compared = 0;
    for rule in rules["facts"].as_array().unwrap() {
        for index in rule["index"].as_array().unwrap().iter().filter_map(Value::as_str) {
            let name = index.trim_start_matches("logs-m365_defender.").trim_end_matches("-*");
            let Some(documents) = demo::documents().get(name) else { continue };
            for field in rule["fields"].as_array().unwrap().iter().filter_map(Value::as_str) {
                // The data stream's own name is another one; a document need not say it.
                if field == "data_stream.dataset" || field.starts_with('_') {
                    continue;
                }
                let pointer = format!("/{}", field.replace('.', "/"));
                let filled = documents.iter().filter(|document| document.pointer(&pointer).is_some()).count();
                assert!(filled > 0, "{}: no document of {name} has {field}", rule["id"]);
                compared += 1;
            }
        }
    }
    assert!(compared >= 14, "{compared} fields compared");
}
