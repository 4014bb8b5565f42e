//! Laws of the policy: what Fleet and `elastic-agent.yml` write is read as they mean it, and what is wrong is told under the
//! option's own name.

use serde_json::{Value, json};

use super::{InputUnit, OutputUnit};
use crate::{ConfigErrors, CredentialKind};

mod input;
mod output;
mod streams;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";

fn no_variables(_: &str) -> Option<String> {
    None
}

/// An input unit as a running agent hands it over.
fn good() -> Value {
    json!({
        "id": "m365-1",
        "type": "m365_security",
        "name": "Contoso",
        "revision": 3.0,
        "data_stream": {"namespace": "lab"},
        "package_policy_id": "d9f3",
        "meta": {"package": {"name": "m365_security", "version": "0.1.0"}},
        "policy": {"revision": 7.0},
        "tenant_id": TENANT,
        "client_id": CLIENT,
        "client_secret": "canary-secret",
        "nothing": null,
        "streams": [
            {"id": "m365-alert", "data_stream": {"type": "logs", "dataset": "m365_security.alert"}, "interval": "90s"},
            {"id": 77.0, "data_stream.dataset": "m365_security.incident", "tags": ["forwarded"]},
        ],
    })
}

/// The good unit with other members; a null takes one away.
fn with(members: &Value) -> Value {
    let mut source = good();
    for (key, value) in members.as_object().expect("an object") {
        source[key] = value.clone();
    }
    source
}

fn read(source: &Value) -> Result<InputUnit, ConfigErrors> {
    super::input::read(source, &no_variables)
}

#[track_caller]
fn accepted(members: &Value) -> InputUnit {
    read(&with(members)).unwrap_or_else(|errors| panic!("refused: {errors}"))
}

#[track_caller]
fn refused(members: &Value, message: &str) {
    let said = read(&with(members)).expect_err("an error").to_string();
    assert!(said.contains(message), "{said}");
    assert!(!said.contains("canary") && !said.contains("tenants[0]"), "{said}");
}

#[track_caller]
fn secret(unit: &InputUnit) -> String {
    use secrecy::ExposeSecret;
    match &unit.tenant.credential {
        CredentialKind::Secret(secret) => secret.expose_secret().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn read_output(source: &Value) -> Result<OutputUnit, ConfigErrors> {
    super::output::read(source, &no_variables)
}
