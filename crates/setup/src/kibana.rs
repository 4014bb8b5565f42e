//! Kibana: its version, its space, and the paths of its APIs.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::cluster::{OLDEST, numbers};
use crate::service::{Answer, Product, Service};
use common::error::Error;
use output::elasticsearch::Client;
use output::settings::ElasticOutput;

/// What Kibana calls the space that needs no name in paths.
const DEFAULT_SPACE: &str = "default";

/// A Kibana of a version that takes the saved objects, and a space that is there.
#[derive(Debug)]
pub(crate) struct Kibana {
    service: Service,
    /// Product, version, address, space.
    pub(crate) named: String,
    pub(crate) version: String,
    /// `/s/<id>`; empty for the default space.
    space: String,
}

impl Kibana {
    /// The login and the trust are those of the cluster.
    pub(crate) async fn open(cluster: &ElasticOutput, url: Url, space: Option<String>) -> Result<Self, Error> {
        let shown = url.as_str().trim_end_matches('/').to_owned();
        let output = ElasticOutput { hosts: vec![url], ..cluster.clone() };
        if let Some(reason) = output.exposure() {
            return Err(Error::Permanent(format!("--kibana: {reason}")));
        }
        let client = Client::new(&output)?.node().await?;
        let service = Service { client, product: Product::Kibana };
        let version = version(&service, &shown).await?;
        let space = space.filter(|space| space != DEFAULT_SPACE);
        if let Some(space) = &space {
            look_for(&service, space).await?;
        }
        let place = space.as_ref().map_or_else(String::new, |space| format!(", space {space}"));
        let named = format!("Kibana {version} at {shown}{place}");
        let space = space.map_or_else(String::new, |space| format!("/s/{space}"));
        Ok(Self { service, named, version, space })
    }

    /// The answer to a request for a path within the space.
    pub(crate) async fn request(&self, method: Method, path: &str, body: &Value) -> Result<Answer, Error> {
        self.service.request(method, &format!("{}{path}", self.space), body).await
    }

    pub(crate) async fn upload(&self, path: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, Error> {
        self.service.upload(&format!("{}{path}", self.space), headers, body).await
    }
}

async fn version(service: &Service, shown: &str) -> Result<String, Error> {
    let answer = service.ask("/api/status").await?;
    if [401, 403].contains(&answer.status.as_u16()) {
        return Err(answer.error());
    }
    let status = answer.json();
    let Some(version) = status["version"]["number"].as_str().map(str::to_owned) else {
        let what = format!("{shown} does not answer as Kibana does: GET /api/status: {}", answer.status);
        let hint = if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            "Kibana is starting, or has no cluster; try again when it is ready"
        } else {
            "where Kibana is served below a path (`server.basePath`), --kibana takes the address with that path, as \
             https://host/kibana; a space is named with --space, not in the address"
        };
        return Err(Error::Permanent(format!("{what}\nhint: {hint}")));
    };
    let is_serverless = status["version"]["build_flavor"] == "serverless";
    if !is_serverless && numbers(&version) < Some(OLDEST) {
        let (major, minor) = OLDEST;
        return Err(Error::Permanent(format!(
            "{shown}: Kibana {version} is too old\nhint: upgrade it to {major}.{minor} or later; it would refuse the \
             dashboards"
        )));
    }
    Ok(version)
}

/// Refuses a space that is not there.
async fn look_for(service: &Service, space: &str) -> Result<(), Error> {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if space.is_empty() || !space.bytes().all(is_name) {
        return Err(Error::Permanent(format!(
            "`{space}` is no id of a space\nhint: it stands in the space's address, after /s/: lower case letters, digits, \
             `_` and `-`"
        )));
    }
    let answer = service.ask(&format!("/api/spaces/space/{space}")).await?;
    if answer.status != StatusCode::NOT_FOUND {
        return answer.success().map(drop);
    }
    let known = service.get("/api/spaces/space").await.ok().flatten().unwrap_or_default();
    let known: Vec<&str> = known.as_array().into_iter().flatten().filter_map(|space| space["id"].as_str()).collect();
    Err(Error::Permanent(format!(
        "Kibana has no space {space}, or the login may not see it\nhint: --space takes one of: {}",
        known.join(", ")
    )))
}
