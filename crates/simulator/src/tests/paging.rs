//! Listings against the census.

use std::collections::BTreeSet;

use serde_json::Value;

use super::support::{Client, DEFENDER, GRAPH, late, tenant};
use crate::{AlertsPerIncident, Census, Tenant};

const INCIDENTS: &str = "/v1.0/security/incidents";
const ALERTS: &str = "/v1.0/security/alerts_v2";

/// A listing, a filter, and what the filter means.
type Case<'a> = (&'a str, String, &'a dyn Fn(&Value) -> bool);

fn ids(records: &[Value]) -> BTreeSet<String> {
    let set: BTreeSet<_> = records.iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(set.len(), records.len(), "a record came twice");
    set
}

fn census(client: &Client) -> Census {
    client.simulator.census(&Tenant::default().id, client.simulator.clock().now())
}

fn assert_ordered(records: &[Value], by: &str, descending: bool) {
    let times: Vec<_> = records.iter().map(|record| record[by].as_str().unwrap()).map(padded).collect();
    assert!(times.is_sorted_by(|a, b| if descending { a >= b } else { a <= b }), "not in the order of {by}");
}

/// Fractions are cut, so that texts compare as times only when filled up again.
fn padded(time: &str) -> String {
    let (seconds, fraction) = time.trim_end_matches('Z').split_once('.').unwrap_or((time.trim_end_matches('Z'), ""));
    format!("{seconds}.{fraction:0<7}")
}

#[tokio::test]
async fn every_page_size_and_order_visits_each_record_once() {
    let client = Client::start(tenant(160, AlertsPerIncident::Realistic), GRAPH).await;
    let census = census(&client);
    let incidents: BTreeSet<_> = census.incidents.iter().map(|seen| seen.id.clone()).collect();
    let alerts: BTreeSet<_> = census.alerts.iter().map(|seen| seen.id.clone()).collect();
    assert_eq!(incidents.len(), 160);
    for (order, by, descending) in [
        ("lastUpdateDateTime asc", "lastUpdateDateTime", false),
        ("lastUpdateDateTime desc", "lastUpdateDateTime", true),
        ("createdDateTime", "createdDateTime", false),
        ("createdDateTime desc", "createdDateTime", true),
    ] {
        for top in ["1", "7", "50"] {
            let (records, pages) = client.all(INCIDENTS, &[("$orderby", order), ("$top", top)]).await;
            assert_eq!(ids(&records), incidents, "{order} {top}");
            assert_eq!(pages, 160_usize.div_ceil(top.parse().unwrap()));
            assert_ordered(&records, by, descending);
        }
        for top in ["13", "100", "1000"] {
            let (records, _) = client.all(ALERTS, &[("$orderby", order), ("$top", top)]).await;
            assert_eq!(ids(&records), alerts, "{order} {top}");
            assert_ordered(&records, by, descending);
        }
    }
}

#[tokio::test]
async fn records_are_those_of_the_census_at_every_time() {
    let client = Client::start(tenant(90, AlertsPerIncident::Realistic), GRAPH).await;
    let start = Tenant::default().start;
    let mut updates_seen = BTreeSet::new();
    for minutes in [-1, 0, 1, 7, 30, 61, 200, 333, 540, 900, 2000] {
        client.simulator.clock().set(start + chrono::TimeDelta::minutes(minutes));
        let census = census(&client);
        for (path, expected) in [(INCIDENTS, &census.incidents), (ALERTS, &census.alerts)] {
            let (records, _) = client.all(path, &[("$orderby", "lastUpdateDateTime"), ("$count", "true")]).await;
            let got: BTreeSet<_> = records
                .iter()
                .map(|r| {
                    (r["id"].as_str().unwrap().to_owned(), r["lastUpdateDateTime"].as_str().unwrap().parse().unwrap())
                })
                .collect::<BTreeSet<(String, chrono::DateTime<chrono::Utc>)>>();
            let want: BTreeSet<_> = expected.iter().map(|seen| (seen.id.clone(), seen.last_update)).collect();
            assert_eq!(got, want, "{path} at minute {minutes}");
            updates_seen.extend(got);
        }
    }
    assert!(updates_seen.len() > 600, "records change as time goes by: {}", updates_seen.len());
}

