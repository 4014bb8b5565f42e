//! The way to Microsoft: clouds, sign-in, throttling, requests and what their answers mean.

pub mod aadsts;
pub mod auth;
mod budget;
mod cloud;
mod credential;
pub mod fair_scheduler;
mod link;
#[cfg(any(test, fuzzing))]
pub mod probe;
mod said;
pub mod source;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use common::error::{Error, quoted};
use common::http::client::{self, Route};
use common::http::{ProxyConfig, REDIRECTED, ids, read_bounded, redirected, retry_after, wait_in};
use reqwest::{Client, Response, StatusCode};

pub use self::budget::Budget;
pub use self::cloud::{Cloud, NAMES};
pub use self::credential::{CertificateFiles, CredentialKind, ManagedIdentity};
pub use self::link::Service;
pub use self::said::Said;

/// Longest error body that is read.
const MAX_ERROR_BODY: usize = 16 * 1024;

/// Longest time to connect where nothing is configured.
pub const DEFAULT_CONNECT: Duration = Duration::from_secs(10);
/// Longest silence where nothing is configured.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// How requests reach Microsoft: the APIs and the token endpoints alike, but not the token service of a managed identity,
/// which is on the machine.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpConfig {
    /// Route out. Without one the hosts are asked directly, whatever the environment says.
    pub proxy: Option<ProxyConfig>,
    /// PEM file of a certificate authority that is trusted beside the public ones: that of a proxy that looks inside.
    pub ca_file: Option<PathBuf>,
    /// Longest time until a connection stands.
    pub connect_timeout: Duration,
    /// Longest silence of a server.
    pub timeout: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { proxy: None, ca_file: None, connect_timeout: DEFAULT_CONNECT, timeout: DEFAULT_TIMEOUT }
    }
}

/// The way to Microsoft.
#[derive(Debug, Clone)]
pub struct Clients {
    /// For nearly everything.
    pub kept: Client,
    /// Makes a connection for each request: after a server that says it is not available, another may be reached.
    pub fresh: Client,
    /// What both go through.
    pub proxy: Option<ProxyConfig>,
}

impl Clients {
    /// As configured.
    pub fn new(config: &HttpConfig) -> Result<Self, Error> {
        Ok(Self { kept: build(config, client::IDLE)?, fresh: build(config, 0)?, proxy: config.proxy.clone() })
    }
}

/// A client with the defaults, for everything but the sources.
pub fn client() -> Result<Client, Error> {
    build(&HttpConfig::default(), client::IDLE)
}

fn build(config: &HttpConfig, idle: usize) -> Result<Client, Error> {
    let HttpConfig { proxy, ca_file, connect_timeout, timeout } = config;
    let authorities = match ca_file {
        Some(file) => client::authorities("http.ca_file", file)?,
        None => Vec::new(),
    };
    client::make(Route {
        proxy: proxy.as_ref(),
        authorities,
        connect_timeout: *connect_timeout,
        silence: Some(*timeout),
        idle,
        unpacks: false,
        ..Route::default()
    })
}

/// What an answer other than 200 asks for.
pub(crate) async fn status_error(what: &str, permission: &str, response: Response) -> Error {
    let status = response.status();
    if status.is_redirection() {
        return redirected(what, &response, REDIRECTED);
    }
    let (after, ids) = (retry_after(&response), ids(&response));
    let body = read_bounded(response, MAX_ERROR_BODY).await.unwrap_or_default();
    let error = Said::read(&body);
    let said = if error.is_empty() { status.to_string() } else { quoted(&format!("{status}: {}", error.text())) };
    let what = format!("{what}: {said}{ids}");
    let throttled = |what| Error::Throttled { what, after: after.or_else(|| wait_in(&body)) };
    match status {
        StatusCode::TOO_MANY_REQUESTS => throttled(what),
        // Without a time to wait it is a failure like the other 5xx: a smaller page may help.
        StatusCode::SERVICE_UNAVAILABLE if after.is_some() => throttled(what),
        // Some services say 403, or another one, and mean throttling.
        _ if error.is_throttling() && status != StatusCode::UNAUTHORIZED => throttled(what),
        StatusCode::REQUEST_TIMEOUT => Error::Transient(what),
        StatusCode::UNAUTHORIZED => Error::Auth(format!("{what}\nhint: the token is not accepted; check `cloud`")),
        StatusCode::FORBIDDEN => Error::Auth(format!(
            "{what}\nhint: grant the application permission {permission} with admin consent, and check the licence"
        )),
        _ if status.is_server_error() => Error::Transient(what),
        _ => Error::Permanent(what),
    }
}

/// What an answer other than 200 says.
pub async fn error_body(response: Response) -> Said {
    Said::read(&read_bounded(response, MAX_ERROR_BODY).await.unwrap_or_default())
}
