//! The data stream of the collector's own reports: templates, pipeline, and its part of the package.

use anyhow::Result;
use schema::health;
use serde_json::{Value, json};

use crate::fields::{self, Definition};
use crate::pipeline::{self, Form};
use crate::tree::Tree;
use crate::{names, package, render};

/// Fields of its documents, by name.
pub(crate) fn definitions() -> Vec<Definition> {
    fields::definitions_of(health::NAME, health::fields())
}

/// Bodies for the APIs of Elasticsearch.
pub(crate) fn api_artefacts(tree: &mut Tree) -> Result<()> {
    let definitions = definitions();
    tree.add(format!("fields/{}.yml", health::NAME), render::yaml(&fields::groups(&definitions))?)?;
    crate::add_templates(health::NAME, &definitions, tree)?;
    let pipeline = render::short_json(&pipeline::health(Form::Api));
    tree.add(format!("pipelines/{}.json", names::pipeline_of(health::NAME)), pipeline)
}

/// Its data stream of the package.
pub(crate) fn package(tree: &mut Tree) -> Result<()> {
    let folder = format!("package/data_stream/{}", health::NAME);
    let mut file = |path: &str, text: String| tree.add(format!("{folder}/{path}"), text);
    file("manifest.yml", render::yaml(&manifest())?)?;
    for (name, part) in package::field_files(&definitions()) {
        file(&format!("fields/{name}.yml"), render::yaml(&fields::groups(&part))?)?;
    }
    let pipeline = render::yaml_document(&pipeline::health(Form::Package))?;
    file("elasticsearch/ingest_pipeline/default.yml", pipeline)?;
    file(&format!("agent/stream/{}.yml.hbs", options::INPUT), package::stream::template_of_reports())?;
    file("sample_event.json", render::json(&sample())?)
}

fn manifest() -> Value {
    json!({
        "title": health::TITLE,
        "type": "logs",
        "dataset": names::stream_of(health::NAME),
        "streams": [package::stream::of_reports()],
        "elasticsearch": {
            "index_template": {
                "settings": { "index": { "codec": "best_compression" } },
                "mappings": { "dynamic": false, "date_detection": false },
            },
        },
    })
}

/// A report of a source that is well, with every field that such a report has.
fn sample() -> Value {
    let stream = names::stream_of(health::NAME);
    let mut report = serde_json::Map::new();
    for (name, kind, _) in health::CUSTOM {
        let value = match (*name, kind) {
            ("tenant", _) => json!("Contoso"),
            ("dataset", _) => json!(["alert", "evidence"]),
            ("output", _) => json!("default"),
            ("state", _) => json!("healthy"),
            ("freshness", _) => json!(75),
            ("pages" | "cycles", _) => json!(1),
            ("records" | "documents", _) => json!(12),
            ("bytes", _) => json!(48_213),
            (_, schema::ecs::Type::Date) => json!("2026-03-01T09:58:45Z"),
            (_, schema::ecs::Type::Long) => json!(0),
            _ => continue,
        };
        insert(&mut report, name, value);
    }
    json!({
        "@timestamp": "2026-03-01T10:00:00Z",
        "cloud": { "account": { "id": "7f2f5c1e-8a43-4d5b-9f6e-0d6c1b2a3948" } },
        "data_stream": { "type": "logs", "dataset": stream, "namespace": "default" },
        "ecs": { "version": schema::ecs::VERSION },
        "event": { "dataset": stream, "kind": "metric", "module": names::PACKAGE },
        "m365_security": { "health": report },
        "observer": { "version": names::VERSION },
    })
}

fn insert(object: &mut serde_json::Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        Some((first, rest)) => {
            if let Value::Object(below) = object.entry(first).or_insert_with(|| json!({})) {
                insert(below, rest, value);
            }
        }
        None => {
            object.insert(name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates;

    /// The sample holds fields that are defined, and all numbers of a report.
    #[test]
    fn the_sample_is_a_report() {
        let sample = sample();
        for (name, kind, _) in health::CUSTOM {
            let pointer = format!("/m365_security/health/{}", name.replace('.', "/"));
            assert_eq!(
                sample.pointer(&pointer).is_some(),
                !matches!(*name, "reason" | "drift.path"),
                "{name} of type {}",
                kind.name()
            );
        }
        assert_eq!(sample["event"]["dataset"], "m365_security.health");
    }

    #[test]
    fn its_mapping_agrees_with_its_definitions() {
        let template = templates::component(health::NAME, &definitions());
        let mapping = &template["template"]["mappings"]["properties"];
        assert_eq!(mapping["m365_security"]["properties"]["health"]["properties"]["freshness"]["type"], "long");
        assert_eq!(mapping["event"]["properties"]["dataset"]["value"], "m365_security.health");
    }
}
