//! Each failure against the simulator, with its cause and its cure.

use std::fmt::Write;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use simulator::{Endpoint, Fault as Misbehaviour, Manner, Simulator, Tenant};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::config;
use ::output::elasticsearch::setup;

const SECRET: &str = "demo-secret";

/// A tenant in a box, and what `check` says of a configuration for it.
struct TenantBox {
    simulator: Simulator,
    address: String,
    folder: TempDir,
}

impl TenantBox {
    async fn new() -> Self {
        Self::of(Tenant::default()).await
    }

    async fn with_roles(roles: &[&str]) -> Self {
        Self::of(Tenant { roles: roles.iter().map(|role| (*role).to_owned()).collect(), ..Tenant::default() }).await
    }

    async fn of(tenant: Tenant) -> Self {
        let simulator = Simulator::new(tenant);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        Self { simulator, address, folder: tempfile::tempdir().expect("a folder") }
    }

    fn text(&self) -> String {
        let (at, folder) = (&self.address, self.folder.path().display());
        format!(
            "tenants:\n  - id: 11111111-2222-3333-4444-555555555555\n    cloud: {{login: \"{at}\", graph: \"{at}\", \
             defender: \"{at}\"}}\n    client_id: 66666666-7777-8888-9999-000000000000\n    client_secret: \
             \"${{SECRET}}\"\n    datasets: [alert, evidence, incident, log]\noutput:\n  file: {{directory: \
             \"{folder}/out\"}}\nstate: \"{folder}/state\"\n"
        )
    }

    async fn check(&self) -> Vec<Finding> {
        run(&self.text()).await
    }
}

async fn run(text: &str) -> Vec<Finding> {
    let environment = |name: &str| (name == "SECRET").then(|| SECRET.to_owned());
    let config = config::parse("m365.yml", text, &environment).expect("a good configuration");
    let findings = check(&config, None).await.expect("a report");
    let mut all = String::new();
    for finding in &findings {
        let _ = writeln!(all, "{}", serde_json::to_string(finding).expect("json"));
    }
    assert!(!all.contains(SECRET) && !all.contains("eyJ"), "no secret, no token: {all}");
    findings
}

#[track_caller]
fn find<'a>(findings: &'a [Finding], item: Item, dataset: Option<&str>) -> &'a Finding {
    let fits = |finding: &&Finding| finding.item == item && (dataset.is_none() || finding.dataset == dataset);
    let worst = findings.iter().filter(fits).max_by_key(|finding| finding.outcome);
    worst.unwrap_or_else(|| panic!("{item:?} of {dataset:?}: {findings:#?}"))
}

#[track_caller]
fn assert_failed(findings: &[Finding], item: Item, dataset: Option<&str>, words: [&str; 2]) {
    let finding = find(findings, item, dataset);
    let cure = finding.cure.as_deref().unwrap_or_default();
    assert_eq!(finding.outcome, Outcome::Failed, "{findings:#?}");
    assert!(finding.text.contains(words[0]), "{finding:#?}");
    assert!(cure.contains(words[1]), "{finding:#?}");
}

/// A port that refuses connections as long as this lives: bound, so that nobody else gets it, and not listened on.
fn refusing() -> tokio::net::TcpSocket {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    socket
}

#[tokio::test]
async fn what_works_is_ok() {
    let findings = TenantBox::new().await.check().await;
    assert!(findings.iter().all(|finding| finding.outcome == Outcome::Ok), "{findings:#?}");
    for dataset in ["alert", "evidence", "incident", "log"] {
        find(&findings, Item::Permission, Some(dataset));
        find(&findings, Item::Probe, Some(dataset));
    }
    for item in [Item::Reach, Item::Clock, Item::Token, Item::State, Item::Output] {
        find(&findings, item, None);
    }
}

