//! Transforms: put, started, and renewed where they changed. What they fill is made from the history, so it can be made anew.

use serde_json::{Value, json};

use crate::artefacts::{Artefact, is_ours};
use crate::cluster::Cluster;
use crate::plan::{self, Difference, Kind, Plan};
use crate::{Setup, difference, templates};
use common::error::Error;

/// Parts of a transform that decide what its destination holds, and how.
const OF_THE_STATE: [&str; 4] = ["source", "latest", "pivot", "dest"];

/// What is done with a transform.
#[derive(Debug)]
pub(crate) enum Work {
    /// Put and started.
    Put(Value),
    /// Deleted with what it filled, put and started: another source or key makes other state.
    Renew(Value),
    /// Its other parts are changed while it runs.
    Update(Value),
    /// Started.
    Start,
}

pub(crate) async fn plan(setup: &Setup, plan: &mut Plan) -> Result<(), Error> {
    let transforms = &setup.artefacts.transforms;
    if transforms.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = transforms.iter().map(|transform| transform.name.as_str()).collect();
    let list = names.join(",");
    let answer = setup.cluster.ask(&format!("/_transform/{list}?allow_no_match=true")).await?;
    if answer.is_unknown_path() {
        plan.left_out.push(format!(
            "{} transforms: this cluster has no transforms, so the state of incidents, alerts, devices and users stays empty",
            names.len()
        ));
        return Ok(());
    }
    let found = answer.success()?;
    let states =
        setup.cluster.get(&format!("/_transform/{list}/_stats?allow_no_match=true")).await?.unwrap_or_default();
    let of = |list: &Value, id: &str| {
        list["transforms"].as_array().into_iter().flatten().find(|transform| transform["id"] == id).cloned()
    };
    let renewed: Vec<String> =
        plan.steps.iter().filter(|step| is_changed_destination(step)).map(|step| step.name.clone()).collect();
    for transform in transforms {
        let stored = of(&found, &transform.name);
        let state = of(&states, &transform.name).unwrap_or_default();
        add(transform, stored.as_ref(), &state, destination_changed(setup, transform, &renewed), plan);
    }
    Ok(())
}

fn is_changed_destination(step: &plan::Step) -> bool {
    step.kind == Kind::Destination && matches!(step.difference, Difference::Changed(_))
}

/// Whether the template of its destination changes: an index that is there would keep the former mapping.
fn destination_changed(setup: &Setup, transform: &Artefact, changed: &[String]) -> bool {
    let index = transform.body["dest"]["index"].as_str().unwrap_or_default();
    let is_for_it = |template: &&Artefact| {
        let patterns = template.body["index_patterns"].as_array().into_iter().flatten().filter_map(Value::as_str);
        patterns.into_iter().any(|pattern| index.starts_with(pattern.trim_end_matches('*')))
    };
    setup.artefacts.destinations.iter().filter(is_for_it).any(|template| changed.contains(&template.name))
}

fn add(transform: &Artefact, stored: Option<&Value>, state: &Value, destination_changed: bool, plan: &mut Plan) {
    let Artefact { kind, name, body } = transform;
    let mut work = |difference, work| plan.add(*kind, name, difference, plan::Work::Transform(work));
    let Some(stored) = stored else { return work(Difference::New, Work::Put(body.clone())) };
    if !is_ours(stored) {
        return plan.in_the_way.push(templates::of_another(*kind, name, stored));
    }
    let mut parts = difference::parts(*kind, body, stored);
    let concerns_state = parts.iter().any(|part| OF_THE_STATE.contains(&part.as_str()));
    if destination_changed {
        parts.push("index template of its destination".to_owned());
    }
    if concerns_state || destination_changed {
        return work(Difference::Changed(parts), Work::Renew(body.clone()));
    }
    if !parts.is_empty() {
        return work(Difference::Changed(parts), Work::Update(body.clone()));
    }
    match state["state"].as_str() {
        Some(state @ ("stopped" | "failed" | "aborting")) => {
            work(Difference::Changed(vec![format!("it is {state}")]), Work::Start);
        }
        _ => work(Difference::Same, Work::Start),
    }
}

pub(crate) async fn apply(cluster: &Cluster, id: &str, work: &Work) -> Result<(), Error> {
    match work {
        Work::Put(body) => {
            put(cluster, id, body).await?;
            start(cluster, id).await
        }
        Work::Renew(body) => {
            remove(cluster, id).await?;
            put(cluster, id, body).await?;
            start(cluster, id).await
        }
        Work::Update(body) => {
            let mut update = body.clone();
            if let Some(update) = update.as_object_mut() {
                update.retain(|part, _| !["latest", "pivot"].contains(&part.as_str()));
            }
            cluster.post(&format!("/_transform/{id}/_update?defer_validation=true"), &update).await?.success()?;
            start(cluster, id).await
        }
        Work::Start => {
            // One that failed starts only after it was stopped by force.
            stop(cluster, id).await?;
            start(cluster, id).await
        }
    }
}

/// Its sources may not be there yet.
async fn put(cluster: &Cluster, id: &str, body: &Value) -> Result<(), Error> {
    cluster.put(&format!("/_transform/{id}?defer_validation=true"), body).await
}

async fn start(cluster: &Cluster, id: &str) -> Result<(), Error> {
    let answer = cluster.post(&format!("/_transform/{id}/_start"), &Value::Null).await?;
    // It runs already.
    if answer.status == reqwest::StatusCode::CONFLICT { Ok(()) } else { answer.success().map(drop) }
}

async fn stop(cluster: &Cluster, id: &str) -> Result<(), Error> {
    let path = format!("/_transform/{id}/_stop?force=true&wait_for_completion=true&timeout=30s&allow_no_match=true");
    let answer = cluster.post(&path, &json!({})).await?;
    if answer.status == reqwest::StatusCode::NOT_FOUND { Ok(()) } else { answer.success().map(drop) }
}

/// Stops and deletes it, with the index that it filled.
pub(crate) async fn remove(cluster: &Cluster, id: &str) -> Result<(), Error> {
    stop(cluster, id).await?;
    let path = format!("/_transform/{id}?force=true&delete_dest_index=true");
    match cluster.delete(&path).await? {
        Ok(()) => Ok(()),
        Err(said) => Err(Error::Permanent(format!("DELETE /_transform/{id}: {said}"))),
    }
}
