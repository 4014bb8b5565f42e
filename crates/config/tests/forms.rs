//! A form in Fleet cannot make a configuration that the program refuses: the package's templates, rendered as Fleet renders
//! them with what its form can hold, are read as the program reads a policy.

use std::path::{Path, PathBuf};

use config::policy::{self, InputUnit};
use config::{ConfigErrors, CredentialKind};
use serde_json::{Map, Value, json};

#[path = "forms/fleet.rs"]
mod fleet;

use fleet::Package;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";

fn testdata(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../microsoft/src/auth/testdata").join(name);
    file.to_str().expect("a path").to_owned()
}

fn package() -> Package {
    Package::read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../package"))
}

/// What a user types at least.
fn typed() -> Map<String, Value> {
    object(json!({"tenant_id": TENANT, "client_id": CLIENT, "client_secret": "canary~8Q'x: #{}\"$y"}))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other}"),
    }
}

/// The form with these values beside the least ones, and these in every stream.
fn submitted(values: Value, of_streams: Value) -> Result<InputUnit, ConfigErrors> {
    let mut all = typed();
    all.extend(object(values));
    let source = package().policy(&all, &object(of_streams));
    policy::input(&source)
}

#[track_caller]
fn accepted(values: Value, of_streams: Value) -> InputUnit {
    let unit = submitted(values, of_streams).unwrap_or_else(|errors| panic!("refused: {errors}"));
    assert!(unit.broken.is_empty() && unit.unknown.is_empty(), "{:?} {:?}", unit.broken, unit.unknown);
    assert_eq!(unit.streams.len(), schema::catalog().len());
    unit
}

fn secret(unit: &InputUnit) -> &str {
    use secrecy::ExposeSecret;
    match &unit.tenant.credential {
        CredentialKind::Secret(secret) => secret.expose_secret(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_form_as_it_stands_is_a_configuration() {
    let unit = accepted(json!({}), json!({}));
    assert_eq!(secret(&unit), "canary~8Q'x: #{}\"$y");
    assert_eq!(unit.tenant.cloud.name, "global");
    for (stream, dataset) in unit.streams.iter().zip(&unit.tenant.datasets) {
        let source = dataset.dataset.definition.source;
        assert_eq!(dataset.interval.as_secs(), u64::from(source.interval));
        assert_eq!(dataset.lookback.as_secs(), u64::from(source.lookback) * 3600);
        assert_eq!(stream.additions.tags, ["forwarded"]);
        assert!(!stream.preserve_original_event);
        let index = format!("logs-m365_security.{}-soc", dataset.dataset.definition.name);
        assert_eq!(stream.data_stream.to_string(), index);
    }
}

/// Every credential, with and without what belongs to the others left in the form.
#[test]
fn every_credential_of_the_form_is_a_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "canary-token\n").expect("a file");
    let all = json!({
        "client_certificate_file": testdata("certificate.pem"), "client_certificate_key_file": testdata("key-pkcs8.pem"),
        "federated_token_file": token, "managed_identity_client_id": CLIENT,
    });
    let words = package().choices("credential");
    assert_eq!(words, ["client_secret", "client_certificate", "federated_token", "managed_identity"]);
    for word in &words {
        for (keeps_others, keeps_secret) in [(true, true), (true, false), (false, false), (false, true)] {
            let mut values = if keeps_others { object(all.clone()) } else { Map::new() };
            let needed: &[&str] = match word.as_str() {
                "client_certificate" => &["client_certificate_file", "client_certificate_key_file"],
                "federated_token" => &["federated_token_file"],
                _ => &[],
            };
            values.extend(needed.iter().map(|name| ((*name).to_owned(), all[*name].clone())));
            if !keeps_secret && word != "client_secret" {
                values.insert("client_secret".into(), "".into());
            }
            values.insert("credential".into(), word.clone().into());
            let credential = accepted(values.into(), json!({})).tenant.credential;
            let fits = match word.as_str() {
                "client_secret" => matches!(credential, CredentialKind::Secret(_)),
                "client_certificate" => matches!(credential, CredentialKind::Certificate(_)),
                "federated_token" => matches!(credential, CredentialKind::FederatedToken(_)),
                _ => matches!(credential, CredentialKind::ManagedIdentity(_)),
            };
            assert!(fits, "{word}: {credential:?}");
        }
    }
}

#[test]
fn pkcs12_files_and_secrets_in_files_are_configurations() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, "canary-in-a-file\n").expect("a file");
    let unit = accepted(json!({"client_secret": "", "client_secret_file": file}), json!({}));
    assert_eq!(secret(&unit), "canary-in-a-file");
    let values = json!({"credential": "client_certificate", "client_certificate_file": testdata("plain.p12")});
    let said = submitted(values, json!({})).map(|_| ()).map_err(|errors| errors.to_string());
    // Whatever is in that file, the form leads to a sentence about it, or to a configuration.
    assert!(said.as_ref().err().is_none_or(|said| said.contains("(client_certificate_file): ")), "{said:?}");
}

