//! The way to a host: name, connection, TLS, proxy, and what its clock says.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Client, StatusCode};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::Url;

use super::{Finding, Item};
use crate::config::ProxyConfig;
use common::clock;
use common::http::Gap;

const PATIENCE: Duration = Duration::from_secs(10);
/// Differences between the clocks that are told, and that break signatures and tokens.
const SKEW: i64 = 60;
const BROKEN: i64 = 300;

/// How hosts are asked.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) client: Client,
    pub(super) proxy: Option<ProxyConfig>,
}

impl Route {
    /// The proxy before this host, if there is one.
    fn proxy(&self, root: &Url) -> Option<&Url> {
        let serves = |proxy: &&ProxyConfig| root.host_str().is_some_and(|host| proxy.serves(host));
        self.proxy.as_ref().filter(serves).map(|proxy| &proxy.url)
    }
}

/// Whether the host answers HTTP at all; any status of its own is good. With it comes the host's time.
pub(super) async fn reach(route: &Route, root: &Url) -> (Finding, Option<DateTime<Utc>>) {
    let host = root.origin().ascii_serialization();
    let proxy = route.proxy(root);
    match route.client.get(root.clone()).timeout(PATIENCE).send().await {
        Ok(response) if proxy.is_some() && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            (failed(&Gap::Login, &host, proxy), None)
        }
        Ok(response) => {
            let date = clock::date(response.headers());
            let through = if proxy.is_some() { ", through the proxy" } else { "" };
            (Finding::ok(Item::Reach, format!("{host} answers{through}")), date)
        }
        Err(error) => (failed(&gap(proxy.unwrap_or(root), &error).await, &host, proxy), None),
    }
}

fn failed(gap: &Gap, host: &str, proxy: Option<&Url>) -> Finding {
    Finding::failed(Item::Reach, gap.text(host, proxy)).cure(gap.cure(proxy.is_some()))
}

/// Which part of the way is missing: the host's, or that to the proxy before it.
async fn gap(target: &Url, error: &reqwest::Error) -> Gap {
    match connect(target).await {
        Err(gap) => gap,
        Ok(()) => match Gap::of(error) {
            // The connection stands by now: the host does not answer on it.
            Gap::Name(reason) | Gap::Connection(reason) => Gap::Silent(reason),
            gap => gap,
        },
    }
}

/// A connection to the first address that takes one.
async fn connect(root: &Url) -> Result<(), Gap> {
    let (name, port) = (root.host_str().unwrap_or_default(), root.port_or_known_default().unwrap_or_default());
    let name = name.trim_matches(['[', ']']);
    let found = timeout(PATIENCE, lookup_host((name, port))).await;
    let addresses = found.map_err(|_| Gap::Name("DNS does not answer".to_owned()))?;
    let mut reason = "no address".to_owned();
    for address in addresses.map_err(|error| Gap::Name(error.to_string()))? {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => reason = format!("{address}: {error}"),
            Err(_) => reason = format!("{address}: timed out"),
        }
    }
    Err(Gap::Connection(reason))
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
