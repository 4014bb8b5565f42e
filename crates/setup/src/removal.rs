//! Takes away what a set-up of whatever version has put there, and nothing else. Documents stay: the data streams, with
//! their indices. The indices that transforms filled go, because they are made from those documents.

use serde_json::{Value, json};

use crate::artefacts::{PREFIX, is_ours};
use crate::plan::Kind;
use crate::saved_objects::{self, Id};
use crate::{Setup, templates, transforms};
use common::error::Error;

/// Something that a set-up has put there.
#[derive(Debug)]
pub struct Installed {
    /// What it is.
    pub kind: Kind,
    /// Its name, as the product shows it.
    pub name: String,
    /// Whether it is the template or pipeline of this version, unchanged; `false` for what is neither.
    pub is_current: bool,
    object: Option<Id>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Gone,
    /// It stays, and why.
    Kept(String),
}

/// Each before what it refers to.
pub(crate) async fn installed(setup: &Setup) -> Result<Vec<Installed>, Error> {
    let mut all: Vec<_> = transforms(setup).await?.iter().map(|id| of(Kind::Transform, id)).collect();
    if let Some(kibana) = &setup.kibana {
        let objects = saved_objects::installed(kibana, &setup.artefacts.saved_objects).await?;
        all.extend(objects.into_iter().map(|id| Installed {
            kind: Kind::SavedObject,
            name: format!("{} {}", id.kind, id.id),
            is_current: false,
            object: Some(id),
        }));
    }
    let mut stored = templates::stored(setup).await?;
    stored.retain(|stored| is_ours(&stored.body));
    // A pipeline of rows is called by the other one of its dataset.
    stored.sort_by_key(|stored| (order(stored.kind), stored.name.ends_with("-raw"), stored.name.clone()));
    all.extend(stored.iter().map(|stored| Installed {
        is_current: setup.artefacts.is_current(stored.kind, &stored.name, &stored.body),
        ..of(stored.kind, &stored.name)
    }));
    Ok(all)
}

/// Ids of the transforms that a set-up has put there; none where a cluster has no transforms.
pub(crate) async fn transforms(setup: &Setup) -> Result<Vec<String>, Error> {
    let answer = setup.cluster.ask("/_transform/_all?size=1000").await?;
    if answer.is_unknown_path() {
        return Ok(Vec::new());
    }
    let found = answer.success()?;
    let ours = found["transforms"].as_array().into_iter().flatten().filter(|transform| is_ours(transform));
    Ok(ours.filter_map(|transform| transform["id"].as_str()).map(str::to_owned).collect())
}

fn of(kind: Kind, name: &str) -> Installed {
    Installed { kind, name: name.to_owned(), is_current: false, object: None }
}

fn order(kind: Kind) -> u8 {
    match kind {
        Kind::IndexTemplate | Kind::Destination => 0,
        Kind::ComponentTemplate => 1,
        _ => 2,
    }
}

pub(crate) async fn remove(setup: &Setup, installed: &Installed) -> Result<Removed, Error> {
    let Installed { kind, name, object, .. } = installed;
    let outcome = match (kind, object, &setup.kibana) {
        (Kind::Transform, ..) => {
            transforms::remove(&setup.cluster, name).await?;
            Ok(())
        }
        (Kind::SavedObject, Some(id), Some(kibana)) => saved_objects::delete(kibana, id).await?,
        (Kind::Pipeline, ..) => remove_pipeline(setup, name).await?,
        _ => setup.cluster.delete(&format!("/{}/{name}", kind.api())).await?,
    };
    Ok(match outcome {
        Ok(()) => Removed::Gone,
        Err(said) => Removed::Kept(said),
    })
}

/// A pipeline goes when nothing calls it any more. Indices that hold documents named it when they were made; they let go of
/// it, because nothing is written through it from now on.
async fn remove_pipeline(setup: &Setup, name: &str) -> Result<Result<(), String>, Error> {
    let stored = templates::stored(setup).await?;
    let is_caller = |stored: &&templates::Stored| stored.name != name && calls(&stored.body, name);
    if let Some(caller) = stored.iter().find(is_caller) {
        return Ok(Err(format!("{} {} needs it", caller.kind.name(), caller.name)));
    }
    let path = format!("/{PREFIX}*/_settings/index.default_pipeline?expand_wildcards=all&allow_no_indices=true");
    let indices = setup.cluster.get(&path).await?.unwrap_or_default();
    for (index, settings) in indices.as_object().into_iter().flatten() {
        if settings["settings"]["index"]["default_pipeline"] == name {
            setup.cluster.put(&format!("/{index}/_settings"), &json!({ "index.default_pipeline": null })).await?;
        }
    }
    setup.cluster.delete(&format!("/_ingest/pipeline/{name}")).await
}

/// Whether a body names the pipeline as one to be called.
fn calls(body: &Value, pipeline: &str) -> bool {
    match body {
        Value::Object(members) => members.iter().any(|(name, value)| {
            ["name", "default_pipeline", "final_pipeline", "index.default_pipeline"].contains(&name.as_str())
                && *value == pipeline
                || calls(value, pipeline)
        }),
        Value::Array(items) => items.iter().any(|item| calls(item, pipeline)),
        _ => false,
    }
}
