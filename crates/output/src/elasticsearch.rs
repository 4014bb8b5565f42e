//! A cluster: one bulk request and what its answer means. [`dispatcher`] decides what is sent when.

mod body;
mod body_limit;
mod bulk_output;
mod classify;
mod client;
mod concurrency;
mod credential;
pub(crate) mod dispatcher;
mod gzip;
#[cfg(any(test, feature = "test-support"))]
#[allow(missing_docs, clippy::missing_panics_doc, clippy::must_use_candidate, reason = "support of tests alone")]
pub mod mock;
mod nodes;
mod pairing;
pub mod prepared;
mod refusals;
pub mod reply;
mod request;
pub mod setup;
pub mod tls;
mod trust;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::elasticsearch::BulkParts;
use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode};

use self::body::Bodies;
use self::body_limit::BodyLimit;
pub use self::client::{Call, NodeClient};
use self::gzip::Gzip;
use self::nodes::Nodes;
use self::reply::{BLOCK, FILTER_PATH, block_hint};
use crate::batch::Batch;
use crate::settings::ElasticOutput;
use common::error::{Error, quoted};
use common::http::{connection_error, read_bounded, retry_after};

/// Longest reply that is read: one item of a reply to 1 MiB of documents takes some hundred bytes at worst.
pub(super) const MAX_REPLY: usize = if cfg!(test) { 256 * 1024 } else { 16 * 1024 * 1024 };
/// Nothing is written but to a data stream: without its template a plain index would be made, and taken for it ever after.
const REQUIRE: (&str, &str) = ("require_data_stream", "true");
/// Longest error text that is read.
const MAX_ERROR: usize = 64 * 1024;
/// What the credential is for.
pub(super) const PRIVILEGES: &str = "the credential needs `auto_configure` and `create_doc` on logs-m365_security.*";

/// A client of a cluster: it asks whichever of the configured nodes is in reach. Clones share what is known of them.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    nodes: Nodes,
    bodies: Bodies,
    timeout: Duration,
    max_concurrency: u32,
    max_documents: usize,
    limit: BodyLimit,
    /// Versions before 8.13 do not know what they are asked to require.
    cannot_require: AtomicBool,
    /// Its templates were looked at, or put there.
    is_prepared: AtomicBool,
}

/// What became of one request.
#[derive(Debug)]
pub(super) enum Answer {
    Reply(Vec<u8>),
    /// It is longer than what is read: it says nothing of any document.
    ReplyTooLong,
    /// 413.
    TooLarge,
    /// The node did not answer.
    Unreachable(Error),
    /// The cluster did not take it now.
    Busy(Error, Option<Duration>),
    /// It will not take the next one either.
    Fails(Error),
}

impl Client {
    /// A client for the configured hosts; nothing is sent yet.
    pub fn new(output: &ElasticOutput) -> Result<Self, Error> {
        if let Some(reason) = output.exposure() {
            return Err(Error::Io(format!("output.elasticsearch: {reason}")));
        }
        Ok(Self(Arc::new(Inner {
            nodes: Nodes::new(output)?,
            bodies: Bodies::new(output.gzip.map(Gzip::new).transpose()?, output.max_concurrency),
            timeout: output.timeout,
            max_concurrency: output.max_concurrency,
            max_documents: output.max_documents.unwrap_or(usize::MAX),
            limit: BodyLimit::new(output.max_body),
            cannot_require: AtomicBool::new(false),
            is_prepared: AtomicBool::new(false),
        })))
    }

    /// The client of a node that is in reach, for what is not a bulk request.
    pub async fn node(&self) -> Result<NodeClient, Error> {
        self.0.nodes.pick().await.map(|(_, client)| client.clone())
    }

