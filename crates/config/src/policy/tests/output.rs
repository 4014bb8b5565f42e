use std::time::Duration;

use ::output::settings::{TlsVersions, Verification};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::read_output;
use crate::{ElasticOutput, Login, Secret};

fn with(members: &Value) -> Value {
    let mut source =
        json!({"type": "elasticsearch", "hosts": ["https://es.example:9200"], "api_key": "canary-id:canary-key"});
    for (key, value) in members.as_object().expect("an object") {
        source[key] = value.clone();
    }
    source
}

#[track_caller]
fn accepted(members: &Value) -> ElasticOutput {
    read_output(&with(members)).unwrap_or_else(|errors| panic!("refused: {errors}")).output
}

#[track_caller]
fn refused(members: &Value, message: &str) {
    let said = read_output(&with(members)).expect_err("an error").to_string();
    assert!(said.contains(message), "{said}");
    assert!(!said.contains("canary") && !said.contains("output.elasticsearch"), "{said}");
}

fn hosts(hosts: &Value) -> Vec<String> {
    let members = json!({"hosts": hosts, "api_key": null});
    accepted(&members).hosts.iter().map(|host| host.as_str().to_owned()).collect()
}

#[test]
fn hosts_are_read_as_beats_read_them() {
    assert_eq!(hosts(&json!("https://es.example:443")), ["https://es.example/"]);
    assert_eq!(hosts(&json!(["https://es.example", "http://a:80/p"])), ["https://es.example:9200/", "http://a/p"]);
    assert_eq!(hosts(&json!(["es.example", "10.0.0.1:9201"])), ["http://es.example:9200/", "http://10.0.0.1:9201/"]);
    assert_eq!(hosts(&json!(["https://[::1]", "[::1]:443"])), ["https://[::1]:9200/", "http://[::1]:443/"]);
    let whole = json!({"hosts": "es.example", "protocol": "https", "path": "/es"});
    assert_eq!(accepted(&whole).hosts[0].as_str(), "https://es.example:9200/es");
    refused(&json!({"hosts": []}), "hosts: is empty");
    refused(&json!({"hosts": null}), "hosts: is empty");
    refused(&json!({"hosts": ["ftp://canary"]}), "hosts[0]: is not an address");
    refused(&json!({"hosts": ["https://canary:canary@es.example"]}), "hosts[0]: holds a credential");
}

#[test]
fn credentials_go_to_encrypted_addresses() {
    refused(&json!({"hosts": "http://es.example"}), "hosts: http://es.example:9200 is not encrypted");
    assert!(accepted(&json!({"hosts": "http://es.example", "allow_insecure_http": true})).allow_insecure_http);
    assert!(accepted(&json!({"hosts": "http://127.0.0.1:9200"})).unencrypted().is_none());
}

#[test]
fn the_api_key_is_sent_in_base64() {
    match accepted(&json!({})).login {
        Login::ApiKey(Secret::Given(key)) => assert_eq!(key.expose_secret(), "Y2FuYXJ5LWlkOmNhbmFyeS1rZXk="),
        other => panic!("{other:?}"),
    }
    match accepted(&json!({"api_key": null, "username": "elastic", "password": "pa$s${X}"})).login {
        Login::Basic(user, Secret::Given(password)) => {
            assert_eq!((user.as_str(), password.expose_secret()), ("elastic", "pa$s${X}"));
        }
        other => panic!("{other:?}"),
    }
    refused(&json!({"api_key": "canary"}), "api_key: is not an API key");
    refused(&json!({"username": "elastic"}), "has api_key beside username or password");
    refused(&json!({"api_key": null, "username": "elastic"}), "needs username and password together");
}

#[test]
fn other_kinds_of_outputs_are_understood_and_refused() {
    for kind in ["logstash", "kafka", "redis", "file"] {
        refused(&json!({"type": kind}), &format!("type: is `{kind}`, and this input sends to Elasticsearch alone"));
    }
    refused(&json!({"type": "remote_elasticsearch"}), "which Fleet Server turns into `elasticsearch`");
    refused(&json!({"type": null}), "type: is missing");
}