#[tokio::test]
async fn refused_credentials_are_explained() {
    let tenant = TenantBox::new().await;
    let wrong = tenant.text().replace("${SECRET}", "wrong~secret-1");
    assert_failed(&run(&wrong).await, Item::Token, None, ["AADSTS7000215", "the secret's value, not its id"]);
    let unknown = tenant.text().replace("11111111-2222", "99999999-2222");
    assert_failed(&run(&unknown).await, Item::Token, None, ["AADSTS90002", "check `id` and `cloud`"]);
    let client = tenant.text().replace("66666666-7777", "99999999-7777");
    assert_failed(&run(&client).await, Item::Token, None, ["AADSTS700016", "client id is wrong"]);
    let body = br#"{"error":"invalid_client","error_description":"AADSTS7000222: expired","error_codes":[7000222]}"#;
    tenant.simulator.faults().always(Endpoint::Token, Misbehaviour::status(401, body.to_vec()));
    let findings = tenant.check().await;
    assert_failed(&findings, Item::Token, None, ["AADSTS7000222", "expired; create a new one"]);
    assert!(!findings.iter().any(|finding| finding.item == Item::Probe), "nothing is asked without a token");
}

#[tokio::test]
async fn a_missing_role_is_named_and_others_are_not_concerned() {
    let findings = TenantBox::with_roles(&["SecurityIncident.Read.All", "Incident.Read.All"]).await.check().await;
    for dataset in ["alert", "evidence"] {
        let words = ["no role SecurityAlert.Read.All", "grant the application permission SecurityAlert.Read.All"];
        assert_failed(&findings, Item::Permission, Some(dataset), words);
        assert_failed(&findings, Item::Probe, Some(dataset), ["permission is missing", "SecurityAlert.Read.All"]);
    }
    assert_eq!(find(&findings, Item::Probe, Some("incident")).outcome, Outcome::Ok);
}

#[tokio::test]
async fn more_than_needed_works_with_a_warning() {
    let roles = ["SecurityIncident.ReadWrite.All", "SecurityAlert.Read.All", "Incident.Read.All"];
    let findings = TenantBox::with_roles(&roles).await.check().await;
    let held = find(&findings, Item::Permission, Some("incident"));
    assert_eq!((held.outcome, find(&findings, Item::Probe, None).outcome), (Outcome::Warning, Outcome::Ok));
    let excess = find(&findings, Item::Excess, None);
    assert!(excess.outcome == Outcome::Warning && excess.text.contains("SecurityIncident.ReadWrite.All"), "{excess:?}");
}

