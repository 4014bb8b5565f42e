//! The HTTP client towards Microsoft, and what its answers mean.

pub mod aadsts;
pub mod auth;
mod backoff;
mod budget;
#[cfg(test)]
mod tests;
mod wait;

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode, redirect};
use serde::Deserialize;

pub(crate) use self::backoff::{Backoff, jitter};
pub(crate) use self::budget::Budget;
use crate::error::{Fault, with_causes};

/// Longest error body that is read.
const MAX_ERROR_BODY: usize = 16 * 1024;

/// The one client: no redirects (a bearer token goes nowhere that was not checked), time limits per connection and read.
pub fn client() -> Result<Client, Fault> {
    Client::builder()
        .user_agent(concat!("m365-fetcher/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_mins(1))
        .pool_max_idle_per_host(2)
        .build()
        .map_err(|error| Fault::Local(format!("http client: {}", with_causes(&error))))
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

/// `{"error":{"code":…,"message":…}}`, the error body of Graph and of the Defender API.
#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: ApiError,
}

#[derive(Debug, Default, Deserialize)]
struct ApiError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What an answer other than 200 asks for.
pub(crate) async fn status_fault(what: &str, permission: &str, response: Response) -> Fault {
    let status = response.status();
    let after = retry_after(&response);
    let body = read_bounded(response, MAX_ERROR_BODY).await.unwrap_or_default();
    let error = serde_json::from_slice::<ErrorBody>(&body).unwrap_or_default().error;
    let said = if error.code.is_empty() && error.message.is_empty() {
        status.to_string()
    } else {
        format!("{status}: {}: {}", error.code, error.message)
    };
    let what = format!("{what}: {said}");
    let throttled = |what| Fault::Throttled { what, after: after.or_else(|| wait_in(&body)) };
    match status {
        StatusCode::TOO_MANY_REQUESTS => throttled(what),
        // Without a time to wait it is a failure like the other 5xx: a smaller page may help.
        StatusCode::SERVICE_UNAVAILABLE if after.is_some() => throttled(what),
        // Some services say 403 and mean throttling.
        StatusCode::FORBIDDEN if error.code == "AF429" || error.message.contains("AF429") => throttled(what),
        StatusCode::REQUEST_TIMEOUT => Fault::Transient(what),
        StatusCode::UNAUTHORIZED => Fault::Auth(format!("{what}\nhint: the token is not accepted; check `cloud`")),
        StatusCode::FORBIDDEN => Fault::Auth(format!(
            "{what}\nhint: grant the application permission {permission} with admin consent, and check the licence"
        )),
        _ if status.is_server_error() => Fault::Transient(what),
        _ => Fault::Refused(what),
    }
}

/// (code, message) of an answer other than 200; empty where the body is not the API's.
pub(crate) async fn error_body(response: Response) -> (String, String) {
    let body = read_bounded(response, MAX_ERROR_BODY).await.unwrap_or_default();
    let ApiError { code, message } = serde_json::from_slice::<ErrorBody>(&body).unwrap_or_default().error;
    (code, message)
}

/// `Retry-After`, in seconds or as a date.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    wait::of_header(response.headers().get(RETRY_AFTER)?.to_str().ok()?, crate::clock::now())
}

/// A wait in the words of an error body.
fn wait_in(body: &[u8]) -> Option<Duration> {
    wait::of_body(&String::from_utf8_lossy(body), crate::clock::now())
}

/// The first bytes of a body: for errors and tokens, never for pages.
pub(crate) async fn read_bounded(mut response: Response, limit: usize) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = limit.saturating_sub(body.len()).min(chunk.len());
        body.extend_from_slice(&chunk[..room]);
        if room < chunk.len() {
            break;
        }
    }
    Ok(body)
}
