//! Every request carries an id, and every answer is checked in the same way, whatever it is for.

use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, LOCATION, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, Response};
use ring::rand::SystemRandom;

use crate::error::{Error, quoted};

/// The id that we gave to a request: Microsoft's support finds the request by it and by the answer's own.
#[derive(Debug, Clone)]
struct Sent(String);

/// Sends with a `client-request-id`, which the answer remembers.
pub async fn send(request: RequestBuilder) -> reqwest::Result<Response> {
    let id = guid();
    let start = tokio::time::Instant::now();
    let answer = request.header("client-request-id", &id).header(ACCEPT_ENCODING, "gzip").send().await;
    let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    match answer {
        Ok(mut response) => {
            let (url, status) = (response.url(), response.status().as_u16());
            let (host, path) = (url.origin().ascii_serialization(), url.path());
            tracing::debug!(host, path, status, milliseconds, client_request_id = id, "request answered");
            response.extensions_mut().insert(Sent(id));
            Ok(response)
        }
        Err(error) => {
            let (host, path) = error.url().map(|url| (url.origin().ascii_serialization(), url.path())).unzip();
            tracing::debug!(host, path, milliseconds, client_request_id = id, "request failed");
            Err(error)
        }
    }
}

/// A random GUID (version 4, RFC 9562).
pub fn guid() -> String {
    // Without random numbers there is no TLS either.
    let mut bytes =
        ring::rand::generate::<[u8; 16]>(&SystemRandom::new()).map(ring::rand::Random::expose).unwrap_or_default();
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let number = u128::from_be_bytes(bytes);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        number >> 96,
        number >> 80 & 0xFFFF,
        number >> 64 & 0xFFFF,
        number >> 48 & 0xFFFF,
        number & 0xFFFF_FFFF_FFFF
    )
}

/// ` (request-id …, client-request-id …)`, as far as they are known.
pub fn ids(response: &Response) -> String {
    let theirs = response.headers().get("request-id").or_else(|| response.headers().get("x-ms-request-id"));
    let theirs = theirs.and_then(|id| id.to_str().ok()).filter(|id| id.len() <= 100).map(quoted);
    let ours = response.extensions().get::<Sent>().map(|Sent(id)| id.as_str());
    match (theirs, ours) {
        (Some(theirs), Some(ours)) => format!(" (request-id {theirs}, client-request-id {ours})"),
        (None, Some(ours)) => format!(" (client-request-id {ours})"),
        (Some(theirs), None) => format!(" (request-id {theirs})"),
        (None, None) => String::new(),
    }
}

/// An answer that is not JSON comes from somebody on the way: a proxy's page, a portal that wants a sign-in.
pub fn check_json(what: &str, response: &Response) -> Result<(), Error> {
    let Some(kind) = response.headers().get(CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.to_ascii_lowercase().contains("json") {
        return Ok(());
    }
    let essence: String = quoted(essence).chars().take(60).collect();
    Err(Error::Transient(format!(
        "{what}: the answer is `{essence}` instead of JSON{}\nhint: a proxy or a portal answers in the service's place; \
         check `http.proxy` and the way out",
        ids(response)
    )))
}

/// The error for a redirect of one of Microsoft's services.
pub const REDIRECTED: &str = "a proxy or a portal answers in the service's place, or `cloud` is wrong";

/// An answer that leads elsewhere, by any status of the 3xx: what goes with a request must not go there, so nothing does.
pub fn redirected(what: &str, response: &Response, hint: &str) -> Error {
    Error::Permanent(format!(
        "{what}: {}: redirected to {}, redirects are not followed{}\nhint: {hint}",
        response.status(),
        target(response),
        ids(response)
    ))
}

/// Where a redirect leads, without what may be secret in its address.
fn target(response: &Response) -> String {
    let Some(written) = response.headers().get(LOCATION) else { return "nowhere (it names no Location)".to_owned() };
    let Some(to) = written.to_str().ok().and_then(|to| response.url().join(to).ok()) else {
        return "an address that cannot be read".to_owned();
    };
    let Some(host) = to.host_str() else { return format!("an address of the kind `{}:`", to.scheme()) };
    let port = to.port().map(|port| format!(":{port}")).unwrap_or_default();
    quoted(&format!("{}://{host}{port}", to.scheme()))
}

/// The claims that a new token must satisfy (continuous access evaluation): `WWW-Authenticate: Bearer …, claims="…"`.
pub fn claims_challenge(headers: &HeaderMap) -> Option<String> {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let challenge = headers.get_all(WWW_AUTHENTICATE).iter().find_map(|value| {
        let value = value.to_str().ok()?;
        let (_, rest) = value.split_once("claims=\"")?;
        rest.split_once('"').map(|(claims, _)| claims)
    })?;
    let decoded = [STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD].iter().find_map(|form| form.decode(challenge).ok())?;
    let text = String::from_utf8(decoded).ok()?;
    serde_json::from_str::<serde::de::IgnoredAny>(&text).ok().map(|_| text)
}
