//! Templates and pipelines: compared with what is stored, by owner first.

use serde_json::Value;

use crate::artefacts::{Artefact, PACKAGE, PREFIX, is_ours};
use crate::plan::{Difference, Kind, Plan, Work};
use crate::retention::{self, Retention};
use crate::{Setup, difference};
use common::error::Error;

/// What is in a cluster under one of our names.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) body: Value,
}

/// Adds the steps for everything that is put as it is.
pub(crate) async fn plan(setup: &Setup, plan: &mut Plan) -> Result<(), Error> {
    let stored = stored(setup).await?;
    let retention = retention(setup, &stored, plan);
    let artefacts = &setup.artefacts;
    let (components, rest): (Vec<_>, Vec<_>) =
        artefacts.templates.iter().partition(|artefact| artefact.kind == Kind::ComponentTemplate);
    for artefact in components.into_iter().chain(&retention).chain(rest).chain(&artefacts.destinations) {
        let found =
            stored.iter().find(|stored| stored.name == artefact.name && stored.kind.api() == artefact.kind.api());
        let difference = match found {
            None => Difference::New,
            Some(found) if is_ours(&found.body) => {
                Difference::of(difference::parts(artefact.kind, &artefact.body, &found.body))
            }
            Some(found) => {
                plan.in_the_way.push(of_another(artefact.kind, &artefact.name, &found.body));
                continue;
            }
        };
        let path = format!("/{}/{}", artefact.kind.api(), artefact.name);
        let work = Work::Put { path, body: artefact.body.clone() };
        plan.add(artefact.kind, &artefact.name, difference, work);
    }
    rivals(setup, &stored, plan);
    Ok(())
}

/// All component and index templates of the cluster, and the pipelines under our names.
pub(crate) async fn stored(setup: &Setup) -> Result<Vec<Stored>, Error> {
    let mut all = Vec::new();
    for (kind, list, member) in [
        (Kind::ComponentTemplate, "component_templates", "component_template"),
        (Kind::IndexTemplate, "index_templates", "index_template"),
    ] {
        let found = setup.cluster.get(&format!("/{}", kind.api())).await?.unwrap_or_default();
        let entries = found[list].as_array().cloned().unwrap_or_default();
        all.extend(entries.into_iter().filter_map(|mut entry| {
            let name = entry["name"].as_str()?.to_owned();
            Some(Stored { kind, name, body: entry[member].take() })
        }));
    }
    let found = setup.cluster.get(&format!("/_ingest/pipeline/{PREFIX}*")).await?.unwrap_or_default();
    let Value::Object(found) = found else { return Ok(all) };
    all.extend(found.into_iter().map(|(name, body)| Stored { kind: Kind::Pipeline, name, body }));
    Ok(all)
}

/// The component template of the retention that is wished for. One that is there and not wished for any more is emptied:
/// index templates compose it while they are there.
fn retention(setup: &Setup, stored: &[Stored], plan: &mut Plan) -> Option<Artefact> {
    let Some(wished) = &setup.retention else { return None };
    let is_composed = |artefact: &Artefact| {
        let composed = artefact.body["composed_of"].as_array();
        composed.is_some_and(|composed| composed.iter().any(|name| name == retention::TEMPLATE))
    };
    if !setup.artefacts.index_templates().all(is_composed) {
        plan.left_out.push("retention: the index templates of this version do not compose one".to_owned());
        return None;
    }
    let meta = setup.artefacts.meta();
    let body = match wished {
        Retention::For(time) => retention::component(time, setup.cluster.is_serverless, &meta),
        Retention::Cluster if stored.iter().any(|stored| stored.name == retention::TEMPLATE) => {
            serde_json::json!({ "template": {}, "_meta": meta })
        }
        Retention::Cluster => return None,
    };
    Some(Artefact { kind: Kind::ComponentTemplate, name: retention::TEMPLATE.to_owned(), body })
}

/// What stands under one of our names and is not ours: whose it is, and what to do.
pub(crate) fn of_another(kind: Kind, name: &str, stored: &Value) -> String {
    let what = format!("{} {name}", kind.name());
    let package = stored["_meta"]["package"]["name"].as_str();
    let version = stored["_meta"]["package"]["version"].as_str().map_or_else(String::new, |text| format!(" {text}"));
    match (stored["_meta"]["managed_by"].as_str(), package) {
        (Some("fleet"), Some(PACKAGE)) => format!(
            "{what} was installed by Fleet, with the package {PACKAGE}{version}\nhint: update it with `setup --fleet`, or \
             uninstall it in Kibana (Integrations) before a set-up without Fleet"
        ),
        (_, Some(package)) if package != PACKAGE => format!(
            "{what} belongs to the package {package}{version}\nhint: uninstall that package, whose data streams would \
             have the same names, in Kibana (Integrations)"
        ),
        (Some(owner), _) => format!(
            "{what} is managed by {owner}\nhint: take it away there, or rename it, if it is not needed any more"
        ),
        (None, _) => format!(
            "{what} is there already, and was put by somebody else\nhint: compare it with what a set-up would put, keep \
             what is yours under the name of a `@custom` component template, and delete it"
        ),
    }
}

/// Index templates of others that would win over ours for our data streams.
fn rivals(setup: &Setup, stored: &[Stored], plan: &mut Plan) {
    for ours in setup.artefacts.index_templates().chain(&setup.artefacts.destinations) {
        let names: Vec<String> = patterns(&ours.body).into_iter().map(|name| name.replace('*', "default")).collect();
        for rival in stored.iter().filter(|stored| stored.kind == Kind::IndexTemplate && stored.name != ours.name) {
            let wins = rival.body["priority"].as_i64() >= ours.body["priority"].as_i64();
            let patterns = patterns(&rival.body);
            let is_matched = |name: &String| patterns.iter().any(|pattern| matches(pattern, name));
            if let (true, Some(name)) = (wins && !is_ours(&rival.body), names.iter().find(|name| is_matched(name))) {
                let (other, priority) = (&rival.name, &rival.body["priority"]);
                plan.in_the_way.push(format!(
                    "index template {other} with priority {priority} would be taken for {name} too\nhint: give it a \
                     lower priority than {}, or narrower `index_patterns`",
                    ours.body["priority"]
                ));
            }
        }
    }
}

fn patterns(template: &Value) -> Vec<&str> {
    match &template["index_patterns"] {
        Value::String(one) => vec![one],
        many => many.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    }
}

/// Whether a pattern with `*` matches a name.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|tail| {
            let starts = (0..=tail.len()).filter(|at| tail.is_char_boundary(*at));
            starts.into_iter().any(|at| matches(rest, &tail[at..]))
        }),
    }
}
