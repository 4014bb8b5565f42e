//! Misbehaviour that depends on records, tenants and clocks.

use chrono::{DateTime, TimeDelta, Utc};

use super::support::{Client, DEFENDER, GRAPH, late, tenant};
use crate::{AlertsPerIncident, Endpoint, Fault, Tenant};

const ALERTS: &str = "/v1.0/security/alerts_v2";

#[tokio::test]
async fn a_late_record_joins_its_list_after_its_delay() {
    let mut client = Client::start(tenant(30, AlertsPerIncident::Realistic), GRAPH).await;
    let census = client.simulator.census(&Tenant::default().id, late());
    let newest = census.incidents.iter().max_by_key(|seen| seen.last_update).unwrap();
    let alert = census.alerts.iter().max_by_key(|seen| seen.last_update).unwrap();
    let faults = client.simulator.faults().clone();
    faults.always(Endpoint::INCIDENTS, Fault::Late(newest.id.clone(), TimeDelta::minutes(30)));
    faults.always(Endpoint::Any, Fault::Late(alert.id.clone(), TimeDelta::minutes(10)));
    let visible = async |client: &mut Client, since: DateTime<Utc>, minutes| {
        client.simulator.clock().set(since + TimeDelta::minutes(minutes));
        let mut counts = Vec::new();
        for (path, scope) in [("/v1.0/security/incidents", GRAPH), (ALERTS, GRAPH), ("/api/incidents", DEFENDER)] {
            client.token = client.sign_in(scope, "demo-secret").await.body["access_token"].as_str().unwrap().to_owned();
            counts.push(client.all(path, &[("$top", "50")]).await.0.len());
        }
        counts
    };
    let (all, alerts) = (census.incidents.len(), census.alerts.len());
    assert_eq!(visible(&mut client, newest.last_update, 29).await, [all - 1, alerts, all], "the one list only");
    assert_eq!(visible(&mut client, newest.last_update, 30).await, [all, alerts, all]);
    assert_eq!(visible(&mut client, alert.last_update, 9).await[1], alerts - 1);
    assert_eq!(visible(&mut client, alert.last_update, 10).await[1], alerts);
}

#[tokio::test]
async fn a_large_skip_may_lead_nowhere() {
    let client = Client::start(tenant(30, AlertsPerIncident::Exactly(2)), GRAPH).await;
    client.simulator.faults().always(Endpoint::ALERTS, Fault::SkipEnds(20));
    for (skip, expected) in [("20", 40), ("21", 0), ("59", 0)] {
        let answer = client.get(ALERTS, &[("$skip", skip), ("$top", "100")]).await;
        assert_eq!((answer.status, answer.body["value"].as_array().unwrap().len()), (200, expected), "{skip}");
        assert!(answer.body.get("@odata.nextLink").is_none());
    }
}

#[tokio::test]
async fn one_tenant_is_throttled_and_signs_in_alone() {
    let other =
        Tenant { id: "22222222-2222-4222-8222-222222222222".into(), token_mark: "MARK".into(), ..Tenant::default() };
    let mut client = Client::beside(&other).await;
    let faults = client.simulator.faults().clone();
    faults.of(&other.id).script(Endpoint::Token, Fault::status(503, "{}"), 1);
    faults.of(&other.id).always(Endpoint::Any, Fault::throttled(9));
    let first = client.sign_in(GRAPH, "demo-secret").await.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client.sign_in_as(&other, GRAPH).await.status, 503);
    assert_eq!(client.sign_in_as(&other, GRAPH).await.status, 429);
    faults.clear();
    let second = client.sign_in_as(&other, GRAPH).await.body["access_token"].as_str().unwrap().to_owned();
    assert!(second.contains("MARK") && !first.contains("MARK"));
    faults.of(&other.id).always(Endpoint::ALERTS, Fault::unlicensed());
    for (token, status) in [(&first, 200), (&second, 403), (&first, 200)] {
        client.token.clone_from(token);
        assert_eq!(client.get(ALERTS, &[]).await.status, status);
    }
}

#[tokio::test]
async fn a_wrong_clock_shows_in_the_date_and_in_what_is_visible() {
    let client = Client::start(tenant(5, AlertsPerIncident::Exactly(1)), GRAPH).await;
    for minutes in [-10, 10] {
        client.simulator.clock().set(None);
        client.simulator.clock().skew(TimeDelta::minutes(minutes));
        let response = client.request(ALERTS, &[]).send().await.unwrap();
        let date = DateTime::parse_from_rfc2822(response.headers()["date"].to_str().unwrap()).unwrap();
        let ahead = (date.to_utc() - crate::clock::real()).num_seconds();
        assert!((ahead - minutes * 60).abs() < 30, "{ahead}");
        assert!((client.simulator.clock().now() - date.to_utc()).num_seconds().abs() < 30);
    }
    client.simulator.clock().set(late());
    assert_eq!(client.simulator.clock().now(), late() + TimeDelta::minutes(10));
}
