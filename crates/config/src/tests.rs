//! Laws of the configuration: the example loads, every error names its place and the cure, no secret is shown.

use secrecy::ExposeSecret;

use std::time::Duration;

use super::*;

mod credential;
mod http;
mod output;
mod plain;
mod secret;
mod tenants;

const GOOD: &str = r#"
tenants:
  - id: 11111111-2222-3333-4444-555555555555
    client_id: 66666666-7777-8888-9999-000000000000
    client_secret: ${SECRET}
    datasets: [incident, {name: alert, interval: 90s, lookback: 7d}]
output:
  file: {directory: "${HOME}/documents"}
"#;

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "SECRET" | "M365_CLIENT_SECRET" => "canary-secret",
        "ES_API_KEY" => "Y2FuYXJ5OmtleQ==",
        "HOME" => "/home/contoso",
        _ => return None,
    };
    Some(value.to_owned())
}

#[track_caller]
fn check_error(from: &str, to: &str, message: &str) {
    assert!(GOOD.contains(from), "{from}");
    let text = GOOD.replacen(from, to, 1);
    let error = parse("m365.yml", &text, &environment).expect_err("an error").to_string();
    assert_eq!(error, message);
    assert!(!error.contains("canary"));
}

#[test]
fn a_configuration_is_read() {
    let config = parse("m365.yml", GOOD, &environment).expect("good");
    let tenant = &config.tenants[0];
    assert!(matches!(&tenant.credential, CredentialKind::Secret(secret) if secret.expose_secret() == "canary-secret"));
    assert_eq!(tenant.cloud.name, "global");
    assert_eq!(tenant.datasets[1].interval, Duration::from_secs(90));
    assert_eq!(tenant.datasets[1].lookback, Duration::from_hours(7 * 24));
    assert_eq!(tenant.datasets[1].overlap, Duration::from_mins(2));
    assert!(
        matches!(&config.outputs[0].output, Output::File(files) if files.directory == Path::new("/home/contoso/documents") && !files.ids)
    );
    assert_eq!(config.dead_letter, Path::new("./state/dead-letter"));
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn a_late_arrival_scan_is_configured_by_word_or_in_detail() {
    let day = Duration::from_hours(24);
    for (written, expected) in [
        ("lookback: 7d", Some(LateArrivalScanConfig { every: day, span: day * 7 })),
        ("late_arrival_scan: on", Some(LateArrivalScanConfig::default())),
        ("late_arrival_scan: off", None),
        ("late_arrival_scan: {every: 6h}", Some(LateArrivalScanConfig { every: day / 4, span: day * 7 })),
        // No further than ids are remembered.
        ("late_arrival_scan: {span: 90d}", Some(LateArrivalScanConfig { every: day, span: day * 35 })),
    ] {
        let config = parse("m365.yml", &GOOD.replacen("lookback: 7d", written, 1), &environment).expect("good");
        assert_eq!(config.tenants[0].datasets[1].late_arrival_scan, expected, "{written}");
    }
    check_error(
        "lookback: 7d",
        "late_arrival_scan: often",
        "m365.yml:6:74: tenants[0].datasets[1].late_arrival_scan: `often` is not known; allowed: on, off, or {every, span}",
    );
}

#[test]
fn a_key_by_its_former_name_is_refused_with_the_one_that_it_has() {
    check_error(
        "lookback: 7d",
        "reconcile: on",
        "m365.yml:6:55: tenants[0].datasets[1].reconcile: unknown field `reconcile`; it is called `late_arrival_scan`, with \
         the same values",
    );
}

#[test]
fn the_example_file_is_read() {
    let config = parse("example", include_str!("../../fetcher/m365-fetcher.example.yml"), &environment).expect("good");
    assert_eq!(config.tenants[0].datasets.len(), 4);
    assert!(matches!(&config.outputs[0].output, Output::Elasticsearch(output) if output.gzip == Some(1)));
    assert!(!format!("{config:?}").contains("Y2FuYXJ5"));
}

#[test]
fn the_json_schema_describes_what_is_read() {
    let schema = serde_json::to_value(json_schema()).expect("JSON");
    let properties = schema["properties"].as_object().expect("properties");
    for key in ["tenants", "output", "state", "dead_letter", "preserve_original_event"] {
        assert!(properties[key]["description"].is_string(), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
    let dataset = &schema["$defs"]["Tenant"]["properties"]["datasets"]["items"]["anyOf"];
    assert_eq!(dataset[0]["type"], "string", "{dataset}");
}

#[test]
fn wrong_values_are_told_with_line_key_and_what_is_allowed() {
    check_error(
        "[incident,",
        "[incidents,",
        "m365.yml:6:16: tenants[0].datasets[0]: unknown dataset `incidents`; allowed: alert, evidence, incident, log",
    );
    check_error(
        "90s",
        "90x",
        "m365.yml:6:50: tenants[0].datasets[1].interval: `90x` is not a time span; allowed: a number with s, m, h or d, as `5m`",
    );
    check_error(
        "lookback: 7d",
        "lookback: 200d",
        "m365.yml:6:65: tenants[0].datasets[1].lookback: is longer than the service keeps records; allowed: at most 180d",
    );
    check_error(
        "    client_secret: ${SECRET}",
        "    cloud: china\n    client_secret: ${SECRET}",
        "m365.yml:7:16: tenants[0].datasets[0]: dataset `incident` does not exist in cloud `china`\nm365.yml:7:33: tenants[0].datasets[1]: dataset `alert` does not exist in cloud `china`",
    );
    check_error(
        "lookback: 7d",
        "overlap: 2d",
        "m365.yml:6:64: tenants[0].datasets[1].overlap: is longer than a day; allowed: at most 24h",
    );
    check_error(
        "lookback: 7d",
        "overlap: never",
        "m365.yml:6:64: tenants[0].datasets[1].overlap: `never` is not a time span; allowed: a number with s, m, h or d, as `5m`",
    );
    check_error(
        "    client_secret: ${SECRET}",
        "    cloud: moon\n    client_secret: ${SECRET}",
        "m365.yml:5:12: tenants[0].cloud: unknown cloud `moon`; allowed: global, gcc, gcc-high, dod, china, or {login, graph, defender}",
    );
    check_error(
        "${SECRET}",
        "${NOWHERE}",
        "m365.yml:5:20: tenants[0].client_secret: environment variable NOWHERE is not set",
    );
    check_error(
        "name: alert",
        "name: incident",
        "m365.yml:6:33: tenants[0].datasets[1]: dataset `incident` is named twice",
    );
    check_error(
        "    client_secret: ${SECRET}\n",
        "    cloud: china\n    client_secret: canary\n    client_secret_file: /canary-free\n",
        "m365.yml:7:25: tenants[0].client_secret_file: cannot stand beside client_secret; allowed: one of client_secret, client_secret_file, client_certificate_file, federated_token_file, managed_identity\nm365.yml:8:16: tenants[0].datasets[0]: dataset `incident` does not exist in cloud `china`\nm365.yml:8:33: tenants[0].datasets[1]: dataset `alert` does not exist in cloud `china`",
    );
    check_error(
        "11111111-2222-3333-4444-555555555555",
        "../etc",
        "m365.yml:3:9: tenants[0].id: is not an id; allowed: a GUID (or, for a tenant, its domain name)",
    );
    check_error(
        "output:\n  file: {directory: \"${HOME}/documents\"}",
        "output: {}",
        "m365.yml: output: names no output; allowed: one of elasticsearch, file, stdout",
    );
}

#[test]
fn wrong_structure_is_told_with_line_and_key() {
    check_error(
        "    client_id:",
        "    clientid:",
        "m365.yml:4:5: tenants[0].clientid: unknown field `clientid`, expected one of id, cloud, client_id, client_secret, client_secret_file, client_certificate_file, client_certificate_key_file, client_certificate_password, client_certificate_password_file, federated_token_file, managed_identity, datasets, name, output, namespace, tags, labels",
    );
}

#[test]
fn a_misplaced_secret_is_not_shown() {
    for text in [
        GOOD.replace("${SECRET}", "[canary-list]"),
        GOOD.replace("${SECRET}", "{canary-key: 1}"),
        GOOD.replace("    client_secret: ${SECRET}", "    client_secret: canary-text\n   broken: ["),
        GOOD.replace("datasets: [", "datasets: canary-sets\n    x: ["),
        GOOD.replace(
            "file: {directory: \"${HOME}/documents\"}",
            "elasticsearch: {hosts: [\"http://user:canary@host\"]}",
        ),
        GOOD.replace("file: {directory: \"${HOME}/documents\"}", "elasticsearch: {hosts: [], api_key: \"canary key\"}"),
    ] {
        let error = parse("m365.yml", &text, &environment).expect_err("an error").to_string();
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn dollar_signs_can_be_written() {
    let config = parse("m365.yml", &GOOD.replace("${SECRET}", "a$$b$c${SECRET}"), &environment).expect("good");
    assert!(
        matches!(&config.tenants[0].credential, CredentialKind::Secret(secret) if secret.expose_secret() == "a$b$ccanary-secret")
    );
}

#[test]
fn clouds_have_their_own_hosts_and_audiences() {
    const PUBLIC: &str = "login.microsoftonline.com";
    const US: &str = "login.microsoftonline.us";
    for (name, login, graph, defender) in [
        ("global", PUBLIC, "graph.microsoft.com", Some("api.security.microsoft.com")),
        ("gcc", PUBLIC, "graph.microsoft.com", Some("api-gcc.security.microsoft.us")),
        ("gcc-high", US, "graph.microsoft.us", Some("api-gov.security.microsoft.us")),
        ("dod", US, "dod-graph.microsoft.us", Some("api-gov.security.microsoft.us")),
        ("china", "login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", None),
    ] {
        let cloud = Cloud::named(name).expect(name);
        let endpoint = cloud.token_endpoint("11111111-2222-3333-4444-555555555555");
        assert_eq!(
            endpoint.as_str(),
            format!("https://{login}/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token")
        );
        let of = |host: &str| {
            (url::Url::parse(&format!("https://{host}")).expect("host"), format!("https://{host}/.default"))
        };
        let api = |api| cloud.api(api).map(|(root, scope)| (root.clone(), scope));
        assert_eq!(api(schema::Api::Graph), Some(of(graph)), "{name}");
        assert_eq!(api(schema::Api::Defender), defender.map(of), "{name}");
    }
}

#[test]
fn secrets_in_the_file_are_named_by_key_and_line() {
    let text = "tenants:\n  - id: contoso.example\n    client_id: 66666666-7777-8888-9999-000000000000\n    \
                client_secret: canary\n    datasets: [alert]\noutput:\n  elasticsearch:\n    \
                hosts: [\"http://127.0.0.1:9200\"]\n    api_key: ${KEY}\nhttp:\n  proxy: https://user:canary@proxy.example:3128\n";
    let config = super::parse("m365.yml", text, &|_| Some("aWQ6a2V5".to_owned())).expect("a configuration");
    assert_eq!(config.literal_secrets, ["tenants[0].client_secret in line 4", "http.proxy in line 11"]);
}

#[test]
fn ids_clouds_and_datasets_are_named_in_any_spelling() {
    let text = GOOD
        .replace("id: 11111111-2222-3333-4444-555555555555", "id: '{AAAAAAAA-2222-3333-4444-555555555555}'")
        .replace(
            "client_id: 66666666-7777-8888-9999-000000000000",
            "client_id: ' 66666666-7777-8888-9999-AAAAAAAAAAAA '",
        )
        .replace("datasets: [incident, {name: alert", "cloud: Global\n    datasets: [Incident, {name: ' ALERT '");
    let config = parse("m365.yml", &text, &environment).expect("good");
    let tenant = &config.tenants[0];
    assert_eq!(tenant.id, "aaaaaaaa-2222-3333-4444-555555555555");
    assert_eq!(tenant.client_id, "66666666-7777-8888-9999-aaaaaaaaaaaa");
    assert_eq!(tenant.cloud.name, "global");
    assert!(tenant.cloud.token_endpoint(&tenant.id).path().starts_with("/aaaaaaaa-2222-3333-4444-555555555555/"));
    assert_eq!(
        tenant.datasets.iter().map(|config| config.dataset.definition.name).collect::<Vec<_>>(),
        ["incident", "alert"]
    );
    let domain = GOOD.replace("11111111-2222-3333-4444-555555555555", "Contoso.OnMicrosoft.com");
    assert_eq!(parse("m365.yml", &domain, &environment).expect("good").tenants[0].id, "contoso.onmicrosoft.com");
}

#[test]
fn one_tenant_in_two_spellings_is_named_twice() {
    let entry = |id: &str| {
        format!(
            "  - {{id: '{id}', client_id: 66666666-7777-8888-9999-000000000000, client_secret: s, datasets: [incident]}}\n"
        )
    };
    for (one, other) in [
        ("aaaaaaaa-2222-3333-4444-555555555555", "{AAAAAAAA-2222-3333-4444-555555555555}"),
        ("aaaaaaaa-2222-3333-4444-555555555555", "urn:uuid:AAAAAAAA-2222-3333-4444-555555555555"),
        ("contoso.example", "CONTOSO.example."),
    ] {
        let text = format!("tenants:\n{}{}output: {{file: {{directory: out}}}}\n", entry(one), entry(other));
        let error = parse("m365.yml", &text, &environment).expect("one is left").broken[0].text();
        assert!(error.contains("in tenants[0] already"), "{error}");
    }
}
