//! The HTTP client towards Microsoft, and what its answers mean.

pub mod aadsts;
pub mod auth;
mod backoff;
mod budget;
pub(crate) mod client;
mod decode;
mod gap;
mod link;
#[cfg(any(test, fuzzing))]
pub mod probe;
mod request;
mod said;
#[cfg(test)]
mod tests;
mod wait;

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode};

pub(crate) use self::backoff::{Backoff, jitter};
pub(crate) use self::budget::Budget;
use self::client::Way;
pub(crate) use self::decode::{BodyError, Decoder, check_encoding};
pub(crate) use self::gap::Gap;
pub use self::gap::Unreachable;
pub(crate) use self::link::Service;
pub(crate) use self::request::{REDIRECTED, check_json, claims_challenge, ids, redirected, send};
pub(crate) use self::said::Said;
use crate::config::{HttpConfig, ProxyConfig};
use crate::error::{Fault, quoted, with_causes};

/// Longest error body that is read.
const MAX_ERROR_BODY: usize = 16 * 1024;

/// The way to Microsoft.
#[derive(Debug, Clone)]
pub struct Clients {
    /// For nearly everything.
    pub kept: Client,
    /// Makes a connection for each request: after a server that says it is not available, another may be reached.
    pub fresh: Client,
    /// What both go through.
    pub(crate) proxy: Option<ProxyConfig>,
}

impl Clients {
    /// As configured.
    pub fn new(config: &HttpConfig) -> Result<Self, Fault> {
        Ok(Self { kept: build(config, client::IDLE)?, fresh: build(config, 0)?, proxy: config.proxy.clone() })
    }
}

/// A client with the defaults, for everything but the sources.
pub fn client() -> Result<Client, Fault> {
    build(&HttpConfig::default(), client::IDLE)
}

fn build(config: &HttpConfig, idle: usize) -> Result<Client, Fault> {
    let HttpConfig { proxy, ca_file, connect_timeout, timeout } = config;
    let authorities = match ca_file {
        Some(file) => client::authorities("http.ca_file", file)?,
        None => Vec::new(),
    };
    client::make(Way {
        proxy: proxy.as_ref(),
        authorities,
        connect_timeout: *connect_timeout,
        silence: Some(*timeout),
        idle,
        unpacks: false,
        ..Way::default()
    })
}

/// A request was not answered. Where no connection was made, the way is to blame, not the question.
pub(crate) fn way_fault(what: &str, error: &reqwest::Error) -> Fault {
    if error.is_connect() {
        return Fault::Unreachable(Box::new(Unreachable::new(what, error)));
    }
    connection_fault(what, error)
}

/// A failure below HTTP.
pub(crate) fn connection_fault(what: &str, error: &reqwest::Error) -> Fault {
    Fault::Transient(format!("{what}: {}", with_causes(&Shown(error))))
}

/// A reqwest error by its causes only: its own text carries the address, which the caller has named already.
#[derive(Debug)]
struct Shown<'a>(&'a reqwest::Error);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_timeout() {
            "timed out"
        } else if self.0.is_connect() {
            "cannot connect"
        } else {
            "connection failed"
        })
    }
}

impl std::error::Error for Shown<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(self.0)
    }
}

/// What an answer other than 200 asks for.
pub(crate) async fn status_fault(what: &str, permission: &str, response: Response) -> Fault {
    let status = response.status();
    if status.is_redirection() {
        return redirected(what, &response, REDIRECTED);
    }
    let (after, ids) = (retry_after(&response), ids(&response));
    let body = read_bounded(response, MAX_ERROR_BODY).await.unwrap_or_default();
    let error = Said::read(&body);
    let said = if error.is_empty() { status.to_string() } else { quoted(&format!("{status}: {}", error.text())) };
    let what = format!("{what}: {said}{ids}");
    let throttled = |what| Fault::Throttled { what, after: after.or_else(|| wait_in(&body)) };
    match status {
        StatusCode::TOO_MANY_REQUESTS => throttled(what),
        // Without a time to wait it is a failure like the other 5xx: a smaller page may help.
        StatusCode::SERVICE_UNAVAILABLE if after.is_some() => throttled(what),
        // Some services say 403, or another one, and mean throttling.
        _ if error.is_throttling() && status != StatusCode::UNAUTHORIZED => throttled(what),
        StatusCode::REQUEST_TIMEOUT => Fault::Transient(what),
        StatusCode::UNAUTHORIZED => Fault::Auth(format!("{what}\nhint: the token is not accepted; check `cloud`")),
        StatusCode::FORBIDDEN => Fault::Auth(format!(
            "{what}\nhint: grant the application permission {permission} with admin consent, and check the licence"
        )),
        _ if status.is_server_error() => Fault::Transient(what),
        _ => Fault::Refused(what),
    }
}

/// What an answer other than 200 says.
pub(crate) async fn error_body(response: Response) -> Said {
    Said::read(&read_bounded(response, MAX_ERROR_BODY).await.unwrap_or_default())
}

/// `Retry-After`, in seconds or as a date.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    wait::of_header(response.headers().get(RETRY_AFTER)?.to_str().ok()?, crate::clock::now())
}

/// A wait in the words of an error body.
fn wait_in(body: &[u8]) -> Option<Duration> {
    wait::of_body(&String::from_utf8_lossy(body), crate::clock::now())
}

/// The first bytes of a body: for errors and tokens, never for pages. One that cannot be unpacked is as good as cut.
pub(crate) async fn read_bounded(mut response: Response, limit: usize) -> reqwest::Result<Vec<u8>> {
    let mut decoder = Decoder::of(response.headers()).ok().flatten();
    let mut body = Vec::new();
    while body.len() < limit
        && let Some(chunk) = response.chunk().await?
    {
        let Some(decoder) = &mut decoder else {
            body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]);
            continue;
        };
        decoder.push(chunk);
        while body.len() < limit
            && let Ok(Some(made)) = decoder.next()
        {
            body.extend_from_slice(&made);
        }
    }
    if let Some(rest) = decoder.as_mut().and_then(|decoder| decoder.finish().ok()) {
        body.extend_from_slice(&rest);
    }
    body.truncate(limit);
    Ok(body)
}
