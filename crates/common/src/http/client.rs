//! The one place that makes HTTP clients: towards Microsoft, the platform's token services and the output alike.
//!
//! None of them follows a redirect, because what goes with a request (a token, a key, a client secret, documents) is meant
//! for the host that was configured. `clippy.toml` bans making clients elsewhere.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Proxy, redirect};
use secrecy::ExposeSecret;

use crate::error::{Error, with_causes};
use crate::http::ProxyConfig;
use crate::secrets;

/// Connections to one host that are kept for the next requests.
pub const IDLE: usize = 32;

/// How a client reaches its hosts.
#[derive(Debug)]
pub struct Route<'a> {
    /// The proxy, for the hosts that it serves.
    pub proxy: Option<&'a ProxyConfig>,
    /// Trusted beside the public authorities.
    pub authorities: Vec<Certificate>,
    /// Decides about certificates in the place of the default.
    pub tls: Option<rustls::ClientConfig>,
    /// Longest time until a connection stands.
    pub connect_timeout: Duration,
    /// Longest silence of a server.
    pub silence: Option<Duration>,
    /// Longest time of a request with its answer.
    pub timeout: Option<Duration>,
    /// Connections to one host that are kept for the next requests.
    pub idle: usize,
    /// Answers are unpacked by the client. Where they are not, whoever reads them does it: it takes members in any number.
    pub unpacks: bool,
}

impl Default for Route<'_> {
    fn default() -> Self {
        Self {
            proxy: None,
            authorities: Vec::new(),
            tls: None,
            connect_timeout: Duration::from_secs(10),
            silence: None,
            timeout: None,
            idle: IDLE,
            unpacks: true,
        }
    }
}

/// A client. It speaks HTTP/1.1: the pages of one HTTP/2 connection would share a window, and one that waits for its turn
/// would hold up those of other tenants.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that makes clients; it turns redirects off for all of them"
)]
pub fn make(route: Route<'_>) -> Result<Client, Error> {
    let mut builder = Client::builder()
        .user_agent(concat!("m365-fetcher/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .http1_only()
        .connect_timeout(route.connect_timeout)
        .pool_max_idle_per_host(route.idle)
        .gzip(route.unpacks)
        // Only the configuration reads the environment, so the client must not.
        .no_proxy();
    if let Some(silence) = route.silence {
        builder = builder.read_timeout(silence);
    }
    if let Some(timeout) = route.timeout {
        builder = builder.timeout(timeout);
    }
    if let Some(proxy) = route.proxy {
        builder = builder.proxy(through(proxy));
    }
    builder = match route.tls {
        Some(tls) => builder.use_preconfigured_tls(tls),
        None => route.authorities.into_iter().fold(builder, ClientBuilder::add_root_certificate),
    };
    builder.build().map_err(|error| Error::Io(format!("http client: {}", with_causes(&error))))
}

fn through(proxy: &ProxyConfig) -> Proxy {
    let given = proxy.clone();
    let through =
        Proxy::custom(move |to| to.host_str().is_some_and(|host| given.serves(host)).then(|| given.url.clone()));
    match &proxy.login {
        Some((user, password)) => {
            secrets::keep(password.expose_secret());
            through.basic_auth(user, password.expose_secret())
        }
        None => through,
    }
}

/// The certificates of a PEM file, which a key of the configuration names.
pub fn authorities(key: &str, file: &Path) -> Result<Vec<Certificate>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Io(format!("{key} {}: {error}", file.display()));
    let pem = std::fs::read(file).map_err(|error| failed(&error))?;
    let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| failed(&error))?;
    if authorities.is_empty() {
        return Err(failed(&"holds no certificate; allowed: a PEM file with -----BEGIN CERTIFICATE-----"));
    }
    Ok(authorities)
}