#[tokio::test]
async fn filters_agree_with_a_filter_over_everything() {
    let client = Client::start(tenant(300, AlertsPerIncident::Realistic), GRAPH).await;
    let (incidents, _) = client.all(INCIDENTS, &[]).await;
    let (alerts, _) = client.all(ALERTS, &[]).await;
    let middle = incidents[150]["lastUpdateDateTime"].as_str().unwrap();
    let limit = padded(middle);
    let later = |r: &Value| padded(r["lastUpdateDateTime"].as_str().unwrap()) >= limit;
    let cases: &[Case<'_>] = &[
        (INCIDENTS, format!("lastUpdateDateTime ge {middle}"), &later),
        (INCIDENTS, format!("lastUpdateDateTime lt {middle}"), &|r| !later(r)),
        (INCIDENTS, format!("lastUpdateDateTime eq {middle}"), &|r| r["lastUpdateDateTime"] == middle),
        (INCIDENTS, format!("severity eq 'high' and lastUpdateDateTime ge {middle}"), &|r| {
            r["severity"] == "high" && later(r)
        }),
        (INCIDENTS, "status eq 'redirected' or assignedTo eq null".into(), &|r| {
            r["status"] == "redirected" || r["assignedTo"].is_null()
        }),
        (
            INCIDENTS,
            "(status eq 'resolved') and (classification eq 'truePositive' or determination eq 'notMalicious')".into(),
            &|r| {
                r["status"] == "resolved"
                    && (r["classification"] == "truePositive" || r["determination"] == "notMalicious")
            },
        ),
        (ALERTS, format!("lastUpdateDateTime ge {middle} and serviceSource eq 'microsoftSentinel'"), &|r| {
            later(r) && r["serviceSource"] == "microsoftSentinel"
        }),
        (ALERTS, "status ne 'new'".into(), &|r| r["status"] != "new"),
    ];
    for (path, filter, keep) in cases {
        let all = if *path == INCIDENTS { &incidents } else { &alerts };
        let expected: BTreeSet<_> =
            all.iter().filter(|r| keep(r)).map(|r| r["id"].as_str().unwrap().to_owned()).collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{filter}: {}", expected.len());
        for order in ["lastUpdateDateTime", "createdDateTime desc"] {
            let (records, _) = client.all(path, &[("$filter", filter), ("$orderby", order), ("$top", "20")]).await;
            assert_eq!(ids(&records), expected, "{filter}");
        }
        let page = client.get(path, &[("$filter", filter), ("$count", "true"), ("$top", "1")]).await;
        assert_eq!(page.body["@odata.count"], expected.len());
    }
}

#[tokio::test]
async fn legacy_pages_are_complete_and_newest_first() {
    let client = Client::start(tenant(230, AlertsPerIncident::Realistic), DEFENDER).await;
    let census = census(&client);
    let (records, pages) = client.all("/api/incidents", &[]).await;
    assert_eq!((records.len(), pages), (230, 3));
    assert_ordered(&records, "createdTime", true);
    let mut rows = 0;
    for incident in &records {
        let alerts = incident["alerts"].as_array().unwrap();
        rows += alerts.iter().map(|alert| alert["entities"].as_array().unwrap().len().max(1)).sum::<usize>().max(1);
    }
    assert_eq!(rows, census.log_rows.len());
    let (resolved, _) = client.all("/api/incidents", &[("$filter", "status eq 'Resolved'"), ("$top", "10")]).await;
    assert!(resolved.len() > 50 && resolved.iter().all(|incident| incident["status"] == "Resolved"));
}

#[tokio::test]
async fn ties_and_merges_exist() {
    let census = crate::census::take(&tenant(120, AlertsPerIncident::Realistic), late());
    let mut times: Vec<_> = census.incidents.iter().map(|seen| seen.last_update).collect();
    times.sort();
    assert!(times.windows(2).filter(|pair| pair[0] == pair[1]).count() >= 5, "incidents share update times");
    assert!(census.incidents.iter().filter(|seen| seen.incident != seen.id).count() >= 4, "incidents merge");
    let shown: u32 = census.incidents.iter().map(|seen| seen.children).sum();
    assert_eq!(shown as usize, census.alerts.len(), "a merge loses no alert");
}

