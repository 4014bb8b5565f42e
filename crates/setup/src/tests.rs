//! A set-up against a cluster and a Kibana that check what they are asked, as the public APIs document it.

mod differences;
mod elasticsearch;
mod kibana;
mod kibana_stub;
mod refusals;
mod removal;
mod transforms;
mod uploads;

use output::settings::{ElasticOutput, Login};
use serde_json::{Value, json};
use url::Url;

use crate::plan::Kind;
use crate::{Artefact, Artefacts, Difference, Options, Plan, Setup};
use common::error::Error;

pub(super) fn meta() -> Value {
    json!({ "managed_by": "m365-generator", "package": { "name": "m365_security", "version": "0.1.0" } })
}

fn artefact(kind: Kind, name: &str, mut body: Value) -> Artefact {
    body["_meta"] = meta();
    Artefact { kind, name: name.to_owned(), body }
}

/// One dataset, one entity with its state, a tag and a dashboard.
pub(super) fn artefacts() -> Artefacts {
    let mapping =
        json!({ "dynamic": false, "properties": { "user": { "properties": { "name": { "type": "keyword" } } } } });
    let settings = json!({ "index": { "codec": "best_compression", "default_pipeline": "logs-m365_security.log-0.1.0",
        "mapping": { "total_fields": { "limit": 1000 }, "ignore_malformed": true } } });
    let optional = ["logs-m365_security@lifecycle", "logs@custom"];
    let composed = ["logs-m365_security.log@package", "logs-m365_security@lifecycle", "logs@custom"];
    let call = json!([{ "pipeline": { "tag": "rows", "name": "logs-m365_security.log-0.1.0-raw" } }]);
    let destination = json!({ "index": "m365_security_latest.dest_incident-1",
        "aliases": [{ "alias": "m365_security_latest.incident", "move_on_creation": true }] });
    let objects = [
        json!({ "type": "index-pattern", "id": "logs-*", "attributes": { "title": "logs-*" }, "references": [] }),
        json!({ "type": "tag", "id": "m365_security-tag", "attributes": { "name": "M365 Security", "description": "Ours",
            "color": "#0077cc" }, "references": [], "coreMigrationVersion": "8.8.0", "typeMigrationVersion": "8.0.0" }),
        json!({ "type": "dashboard", "id": "m365_security-overview", "attributes": { "title": "[M365 Security] Overview",
            "panelsJSON": "[{\"panelIndex\":\"a\"}]" }, "references": [{ "type": "tag", "id": "m365_security-tag",
            "name": "tag-ref" }], "typeMigrationVersion": "10.2.0" }),
    ];
    Artefacts {
        templates: vec![
            artefact(
                Kind::ComponentTemplate,
                "logs-m365_security.log@package",
                json!({ "template": { "settings": settings,
                "mappings": mapping } }),
            ),
            artefact(Kind::Pipeline, "logs-m365_security.log-0.1.0-raw", json!({ "processors": [] })),
            artefact(Kind::Pipeline, "logs-m365_security.log-0.1.0", json!({ "processors": call })),
            artefact(
                Kind::IndexTemplate,
                "logs-m365_security.log",
                json!({ "index_patterns": ["logs-m365_security.log-*"],
                "data_stream": {}, "priority": 200, "composed_of": composed,
                "ignore_missing_component_templates": optional }),
            ),
        ],
        destinations: vec![artefact(
            Kind::Destination,
            "m365_security_latest.incident",
            json!({
            "index_patterns": ["m365_security_latest.dest_incident-*"], "priority": 200,
            "template": { "mappings": { "properties": { "id": { "type": "keyword" } } } } }),
        )],
        transforms: vec![artefact(
            Kind::Transform,
            "m365_security-latest-incident",
            json!({
            "source": { "index": ["logs-m365_security.incident-*"] }, "dest": destination, "frequency": "1m",
            "latest": { "unique_key": ["id"], "sort": "@timestamp" }, "settings": { "unattended": true } }),
        )],
        saved_objects: objects.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n") + "\n",
    }
}

/// Only what every cluster takes.
pub(super) fn options(elasticsearch: &Url, kibana: Option<Url>) -> Options {
    let elasticsearch = ElasticOutput::new(vec![elasticsearch.clone()], Login::ApiKey("canary-key".into()));
    Options { elasticsearch, kibana, space: None, retention: None, rollover: false }
}

pub(super) async fn open(options: Options) -> Setup {
    Setup::open(options, artefacts()).await.expect("both are reached")
}

/// Plans, makes all steps, and returns what they were.
pub(super) async fn set_up(setup: &Setup) -> Result<Vec<String>, Error> {
    let plan = setup.plan().await?;
    for step in &plan.steps {
        setup.apply(step).await?;
    }
    Ok(shown(&plan))
}

/// Every step that is not the same, in one line.
pub(super) fn shown(plan: &Plan) -> Vec<String> {
    let line = |step: &crate::Step| match &step.difference {
        Difference::New => Some(format!("new {}", step.name)),
        Difference::Changed(parts) => Some(format!("changed {}: {}", step.name, parts.join(", "))),
        Difference::Same => None,
    };
    plan.steps.iter().filter_map(line).collect()
}

/// Text of an error that must come.
pub(super) fn refused<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error.to_string(),
    }
}
