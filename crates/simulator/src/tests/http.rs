//! Signing in, errors, single records and faults.

use serde_json::Value;

use super::support::{Client, DEFENDER, GRAPH, answer, late, tenant};
use crate::{AlertsPerIncident, Endpoint, Fault, Tenant};

const INCIDENTS: &str = "/v1.0/security/incidents";
const ALERTS: &str = "/v1.0/security/alerts_v2";

async fn demo() -> Client {
    Client::start(tenant(80, AlertsPerIncident::Realistic), GRAPH).await
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn sign_in_is_refused_in_the_words_of_the_service() {
    let client = demo().await;
    let demo = Tenant::default();
    let form = |id, secret, scope, grant| {
        [("client_id", id), ("client_secret", secret), ("scope", scope), ("grant_type", grant)]
    };
    let good = (demo.client_id.as_str(), "demo-secret", GRAPH, "client_credentials");
    for (tenant, (id, secret, scope, grant), status, error, number) in [
        (demo.id.as_str(), (good.0, "a-wrong-guess", good.2, good.3), 401, "invalid_client", 7_000_215),
        (&demo.id, (good.0, "", good.2, good.3), 401, "invalid_client", 7_000_218),
        (
            &demo.id,
            ("12345678-0000-0000-0000-000000000000", good.1, good.2, good.3),
            400,
            "unauthorized_client",
            700_016,
        ),
        ("00000000-1111-0000-0000-000000000000", good, 400, "invalid_request", 90_002),
        (&demo.id, (good.0, good.1, "User.Read", good.3), 400, "invalid_scope", 70_011),
        (&demo.id, (good.0, good.1, "https://other.example/.default", good.3), 400, "invalid_resource", 500_011),
        (&demo.id, (good.0, good.1, good.2, "password"), 400, "unsupported_grant_type", 70_003),
    ] {
        let answer = client.sign_in_with(tenant, &form(id, secret, scope, grant)).await;
        assert_eq!((answer.status, answer.body["error"].as_str()), (status, Some(error)), "{}", answer.body);
        assert_eq!(answer.body["error_codes"], serde_json::json!([number]));
        let text = answer.body["error_description"].as_str().unwrap();
        assert!(
            text.starts_with(&format!("AADSTS{number}: "))
                && text.contains(" Trace ID: ")
                && !text.contains("a-wrong-guess")
        );
    }
    let token = client.sign_in(GRAPH, "demo-secret").await;
    assert_eq!((token.body["expires_in"].as_u64(), token.body["token_type"].as_str()), (Some(3599), Some("Bearer")));
    assert_eq!(token.body["access_token"].as_str().unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn a_token_opens_its_own_audience_and_tenant_only() {
    let mut client = demo().await;
    assert_eq!(client.get("/api/incidents", &[]).await.status, 401);
    let graph = std::mem::replace(&mut client.token, "nonsense".into());
    let refused = client.get(INCIDENTS, &[]).await;
    assert_eq!((refused.status, code(&refused.body)), (401, "InvalidAuthenticationToken"));
    assert!(refused.body["error"]["innerError"]["request-id"].is_string());
    client.token = client.sign_in(DEFENDER, "demo-secret").await.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client.get("/api/incidents", &[]).await.status, 200);
    assert_eq!(client.get(ALERTS, &[]).await.status, 401);
    let own = format!("{}/.default", client.base);
    client.token = client.sign_in(&own, "demo-secret").await.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client.get("/api/incidents", &[]).await.status, 200);
    assert_eq!(client.get(ALERTS, &[]).await.status, 200);
    client.token = graph;
    assert_eq!(client.get(INCIDENTS, &[]).await.status, 200);
    client.simulator.expire_tokens();
    assert_eq!(client.get(INCIDENTS, &[]).await.status, 401);
}

#[tokio::test]
async fn tenants_are_apart() {
    let other =
        Tenant { id: "22222222-2222-4222-8222-222222222222".into(), seed: 99, incidents: 5, ..Tenant::default() };
    let mut client = Client::beside(&other).await;
    client.simulator.clock().set(late());
    client.token = client.sign_in_as(&other, GRAPH).await.body["access_token"].as_str().unwrap().to_owned();
    let (records, _) = client.all(INCIDENTS, &[("$expand", "alerts")]).await;
    assert_eq!(records.len(), 5);
    assert!(records.iter().all(|record| record["tenantId"] == *other.id));
}

#[tokio::test]
async fn bad_queries_are_refused_with_a_reason() {
    let client = demo().await;
    for (path, name, value, part) in [
        (INCIDENTS, "$top", "51", "The limit of '50' for Top query has been exceeded"),
        (ALERTS, "$top", "1001", "The limit of '1000'"),
        (INCIDENTS, "$top", "many", "$top"),
        (ALERTS, "$skip", "501", "Skip query"),
        (
            INCIDENTS,
            "$filter",
            "nonsense eq 'x'",
            "Could not find a property named 'nonsense' on type 'microsoft.graph.security.incident'",
        ),
        (ALERTS, "$filter", "investigationState eq 'queued'", "investigationState"),
        (INCIDENTS, "$filter", "status eq", "Syntax error"),
        (INCIDENTS, "$filter", "status is 'active'", "Syntax error"),
        (INCIDENTS, "$filter", "(status eq 'active'", "Syntax error"),
        (INCIDENTS, "$filter", "status eq 'active", "Syntax error"),
        (INCIDENTS, "$filter", "severity eq 'enormous'", "enumeration"),
        (INCIDENTS, "$filter", "lastUpdateDateTime ge yesterday", "incompatible types"),
        (INCIDENTS, "$filter", "lastUpdateDateTime ge '2026-03-02T00:00:00Z'", "incompatible types"),
        (INCIDENTS, "$orderby", "severity", "$orderby"),
        (INCIDENTS, "$expand", "evidence", "evidence"),
        (ALERTS, "$expand", "alerts", "alerts"),
        (INCIDENTS, "$search", "x", "$search"),
        (INCIDENTS, "$skiptoken", "AAAA", "$skiptoken"),
    ] {
        let answer = client.get(path, &[(name, value)]).await;
        assert_eq!((answer.status, code(&answer.body)), (400, "BadRequest"), "{name}={value}: {}", answer.body);
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(part), "{name}={value}: {message}");
        assert!(answer.body["error"]["innerError"]["date"].is_string());
    }
    let deep = format!("{}status eq 'active'{}", "(".repeat(3000), ")".repeat(3000));
    assert_eq!(client.get(INCIDENTS, &[("$filter", &deep)]).await.status, 400);
    assert_eq!(client.get("/v1.0/security/secureScores", &[]).await.status, 404);
}

