//! Bulk requests to Elasticsearch: partial failures, overload, bodies that are too large.

use std::io::Write;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use elasticsearch::Elasticsearch;
use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::response::Response;
use elasticsearch::http::transport::{MultiNodeConnectionPool, TransportBuilder};
use elasticsearch::http::{Method, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use mapper::DocId;
use secrecy::ExposeSecret;

use super::bulk::{FILTER_PATH, Verdict, read_reply};
use super::{Batch, Entry, Receipt};
use crate::config::{ElasticOutput, Login};
use crate::deadletter::{DeadLetters, Raw, Rejection};
use crate::error::{Fault, with_causes};
use crate::http::Backoff;

const TIMEOUT: Duration = Duration::from_secs(90);
/// Repetitions of a request or of its busy items: about five minutes.
const ATTEMPTS: u32 = 12;
/// Longest reply that is read: one item of a reply to 1 MiB of documents takes some hundred bytes at worst.
const MAX_REPLY: usize = 64 * 1024 * 1024;

/// A cluster.
#[derive(Debug)]
pub struct Elastic {
    client: Elasticsearch,
    gzip: bool,
    /// First pause between attempts.
    pause: Duration,
}

/// What became of one request.
enum Answer {
    Reply(Bytes),
    TooLarge,
}

impl Elastic {
    /// A client for the configured hosts; nothing is sent yet.
    pub fn new(output: &ElasticOutput) -> Result<Self, Fault> {
        Ok(Self { client: client(output)?, gzip: output.gzip, pause: Duration::from_millis(500) })
    }

    /// The official client, for what is not a bulk request.
    pub fn client(&self) -> &Elasticsearch {
        &self.client
    }

    /// Tests do not wait.
    #[doc(hidden)]
    #[must_use]
    pub fn with_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    pub(super) async fn deliver(&mut self, batch: &mut Batch, dead: &DeadLetters) -> Result<Receipt, Fault> {
        let mut receipt = Receipt::default();
        let body = Bytes::from(std::mem::take(&mut batch.body));
        let delivered = self.deliver_body(&body, batch, dead, &mut receipt).await;
        // The request is over, so the buffer is ours again and goes back to the pool.
        batch.body = Vec::from(body);
        delivered.map(|()| receipt)
    }

    async fn deliver_body(
        &mut self,
        body: &Bytes,
        batch: &Batch,
        dead: &DeadLetters,
        receipt: &mut Receipt,
    ) -> Result<(), Fault> {
        let mut work: Vec<Vec<Entry>> = vec![batch.entries().to_vec()];
        let mut backoff = Backoff::new(self.pause, self.pause * 120, ATTEMPTS);
        while let Some(entries) = work.pop() {
            let reply = match self.request(gather(body, &entries), &mut backoff).await? {
                Answer::Reply(reply) => reply,
                Answer::TooLarge if entries.len() > 1 => {
                    let mut first = entries;
                    let second = first.split_off(first.len() / 2);
                    work.push(second);
                    work.push(first);
                    continue;
                }
                Answer::TooLarge => {
                    refuse(&entries[0], body, batch, dead, "413 document larger than http.max_content_length")?;
                    receipt.of(entries[0].dataset).refused += 1;
                    continue;
                }
            };
            let (busy, said) =
                settle(&reply, &entries, |entry, reason| refuse(entry, body, batch, dead, reason), receipt)?;
            if !busy.is_empty() {
                tracing::warn!(items = busy.len(), of = entries.len(), said, "output is busy, items are sent again");
                pause(&mut backoff, None, &said).await?;
                work.push(busy);
            }
        }
        Ok(())
    }

    /// One bulk request, repeated while the cluster is busy or out of reach.
    async fn request(&self, body: Bytes, backoff: &mut Backoff) -> Result<Answer, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        let body = if self.gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            compress(&body).map_err(|error| Fault::local("gzip", &error))?
        } else {
            body
        };
        loop {
            let query = [("filter_path", FILTER_PATH)];
            let sent = self
                .client
                .send(Method::Post, "/_bulk", headers.clone(), Some(&query), Some(body.clone()), Some(TIMEOUT))
                .await;
            let fault = match sent {
                Err(error) => Fault::Transient(format!("bulk request: {}", with_causes(&error))),
                Ok(response) => match response.status_code() {
                    StatusCode::OK => match read(response).await {
                        Ok(reply) => return Ok(Answer::Reply(reply)),
                        // Whatever it did is found out by sending it again: ids make that harmless.
                        Err(error) => Fault::Transient(format!("bulk reply: {}", with_causes(&error))),
                    },
                    StatusCode::PAYLOAD_TOO_LARGE => return Ok(Answer::TooLarge),
                    _ => request_fault("bulk request", response).await,
                },
            };
            if !fault.is_temporary() {
                return Err(fault);
            }
            let after = if let Fault::Throttled { after, .. } = &fault { *after } else { None };
            tracing::warn!(error = %fault, "output does not take the batch, it is sent again");
            pause(backoff, after, &fault.to_string()).await?;
        }
    }
}

