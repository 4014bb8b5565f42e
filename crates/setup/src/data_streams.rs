//! Data streams that are there already: their newest index takes over what new templates say, as Fleet does it, because
//! templates speak of indices to come. Older indices, and all documents, stay as they are.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::artefacts::{Artefact, PREFIX};
use crate::cluster::Cluster;
use crate::plan::{Difference, Kind, Plan};
use crate::{Setup, plan, retention::Retention};
use common::error::Error;

/// What is put right in a data stream.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Fields that its newest index lacks.
    mapping: Option<Value>,
    /// Settings of its newest index.
    settings: Option<Value>,
    /// How long its documents are kept; the outer `None` leaves that as it is.
    lifecycle: Option<Value>,
    /// Settings of all of its indices.
    ilm: Option<Value>,
    /// A new index takes over everything.
    rollover: bool,
}

/// What differs in a data stream, in words and as what puts it right.
#[derive(Default)]
struct Change {
    parts: Vec<String>,
    work: Work,
}

/// A data stream and its newest index.
struct Stream {
    name: String,
    newest: String,
}

pub(crate) async fn plan(setup: &Setup, plan: &mut Plan) -> Result<(), Error> {
    let path = format!("/_resolve/index/{PREFIX}*?expand_wildcards=open,hidden");
    let found = setup.cluster.get(&path).await?.unwrap_or_default();
    in_the_way(setup, &found, plan);
    let streams: Vec<Stream> = found["data_streams"].as_array().into_iter().flatten().filter_map(stream).collect();
    if streams.is_empty() {
        return Ok(());
    }
    let lifecycles = lifecycles(setup, plan).await?;
    for stream in streams {
        let Some(template) = template_of(setup, &stream.name) else { continue };
        let Some(component) = setup.artefacts.component_of(template) else { continue };
        let index = setup.cluster.get(&format!("/{}", stream.newest)).await?.unwrap_or_default();
        let index = &index[&stream.newest];
        let mut change = Change::default();
        if let Err(other) = compare_mapping(setup.rollover, component, index, &mut change) {
            plan.in_the_way.push(stream.of_another_mapping(&other));
        }
        compare_settings(component, index, &mut change);
        if let Some(lifecycles) = &lifecycles {
            compare_lifecycle(setup, lifecycles.get(&stream.name), &mut change);
        }
        let Change { parts, work } = change;
        plan.add(Kind::DataStream, &stream.name, Difference::of(parts), plan::Work::DataStream(work));
    }
    Ok(())
}

/// Indices that have the name of a data stream of ours, but are none: documents could not get in.
fn in_the_way(setup: &Setup, found: &Value, plan: &mut Plan) {
    for index in found["indices"].as_array().into_iter().flatten().filter(|index| index["data_stream"].is_null()) {
        let name = index["name"].as_str().unwrap_or_default();
        if template_of(setup, name).is_some() {
            plan.in_the_way.push(format!(
                "index {name} has the name of a data stream, but is none\nhint: keep what it holds under another name \
                 (reindex), then delete it"
            ));
        }
    }
}

fn stream(found: &Value) -> Option<Stream> {
    let newest = match &found["backing_indices"] {
        Value::String(only) => only.as_str(),
        // Names end with the generation.
        many => many.as_array()?.iter().filter_map(Value::as_str).max_by_key(|name| name.rsplit('-').next())?,
    };
    Some(Stream { name: found["name"].as_str()?.to_owned(), newest: newest.to_owned() })
}

fn template_of<'a>(setup: &'a Setup, stream: &str) -> Option<&'a Artefact> {
    setup.artefacts.index_templates().find(|template| {
        stream.strip_prefix(template.name.as_str()).is_some_and(|rest| rest.starts_with('-') && rest.len() > 1)
    })
}

impl Stream {
    fn of_another_mapping(&self, what: &str) -> String {
        let Self { name, newest } = self;
        format!(
            "data stream {name} has another mapping: {what}\nhint: run `setup --rollover`: a new index takes the new mapping \
             and new documents; what the older one ({newest}) holds stays, and searches over both may fail for these fields \
             until it is reindexed or deleted"
        )
    }
}

/// Types that searches take for one: what Elasticsearch's field capabilities call the family of a type.
fn family(kind: &str) -> &str {
    match kind {
        "constant_keyword" | "wildcard" => "keyword",
        "match_only_text" => "text",
        "scaled_float" => "double",
        other => other,
    }
}

