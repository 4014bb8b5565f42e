//! One toy list per dialect, over HTTP: whatever way a list is asked and answers, its pages together are what it holds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::support::{Client, DEFENDER, GRAPH, answer, http, late};
use crate::list::at;
use crate::{Endpoint, Fault, List, Manner, Seen, Simulator, Tenant};

const ROW: &str = include_str!("../../toys/row.json");

fn toy(name: &'static str, text: &str) -> &'static List {
    List::parse(name, text, &[ROW]).unwrap()
}

/// A client of one toy list, and what the list holds.
struct Toy {
    client: Client,
    list: &'static List,
}

impl Toy {
    async fn start(list: &'static List, scope: &str) -> Toy {
        let mut tenant = Tenant { incidents: 40, ..Tenant::default() };
        tenant.roles.push("Toy.Read.All".into());
        let simulator = Simulator::with_lists(vec![tenant], vec![list]);
        simulator.clock().set(late());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        let mut client = Client { simulator, base, http: http(), token: String::new() };
        client.token = client.sign_in(scope, "demo-secret").await.body["access_token"].as_str().unwrap().to_owned();
        Toy { client, list }
    }

    fn seen(&self) -> Vec<Seen> {
        self.client.simulator.seen(self.list, &Tenant::default().id, self.client.simulator.clock().now())
    }

    fn ids(&self, records: &[Value]) -> BTreeSet<String> {
        let id = |record| at(record, self.list.id()).map(|id| id.to_string().trim_matches('"').to_owned()).unwrap();
        let ids: BTreeSet<_> = records.iter().map(id).collect();
        assert_eq!(ids.len(), records.len(), "a record came twice");
        ids
    }

    /// Records of the list, counted by the oracle, that changed within a span.
    fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> BTreeSet<String> {
        let seen = self.seen().into_iter().filter(|seen| (from..to).contains(&seen.last_update));
        seen.map(|seen| seen.id).collect()
    }

    fn middle(&self) -> DateTime<Utc> {
        let mut times: Vec<_> = self.seen().iter().map(|seen| seen.last_update).collect();
        times.sort();
        times[times.len() / 2]
    }
}

#[tokio::test]
async fn odata_that_knows_greater_only() {
    let toy = Toy::start(toy("greater", include_str!("../../toys/greater.json")), GRAPH).await;
    let (all, pages) = toy.client.all("/v1.0/toys/greater", &[("$top", "40")]).await;
    assert_eq!((all.len(), pages), (120, 3));
    let filter =
        |op: &str, time: &DateTime<Utc>| format!("changedDateTime {op} {}", time.to_rfc3339().replace("+00:00", "Z"));
    let middle = toy.middle();
    let (after, _) = toy.client.all("/v1.0/toys/greater", &[("$filter", &filter("gt", &middle))]).await;
    let just_behind = middle + TimeDelta::nanoseconds(100);
    assert_eq!(toy.ids(&after), toy.between(just_behind, late()));
    let refused = toy.client.get("/v1.0/toys/greater", &[("$filter", &filter("ge", &middle))]).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let missing = toy.client.get("/v1.0/toys/greater/7", &[]).await;
    assert_eq!(missing.status, 404, "there is no route to one record");
}

#[tokio::test]
async fn query_parameters_with_skip_and_limit() {
    let toy = Toy::start(toy("parameters", include_str!("../../toys/parameters.json")), GRAPH).await;
    let (from, to) = (toy.middle(), late());
    let mut records = Vec::new();
    loop {
        let skip = records.len().to_string();
        let params = [("from", from.to_rfc3339()), ("to", to.to_rfc3339()), ("limit", "7".into()), ("skip", skip)];
        let params = params.each_ref().map(|(name, value)| (*name, value.as_str()));
        let page = toy.client.get("/toys/parameters", &params).await;
        assert_eq!((page.status, page.body.as_object().unwrap().len()), (200, 1), "the records stand alone");
        let page = page.body["Results"].as_array().unwrap().clone();
        records.extend_from_slice(&page);
        if page.len() < 7 {
            break;
        }
    }
    assert!(records.len() >= 40 && toy.ids(&records) == toy.between(from, to));
    assert!(records.iter().all(|record| record["detail"]["etag"].is_string() && record["detail"]["number"].is_u64()));
    assert_eq!(toy.client.get("/toys/parameters", &[("limit", "26")]).await.status, 400);
    assert_eq!(toy.client.get("/toys/parameters", &[("from", "soon")]).await.status, 400);
}

#[tokio::test]
async fn a_body_with_epoch_milliseconds() {
    let toy = Toy::start(toy("body", include_str!("../../toys/body.json")), GRAPH).await;
    let from = toy.middle();
    let post = |body: Value| {
        let url = format!("{}/toys/body/", toy.client.base);
        toy.client.http.post(url).bearer_auth(&toy.client.token).json(&body).send()
    };
    let mut records = Vec::new();
    loop {
        let body = json!({
            "filters": {"date": {"gte": from.timestamp_millis()}},
            "skip": records.len(), "limit": 9, "sortDirection": "asc",
        });
        let page = answer(post(body).await.unwrap()).await;
        records.extend(page.body["data"].as_array().unwrap().iter().cloned());
        if page.body["hasNext"] == false {
            break;
        }
    }
    assert!(records.len() >= 40 && toy.ids(&records) == toy.between(from, late()));
    let times: Vec<_> = records.iter().map(|record| record["stamp"].as_i64().unwrap()).collect();
    assert!(times.is_sorted() && times[0] >= from.timestamp_millis());
    for wrong in [json!([]), json!({"filters": {"date": {"gt": 1}}}), json!({"limit": 31}), json!({"skip": -1})] {
        assert_eq!(post(wrong).await.unwrap().status(), 400);
    }
    assert_eq!(toy.client.request("/toys/body/", &[]).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn a_bare_array_and_the_next_page_in_a_header() {
    let toy = Toy::start(toy("header", include_str!("../../toys/header.json")), DEFENDER).await;
    let (mut records, mut next) = (Vec::new(), Some("/toys/header?size=50".to_owned()));
    while let Some(page) = next {
        let response = toy.client.request(&page, &[]).send().await.unwrap();
        next = response.headers().get("NextPageUri").map(|link| link.to_str().unwrap().to_owned());
        records.extend(response.json::<Vec<Value>>().await.unwrap());
    }
    assert_eq!(toy.ids(&records), toy.between(Tenant::default().start, late()));
    let id = records[5]["id"].as_str().unwrap();
    assert_eq!(toy.client.get(&format!("/toys/header/{id}"), &[]).await.body, records[5]);
    assert_eq!(toy.client.get("/toys/header/5c1f3a52-0000-4000-8000-000000000001", &[]).await.status, 404);
}

/// Manners and faults go by what the list's file says, not by the names of Graph.
#[tokio::test]
async fn faults_strike_lists_of_all_dialects() {
    let toy = Toy::start(toy("header", include_str!("../../toys/header.json")), DEFENDER).await;
    let (faults, here) = (toy.client.simulator.faults(), Endpoint::List("header"));
    let first = async || {
        let response = toy.client.request("/toys/header", &[]).send().await.unwrap();
        let next = response.headers().get("NextPageUri").map(|link| link.to_str().unwrap().to_owned());
        (response.status().as_u16(), next, response.json::<Value>().await.unwrap())
    };
    let (_, next, usual) = first().await;
    assert!(next.is_some() && usual.as_array().unwrap().len() == 16);
    faults.script(here, Fault::Manner(Manner::Unlinked(&[])), 1);
    assert_eq!(first().await, (200, None, usual.clone()));
    faults.script(here, Fault::Manner(Manner::Links("https://elsewhere.example".into())), 1);
    assert!(first().await.1.unwrap().starts_with("https://elsewhere.example/toys/header"));
    faults.script(here, Fault::Manner(Manner::Part(3)), 1);
    assert_eq!(first().await.2.as_array().unwrap().len(), 3);
    faults.script(here, Fault::EmptyPage, 1);
    assert_eq!(first().await.2, json!([]));
    faults.script(here, Fault::throttled(3), 1);
    assert_eq!(first().await.0, 429);
    let id = usual[4]["id"].as_str().unwrap().to_owned();
    faults.always(here, Fault::RecordFails(id.clone()));
    assert_eq!(first().await.0, 500);
    faults.clear();
    faults.always(here, Fault::Late(id, TimeDelta::days(9000)));
    let (_, _, without) = first().await;
    assert!(!without.as_array().unwrap().contains(&usual[4]) && without[4] == usual[5]);
    faults.clear();
    assert_eq!(format!("{faults:?}"), "[]");
}

/// The people, machines and addresses of a record are those of the alerts of the same incident.
#[tokio::test]
async fn records_of_fixtures_and_alerts_tell_one_story() {
    let toy = Toy::start(toy("greater", include_str!("../../toys/greater.json")), GRAPH).await;
    let (records, _) = toy.client.all("/v1.0/toys/greater", &[("$top", "40")]).await;
    let of_story: Vec<_> = toy.seen().into_iter().filter(|seen| seen.incident == "20000").map(|seen| seen.id).collect();
    let mut alert = Vec::new();
    crate::alert_json(&Tenant::default(), 0, 0, 0, &mut alert);
    let alert = String::from_utf8(alert).unwrap();
    let mut stories = BTreeMap::new();
    for record in &records {
        let upn = record["user"]["principalName"].as_str().unwrap();
        *stories.entry(upn.to_owned()).or_insert(0) += 1;
        assert_eq!(record["tenantId"], Tenant::default().id.as_str());
        assert_eq!(record["devices"][0]["name"], record["devices"][1]["name"]);
        let span = |name: &str| record[name].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        let (changed, end) = (span("changedDateTime"), span("endDateTime"));
        assert_eq!(end - changed, TimeDelta::minutes(15), "times keep their distance");
        if of_story.contains(&record["id"].as_str().unwrap().to_owned()) {
            assert!(alert.contains(upn) && alert.contains(record["user"]["displayName"].as_str().unwrap()));
            assert!(alert.contains(record["devices"][0]["name"].as_str().unwrap()));
        }
    }
    assert!(of_story.len() == 3 && stories.len() > 20, "{stories:?}");
    let ids: BTreeSet<_> = records.iter().map(|record| record["correlationId"].to_string()).collect();
    assert_eq!(ids.len(), records.len());
}

/// A record goes through versions, each at its time, and keeps its id.
#[tokio::test]
async fn records_of_fixtures_change() {
    let toy = Toy::start(toy("greater", include_str!("../../toys/greater.json")), GRAPH).await;
    let start = Tenant::default().start;
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for hours in 0..60 {
        toy.client.simulator.clock().set(start + TimeDelta::hours(hours));
        let (records, _) = toy.client.all("/v1.0/toys/greater", &[("$top", "40")]).await;
        let seen: BTreeSet<_> = toy.seen().into_iter().map(|seen| seen.id).collect();
        assert_eq!(toy.ids(&records), seen);
        for record in records {
            let of = versions.entry(record["id"].to_string()).or_default();
            of.insert(record["changedDateTime"].to_string());
        }
    }
    let most = versions.values().map(BTreeSet::len).max();
    assert!(versions.len() == 120 && most.is_some_and(|most| (2..=4).contains(&most)), "{most:?}");
}

#[test]
fn a_file_that_is_wrong_says_why() {
    let text = include_str!("../../toys/greater.json");
    for (from, to, why) in [
        ("\"user.upn\"", "\"nobody\"", "nobody is cast as nobody"),
        ("\"user.principalName\"", "\"user.nothing\"", "no fixture has user.nothing"),
        ("\"changedDateTime asc\"", "\"changed asc\"", "there is no order"),
        ("\"weight\": 3", "\"weight\": 0", "no records"),
        ("\"api\": \"graph\"", "\"api\": \"graph\", \"apy\": 1", "unknown field"),
        ("\"page\"", "\"collection\": \"snapshot\", \"page\"", "Snapshot cannot be played yet"),
        ("\"id\": \"id\"", "\"id\": \"name\"", "a fixture has no name"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let error = format!("{:#}", List::parse("wrong", &changed, &[ROW]).unwrap_err());
        assert!(error.contains(why), "{error}");
    }
    assert!(List::parse("empty", text, &[]).is_err());
}

/// The registry is the folder.
#[test]
fn every_file_is_a_list_and_fixtures_feed_those_without_code() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("lists");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, crate::lists().iter().map(|list| list.name()).collect::<Vec<_>>());
    for endpoint in [Endpoint::INCIDENTS, Endpoint::ALERTS, Endpoint::LEGACY] {
        assert!(crate::lists().iter().any(|list| Endpoint::List(list.name()) == endpoint));
    }
}
