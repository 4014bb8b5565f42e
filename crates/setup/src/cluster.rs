//! The cluster: its version, and how artefacts are put and deleted there.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::service::{Answer, Product, Service};
use common::error::Error;
use output::elasticsearch::Client;
use output::settings::ElasticOutput;

/// The oldest version whose templates, pipelines and saved objects are known to work.
pub(crate) const OLDEST: (u64, u64) = (8, 19);

/// A cluster of a version that takes the artefacts.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) service: Service,
    /// Product, version, address.
    pub(crate) named: String,
    /// A project of Elastic Cloud Serverless.
    pub(crate) is_serverless: bool,
}

impl Cluster {
    pub(crate) async fn open(output: &ElasticOutput) -> Result<Self, Error> {
        let host = output.hosts.first().map(|host| host.origin().ascii_serialization()).unwrap_or_default();
        let client = Client::new(output)?.node().await?;
        let service = Service { client, product: Product::Elasticsearch };
        let answer = service.ask("/").await?;
        if !answer.status.is_success() {
            return Err(answer.error());
        }
        let about = answer.json();
        let version = about["version"]["number"].as_str().unwrap_or_default();
        let refused = |what: String, hint: &str| Err(Error::Permanent(format!("{host}: {what}\nhint: {hint}")));
        if version.is_empty() || about["cluster_name"].is_null() || !about["version"]["distribution"].is_null() {
            let what =
                about["version"]["distribution"].as_str().map_or_else(String::new, |other| format!(" but {other}"));
            return refused(
                format!("what answers there is no Elasticsearch{what}"),
                "--elasticsearch takes the address of Elasticsearch itself, with its scheme and port",
            );
        }
        let is_serverless = about["version"]["build_flavor"] == "serverless";
        if !is_serverless && numbers(version) < Some(OLDEST) {
            let (major, minor) = OLDEST;
            return refused(
                format!("Elasticsearch {version} is too old"),
                &format!("upgrade it to {major}.{minor} or later; the templates use what earlier versions do not know"),
            );
        }
        let named =
            if is_serverless { "Elasticsearch Serverless".to_owned() } else { format!("Elasticsearch {version}") };
        Ok(Self { service, named: format!("{named} at {host}"), is_serverless })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Option<Value>, Error> {
        self.service.get(path).await
    }

    pub(crate) async fn ask(&self, path: &str) -> Result<Answer, Error> {
        self.service.ask(path).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<(), Error> {
        self.service.request(Method::PUT, path, body).await?.success().map(drop)
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Error> {
        self.service.request(Method::POST, path, body).await
    }

    /// Deletes what is there; `Err` with what the cluster says where something else needs it.
    pub(crate) async fn delete(&self, path: &str) -> Result<Result<(), String>, Error> {
        let answer = self.service.request(Method::DELETE, path, &Value::Null).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(Ok(())),
            StatusCode::BAD_REQUEST | StatusCode::CONFLICT => Ok(Err(answer.said())),
            _ => answer.success().map(|_| Ok(())),
        }
    }
}

/// Major and minor number of a version.
pub(crate) fn numbers(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}
