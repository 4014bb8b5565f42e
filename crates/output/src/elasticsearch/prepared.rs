//! Whether a cluster can take documents as what they are: data streams with the templates and pipelines of this program.
//! Without them Elasticsearch makes plain indices of whatever mapping, and takes them for the data streams ever after.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::setup::{self, Artefact};
use super::{Call, Client, NodeClient};
use common::error::Error;

/// A cluster that is slower is asked again before the first document.
const TIMEOUT: Duration = Duration::from_secs(2);
const CURE: &str = "install the integration package, or run `m365-fetcher setup --elasticsearch URL` with a credential \
                    that may `manage_index_templates`, `manage_ingest_pipelines` and `manage_transform`";

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// Everything is there.
    Yes,
    /// It is there, made by another version.
    Other(Vec<String>),
    /// It is not there, or something is in its place: what, and what to do.
    No(String),
    /// It cannot be told, and why. Nothing is written but to a data stream all the same.
    Unknown(String),
}

impl Client {
    /// Looks at the templates and pipelines. An error says that the cluster is out of reach now.
    pub async fn look(&self) -> Result<Prepared, Error> {
        let node = self.node().await?;
        let found = templates(&node).await?;
        if !matches!(found, Prepared::No(_)) {
            self.set_prepared();
        }
        Ok(found)
    }
}

async fn templates(node: &NodeClient) -> Result<Prepared, Error> {
    let list = match get(node, "/_index_template/logs-m365_security.*").await? {
        (StatusCode::OK, answer) => answer,
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            return Ok(Prepared::Unknown(
                "the credential may not look at templates (`monitor` on the cluster)".to_owned(),
            ));
        }
        // Elasticsearch says so of names; something else in its place does not say it like this.
        (StatusCode::NOT_FOUND, answer) if answer["error"]["type"] == "resource_not_found_exception" => {
            json!({ "index_templates": [] })
        }
        (status, _) => return Ok(Prepared::Unknown(format!("the cluster does not list templates: {status}"))),
    };
    let Some(list) = list["index_templates"].as_array() else {
        return Ok(Prepared::Unknown("the cluster does not list templates".to_owned()));
    };
    let (mut missing, mut other) = (Vec::new(), Vec::new());
    for artefact in setup::artefacts().into_iter().filter(|artefact| artefact.folder == "_index_template") {
        match list.iter().find(|entry| entry["name"] == *artefact.name) {
            None => missing.push(artefact.name),
            Some(entry) if !setup::is_current(&artefact, &json!({ "index_templates": [entry] })) => {
                other.push(artefact.name);
            }
            Some(_) => {}
        }
    }
    if !missing.is_empty() {
        return Ok(Prepared::No(format!("index templates are missing: {}\nhint: {CURE}", missing.join(", "))));
    }
    let missing = pipelines(node).await?;
    Ok(if !missing.is_empty() {
        Prepared::No(format!("ingest pipelines are missing: {}\nhint: {CURE}", missing.join(", ")))
    } else if other.is_empty() {
        Prepared::Yes
    } else {
        Prepared::Other(other)
    })
}

/// Pipelines that the cluster has in no version; none where they may not be looked at.
async fn pipelines(node: &NodeClient) -> Result<Vec<String>, Error> {
    let found = match get(node, "/_ingest/pipeline/logs-m365_security.*").await? {
        (StatusCode::OK, found) => found,
        (StatusCode::NOT_FOUND, _) => json!({}),
        _ => return Ok(Vec::new()),
    };
    // Another version's pipeline is named by that version's templates.
    let stem =
        |artefact: &Artefact| artefact.name.rsplit_once('-').map_or_else(String::new, |(stem, _)| format!("{stem}-"));
    let is_there = |stem: &str| found.as_object().is_some_and(|found| found.keys().any(|name| name.starts_with(stem)));
    let ours = setup::artefacts().into_iter();
    let ours = ours.filter(|artefact| artefact.folder == "_ingest/pipeline" && !artefact.name.ends_with("-raw"));
    Ok(ours.filter(|artefact| !is_there(&stem(artefact))).map(|artefact| artefact.name).collect())
}

/// An index that is no data stream, but has the name of one of this namespace. `None` also where that may not be asked.
pub async fn index_in_the_way(node: &NodeClient, namespace: &str) -> Result<Option<String>, Error> {
    let (StatusCode::OK, found) = get(node, "/_resolve/index/logs-m365_security.*").await? else { return Ok(None) };
    let names: Vec<String> = schema::catalog()
        .iter()
        .map(|dataset| format!("logs-m365_security.{}-{namespace}", dataset.definition.name))
        .collect();
    let indices = found["indices"].as_array().map(Vec::as_slice).unwrap_or_default();
    let plain =
        indices.iter().filter(|index| index["data_stream"].is_null()).filter_map(|index| index["name"].as_str());
    Ok(plain.into_iter().find(|name| names.iter().any(|known| known == name)).map(|name| {
        format!(
            "index {name} has the name of a data stream, but is none\nhint: keep what it holds under another name \
             (reindex), then delete it"
        )
    }))
}

async fn get(node: &NodeClient, path: &str) -> Result<(StatusCode, Value), Error> {
    let response = node.send(Call::get(path).timeout(TIMEOUT)).await?;
    let status = response.status();
    if matches!(status, StatusCode::TOO_MANY_REQUESTS) || status.is_server_error() {
        return Err(Error::Transient(format!("GET {path}: {status}")));
    }
    Ok((status, response.json().await.unwrap_or_default()))
}
