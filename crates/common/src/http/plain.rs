//! Addresses without TLS: what is sent there can be read on the way, so secrets go there only where that was allowed.

use url::{Host, Url};

use super::ProxyConfig;

/// The key that allows it, beside the address.
pub const KEY: &str = "allow_insecure_http";

/// A request for this address, on this way, can be read by others: it leaves the machine without TLS.
pub fn is_readable(address: &Url, proxy: Option<&ProxyConfig>) -> bool {
    let proxy = proxy.filter(|proxy| address.host_str().is_some_and(|host| proxy.serves(host)));
    address.scheme() != "https" && !(is_this_machine(address) && proxy.is_none_or(|proxy| is_this_machine(&proxy.url)))
}

/// Others can read the requests to the proxy, its password included.
pub fn shows_login(proxy: Option<&ProxyConfig>) -> bool {
    proxy.is_some_and(|proxy| proxy.login.is_some() && is_readable(&proxy.url, None))
}

/// The host is this machine, by name or address.
pub fn is_this_machine(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// The host is on the machine's own link, as the token services of Azure's platforms are.
pub fn is_link_local(address: &Url) -> bool {
    match address.host() {
        Some(Host::Ipv4(address)) => address.is_link_local(),
        Some(Host::Ipv6(address)) => address.is_unicast_link_local(),
        _ => false,
    }
}

/// Says why a secret must not be sent to an address.
pub fn refusal(what: &str, address: &Url) -> String {
    format!(
        "{} is not encrypted, and {what} would be sent there for everybody on the way to read; allowed: https://…, an \
         address of this machine, or `{KEY}: true` beside it",
        address.origin().ascii_serialization()
    )
}
