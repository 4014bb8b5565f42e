//! Requests to one node.
//!
//! The transport of the `elasticsearch` crate follows redirects, and nothing turns that off. So the crate names the paths,
//! and requests go out through the client that [`crate::http`] makes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::credential::Credential;
use common::error::Error;
use common::http::{connection_error, redirected};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Longest time for a request that is none for documents.
const TIMEOUT: Duration = Duration::from_secs(90);
const REDIRECTED: &str = "documents and credentials go to the configured hosts only; write the address of Elasticsearch \
                          itself into `hosts`, with its scheme and port, or mend what answers in its place";

/// A node, and how it is asked.
#[derive(Debug, Clone)]
pub struct NodeClient {
    http: Client,
    root: Url,
    login: Arc<Credential>,
    manners: Arc<Manners>,
}

/// What every request carries beside what it is for.
#[derive(Debug, Default)]
pub(super) struct Manners {
    pub(super) headers: HeaderMap,
    pub(super) parameters: Vec<(String, String)>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    headers: HeaderMap,
    body: Option<Bytes>,
    timeout: Duration,
    redirected: &'static str,
}

impl<'a> Call<'a> {
    /// A request for a path, which begins with a slash and may have a query.
    pub fn new(method: Method, path: &'a str) -> Self {
        let (headers, redirected) = (HeaderMap::new(), REDIRECTED);
        Self { method, path, query: &[], headers, body: None, timeout: TIMEOUT, redirected }
    }

    /// `GET`.
    pub fn get(path: &'a str) -> Self {
        Self::new(Method::GET, path)
    }

    /// Names and values that are appended to the path.
    #[must_use]
    pub fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    /// With this body, which is JSON unless a header says otherwise.
    #[must_use]
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..self }
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    /// Headers beside those that every request has, or in their place.
    #[must_use]
    pub fn headers(self, headers: HeaderMap) -> Self {
        Self { headers, ..self }
    }

    /// Longest time for the request and its answer.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// What to do where a redirect is answered, instead of what is said of an output.
    #[must_use]
    pub fn if_redirected(self, redirected: &'static str) -> Self {
        Self { redirected, ..self }
    }
}

impl NodeClient {
    pub(super) fn new(http: Client, root: &Url, login: Arc<Credential>, manners: Arc<Manners>) -> Self {
        let mut root = root.clone();
        if !root.path().ends_with('/') {
            root.set_path(&format!("{}/", root.path()));
        }
        Self { http, root, login, manners }
    }

    /// The node's answer, whatever its status but a redirect: that is an error, and nobody is asked there.
    pub async fn send(&self, call: Call<'_>) -> Result<Response, Error> {
        let login = self.login.header();
        let response = self.send_as(login.as_ref(), call.clone()).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(fresh) = self.login.after_refusal(login.as_ref())
        {
            return self.send_as(Some(&fresh), call).await;
        }
        Ok(response)
    }

    async fn send_as(&self, login: Option<&HeaderValue>, call: Call<'_>) -> Result<Response, Error> {
        let Call { method, path, query, mut headers, body, timeout, redirected: hint } = call;
        // The query may be long, and says nothing to whoever reads of an error.
        let what = format!("{method} {}", path.split('?').next().unwrap_or_default());
        let url = self
            .root
            .join(path.trim_start_matches('/'))
            .map_err(|error| Error::Io(format!("{what}: the path does not fit the address {}: {error}", self.root)))?;
        for (name, value) in &self.manners.headers {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        headers.entry(ACCEPT).or_insert(JSON);
        headers.entry(CONTENT_TYPE).or_insert(JSON);
        if let Some(login) = login {
            headers.insert(AUTHORIZATION, login.clone());
        }
        let mut request = self.http.request(method, url).headers(headers).timeout(timeout);
        if !query.is_empty() {
            request = request.query(query);
        }
        if !self.manners.parameters.is_empty() {
            request = request.query(&self.manners.parameters);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let start = tokio::time::Instant::now();
        let response = request.send().await.map_err(|error| connection_error(&self.named(&what), &error))?;
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (host, status) = (self.root.origin().ascii_serialization(), response.status().as_u16());
        tracing::debug!(host, request = what, status, milliseconds, "output answered");
        if response.status().is_redirection() {
            return Err(redirected(&self.named(&what), &response, hint));
        }
        Ok(response)
    }

    /// What is asked, and where.
    pub(super) fn named(&self, what: &str) -> String {
        format!("{what} at {}", self.root.origin().ascii_serialization())
    }
}