#[tokio::test]
async fn a_skip_token_is_good_for_its_own_query_only() {
    let client = demo().await;
    let page = client.get(INCIDENTS, &[("$top", "10"), ("$skip", "5")]).await;
    let link = page.body["@odata.nextLink"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&client.base) && link.contains("$top=10&$skiptoken="), "{link}");
    assert_eq!(client.get(&link, &[]).await.body["value"].as_array().unwrap().len(), 10);
    assert_eq!(client.get(&link.replace("$top=10", "$top=20"), &[]).await.status, 400);
    assert_eq!(client.get(&link.replace("incidents", "alerts_v2"), &[]).await.status, 400);
    client.simulator.expire_skip_tokens();
    assert_eq!(client.get(&link, &[]).await.status, 400);
}

#[tokio::test]
async fn newer_members_hide_behind_the_unknown_one() {
    let client = demo().await;
    let values = |body: &Value, name: &str| -> Vec<String> {
        body["value"].as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
    };
    let plain = answer(
        client.http.get(format!("{}{ALERTS}?$top=1000", client.base)).bearer_auth(&client.token).send().await.unwrap(),
    )
    .await;
    let asked = client.get(ALERTS, &[("$top", "1000")]).await;
    assert!(values(&asked.body, "serviceSource").contains(&"microsoftSentinel".into()));
    assert!(!values(&asked.body, "serviceSource").contains(&"unknownFutureValue".into()));
    let shown = values(&plain.body, "serviceSource");
    assert!(shown.contains(&"unknownFutureValue".into()) && !shown.contains(&"microsoftSentinel".into()));
}

