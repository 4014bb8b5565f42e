//! Laws of the component: what units want together, what documents carry, what diagnostics do not show.

use agent::{AgentInfo, Unit, UnitConfig, UnitKey, UnitType};
use serde_json::{Map, Value, json};

use super::delivery::Shipper;
use super::redact;
use super::units::Units;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("no object: {other}"),
    }
}

fn unit(unit_type: UnitType, id: &str, source: Value) -> Unit {
    let config = UnitConfig { source: object(source), ..UnitConfig::default() };
    Unit::for_tests(UnitKey { unit_type, id: id.into() }, config)
}

fn input(id: &str, tenant: u128, more: Value) -> Unit {
    let mut source = json!({
        "id": id,
        "type": "m365_security",
        "tenant_id": format!("{:08x}-0000-0000-0000-000000000000", tenant),
        "client_id": "66666666-7777-8888-9999-000000000000",
        "client_secret": "canary-secret",
        "data_stream": {"namespace": "soc"},
        "streams": [
            {"id": format!("{id}-alert"), "data_stream": {"dataset": "m365_security.alert"}, "preserve_original_event": true},
            {"id": format!("{id}-health"), "data_stream": {"dataset": "m365_security.health"}},
        ],
    });
    for (name, value) in object(more) {
        source[name] = value;
    }
    unit(UnitType::Input, id, source)
}

fn output(more: Value) -> Unit {
    let mut source = json!({"type": "elasticsearch", "hosts": ["http://127.0.0.1:9200"], "api_key": "id:canary-key"});
    for (name, value) in object(more) {
        source[name] = value;
    }
    unit(UnitType::Output, "out", source)
}

fn shipper() -> Shipper {
    let mut shipper = Shipper::default();
    let (id, version) = ("agent-1".to_owned(), "9.5.2".to_owned());
    shipper.agent(AgentInfo { id, version, snapshot: true, ..AgentInfo::default() });
    shipper
}

#[test]
fn inputs_are_tenants_with_a_data_stream_per_dataset() {
    let mut units = Units::new("/data".into());
    units.set(output(json!({})));
    units.set(input("one", 1, json!({"processors": [{"add_fields": {"target": "", "fields": {"site": "b"}}}]})));
    units.set(input("two", 2, json!({"state_path": "/elsewhere"})));
    let wanted = units.wanted(&shipper());
    assert_eq!(wanted.output.expect("an output").1, 1);
    let places: Vec<_> = wanted.tenants.keys().map(|place| place.display().to_string()).collect();
    assert_eq!(places, ["/data/state", "/elsewhere"]);
    let delivery = &wanted.tenants[std::path::Path::new("/data/state")].tenants[0].delivery;
    assert_eq!(delivery.reports, Some(true));
    let names: Vec<_> = delivery.streams.values().map(|stream| stream.data_stream.as_str()).collect();
    assert_eq!(names, ["logs-m365_security.alert-soc", "logs-m365_security.health-soc"]);
    let alert = delivery.streams.values().next().expect("a stream");
    assert!(alert.preserve_original_event && alert.tags == ["forwarded"]);
    assert_eq!(alert.fields["agent"]["id"], "agent-1");
    assert_eq!(alert.fields["agent"]["ephemeral_id"].as_str().map(str::len), Some(36));
    assert_eq!(alert.fields["elastic_agent"], json!({"id": "agent-1", "version": "9.5.2", "snapshot": true}));
    assert_eq!(alert.fields["data_stream"]["dataset"], "m365_security.alert");
    assert_eq!((&alert.fields["site"], alert.fields.contains_key("host")), (&json!("b"), false));
}

#[test]
fn of_two_inputs_with_the_same_tenant_the_second_one_fails() {
    let mut units = Units::new("/data".into());
    units.set(output(json!({})));
    units.set(input("one", 1, json!({})));
    units.set(input("two", 1, json!({})));
    let wanted = units.wanted(&shipper());
    assert_eq!(wanted.tenants.values().map(|list| list.tenants.len()).sum::<usize>(), 1);
    let clashes: Vec<_> = units.inputs().map(|input| input.clash.clone()).collect();
    assert!(clashes[0].is_none() && clashes[1].as_ref().expect("a clash").contains("collected"), "{clashes:?}");
    // The second one takes its place.
    units.remove(&UnitKey { unit_type: UnitType::Input, id: "one".into() });
    units.wanted(&shipper());
    assert!(units.inputs().all(|input| input.clash.is_none()));
    let gone = UnitKey { unit_type: UnitType::Input, id: "one".into() };
    assert!(units.place_of_former(&gone).is_none(), "the tenant is collected");
}

#[test]
fn another_output_has_another_number_and_a_wrong_one_is_none() {
    let mut units = Units::new("/data".into());
    units.set(output(json!({})));
    assert_eq!(units.wanted(&shipper()).output.expect("an output").1, 1);
    units.set(output(json!({"preset": "latency"})));
    assert_eq!(units.wanted(&shipper()).output.expect("an output").1, 2);
    units.set(output(json!({"type": "kafka"})));
    assert!(units.wanted(&shipper()).output.is_none());
    let said = units.outputs().next().expect("the unit").read.as_ref().expect_err("refused").clone();
    assert!(said.contains("kafka"), "{said}");
}

#[test]
fn configurations_are_shown_without_secrets() {
    let shown = redact::members(&object(json!({
        "client_id": "shown", "client_secret": "canary", "credential": "client_secret",
        "client_certificate_password": "canary", "client_certificate_file": "/shown.pem",
        "api_key": "canary", "password": "canary", "hosts": ["https://user:canary@host:9200/shown"],
        "proxy_url": "http://canary:canary@proxy:3128", "headers": {"X-Any": "canary"}, "proxy_headers": {"A": "canary"},
        "ssl": {"key": "-----BEGIN PRIVATE KEY-----canary", "key_passphrase": "canary", "certificate": "shown"},
        "ssl.key": "canary", "tags": ["shown"], "streams": [{"interval": "shown", "some_token": "canary"}],
        "parameters": {"auth": "canary"}, "secrets": [["canary"]],
    })));
    let text = Value::Object(shown).to_string();
    assert!(!text.contains("canary"), "{text}");
    assert_eq!(text.matches("shown").count(), 6, "{text}");
    assert!(text.contains(r#""credential":"client_secret""#), "{text}");
}

#[test]
fn whatever_is_not_shown_is_not_repeated() {
    redact::remember(&object(json!({
        "headers": {"X-Any": "parrot-header", "X-Short": "short"}, "parameters": {"auth": "parrot-parameter"},
        "proxy_url": "http://user:parrot-login@proxy:3128/", "secrets": [["parrot-list"]],
        "streams": [{"some_token": "parrot-token", "name": "parrot-name"}],
    })));
    for secret in ["parrot-header", "parrot-parameter", "parrot-login", "parrot-list", "parrot-token"] {
        assert_eq!(common::secrets::without(&format!("said {secret}")), "said [removed]");
    }
    for word in ["short", "parrot-name", "http://proxy:3128/"] {
        assert_eq!(common::secrets::without(&format!("said {word}")), format!("said {word}"));
    }
}
