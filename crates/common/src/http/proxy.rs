//! An HTTP proxy on the way to a service.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// An HTTP proxy.
#[derive(Debug, Clone)]
pub struct ProxyConfig {
    /// Its address, without the credential.
    pub url: Url,
    /// User and password.
    pub login: Option<(String, SecretString)>,
    /// Hosts that are asked directly: names, `.domain` for all below one, `*` for all.
    pub no_proxy: Vec<String>,
}

impl PartialEq for ProxyConfig {
    fn eq(&self, other: &Self) -> bool {
        let login = |proxy: &Self| {
            proxy.login.as_ref().map(|(user, password)| (user.clone(), password.expose_secret().to_owned()))
        };
        self.url == other.url && self.no_proxy == other.no_proxy && login(self) == login(other)
    }
}

impl ProxyConfig {
    /// Whether the proxy is the way to this host.
    pub fn serves(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']);
        !self.no_proxy.iter().any(|rule| {
            rule == "*"
                || rule.eq_ignore_ascii_case(host)
                || rule.strip_prefix('.').is_some_and(|domain| {
                    let cut = host.len().checked_sub(domain.len());
                    let tail = cut.and_then(|cut| host.get(cut..));
                    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(domain))
                        && (host.len() == domain.len() || host[..host.len() - domain.len()].ends_with('.'))
                })
        })
    }
}