#[tokio::test]
async fn single_records_are_those_of_the_lists() {
    let client = demo().await;
    let (incidents, _) = client.all(INCIDENTS, &[("$expand", "alerts"), ("$orderby", "createdDateTime")]).await;
    for listed in &incidents[..12] {
        let path = format!("{INCIDENTS}/{}", listed["id"].as_str().unwrap());
        let mut single = client.get(&path, &[("$expand", "alerts")]).await.body;
        assert!(single.as_object_mut().unwrap().remove("@odata.context").is_some());
        assert_eq!(&single, listed);
        assert_eq!(client.get(&path, &[]).await.body.get("alerts"), None);
        for alert in listed["alerts"].as_array().unwrap() {
            let mut single = client.get(&format!("{ALERTS}/{}", alert["id"].as_str().unwrap()), &[]).await.body;
            single.as_object_mut().unwrap().remove("@odata.context");
            assert_eq!(&single, alert);
        }
    }
    for path in [format!("{INCIDENTS}/1"), format!("{INCIDENTS}/x"), format!("{ALERTS}/da1_0"), format!("{ALERTS}/é")]
    {
        assert_eq!(client.get(&path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn faults_strike_as_scripted() {
    let client = demo().await;
    let faults = client.simulator.faults();
    faults.script(Endpoint::INCIDENTS, Fault::throttled(2), 2);
    for status in [429, 429, 200] {
        let response = client.request(INCIDENTS, &[]).send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("retry-after"), status == 429);
    }
    faults.script(Endpoint::INCIDENTS, Fault::Cut(5000), 1);
    let broken = client.request(INCIDENTS, &[]).send().await.unwrap();
    assert!(broken.bytes().await.is_err(), "a cut body must not look complete");
    faults.script(Endpoint::ALERTS, Fault::Replace(b"{\"value\":[{\"id\":".to_vec()), 1);
    assert_eq!(client.request(ALERTS, &[]).send().await.unwrap().text().await.unwrap(), "{\"value\":[{\"id\":");
    faults.script(Endpoint::INCIDENTS, Fault::EmptyPage, 1);
    let (records, pages) = client.all(INCIDENTS, &[]).await;
    assert_eq!((records.len(), pages), (80, 3));
    assert_eq!(client.simulator.requests(), 9);
}

#[tokio::test]
async fn one_incident_can_spoil_every_expansion_and_one_alert_be_huge() {
    let client = demo().await;
    let faults = client.simulator.faults();
    faults.always(Endpoint::Any, Fault::ExpandFails("20003".into()));
    let expand = [("$expand", "alerts"), ("$orderby", "createdDateTime"), ("$top", "2")];
    let page = client.get(INCIDENTS, &expand).await;
    assert_eq!(page.status, 200);
    let spoilt = client.get(page.body["@odata.nextLink"].as_str().unwrap(), &[]).await;
    assert_eq!((spoilt.status, code(&spoilt.body)), (500, "InternalServerError"));
    assert_eq!(client.get(&format!("{INCIDENTS}/20003"), &expand[..1]).await.status, 500);
    assert_eq!(client.get(&format!("{INCIDENTS}/20003"), &[]).await.status, 200);
    faults.clear();
    let id = client.get(ALERTS, &[("$top", "1")]).await.body["value"][0]["id"].as_str().unwrap().to_owned();
    faults.always(Endpoint::Any, Fault::Oversized(id.clone(), 5 << 20));
    let (alerts, _) = client.all(ALERTS, &[]).await;
    let huge: Vec<_> = alerts.iter().filter(|alert| alert["description"].as_str().unwrap().len() > 5 << 20).collect();
    assert!(huge.len() == 1 && huge[0]["id"] == *id);
}