#[test]
fn a_preset_stands_in_the_place_of_numbers() {
    let own = json!({"bulk_max_size": 10.0, "worker": 3.0, "compression_level": 0.0});
    let plain = accepted(&own);
    assert_eq!((plain.max_documents, plain.max_concurrency, plain.gzip), (Some(10), 3, None));
    for (word, documents, concurrency) in
        [("balanced", 1600, 1), ("throughput", 1600, 4), ("scale", 1600, 1), ("latency", 50, 1)]
    {
        let mut members = own.clone();
        members["preset"] = word.into();
        let output = accepted(&members);
        assert_eq!(
            (output.max_documents, output.max_concurrency, output.gzip),
            (Some(documents), concurrency, Some(1))
        );
    }
    let mut custom = own.clone();
    custom["preset"] = "custom".into();
    assert_eq!(accepted(&custom).max_concurrency, 3);
    let two = json!({"hosts": ["https://a", "https://b"], "preset": "throughput"});
    assert_eq!(accepted(&two).max_concurrency, 8, "workers are for each host");
    assert_eq!(accepted(&json!({"bulk_max_size": -1.0})).max_documents, None);
    refused(&json!({"preset": "fast"}), "preset: `fast` is not known; allowed: balanced, throughput");
    refused(&json!({"worker": 0.0}), "worker: is no number of requests");
    refused(&json!({"compression_level": 10.0}), "compression_level: is out of range");
    refused(&json!({"bulk_max_size": 1.5}), "bulk_max_size: is a number where a whole number is expected");
}

#[test]
fn certificates_are_trusted_as_the_policy_says() {
    let authority = rcgen::generate_simple_self_signed(["es.example".to_owned()]).expect("a certificate");
    let (pem, key) = (authority.cert.pem(), authority.signing_key.serialize_pem());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &pem).expect("a file");
    let both = accepted(&json!({"ssl": {"certificate_authorities": [pem, file], "verification_mode": "certificate"}}));
    assert_eq!(both.tls.authorities, [pem.clone(), pem.clone()]);
    assert_eq!(both.tls.verification, Verification::Certificate);
    let one = accepted(&json!({"ssl.certificate_authorities": pem, "ssl.supported_protocols": ["TLSv1.1", "TLSv1.3"]}));
    assert_eq!((one.tls.authorities.len(), one.tls.versions), (1, TlsVersions::Only13));
    let shown = accepted(&json!({"ssl": {"certificate": pem, "key": key, "verification_mode": "none"}}));
    assert!(shown.tls.identity.is_some() && shown.tls.verification == Verification::None);
    let pinned = accepted(&json!({"ssl.ca_trusted_fingerprint": "AB".repeat(32), "ca_sha256": null}));
    assert_eq!(pinned.ca_fingerprint, Some([0xab; 32]));
    assert!(pinned.tls.is_default());
    assert!(accepted(&json!({"ssl": {"enabled": false, "certificate_authorities": ["/none"]}})).tls.is_default());

    refused(
        &json!({"ssl": {"certificate_authorities": ["/there/is/none"]}}),
        "ssl.certificate_authorities: /there/is/none",
    );
    let broken = "-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----";
    refused(&json!({"ssl": {"certificate_authorities": [broken]}}), "ssl.certificate_authorities: ");
    refused(&json!({"ssl": {"certificate": pem}}), "ssl.key: is missing");
    refused(&json!({"ssl": {"key": key}}), "ssl.certificate: is missing");
    refused(&json!({"ssl": {"certificate": pem, "key": pem}}), "ssl.key: is no unencrypted private key");
    refused(&json!({"ssl": {"verification_mode": "some"}}), "ssl.verification_mode: `some` is not known");
    refused(&json!({"ssl": {"supported_protocols": ["TLSv1.0"]}}), "ssl.supported_protocols: holds no version");
    refused(&json!({"ssl": {"cipher_suites": ["X"]}}), "ssl.cipher_suites: cannot be chosen");
    refused(&json!({"ssl": {"key_passphrase": "canary"}}), "ssl.key_passphrase: cannot be used");
    refused(&json!({"ssl": {"ca_sha256": ["x"]}}), "ssl.ca_sha256: cannot be checked here");
    refused(&json!({"ca_sha256": "x"}), "ca_sha256: cannot be checked here");
    refused(&json!({"ssl": {"verify": "none"}}), "ssl.verify: is not known here");
    refused(&json!({"ssl.ca_trusted_fingerprint": "12"}), "ssl.ca_trusted_fingerprint: is not a fingerprint");
}