/// Sorts the items of a reply; returns those that are to be sent again and why.
fn settle(
    reply: &[u8],
    entries: &[Entry],
    refuse: impl Fn(&Entry, &str) -> Result<(), Fault>,
    receipt: &mut Receipt,
) -> Result<(Vec<Entry>, String), Fault> {
    let mut busy = Vec::new();
    let mut said = String::new();
    let mut failed = None;
    let count = read_reply(reply, &mut |place, verdict| {
        let Some(entry) = entries.get(place) else { return };
        let outcome = receipt.of(entry.dataset);
        match verdict {
            Verdict::Created => outcome.created += 1,
            Verdict::Duplicate => outcome.duplicates += 1,
            Verdict::Refused(reason) => {
                outcome.refused += 1;
                if let Err(fault) = refuse(entry, &reason) {
                    failed.get_or_insert(fault);
                }
            }
            Verdict::Retry(reason) => {
                busy.push(*entry);
                said = reason;
            }
            Verdict::Forbidden(reason) => {
                failed.get_or_insert_with(|| Fault::Auth(format!("bulk request: {reason}\nhint: {PRIVILEGES}")));
            }
        }
    })
    .map_err(|error| Fault::Refused(format!("bulk reply cannot be read, is this Elasticsearch? {error}")))?;
    if let Some(fault) = failed {
        return Err(fault);
    }
    if count != entries.len() {
        return Err(Fault::Refused(format!("bulk reply has {count} items for {} documents", entries.len())));
    }
    Ok((busy, said))
}

const PRIVILEGES: &str = "the credential needs `auto_configure` and `create_doc` on logs-m365_security.*";

fn refuse(entry: &Entry, body: &Bytes, batch: &Batch, dead: &DeadLetters, reason: &str) -> Result<(), Fault> {
    let rejection = Rejection {
        dataset: schema::catalog()[usize::from(entry.dataset)].definition.name,
        tenant: batch.tenant(),
        reason: "refused",
        detail: reason,
        record: Some(&DocId(entry.id).to_string()),
    };
    // Without the line feed.
    dead.keep(rejection, Raw::Bytes(&body[entry.document as usize..entry.end as usize - 1]))
}

async fn pause(backoff: &mut Backoff, after: Option<Duration>, said: &str) -> Result<(), Fault> {
    match backoff.next(after) {
        Some(pause) => {
            tokio::time::sleep(pause).await;
            Ok(())
        }
        None => Err(Fault::Transient(format!("output did not take a batch in {} attempts: {said}", ATTEMPTS + 1))),
    }
}

/// The lines of the entries: a slice of the body where they follow each other, a copy where not.
fn gather(body: &Bytes, entries: &[Entry]) -> Bytes {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for entry in entries {
        let (start, end) = (entry.start as usize, entry.end as usize);
        match ranges.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    match &ranges[..] {
        [only] => body.slice(only.clone()),
        ranges => ranges.iter().flat_map(|range| &body[range.clone()]).copied().collect(),
    }
}

fn compress(body: &[u8]) -> std::io::Result<Bytes> {
    // The fastest level: four fifths of the effect for a third of the time.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 6), Compression::fast());
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
    let said: String = text.chars().filter(|c| !c.is_control()).take(500).collect();
    let what = format!("{what}: {status}: {said}");
    match status.as_u16() {
        401 => Fault::Auth(format!("{what}\nhint: the API key or password is not accepted")),
        403 => Fault::Auth(format!("{what}\nhint: {PRIVILEGES}")),
        429 | 503 => Fault::Throttled { what, after: after.map(Duration::from_secs) },
        408 | 500 | 502 | 504 => Fault::Transient(what),
        _ => Fault::Refused(what),
    }
}

fn client(output: &ElasticOutput) -> Result<Elasticsearch, Fault> {
    let pool = MultiNodeConnectionPool::round_robin(output.hosts.clone(), None);
    let mut builder = TransportBuilder::new(pool);
    builder = match &output.login {
        Login::None => builder,
        Login::ApiKey(key) => builder.auth(Credentials::EncodedApiKey(key.expose_secret().to_owned())),
        Login::Basic(name, password) => {
            builder.auth(Credentials::Basic(name.clone(), password.expose_secret().to_owned()))
        }
    };
    if let Some(file) = &output.ca_file {
        let pem = std::fs::read(file).map_err(|error| Fault::local(format!("ca_file {}", file.display()), &error))?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|error| Fault::Local(format!("ca_file {}: {error}", file.display())))?;
        builder = builder.cert_validation(CertificateValidation::Full(certificate));
    }
    let transport = builder.build().map_err(|error| Fault::Local(format!("elasticsearch client: {error}")))?;
    Ok(Elasticsearch::new(transport))
}