/// Fields that the index lacks, or, as an error, those that have another type there, unless it may be left for a new one.
fn compare_mapping(
    may_roll_over: bool,
    component: &Artefact,
    index: &Value,
    change: &mut Change,
) -> Result<(), String> {
    let properties = &component.body["template"]["mappings"]["properties"];
    let (ours, theirs) = (types(properties), types(&index["mappings"]["properties"]));
    let known = ours.iter().filter_map(|(name, kind)| Some((name, kind, theirs.get(name)?)));
    let others: Vec<_> = known.filter(|(_, kind, other)| family(kind) != family(other)).collect();
    let missing = ours.keys().filter(|name| !theirs.contains_key(*name)).count();
    if let Some((name, kind, other)) = others.first() {
        let more = if others.len() > 1 { format!(" (and {} more fields)", others.len() - 1) } else { String::new() };
        let what = format!("`{name}` is `{other}` in its index, `{kind}` here{more}");
        if !may_roll_over {
            return Err(what);
        }
        change.work.rollover = true;
        change.parts.push(format!("a new index, because {what}"));
    } else if missing > 0 {
        change.parts.push(format!("{missing} fields are missing"));
        change.work.mapping = Some(json!({ "properties": properties }));
    }
    Ok(())
}

/// Types of all fields by path; an object is one, too.
fn types(properties: &Value) -> BTreeMap<String, String> {
    fn add(prefix: &str, properties: &Value, types: &mut BTreeMap<String, String>) {
        for (name, field) in properties.as_object().into_iter().flatten() {
            let path = format!("{prefix}{name}");
            let kind = field["type"].as_str().unwrap_or("object");
            add(&format!("{path}."), &field["properties"], types);
            add(&format!("{path}."), &field["fields"], types);
            types.insert(path, kind.to_owned());
        }
    }
    let mut all = BTreeMap::new();
    add("", properties, &mut all);
    all
}

fn compare_settings(component: &Artefact, index: &Value, change: &mut Change) {
    const PIPELINE: &str = "default_pipeline";
    let ours = &component.body["template"]["settings"]["index"][PIPELINE];
    let theirs = &index["settings"]["index"][PIPELINE];
    if !ours.is_null() && ours != theirs && !change.work.rollover {
        change.parts.push(format!("its pipeline is {}", theirs.as_str().unwrap_or("none")));
        change.work.settings = Some(json!({ "index": { PIPELINE: ours } }));
    }
}

/// Lifecycles of our data streams by name; `None` where none is wished for, or they cannot be read.
async fn lifecycles(setup: &Setup, plan: &mut Plan) -> Result<Option<BTreeMap<String, Value>>, Error> {
    if setup.retention.is_none() {
        return Ok(None);
    }
    let answer = setup.cluster.ask(&format!("/_data_stream/{PREFIX}*")).await?;
    if answer.is_unknown_path() {
        plan.left_out
            .push("retention of data streams that are there already: this cluster has no API for it".to_owned());
        return Ok(None);
    }
    let found = answer.success()?;
    let streams = found["data_streams"].as_array().into_iter().flatten();
    let name = |stream: &Value| stream["name"].as_str().unwrap_or_default().to_owned();
    Ok(Some(streams.map(|stream| (name(stream), stream["lifecycle"].clone())).collect()))
}

fn compare_lifecycle(setup: &Setup, stored: Option<&Value>, change: &mut Change) {
    let kept = stored.and_then(|lifecycle| lifecycle["data_retention"].as_str());
    match &setup.retention {
        Some(Retention::For(time)) if kept != Some(time) => {
            change.parts.push(format!("documents are kept {}", kept.unwrap_or("as the cluster keeps logs")));
            change.work.lifecycle = Some(json!({ "data_retention": time }));
            change.work.ilm =
                (!setup.cluster.is_serverless).then(|| json!({ "index": { "lifecycle": { "prefer_ilm": false } } }));
        }
        Some(Retention::Cluster) if kept.is_some() => {
            change.parts.push(format!("documents are kept {}", kept.unwrap_or_default()));
            change.work.lifecycle = Some(json!({}));
            change.work.ilm =
                (!setup.cluster.is_serverless).then(|| json!({ "index": { "lifecycle": { "prefer_ilm": null } } }));
        }
        _ => {}
    }
}

pub(crate) async fn apply(cluster: &Cluster, stream: &str, work: &Work) -> Result<(), Error> {
    let mut rollover = work.rollover;
    if let Some(mapping) = &work.mapping {
        let path = format!("/{stream}/_mapping?write_index_only=true");
        let answer = cluster.service.request(reqwest::Method::PUT, &path, mapping).await?;
        // A parameter that cannot be changed in an index that is there.
        rollover |= answer.status == reqwest::StatusCode::BAD_REQUEST;
        if !rollover {
            answer.success()?;
        }
    }
    if rollover {
        cluster.post(&format!("/{stream}/_rollover"), &json!({})).await?.success()?;
    } else if let Some(settings) = &work.settings {
        cluster.put(&format!("/{stream}/_settings"), settings).await?;
    }
    if let Some(ilm) = &work.ilm {
        cluster.put(&format!("/{stream}/_settings"), ilm).await?;
    }
    if let Some(lifecycle) = &work.lifecycle {
        let path = format!("/_data_stream/{stream}/_lifecycle");
        if lifecycle.get("data_retention").is_some() {
            cluster.put(&path, lifecycle).await?;
        } else if let Err(said) = cluster.delete(&path).await? {
            return Err(Error::Permanent(format!("DELETE {path}: {said}")));
        }
    }
    Ok(())
}