#[test]
fn headers_and_parameters_go_with_every_request() {
    let output = accepted(&json!({"headers": {"X.Team": "soc", "n": 7.0}, "parameters": {"a.b": true}}));
    assert_eq!(output.headers["x.team"], "soc");
    assert!(output.headers.values().all(reqwest::header::HeaderValue::is_sensitive));
    assert_eq!(output.parameters, [("a.b".to_owned(), "true".to_owned())]);
    refused(&json!({"headers": {"x": "canary\n"}}), "headers.x: cannot be sent as a header");
    refused(&json!({"headers": ["canary"]}), "headers: is a list where an object is expected");
}

#[test]
fn a_time_span_is_seconds_or_as_go_writes_it() {
    let timeout = |written: Value| accepted(&json!({"timeout": written})).timeout;
    assert_eq!(timeout(json!(30.0)), Duration::from_secs(30));
    assert_eq!(timeout(json!("1m30s")), Duration::from_secs(90));
    assert_eq!(timeout(json!("1.5h")), Duration::from_mins(90));
    assert_eq!(timeout(json!("500ms")), Duration::from_millis(500));
    for wrong in [json!("soon"), json!("30"), json!(0.0), json!(-1.0), json!("")] {
        refused(&json!({"timeout": wrong}), "timeout: is no time span");
    }
}

#[test]
fn the_proxy_is_the_outputs_or_the_agents() {
    let proxied = accepted(&json!({"proxy_url": "http://u:canary@127.0.0.1:3128"}));
    assert_eq!(proxied.proxy.expect("a proxy").url.as_str(), "http://127.0.0.1:3128/");
    assert!(accepted(&json!({"proxy_url": "http://127.0.0.1:3128", "proxy_disable": true})).proxy.is_none());
    refused(&json!({"proxy_url": "http://u:canary@proxy.example"}), "its password would be sent");
    refused(&json!({"proxy_url": "socks5://canary"}), "proxy_url: is not an address");
    refused(&json!({"proxy_headers": {"a": "canary"}}), "proxy_headers: cannot be sent");

    let variables = |name: &str| (name == "HTTPS_PROXY").then(|| "http://10.0.0.1:3128".to_owned());
    let read = |members: &Value| super::super::output::read(&with(members), &variables).expect("good").output.proxy;
    let proxy = read(&json!({})).expect("the agent's proxy");
    assert!(proxy.serves("es.example") && !proxy.serves("localhost") && !proxy.serves("127.0.0.1"));
    assert!(read(&json!({"proxy_disable": true})).is_none());
    assert!(read(&json!({"hosts": "http://127.0.0.1"})).is_none());
}

#[test]
fn what_beats_decide_is_left_alone_and_told() {
    let source = with(&json!({"queue": {"mem": {"events": 3200.0}}, "backoff.init": "1s", "loadbalance": true}));
    let mut ignored = read_output(&source).expect("good").ignored;
    ignored.sort();
    assert_eq!(ignored, ["backoff", "queue"]);
    refused(&json!({"pipeline": "mine"}), "pipeline: cannot be set");
}
