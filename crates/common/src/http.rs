//! HTTP as both sides need it, towards Microsoft and towards the cluster: clients, bodies, pauses, and what keeps an answer
//! away.

mod backoff;
pub mod client;
mod decode;
mod gap;
pub mod plain;
mod proxy;
mod request;
#[cfg(test)]
mod tests;
mod wait;

use std::time::Duration;

use reqwest::Response;
use reqwest::header::RETRY_AFTER;

pub use self::backoff::{Backoff, MAX_AFTER, jitter};
pub use self::decode::{BodyError, Decoder, check_encoding};
pub use self::gap::{Gap, Unreachable};
pub use self::proxy::ProxyConfig;
pub use self::request::{REDIRECTED, check_json, claims_challenge, guid, ids, redirected, send};
use crate::error::{Error, with_causes};

/// A request was not answered. Where no connection was made, the way is to blame, not the question.
pub fn way_error(what: &str, error: &reqwest::Error) -> Error {
    if error.is_connect() {
        return Error::Unreachable(Box::new(Unreachable::new(what, error)));
    }
    connection_error(what, error)
}

/// A failure below HTTP.
pub fn connection_error(what: &str, error: &reqwest::Error) -> Error {
    Error::Transient(format!("{what}: {}", with_causes(&Shown(error))))
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

/// `Retry-After`, in seconds or as a date.
pub fn retry_after(response: &Response) -> Option<Duration> {
    wait::of_header(response.headers().get(RETRY_AFTER)?.to_str().ok()?, crate::clock::now())
}

/// A wait in the words of an error body.
pub fn wait_in(body: &[u8]) -> Option<Duration> {
    wait::of_body(&String::from_utf8_lossy(body), crate::clock::now())
}

/// The first bytes of a body: for errors and tokens, never for pages. One that cannot be unpacked is as good as cut.
pub async fn read_bounded(mut response: Response, limit: usize) -> reqwest::Result<Vec<u8>> {
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
            && let Ok(Some(made)) = decoder.next_chunk()
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
