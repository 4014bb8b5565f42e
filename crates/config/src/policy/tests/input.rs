use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;

use super::super::clash;
use super::{CLIENT, TENANT, accepted, good, read, refused, secret, with};
use crate::CredentialKind;

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../microsoft/src/auth/testdata");

#[test]
fn a_unit_as_the_agent_sends_it_is_read() {
    let unit = read(&good()).expect("good");
    assert_eq!((unit.id.as_str(), unit.tenant.id.as_str(), unit.tenant.client_id.as_str()), ("m365-1", TENANT, CLIENT));
    assert_eq!(unit.tenant.cloud.name, "global");
    assert_eq!(secret(&unit), "canary-secret");
    let ids: Vec<_> = unit.streams.iter().map(|stream| stream.id.as_str()).collect();
    assert_eq!(ids, ["m365-alert", "77"]);
    let names: Vec<_> = unit.tenant.datasets.iter().map(|dataset| dataset.dataset.definition.name).collect();
    assert_eq!(names, ["alert", "incident"]);
    assert_eq!(unit.tenant.datasets[0].interval, Duration::from_secs(90));
    assert_eq!(unit.streams[1].data_stream.to_string(), "logs-m365_security.incident-lab");
    assert_eq!((unit.unknown, unit.broken), (Vec::<String>::new(), Vec::new()));
}

#[test]
fn secrets_are_taken_as_they_are() {
    // In the file `$` would begin a variable.
    let unit = accepted(&json!({"client_secret": "a$b${HOME}$$c"}));
    assert_eq!(secret(&unit), "a$b${HOME}$$c");
}

#[test]
fn keys_that_nobody_knows_are_told() {
    let unit = accepted(&json!({"customer_name": "x", "streams": [
        {"id": "a", "data_stream.dataset": "m365_security.alert", "pace": "5m"},
    ]}));
    assert_eq!(unit.unknown, ["customer_name", "a: pace"]);
}

#[test]
fn both_spellings_of_a_key_are_one() {
    let unit = accepted(&json!({"data_stream": null, "data_stream.namespace": "soc"}));
    assert_eq!(unit.streams[0].data_stream.namespace, "soc");
    let unit = accepted(&json!({"data_stream.namespace": "lab"}));
    assert_eq!(unit.streams[0].data_stream.namespace, "lab");
    refused(&json!({"data_stream.namespace": "soc"}), "data_stream.namespace: is written twice");
}

#[test]
fn the_chosen_credential_counts() {
    let pem = format!("{TESTDATA}/certificate.pem");
    let key = format!("{TESTDATA}/key-pkcs8.pem");
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "canary-token\n").expect("a file");
    let everything = json!({
        "client_certificate_file": pem, "client_certificate_key_file": key,
        "federated_token_file": token, "managed_identity_client_id": CLIENT,
    });
    let chosen = |word: &str| {
        let mut members = everything.clone();
        members["credential"] = word.into();
        accepted(&members).tenant
    };
    assert!(matches!(chosen("client_secret").credential, CredentialKind::Secret(_)));
    match chosen("client_certificate").credential {
        CredentialKind::Certificate(files) => {
            assert_eq!(files.certificate, Path::new(&pem));
            assert_eq!(files.key.as_deref(), Some(Path::new(&key)));
            assert!(files.password.is_none());
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(chosen("federated_token").credential, CredentialKind::FederatedToken(_)));
    let identity = chosen("managed_identity");
    assert_eq!(identity.client_id, CLIENT);
    assert!(matches!(identity.credential, CredentialKind::ManagedIdentity(_)));
}

#[test]
fn a_pkcs12_file_opens_with_its_password() {
    let file = format!("{TESTDATA}/modern.p12");
    let wrong = json!({
        "credential": "client_certificate", "client_certificate_file": file, "client_certificate_password": "canary-wrong",
    });
    refused(&wrong, "Client certificate file (client_certificate_file): ");
}

#[test]
fn what_the_chosen_credential_needs_is_asked_for() {
    let none = json!({"client_secret": null});
    refused(&none, "Credential (credential): has no credential");
    for (word, option) in [
        ("client_secret", "Client secret (client_secret)"),
        ("client_certificate", "Client certificate file (client_certificate_file)"),
        ("federated_token", "Federated token file (federated_token_file)"),
    ] {
        let members = json!({"client_secret": "", "credential": word});
        refused(&members, &format!("{option}: is empty; enter it, or choose another credential"));
    }
    refused(&json!({"credential": "guess"}), "Credential (credential): is not known; allowed: client_secret");
    refused(&json!({"client_id": ""}), "Client id (client_id): is missing");
    refused(&json!({"tenant_id": null}), "Tenant id (tenant_id): is missing");
    refused(&json!({"federated_token_file": "/x"}), "cannot stand beside client_secret");
}

