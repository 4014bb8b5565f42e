//! Which part of the way to a host is missing, in the same words for `check` and for a source that fails.

use url::Url;

use crate::error::with_causes;

const PROXY: &str = "check `http.proxy`: its address, its login, and whether it allows this host";

/// The part of the way that is missing, with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// The name has no address.
    Name(String),
    /// Nobody takes the connection.
    Connection(String),
    /// TLS fails on it.
    Tls(String),
    /// The proxy wants to know who asks.
    Login,
    /// The connection is taken, but nothing comes.
    Silent(String),
}

impl Gap {
    /// Reads the missing part out of an error.
    pub fn of(error: &reqwest::Error) -> Self {
        // The first text holds the address, whose host and port may look like any word.
        let causes = own(error).to_ascii_lowercase();
        let fits = |words: &[&str]| words.iter().any(|word| causes.contains(word));
        let reason = || if error.is_timeout() { "timed out".to_owned() } else { last_cause(error) };
        if fits(&["dns error", "failed to lookup address"]) {
            Self::Name(reason())
        } else if fits(&["proxy auth"]) {
            Self::Login
        } else if fits(&["certificate", "tls", "handshake", "unknownissuer", "invalidcontenttype"]) {
            Self::Tls(own(error))
        } else if error.is_connect() && !fits(&["tunnel"]) {
            Self::Connection(reason())
        } else {
            Self::Silent(own(error))
        }
    }

    /// Says in words what is missing on the way to this host.
    pub fn text(&self, host: &str, proxy: Option<&Url>) -> String {
        let Some(proxy) = proxy.map(|proxy| proxy.origin().ascii_serialization()) else {
            return match self {
                Self::Name(reason) => format!("{host}: the name cannot be resolved: {reason}"),
                Self::Connection(reason) => format!("{host}: no connection: {reason}"),
                Self::Tls(reason) => format!("{host}: TLS fails: {reason}"),
                Self::Login => format!("{host}: a proxy on the way asks for a login"),
                Self::Silent(reason) => format!("{host} accepts connections, but does not answer: {reason}"),
            };
        };
        match self {
            Self::Name(reason) => format!("{host}: the name of the proxy {proxy} cannot be resolved: {reason}"),
            Self::Connection(reason) => format!("{host}: no connection to the proxy {proxy}: {reason}"),
            Self::Login => format!("{host}: the proxy asks for a login"),
            Self::Tls(reason) | Self::Silent(reason) => {
                format!("{host}: the proxy {proxy} does not let the request through: {reason}")
            }
        }
    }

    /// The cure.
    pub fn cure(&self, has_proxy: bool) -> &'static str {
        if has_proxy {
            return PROXY;
        }
        match self {
            Self::Name(_) => {
                "check DNS on this machine, and the host's spelling in `cloud`; behind a proxy, set `http.proxy`"
            }
            Self::Connection(_) => "check the firewall between this machine and the host, or set `http.proxy`",
            Self::Tls(_) => {
                "a proxy that inspects TLS needs its certificate authority to be known here; otherwise check the port"
            }
            Self::Login => PROXY,
            Self::Silent(_) => "check what listens there: is it this service, and does a proxy stand before it",
        }
    }
}

/// A request that did not reach its host.
#[derive(Debug, Clone)]
pub struct Unreachable {
    what: String,
    host: String,
    gap: Gap,
    proxy: Option<Url>,
}

impl Unreachable {
    pub(super) fn new(what: &str, error: &reqwest::Error) -> Self {
        let host = error.url().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        Self { what: what.to_owned(), host, gap: Gap::of(error), proxy: None }
    }

    /// The host that was asked for.
    pub fn host(&self) -> Option<Url> {
        Url::parse(&self.host).ok()
    }

    /// The way leads through this proxy.
    #[must_use]
    pub fn behind(mut self, proxy: Url) -> Self {
        self.proxy = Some(proxy);
        self
    }
}

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, host, gap, proxy } = self;
        write!(f, "{what}: {}\nhint: {}", gap.text(host, proxy.as_ref()), gap.cure(proxy.is_some()))
    }
}

/// The causes without the first text, which repeats the address.
fn own(error: &reqwest::Error) -> String {
    std::error::Error::source(error).map_or_else(|| "timed out".to_owned(), with_causes)
}

/// The innermost one: what the system said.
fn last_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