#[tokio::test]
async fn licence_and_service_are_told_apart() {
    let tenant = TenantBox::new().await;
    let answer = |status, code: &str, message: &str| {
        Misbehaviour::status(status, json!({ "error": { "code": code, "message": message } }).to_string())
    };
    let premium = answer(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C");
    for (fault, outcome, words) in [
        (premium, Outcome::Failed, ["no licence", "the dataset needs: "]),
        (
            answer(403, "Forbidden", "no"),
            Outcome::Failed,
            ["although the permission is granted", "the dataset needs: "],
        ),
        (answer(403, "DisabledFeature", "off"), Outcome::Failed, ["switched off", "switch it on"]),
        (answer(403, "Authorization_IdentityNotFound", "x"), Outcome::Failed, ["not known in this tenant", "consent"]),
        (answer(404, "ResourceNotFound", "x"), Outcome::Failed, ["does not know this list", "check `cloud`"]),
        (answer(403, "Forbidden", "AF429 too many"), Outcome::Warning, ["throttles", ""]),
        (answer(503, "ServiceUnavailable", "x"), Outcome::Warning, ["trouble now", "later"]),
    ] {
        tenant.simulator.faults().clear();
        tenant.simulator.faults().always(Endpoint::ALERTS, fault);
        let findings = tenant.check().await;
        let probe = find(&findings, Item::Probe, Some("alert"));
        assert_eq!(probe.outcome, outcome, "{probe:?}");
        assert!(probe.text.contains(words[0]), "{probe:?}");
        assert!(probe.cure.as_deref().unwrap_or_default().contains(words[1]), "{probe:?}");
        assert_eq!(find(&findings, Item::Probe, Some("log")).outcome, Outcome::Ok);
    }
}

#[tokio::test]
async fn links_and_pages_are_looked_at() {
    let tenant = TenantBox::new().await;
    let links = |start: &str| Misbehaviour::Manner(Manner::Links(start.to_owned()));
    for (faults, outcome, words) in [
        (vec![links("https://graph.microsoft.com")], Outcome::Ok, ""),
        (
            vec![links("https://inner.example:8080")],
            Outcome::Failed,
            "https://inner.example:8080/v1.0/security/alerts_v2",
        ),
        (vec![Misbehaviour::Manner(Manner::Part(0))], Outcome::Failed, "a shard does not answer"),
        (vec![Misbehaviour::status(200, r#"{"error":{"code":"X","message":"odd"}}"#)], Outcome::Failed, "odd"),
        (vec![Misbehaviour::status(204, "")], Outcome::Warning, "without a page"),
    ] {
        tenant.simulator.faults().clear();
        for fault in faults {
            tenant.simulator.faults().always(Endpoint::ALERTS, fault);
        }
        let findings = tenant.check().await;
        let probe = find(&findings, Item::Probe, Some("alert"));
        assert!(probe.outcome == outcome && probe.text.contains(words), "{probe:?}");
        assert_eq!(find(&findings, Item::Probe, Some("incident")).outcome, Outcome::Ok);
    }
    tenant.simulator.faults().clear();
    let gone = Misbehaviour::status(410, r#"{"Message":"no longer"}"#);
    tenant.simulator.faults().script_when(Endpoint::ALERTS, "skiptoken", gone, None);
    let findings = tenant.check().await;
    assert_failed(&findings, Item::Probe, Some("alert"), ["410 Gone: no longer", "gateway"]);
}

#[tokio::test]
async fn each_part_of_the_way_is_told_apart() {
    let tenant = TenantBox::new().await;
    let login = format!("login: \"{}\"", tenant.address);
    let with = |address: &str| tenant.text().replace(&login, &format!("login: \"{address}\""));
    let socket = refusing();
    let closed = socket.local_addr().expect("an address");
    let findings = run(&with(&format!("http://{closed}"))).await;
    assert_failed(&findings, Item::Reach, None, ["no connection", "firewall"]);
    assert!(!findings.iter().any(|finding| finding.item == Item::Token), "not asked in vain");
    assert_failed(&run(&with("https://login.invalid")).await, Item::Reach, None, ["cannot be resolved", "DNS"]);
    let plain = tenant.address.replace("http:", "https:");
    assert_failed(&run(&with(&plain)).await, Item::Reach, None, ["TLS fails", "certificate authority"]);
    let mute = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", mute.local_addr().expect("an address"));
    let server = tokio::spawn(async move {
        while let Ok((connection, _)) = mute.accept().await {
            drop(connection);
        }
    });
    assert_failed(&run(&with(&address)).await, Item::Reach, None, ["does not answer", "what listens there"]);
    server.abort();
}

#[tokio::test]
async fn a_proxy_is_told_apart_from_what_is_behind_it() {
    let tenant = TenantBox::new().await;
    let with = |proxy: &str| format!("{}http: {{proxy: \"{proxy}\"}}\n", tenant.text());
    let socket = refusing();
    let closed = socket.local_addr().expect("an address");
    let findings = run(&with(&format!("http://user:{SECRET}@{closed}"))).await;
    assert_failed(&findings, Item::Reach, None, ["no connection to the proxy", "`http.proxy`"]);
    let login = cluster(vec![("/", 407, json!({}))]).await;
    assert_failed(&run(&with(&login)).await, Item::Reach, None, ["the proxy asks for a login", "its login"]);
    // The tenant in a box answers to anything, as a proxy does.
    let findings = run(&with(&tenant.address)).await;
    assert!(find(&findings, Item::Reach, None).text.ends_with("answers, through the proxy"), "{findings:#?}");
    let far =
        with(&tenant.address).replace(&format!("login: \"{}\"", tenant.address), "login: \"https://login.invalid\"");
    assert_failed(&run(&far).await, Item::Reach, None, ["does not let the request through", "`http.proxy`"]);
}

#[tokio::test]
async fn a_clock_that_is_off_is_told() {
    let tenant = TenantBox::new().await;
    for (off, outcome) in [(-400, Outcome::Failed), (400, Outcome::Failed), (100, Outcome::Warning), (5, Outcome::Ok)] {
        let date = (common::clock::now() + chrono::TimeDelta::seconds(off)).format("%a, %d %b %Y %H:%M:%S GMT");
        let headers = vec![("date".to_owned(), date.to_string())];
        // The first request is that for the way.
        let fault = Misbehaviour::Respond { status: 404, headers, body: Vec::new() };
        tenant.simulator.faults().script(Endpoint::Any, fault, 1);
        let findings = tenant.check().await;
        let clock = find(&findings, Item::Clock, None);
        assert_eq!(clock.outcome, outcome, "{clock:?}");
        assert_eq!(clock.text.contains("ahead"), off < 0 || clock.text.contains("0 s ahead"), "{clock:?}");
        assert_eq!(clock.cure.is_some(), outcome != Outcome::Ok);
    }
}

/// An Elasticsearch as far as `check` looks: (path prefix, status, answer), the first that fits; else 404.
async fn cluster(answers: Vec<(&'static str, u16, Value)>) -> String {
    let handler = move |uri: axum::http::Uri| {
        let path = uri.path().to_owned();
        let found = answers.iter().find(|(prefix, ..)| path.starts_with(prefix) && (*prefix != "/" || path == "/"));
        let (status, body) = found.map_or((404, json!({})), |(_, status, body)| (*status, body.clone()));
        let status = StatusCode::from_u16(status).expect("a status");
        std::future::ready::<Response>(
            (status, [("content-type", "application/json")], body.to_string()).into_response(),
        )
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    address
}

fn root(version: &str) -> (&'static str, u16, Value) {
    ("/", 200, json!({ "cluster_name": "contoso", "version": { "number": version } }))
}

/// What `check` says of the output.
async fn output(hosts: &[&str]) -> Vec<Finding> {
    let tenant = TenantBox::new().await;
    let hosts = serde_json::to_string(hosts).expect("json");
    let file = format!("file: {{directory: \"{}/out\"}}", tenant.folder.path().display());
    let text = tenant.text().replace(&file, &format!("elasticsearch: {{hosts: {hosts}, api_key: \"id:${{SECRET}}\"}}"));
    run(&text).await
}

#[tokio::test]
async fn the_output_is_looked_at() {
    let granted = |allowed: bool| {
        let index = json!({ "logs-m365_security.*": { "auto_configure": allowed, "create_doc": true } });
        let body = json!({ "username": "collector", "has_all_requested": allowed, "index": index });
        ("/_security/user/_has_privileges", 200, body)
    };
    let blocks = |value: &str| {
        let blocks = json!({ "read_only_allow_delete": value });
        ("/logs-m365_security.*/_settings", 200, json!({ ".ds-1": { "settings": { "index": { "blocks": blocks } } } }))
    };
    let refused = |status| ("/", status, json!({ "error": "no" }));
    let login = cluster(vec![refused(401)]).await;
    assert_failed(
        &output(&[&login]).await,
        Item::Privileges,
        None,
        ["Elasticsearch does not accept the login", "`api_key`"],
    );
    let forbidden = cluster(vec![refused(403)]).await;
    assert_failed(&output(&[&forbidden]).await, Item::Privileges, None, ["403", "`create_doc`"]);
    let socket = refusing();
    let closed = socket.local_addr().expect("an address");
    let down = format!("http://{closed}");
    assert_failed(&output(&[&down]).await, Item::Output, None, ["out of reach", "check `hosts`"]);
    let old = cluster(vec![root("7.17.0"), granted(false), blocks("true")]).await;
    let findings = output(&[&old]).await;
    assert_failed(&findings, Item::Version, None, ["7.17.0", "8.19"]);
    assert_failed(
        &findings,
        Item::Privileges,
        None,
        ["missing on logs-m365_security.*: auto_configure", "`create_doc`"],
    );
    assert_failed(
        &findings,
        Item::Templates,
        None,
        ["missing: logs-m365_security.alert@package", "m365-fetcher setup --elasticsearch"],
    );
    assert_failed(&findings, Item::Disk, None, ["disk space: .ds-1", "free disk space"]);
    let good = cluster(vec![root("8.19.1"), granted(true), blocks("false")]).await;
    let findings = output(&[&down, &good]).await;
    for item in [Item::Version, Item::Privileges, Item::Disk] {
        assert_eq!(find(&findings, item, None).outcome, Outcome::Ok, "{findings:#?}");
    }
    assert_eq!(find(&findings, Item::Output, None).outcome, Outcome::Warning, "one node of two is down");
}

#[tokio::test]
async fn what_leads_elsewhere_is_told_and_not_asked() {
    let elsewhere = cluster(vec![root("8.19.1")]).await;
    let redirecting = {
        let to = elsewhere.clone();
        let handler = move || std::future::ready((StatusCode::PERMANENT_REDIRECT, [("location", to.clone())]));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        address
    };
    let findings = output(&[&redirecting]).await;
    assert_failed(&findings, Item::Output, None, [&format!("redirected to {elsewhere}"), "into `hosts`"]);
    assert!(!findings.iter().any(|finding| finding.item == Item::Version), "{findings:#?}");
    let tenant = TenantBox::new().await;
    let headers = vec![("location".to_owned(), format!("{elsewhere}/v1.0"))];
    let fault = Misbehaviour::Respond { status: 302, headers, body: Vec::new() };
    tenant.simulator.faults().always(Endpoint::ALERTS, fault);
    let words = [&format!("redirected to {elsewhere}")[..], "`cloud` is wrong"];
    assert_failed(&tenant.check().await, Item::Probe, Some("alert"), words);
}

#[tokio::test]
async fn directories_that_cannot_be_written_are_found() {
    let tenant = TenantBox::new().await;
    std::fs::write(tenant.folder.path().join("state"), "a file").expect("written");
    assert_failed(&tenant.check().await, Item::State, None, ["cannot be written", "`state`"]);
}

#[test]
fn tokens_that_are_none_are_opaque() {
    for text in ["opaque", "a.b", "a.!.c", "a.b.c.d", "e30.bnVsbA.x"] {
        assert!(token::decode(&text.into()).is_none(), "{text}");
    }
    // {"roles":["A.Read.All"],"exp":7}
    let claims = token::decode(&"e30.eyJyb2xlcyI6WyJBLlJlYWQuQWxsIl0sImV4cCI6N30.x".into()).expect("claims");
    assert_eq!((claims.roles, claims.exp), (vec!["A.Read.All".to_owned()], 7));
}

#[test]
fn permissions_that_write_are_surplus() {
    let roles = ["Directory.ReadWrite.All", "SecurityAlert.Read.All", "User.EnableDisableAccount.All", "Mail.Send"];
    let roles = roles.map(str::to_owned);
    assert_eq!(token::excess(&roles), ["Directory.ReadWrite.All", "User.EnableDisableAccount.All", "Mail.Send"]);
}

#[test]
fn templates_are_compared_by_what_they_hold() {
    for artefact in setup::artefacts() {
        let ours = artefact.parsed();
        let stored = |value: Value| match artefact.folder {
            "_component_template" => json!({ "component_templates": [{ "component_template": value }] }),
            "_index_template" => json!({ "index_templates": [{ "index_template": value }] }),
            _ => Value::Object([(artefact.name.clone(), value)].into_iter().collect()),
        };
        assert!(setup::is_current(&artefact, &stored(ours.clone())), "{}", artefact.name);
        let mut older = ours.clone();
        older["_meta"]["package"]["version"] = "0.0.1".into();
        assert!(!setup::is_current(&artefact, &stored(older)), "{}", artefact.name);
        let mut changed = ours;
        for part in ["processors", "composed_of"] {
            if let Some(list) = changed[part].as_array_mut() {
                list.pop();
            }
        }
        if let Some(mappings) = changed.pointer_mut("/template/mappings/properties") {
            mappings["another"] = json!({ "type": "keyword" });
        }
        assert!(!setup::is_current(&artefact, &stored(changed.clone())), "{}", artefact.name);
        changed["_meta"] = json!({ "managed_by": "fleet" });
        assert!(setup::is_current(&artefact, &stored(changed)), "{}", artefact.name);
    }
}
