//! A cluster: one bulk request and what its answer means. [`super::ship`] decides what is sent when.

mod limit;
mod nodes;
mod trust;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use elasticsearch::Elasticsearch;
use elasticsearch::http::headers::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::response::Response;
use elasticsearch::http::{Method, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;

use self::limit::BodyLimit;
use self::nodes::Nodes;
use super::bulk::{BLOCK, FILTER_PATH, block_hint};
use crate::config::ElasticOutput;
use crate::error::{Fault, quoted, with_causes};

/// Longest reply that is read: one item of a reply to 1 MiB of documents takes some hundred bytes at worst.
const MAX_REPLY: usize = 64 * 1024 * 1024;
/// What the credential is for.
pub(super) const PRIVILEGES: &str = "the credential needs `auto_configure` and `create_doc` on logs-m365_security.*";

/// A cluster.
#[derive(Debug, Clone)]
pub struct Elastic(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    nodes: Nodes,
    gzip: Option<Compression>,
    timeout: Duration,
    max_concurrency: u32,
    limit: BodyLimit,
}

/// What became of one request.
#[derive(Debug)]
pub(super) enum Answer {
    Reply(Bytes),
    /// 413.
    TooLarge,
    /// The node did not answer.
    Unreachable(Fault),
    /// The cluster did not take it now.
    Busy(Fault, Option<Duration>),
    /// It will not take the next one either.
    Fails(Fault),
}

impl Elastic {
    /// A client for the configured hosts; nothing is sent yet.
    pub fn new(output: &ElasticOutput) -> Result<Self, Fault> {
        Ok(Self(Arc::new(Inner {
            nodes: Nodes::new(output)?,
            gzip: output.gzip.map(Compression::new),
            timeout: output.timeout,
            max_concurrency: output.max_concurrency,
            limit: BodyLimit::new(output.max_body),
        })))
    }

    /// The official client of a node that is in reach, for what is not a bulk request.
    pub async fn client(&self) -> Result<Elasticsearch, Fault> {
        self.0.nodes.pick().await.map(|(_, client)| client.clone())
    }

    /// Puts a JSON text, with the next node where one does not answer.
    pub(super) async fn put(&self, path: &str, body: &[u8]) -> Result<Response, Fault> {
        loop {
            let (node, client) = self.0.nodes.pick().await?;
            let sent = client.send(Method::Put, path, HeaderMap::new(), None::<&()>, Some(body), Some(self.0.timeout));
            match sent.await {
                Ok(response) => {
                    node.answered();
                    return Ok(response);
                }
                Err(error) => {
                    let said = without_address(&error);
                    node.failed(&said);
                    if !self.any_awake() {
                        return Err(Fault::Transient(format!("PUT {path} at {}: {said}", node.url)));
                    }
                }
            }
        }
    }

    pub(super) fn max_concurrency(&self) -> u32 {
        self.0.max_concurrency
    }

    /// Another node may answer where one did not.
    pub(super) fn any_awake(&self) -> bool {
        self.0.nodes.any_awake()
    }

    /// Longest body that the cluster takes, as far as that is known.
    pub(super) fn body_limit(&self) -> usize {
        self.0.limit.get()
    }

    /// The same, asked for where it is not known.
    pub(super) async fn ask_body_limit(&self) -> usize {
        if self.0.limit.is_unknown() {
            self.0.limit.ask(self.client().await.ok()).await;
        }
        self.body_limit()
    }

    /// A body of this size was refused as too large.
    pub(super) fn too_large(&self, size: usize) {
        self.0.limit.lower(size);
    }

    /// One bulk request to the next node.
    pub(super) async fn bulk(&self, body: Bytes) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        let body = match self.0.gzip {
            None => body,
            Some(level) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                match compress(&body, level) {
                    Ok(compressed) => compressed,
                    Err(error) => return Answer::Fails(Fault::local("gzip", &error)),
                }
            }
        };
        let (node, client) = match self.0.nodes.pick().await {
            Ok(picked) => picked,
            Err(fault) if fault.is_temporary() => return Answer::Unreachable(fault),
            Err(fault) => return Answer::Fails(fault),
        };
        let query = [("filter_path", FILTER_PATH)];
        let timeout = Some(self.0.timeout);
        let unreachable = |what: &str, error: &dyn std::error::Error| {
            let said = without_address(error);
            node.failed(&said);
            Answer::Unreachable(Fault::Transient(format!("{what} {}: {said}", node.url)))
        };
        let response = match client.send(Method::Post, "/_bulk", headers, Some(&query), Some(body), timeout).await {
            Ok(response) => response,
            Err(error) => return unreachable("bulk request to", &error),
        };
        node.answered();
        match response.status_code() {
            StatusCode::OK => match read(response).await {
                Ok(reply) => Answer::Reply(reply),
                // Whatever it did is found out by sending it again: ids make that harmless.
                Err(error) => unreachable("bulk reply of", &error),
            },
            StatusCode::PAYLOAD_TOO_LARGE => Answer::TooLarge,
            _ => match request_fault("bulk request", response).await {
                Fault::Throttled { what, after } => Answer::Busy(Fault::Throttled { what, after }, after),
                fault @ Fault::Transient(_) => Answer::Busy(fault, None),
                fault => Answer::Fails(fault),
            },
        }
    }
}

/// reqwest repeats the address, with its long query.
fn without_address(error: &dyn std::error::Error) -> String {
    let text = with_causes(error);
    let Some((head, tail)) = text.split_once(" for url (") else { return text };
    let Some((_, tail)) = tail.split_once(')') else { return text };
    format!("{head}{tail}")
}

fn compress(body: &[u8], level: Compression) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 6), level);
    encoder.write_all(body)?;
    Ok(encoder.finish()?.into())
}

async fn read(response: Response) -> Result<Bytes, elasticsearch::Error> {
    if response.content_length().is_some_and(|length| length > MAX_REPLY as u64) {
        return Ok(Bytes::new());
    }
    response.bytes().await
}

/// What an answer that is not a reply asks for.
pub(super) async fn request_fault(what: &str, response: Response) -> Fault {
    let status = response.status_code();
    let after = response.headers().get("retry-after").and_then(|after| after.to_str().ok()?.parse().ok());
    let text = response.text().await.unwrap_or_default();
    let said = quoted(&text);
    let what = format!("{what}: {status}: {said}");
    match status.as_u16() {
        401 => Fault::Auth(format!("{what}\nhint: the API key or password is not accepted")),
        403 if said.contains(BLOCK) => Fault::Transient(format!("{what}\nhint: {}", block_hint(&said))),
        403 => Fault::Auth(format!("{what}\nhint: {PRIVILEGES}")),
        429 | 503 => Fault::Throttled { what, after: after.map(Duration::from_secs) },
        408 | 500 | 502 | 504 => Fault::Transient(what),
        _ => Fault::Refused(what),
    }
}
