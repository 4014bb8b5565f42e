//! Ingest pipelines: what the cluster adds to a mapped document, and the mapping of raw rows from other shippers.

use std::collections::BTreeSet;

use schema::{Content, Dataset, EcsTarget, GEO, Shape};
use serde_json::{Value, json};

use crate::names;

/// How pipelines name one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The pipeline can be PUT as it is.
    Api,
    /// The pipeline is part of a Fleet package, and Fleet fills in the names.
    Package,
}

/// Pipeline that every document passes.
///
/// Documents that our own fetcher mapped have custom fields and skip the raw part; the rest of the
/// pipeline looks a few of their fields up.
pub(crate) fn default(dataset: &Dataset, form: Form) -> Value {
    let raw = match form {
        Form::Api => names::raw_pipeline(dataset),
        Form::Package => "{{ IngestPipeline \"raw\" }}".into(),
    };
    let root = dataset.definition.prefix.split('.').next().unwrap_or_default();
    let mut processors = vec![
        json!({ "pipeline": {
            "tag": "map_raw_row",
            "description": "Rows of shippers that do not map.",
            "if": format!("ctx.{root} == null"),
            "name": raw,
        } }),
        ingested(),
    ];
    enrich(dataset, &mut processors);
    custom(dataset.definition.name, form, &mut processors);
    wrap(&format!("{}: every document.", dataset.definition.title), &processors, form)
}

/// Pipeline of the collector's own reports.
pub(crate) fn health(form: Form) -> Value {
    let mut processors = vec![ingested()];
    custom(schema::health::NAME, form, &mut processors);
    wrap(&format!("{}: every document.", schema::health::TITLE), &processors, form)
}

fn ingested() -> Value {
    json!({ "set": {
        "tag": "set_event_ingested",
        "field": "event.ingested",
        "copy_from": "_ingest.timestamp",
        "override": false,
    } })
}

/// The operator's own pipeline; Fleet adds it by itself to the ones it installs.
fn custom(name: &str, form: Form, processors: &mut Vec<Value>) {
    if form == Form::Api {
        processors.push(json!({ "pipeline": {
            "tag": "run_custom_pipeline",
            "name": format!("{}@custom", names::template_of(name)),
            "ignore_missing_pipeline": true,
        } }));
    }
}

/// Pipeline of raw rows: the same mapping as our fetcher's.
pub(crate) fn raw(dataset: &Dataset, form: Form) -> Value {
    let mut processors = vec![
        json!({ "terminate": {
            "tag": "keep_collection_error",
            "description": "A shipper reports its own failure; there is no row.",
            "if": "ctx.error?.message != null && ctx.message == null && ctx.event?.original == null",
        } }),
        json!({ "rename": {
            "tag": "rename_message",
            "field": "message",
            "target_field": "event.original",
            "ignore_missing": true,
            "if": "ctx.event?.original == null",
        } }),
        json!({ "remove": {
            "tag": "remove_message",
            "description": "The row is in event.original already.",
            "field": "message",
            "ignore_missing": true,
            "if": "ctx.event?.original != null",
        } }),
    ];
    processors.push(mapper::pipeline::script(dataset));
    processors.push(json!({ "remove": {
        "tag": "remove_event_original",
        "field": "event.original",
        "ignore_missing": true,
        "if": "ctx.tags == null || !ctx.tags.contains('preserve_original_event')",
    } }));
    wrap(&format!("{}: raw rows.", dataset.definition.title), &processors, form)
}

fn wrap(description: &str, processors: &[Value], form: Form) -> Value {
    let mut pipeline = json!({ "description": description, "processors": processors, "on_failure": on_failure() });
    if let (Form::Api, Some(object)) = (form, pipeline.as_object_mut()) {
        object.insert("_meta".into(), crate::templates::meta());
    }
    pipeline
}

fn on_failure() -> Value {
    let message = "Processor '{{{ _ingest.on_failure_processor_type }}}' \
        with tag '{{{ _ingest.on_failure_processor_tag }}}' in pipeline '{{{ _ingest.pipeline }}}' \
        failed with message '{{{ _ingest.on_failure_message }}}'";
    json!([
        { "set": { "tag": "mark_failure", "field": "event.kind", "value": "pipeline_error" } },
        { "append": { "tag": "describe_failure", "field": "error.message", "value": message } },
        { "append": {
            "tag": "keep_failed_row",
            "field": "tags",
            "value": "preserve_original_event",
            "allow_duplicates": false,
        } },
    ])
}

/// Look-ups that need the cluster's databases. They say `ignore_missing` instead of `if`, because looking at an absent
/// field is cheaper than running a script.
fn enrich(dataset: &Dataset, processors: &mut Vec<Value>) {
    let fields: BTreeSet<String> = dataset.fields().into_iter().map(|field| field.name).collect();
    let fed = fed(&dataset.root);
    for scope in GEO.iter().filter(|scope| fields.contains(&format!("{scope}.ip"))) {
        // ECS has no place for the network of every scope.
        if fields.contains(&format!("{scope}.geo.location")) {
            processors.push(place(scope, &fed));
        }
        if fields.contains(&format!("{scope}.as.number")) {
            processors.extend(network(scope, &fed));
        }
    }
    if fields.contains("user_agent.original") {
        processors.push(json!({ "user_agent": {
            "tag": "parse_user_agent",
            "field": "user_agent.original",
            "ignore_missing": true,
        } }));
    }
}

fn place(scope: &str, fed: &BTreeSet<&str>) -> Value {
    let mut city = json!({
        "tag": format!("locate_{scope}_ip"),
        "field": format!("{scope}.ip"),
        "target_field": format!("{scope}.geo"),
        "ignore_missing": true,
    });
    spare(scope, "geo", fed, &mut city);
    json!({ "geoip": city })
}

fn network(scope: &str, fed: &BTreeSet<&str>) -> [Value; 3] {
    let mut asn = json!({
        "tag": format!("find_{scope}_as"),
        "database_file": "GeoLite2-ASN.mmdb",
        "field": format!("{scope}.ip"),
        "target_field": format!("{scope}.as"),
        "properties": ["asn", "organization_name"],
        "ignore_missing": true,
    });
    spare(scope, "as", fed, &mut asn);
    let rename = |from: &str, to: &str| {
        json!({ "rename": {
            "tag": format!("rename_{scope}_as_{from}"),
            "field": format!("{scope}.as.{from}"),
            "target_field": format!("{scope}.as.{to}"),
            "ignore_missing": true,
        } })
    };
    [json!({ "geoip": asn }), rename("asn", "number"), rename("organization_name", "organization.name")]
}

/// Leaves a look-up out if the source itself describes the address, because a look-up replaces its target.
fn spare(scope: &str, group: &str, fed: &BTreeSet<&str>, processor: &mut Value) {
    if fed.iter().any(|field| field.starts_with(&format!("{scope}.{group}."))) {
        processor["if"] = format!("ctx.{scope}?.{group} == null").into();
    }
}

/// ECS fields that the dataset's columns fill.
fn fed(shape: &Shape) -> BTreeSet<&'static str> {
    let name = |target: &EcsTarget| target.field.name;
    let mut fields: BTreeSet<_> = shape.constants.iter().map(|constant| constant.field.name).collect();
    fields.extend(shape.derived.iter().map(|derived| derived.field.name));
    for column in &shape.columns {
        fields.extend(column.targets.iter().map(name));
        if let Content::Object(below) | Content::Flattened(below) = &column.content {
            fields.extend(fed(below));
        }
    }
    for kind in &shape.kinds {
        fields.extend(fed(&kind.shape));
    }
    fields
}