#[test]
fn every_cloud_of_the_form_is_a_configuration() {
    let clouds = package().choices("cloud");
    assert!(clouds.len() >= 5);
    for cloud in clouds {
        let name = cloud.clone();
        // Which datasets exist there is for the streams to say.
        match submitted(json!({"cloud": cloud}), json!({})) {
            Ok(unit) => assert_eq!(unit.tenant.cloud.name, name),
            Err(errors) => assert!(errors.to_string().contains("does not exist in cloud"), "{errors}"),
        }
    }
    let own = json!({
        "login_url": "http://127.0.0.1:8080", "graph_url": "http://127.0.0.1:8080", "defender_url": "http://127.0.0.1:8080",
    });
    assert!(accepted(own, json!({})).tenant.cloud.is_custom());
}

/// Lines that YAML would take for something else, in every text of the form.
#[test]
fn awkward_texts_arrive_as_they_were_typed() {
    for text in [
        "365",
        "1e3",
        "yes",
        "null",
        "0x1F",
        "'",
        "a: b",
        "# x",
        "- y",
        "[z",
        "{w",
        "*v",
        "&u",
        "!t",
        "%s",
        "@r",
        "`q",
        "Łódź 🦀",
    ] {
        let values = json!({"tenant_name": text, "state_path": text, "client_secret": text});
        let unit = accepted(values, json!({"tags": [text, "forwarded"]}));
        assert_eq!(unit.tenant.delivery.name.as_deref(), Some(text));
        assert_eq!(unit.state.as_deref(), Some(Path::new(text)));
        assert_eq!(secret(&unit), text);
        assert_eq!(unit.streams[0].additions.tags, [text, "forwarded"]);
    }
}

#[test]
fn every_option_of_the_form_has_its_effect() {
    let values = json!({
        "proxy_url": "http://user:canary@proxy.example:3128", "no_proxy": ["login.example", ""],
        "allow_insecure_http": true, "tenant_name": "Contoso", "state_path": "/var/lib/m365",
        "ca_file": testdata("certificate.pem"),
    });
    let of_streams = json!({
        "interval": "2m", "lookback": "48h", "overlap": "10m", "preserve_original_event": true, "tags": [],
        "processors": "- add_fields:\n    target: organization\n    fields:\n      id: 7\n- add_tags:\n    tags: [soc]\n",
    });
    let unit = accepted(values, of_streams);
    let proxy = unit.http.proxy.expect("a proxy");
    assert_eq!((proxy.url.as_str(), proxy.no_proxy), ("http://proxy.example:3128/", vec!["login.example".to_owned()]));
    assert!(unit.http.ca_file.is_some());
    for (stream, dataset) in unit.streams.iter().zip(&unit.tenant.datasets) {
        assert_eq!(
            (dataset.interval.as_secs(), dataset.lookback.as_secs(), dataset.overlap.as_secs()),
            (120, 172_800, 600)
        );
        assert!(stream.preserve_original_event);
        assert_eq!(stream.additions.tags, ["soc"]);
        assert_eq!(Value::Object(stream.additions.fields.clone()), json!({"organization": {"id": 7}}));
    }
}

/// What the form lets through and no program can use leads to a sentence with the form's own word.
#[test]
fn what_is_wrong_is_told_by_the_forms_own_titles() {
    for (values, of_streams, title) in [
        (json!({"tenant_id": ""}), json!({}), "Tenant id (tenant_id): "),
        (json!({"client_secret": ""}), json!({}), "Client secret (client_secret): "),
        (json!({"credential": "client_certificate"}), json!({}), "Client certificate file (client_certificate_file): "),
        (json!({"login_url": "https://a"}), json!({}), "Own Microsoft Graph address (graph_url): "),
        (json!({}), json!({"interval": "5 minutes"}), "Interval (interval): "),
        (json!({}), json!({"processors": "- drop_event: ~\n"}), "Processors (processors)[0]"),
    ] {
        let said = submitted(values, of_streams).expect_err("an error").to_string();
        assert!(said.contains(title) && !said.contains("canary"), "{said}");
    }
}

/// The input stays a process of its own where a policy makes OpenTelemetry the default.
#[test]
fn the_input_asks_for_the_process_runtime() {
    let source = package().policy(&typed(), &Map::new());
    assert_eq!(source["_runtime_experimental"], "process");
    assert_eq!(source["type"], "m365_security");
}