#[test]
fn an_own_cloud_needs_three_addresses() {
    let own = json!({
        "cloud": "gcc", "login_url": "https://login.example", "graph_url": "https://graph.example",
        "defender_url": "https://defender.example",
    });
    assert!(accepted(&own).tenant.cloud.is_custom());
    assert_eq!(accepted(&json!({"cloud": "gcc-high"})).tenant.cloud.name, "gcc-high");
    refused(&json!({"login_url": "https://login.example"}), "Own Microsoft Graph address (graph_url): is empty");
    refused(&json!({"cloud": "moon"}), "Cloud (cloud): unknown cloud `moon`");
    let plain = json!({
        "login_url": "http://login.example", "graph_url": "https://graph.example", "defender_url": "https://d.example",
    });
    refused(&plain, "Cloud (cloud): http://login.example is not encrypted");
    let mut allowed = plain;
    allowed["allow_insecure_http"] = "true".into();
    // What goes to own addresses is allowed beside them.
    assert!(accepted(&allowed).tenant.cloud.is_custom());
}

#[test]
fn the_way_to_microsoft_is_the_inputs_own() {
    let unit = accepted(&json!({"proxy_url": "http://user:canary%40x@127.0.0.1:3128", "no_proxy": "login.example"}));
    let proxy = unit.http.proxy.expect("a proxy");
    assert_eq!((proxy.url.as_str(), proxy.no_proxy), ("http://127.0.0.1:3128/", vec!["login.example".to_owned()]));
    assert_eq!(proxy.login.expect("a login").1.expose_secret(), "canary@x");
    refused(&json!({"proxy_url": "http://user:canary@proxy.example"}), "Proxy address (proxy_url): ");
    refused(&json!({"proxy_url": "canary"}), "Proxy address (proxy_url): is not an address");
    refused(&json!({"ca_file": "/there/is/none"}), "Certificate authority file (ca_file): ");
    // Of no use, and no harm: a form may be left so.
    assert!(accepted(&json!({"no_proxy": ["a"]})).http.proxy.is_none());
    let variables = |name: &str| (name == "HTTPS_PROXY").then(|| "http://10.0.0.1:3128".to_owned());
    let unit = super::super::input::read(&with(&json!({"proxy_url": "environment"})), &variables).expect("good");
    assert_eq!(unit.http.proxy.expect("a proxy").url.as_str(), "http://10.0.0.1:3128/");
}

#[test]
fn the_state_may_be_elsewhere() {
    assert_eq!(read(&good()).expect("good").state, None);
    let unit = accepted(&json!({"state_path": "/var/lib/m365"}));
    assert_eq!(unit.state.as_deref(), Some(Path::new("/var/lib/m365")));
}

#[test]
fn what_is_of_another_kind_is_refused_without_its_value() {
    refused(&json!({"client_secret": ["canary"]}), "Client secret (client_secret): is a list where a text is expected");
    refused(&json!({"no_proxy": {"canary": 1}}), "Hosts without proxy (no_proxy): is an object where");
    refused(&json!({"allow_insecure_http": "canary"}), "Allow plain HTTP (allow_insecure_http): is a text where");
    refused(&json!({"streams": "canary"}), "streams: is no list");
    let said = read(&json!(["canary"])).expect_err("an error").to_string();
    assert_eq!(said, "the unit has no configuration; allowed: an object of options");
}

#[test]
fn two_inputs_do_not_share_a_tenants_dataset_or_application() {
    let first = read(&good()).expect("good");
    let same = read(&good()).expect("good");
    assert!(clash(&first, &same).expect("a clash").contains("dataset `alert` by m365-1"));
    let evidence = json!([{"data_stream.dataset": "m365_security.evidence"}]);
    let other_dataset = accepted(&json!({"streams": evidence}));
    assert!(clash(&first, &other_dataset).expect("a clash").contains("the same application"));
    let other_application = accepted(&json!({"streams": evidence, "client_id": TENANT}));
    assert_eq!(clash(&first, &other_application), None);
    let other_tenant = accepted(&json!({"tenant_id": CLIENT}));
    assert_eq!(clash(&first, &other_tenant), None);
}