#[tokio::test]
async fn a_filter_that_matches_nothing_yields_empty_pages_with_links() {
    let client = Client::start(tenant(12_000, AlertsPerIncident::Exactly(0)), GRAPH).await;
    let (records, pages) = client.all(INCIDENTS, &[("$filter", "assignedTo eq 'nobody@contoso.example'")]).await;
    assert_eq!((records.len(), pages), (0, 3));
}

#[tokio::test]
async fn a_clock_that_moves_between_pages_loses_nothing_in_ascending_order() {
    let client = Client::start(tenant(120, AlertsPerIncident::Realistic), GRAPH).await;
    client.simulator.clock().set(Tenant::default().start + chrono::TimeDelta::hours(6));
    let mut seen = BTreeSet::new();
    let mut page = client.get(INCIDENTS, &[("$orderby", "lastUpdateDateTime"), ("$top", "10")]).await;
    loop {
        seen.extend(page.body["value"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()));
        client.simulator.clock().advance(chrono::TimeDelta::minutes(20));
        let Some(link) = page.body["@odata.nextLink"].as_str() else { break };
        page = client.get(link, &[]).await;
    }
    let at_start = crate::census::take(
        &tenant(120, AlertsPerIncident::Realistic),
        Tenant::default().start + chrono::TimeDelta::hours(6),
    );
    assert!(at_start.incidents.iter().all(|incident| seen.contains(&incident.id)));
}

#[test]
fn no_filter_and_no_token_panics() {
    use crate::query::{Asked, Query};
    use crate::rng::Rng;
    let words = [
        "status",
        "eq",
        "'active'",
        "(",
        ")",
        "and",
        "or",
        "null",
        "'",
        "lastUpdateDateTime",
        "ge",
        "é",
        "2026-03-02T08:00:00Z",
        "\t",
        "A",
        "_-9",
    ];
    let list = crate::lists().iter().find(|list| list.name() == "incidents").unwrap();
    let mut accepted = 0;
    for seed in 0..20_000 {
        let rng = Rng::new(seed);
        let text: String = (0..rng.below(1, 9)).flat_map(|at| [rng.pick(2 + at, &words), " "]).collect();
        let params = [(rng.pick(0, &["$filter", "$skiptoken", "$orderby", "$top"]).to_owned(), text)];
        accepted += usize::from(Query::parse(list, Asked { params: &params, body: None }, 0).is_ok());
    }
    assert!(accepted > 5, "{accepted}");
}

#[tokio::test]
async fn growth_step_by_step_is_what_the_lists_show() {
    let mut client = Client::start(tenant(60, AlertsPerIncident::Realistic), GRAPH).await;
    let start = Tenant::default().start;
    let mut shown = std::collections::BTreeMap::new();
    let (mut before, mut now) = (start - chrono::TimeDelta::hours(1), start);
    for step in 0..24 {
        client.simulator.clock().set(now);
        client.simulator.changed(&Tenant::default().id, (before, now), &mut |list, record| {
            let record: Value = serde_json::from_slice(record).unwrap();
            let id = if record["id"].is_null() { record["incidentId"].to_string() } else { record["id"].to_string() };
            let known = shown.insert((list.name().to_owned(), id), record.clone());
            assert_ne!(known, Some(record), "nothing changed");
        });
        for (name, path, scope, top) in [
            ("incidents", INCIDENTS, GRAPH, "50"),
            ("alerts", ALERTS, GRAPH, "1000"),
            ("legacy_incidents", "/api/incidents", DEFENDER, "100"),
        ] {
            client.token = client.sign_in(scope, "demo-secret").await.body["access_token"].as_str().unwrap().to_owned();
            let (mut listed, _) = client.all(path, &[("$top", top)]).await;
            let mut expected: Vec<_> =
                shown.iter().filter(|((of, _), _)| of == name).map(|(_, record)| record.clone()).collect();
            listed.sort_by_key(Value::to_string);
            expected.sort_by_key(Value::to_string);
            assert!(listed == expected, "{name} in step {step}: {} listed, {} grown", listed.len(), expected.len());
        }
        before = now;
        now += chrono::TimeDelta::minutes(29);
    }
    assert!(shown.len() > 200);
}
