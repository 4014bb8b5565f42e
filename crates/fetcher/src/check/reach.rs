//! The way to a host: name, connection, TLS, proxy, and what its clock says.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Client;
use reqwest::header::DATE;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::Url;

use super::{Finding, Item};
use crate::clock;
use crate::error::with_causes;

const PATIENCE: Duration = Duration::from_secs(10);
/// Differences between the clocks that are told, and that break signatures and tokens.
const SKEW: i64 = 60;
const BROKEN: i64 = 300;

/// Whether the host answers HTTP at all; any status is good. With it comes the host's time.
pub(super) async fn reach(client: &Client, root: &Url) -> (Finding, Option<DateTime<Utc>>) {
    let host = root.origin().ascii_serialization();
    match client.get(root.clone()).timeout(PATIENCE).send().await {
        Ok(response) => {
            let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
            let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map(|date| date.to_utc());
            (Finding::ok(Item::Reach, format!("{host} answers")), date)
        }
        Err(error) => (unreachable(root, &host, &error).await, None),
    }
}

/// Which part of the way is missing.
async fn unreachable(root: &Url, host: &str, error: &reqwest::Error) -> Finding {
    let causes = with_causes(error);
    let fits = |words: &[&str]| words.iter().any(|word| causes.to_ascii_lowercase().contains(word));
    if fits(&["proxy", "tunnel"]) {
        return Finding::failed(
            Item::Reach,
            format!("{host}: the proxy does not let the request through: {}", own(error)),
        )
        .cure("check the proxy's address, its login and whether it allows this host");
    }
    let (Some(name), Some(port)) = (root.host_str(), root.port_or_known_default()) else {
        return Finding::failed(Item::Reach, format!("{host} is no address"));
    };
    let name = name.trim_matches(['[', ']']);
    let addresses = match timeout(PATIENCE, lookup_host((name, port))).await {
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        Ok(Err(error)) => {
            return Finding::failed(Item::Reach, format!("{host}: the name cannot be resolved: {error}"))
                .cure("check DNS on this machine, and the host's spelling in `cloud` or `hosts`");
        }
        Err(_) => {
            return Finding::failed(Item::Reach, format!("{host}: DNS does not answer"))
                .cure("check DNS on this machine");
        }
    };
    match connect(&addresses).await {
        Err(reason) => Finding::failed(Item::Reach, format!("{host}: no connection: {reason}"))
            .cure("check the firewall between this machine and the host, or set a proxy"),
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

async fn connect(addresses: &[std::net::SocketAddr]) -> Result<(), String> {
    let mut reason = "no address".to_owned();
    for address in addresses {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => reason = format!("{address}: {error}"),
            Err(_) => reason = format!("{address}: timed out"),
        }
    }
    Err(reason)
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