    /// Puts a JSON text, with the next node where one does not answer.
    pub(super) async fn put(&self, path: &str, body: &'static [u8]) -> Result<Response, Error> {
        loop {
            let (node, client) = self.0.nodes.pick().await?;
            match client.send(Call::new(Method::PUT, path).body(body).timeout(self.0.timeout)).await {
                Ok(response) => {
                    node.answered();
                    return Ok(response);
                }
                Err(error) => {
                    node.failed(&error);
                    if !self.any_awake() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The cluster need not be looked at any more.
    pub(super) fn set_prepared(&self) {
        self.0.is_prepared.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_prepared(&self) -> bool {
        self.0.is_prepared.load(Ordering::Relaxed)
    }

    pub(super) fn max_concurrency(&self) -> u32 {
        self.0.max_concurrency
    }

    /// Most documents of one request.
    pub(super) fn max_documents(&self) -> usize {
        self.0.max_documents
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
            self.0.limit.ask(self.node().await.ok()).await;
        }
        self.body_limit()
    }

    /// A body of this size was refused as too large.
    pub(super) fn too_large(&self, size: usize) {
        self.0.limit.lower(size);
    }

    /// One bulk request to the next node.
    pub(super) async fn bulk(&self, batches: &[Batch]) -> Answer {
        let body = match self.0.bodies.encode(batches) {
            Ok(body) => body,
            Err(error) => return Answer::Fails(error),
        };
        let answer = self.send_bulk(body.clone()).await;
        self.0.bodies.give_back(body);
        answer
    }

    async fn send_bulk(&self, body: Bytes) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        if self.0.bodies.are_compressed() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let (node, client) = match self.0.nodes.pick().await {
            Ok(picked) => picked,
            Err(error) if error.is_temporary() => return Answer::Unreachable(error),
            Err(error) => return Answer::Fails(error),
        };
        let failed = |error: Error| {
            node.failed(&error);
            // Another node may serve where this one is down, or leads elsewhere.
            if error.is_temporary() || self.any_awake() { Answer::Unreachable(error) } else { Answer::Fails(error) }
        };
        let path = BulkParts::None.url();
        let query = [("filter_path", FILTER_PATH), REQUIRE];
        let query = if self.0.cannot_require.load(Ordering::Relaxed) { &query[..1] } else { &query[..] };
        let call = Call::new(Method::POST, &path).query(query).headers(headers).body(body).timeout(self.0.timeout);
        let response = match client.send(call).await {
            Ok(response) => response,
            Err(error) => return failed(error),
        };
        node.answered();
        match response.status() {
            StatusCode::OK => match read_bounded(response, MAX_REPLY + 1).await {
                Ok(reply) if reply.len() > MAX_REPLY => Answer::ReplyTooLong,
                Ok(reply) => Answer::Reply(reply),
                // Whatever it did is found out by sending it again: ids make that harmless.
                Err(error) => failed(connection_error(&client.named("bulk reply"), &error)),
            },
            StatusCode::PAYLOAD_TOO_LARGE => Answer::TooLarge,
            _ => match request_error("bulk request", response).await {
                Error::Throttled { what, after } => Answer::Busy(Error::Throttled { what, after }, after),
                Error::Permanent(what) if what.contains("unrecognized parameter") && what.contains(REQUIRE.0) => {
                    tracing::warn!("the cluster is too old to require data streams; use version 8.19 or later");
                    self.0.cannot_require.store(true, Ordering::Relaxed);
                    Answer::Busy(Error::Transient(what), Some(Duration::ZERO))
                }
                error @ Error::Transient(_) => Answer::Busy(error, None),
                error => Answer::Fails(error),
            },
        }
    }
}

/// What an answer that is not a reply asks for.
pub async fn request_error(what: &str, response: Response) -> Error {
    let status = response.status();
    let after = retry_after(&response);
    let text = read_bounded(response, MAX_ERROR).await.unwrap_or_default();
    let said = quoted(&String::from_utf8_lossy(&text));
    let what = format!("{what}: {status}: {said}");
    match status.as_u16() {
        401 => {
            Error::Auth(format!("{what}\nhint: Elasticsearch does not accept the API key or password of the output"))
        }
        403 if said.contains(BLOCK) => Error::Transient(format!("{what}\nhint: {}", block_hint(&said))),
        403 => Error::Auth(format!("{what}\nhint: {PRIVILEGES}")),
        429 | 503 => Error::Throttled { what, after },
        407 => {
            Error::Permanent(format!("{what}\nhint: the proxy asks for a login; check `output.elasticsearch.proxy`"))
        }
        408 | 500 | 502 | 504 => Error::Transient(what),
        _ => Error::Permanent(what),
    }
}
