//! The way to a host: name, connection, TLS, proxy, and what its clock says.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::DATE;
use reqwest::{Client, StatusCode};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::Url;

use super::{Finding, Item};
use crate::clock;
use crate::config::ProxyConfig;
use crate::error::with_causes;

const PROXY: &str = "check `http.proxy`: its address, its login, and whether it allows this host";
const PATIENCE: Duration = Duration::from_secs(10);
/// Differences between the clocks that are told, and that break signatures and tokens.
const SKEW: i64 = 60;
const BROKEN: i64 = 300;

/// How hosts are asked.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) client: Client,
    pub(super) proxy: Option<ProxyConfig>,
}

impl Way {
    /// The proxy before this host, if there is one.
    fn proxy(&self, root: &Url) -> Option<&Url> {
        let serves = |proxy: &&ProxyConfig| root.host_str().is_some_and(|host| proxy.serves(host));
        self.proxy.as_ref().filter(serves).map(|proxy| &proxy.url)
    }
}

/// Whether the host answers HTTP at all; any status of its own is good. With it comes the host's time.
pub(super) async fn reach(way: &Way, root: &Url) -> (Finding, Option<DateTime<Utc>>) {
    let host = root.origin().ascii_serialization();
    let proxy = way.proxy(root);
    match way.client.get(root.clone()).timeout(PATIENCE).send().await {
        Ok(response) if proxy.is_some() && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            (Finding::failed(Item::Reach, format!("{host}: the proxy asks for a login")).cure(PROXY), None)
        }
        Ok(response) => {
            let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
            let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map(|date| date.to_utc());
            let through = if proxy.is_some() { ", through the proxy" } else { "" };
            (Finding::ok(Item::Reach, format!("{host} answers{through}")), date)
        }
        Err(error) => match proxy {
            Some(proxy) => (behind(proxy, &host, &error).await, None),
            None => (unreachable(root, &host, &error).await, None),
        },
    }
}

/// Which part of the way is missing.
async fn unreachable(root: &Url, host: &str, error: &reqwest::Error) -> Finding {
    let causes = with_causes(error);
    let fits = |words: &[&str]| words.iter().any(|word| causes.to_ascii_lowercase().contains(word));
    match connect(root).await {
        Err(NoWay::Name(reason)) => {
            Finding::failed(Item::Reach, format!("{host}: the name cannot be resolved: {reason}"))
                .cure("check DNS on this machine, and the host's spelling in `cloud`; behind a proxy, set `http.proxy`")
        }
        Err(NoWay::Connection(reason)) => Finding::failed(Item::Reach, format!("{host}: no connection: {reason}"))
            .cure("check the firewall between this machine and the host, or set `http.proxy`"),
        Ok(()) if fits(&["certificate", "tls", "handshake", "unknownissuer", "invalidcontenttype"]) => {
            Finding::failed(Item::Reach, format!("{host}: TLS fails: {}", own(error))).cure(
                "a proxy that inspects TLS needs its certificate authority to be known here; otherwise check the port",
            )
        }
        Ok(()) => {
            Finding::failed(Item::Reach, format!("{host} accepts connections, but does not answer: {}", own(error)))
                .cure("check what listens there: is it this service, and does a proxy stand before it")
        }
    }
}

/// The causes without the first text, which repeats the address.
fn own(error: &reqwest::Error) -> String {
    std::error::Error::source(error).map_or_else(|| "timed out".to_owned(), with_causes)
}

/// Why there is no connection.
enum NoWay {
    Name(String),
    Connection(String),
}

/// A connection to the first address that takes one.
async fn connect(root: &Url) -> Result<(), NoWay> {
    let (name, port) = (root.host_str().unwrap_or_default(), root.port_or_known_default().unwrap_or_default());
    let name = name.trim_matches(['[', ']']);
    let found = timeout(PATIENCE, lookup_host((name, port))).await;
    let addresses = found.map_err(|_| NoWay::Name("DNS does not answer".to_owned()))?;
    let mut reason = "no address".to_owned();
    for address in addresses.map_err(|error| NoWay::Name(error.to_string()))? {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => reason = format!("{address}: {error}"),
            Err(_) => reason = format!("{address}: timed out"),
        }
    }
    Err(NoWay::Connection(reason))
}

/// The way leads through a proxy: is it there, and does it let the request through?
async fn behind(proxy: &Url, host: &str, error: &reqwest::Error) -> Finding {
    let shown = proxy.origin().ascii_serialization();
    let text = match connect(proxy).await {
        Err(NoWay::Name(reason)) => format!("{host}: the name of the proxy {shown} cannot be resolved: {reason}"),
        Err(NoWay::Connection(reason)) => format!("{host}: no connection to the proxy {shown}: {reason}"),
        Ok(()) => format!("{host}: the proxy {shown} does not let the request through: {}", own(error)),
    };
    Finding::failed(Item::Reach, text).cure(PROXY)
}

/// The difference of the clocks. Positive: ours is ahead.
pub(super) fn clock(theirs: DateTime<Utc>) -> Finding {
    let skew = (clock::now() - theirs).num_seconds();
    let way = if skew < 0 { "behind" } else { "ahead of" };
    let text = format!("this machine's clock is {} s {way} the service's", skew.abs());
    let cure = "let NTP set this machine's clock: signed assertions and tokens are only good for minutes";
    match skew.abs() {
        BROKEN.. => Finding::failed(Item::Clock, text).cure(cure),
        SKEW.. => Finding::warning(Item::Clock, text).cure(cure),
        _ => Finding::ok(Item::Clock, text),
    }
}
