//! Microsoft's clouds: one word stands for all hosts and audiences.

use schema::CloudName;
use url::Url;

use super::{ProxyConfig, plain};

/// Hosts and audiences of a cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// The word in the configuration; for a custom cloud `custom-` and its login address.
    pub name: String,
    /// Root of the token endpoints.
    pub login: Url,
    /// Root of Microsoft Graph.
    pub graph: Url,
    /// Root of the Defender API, where the cloud has one.
    pub defender: Option<Url>,
    word: Option<CloudName>,
    graph_audience: &'static str,
    defender_audience: &'static str,
}

/// The words.
pub(super) const NAMES: [&str; 5] = ["global", "gcc", "gcc-high", "dod", "china"];

const GRAPH: &str = "https://graph.microsoft.com";
const DEFENDER: &str = "https://api.security.microsoft.com";

impl Cloud {
    /// One of Microsoft's clouds by its word.
    pub(super) fn named(name: &str) -> Option<Self> {
        const PUBLIC_LOGIN: &str = "https://login.microsoftonline.com";
        const US_LOGIN: &str = "https://login.microsoftonline.us";
        const GOV: &str = "https://api-gov.security.microsoft.us";
        let (login, graph, defender) = match name {
            "global" => (PUBLIC_LOGIN, GRAPH, Some(DEFENDER)),
            "gcc" => (PUBLIC_LOGIN, GRAPH, Some("https://api-gcc.security.microsoft.us")),
            "gcc-high" => (US_LOGIN, "https://graph.microsoft.us", Some(GOV)),
            "dod" => (US_LOGIN, "https://dod-graph.microsoft.us", Some(GOV)),
            "china" => ("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", None),
            _ => return None,
        };
        let url = |address: &str| Url::parse(address).ok();
        Some(Self {
            name: name.to_owned(),
            word: CloudName::ALL.into_iter().find(|cloud| cloud.word() == name),
            login: url(login)?,
            graph: url(graph)?,
            defender: defender.and_then(url),
            graph_audience: graph,
            defender_audience: defender.unwrap_or_default(),
        })
    }

    /// A test server or a proxy in front of the global cloud, whose audiences it keeps.
    pub fn custom(login: Url, graph: Url, defender: Url) -> Self {
        let host = login.host_str().unwrap_or_default().replace([':', '[', ']'], "_");
        let port = login.port_or_known_default().unwrap_or_default();
        Self {
            name: format!("custom-{host}-{port}"),
            word: None,
            login,
            graph,
            defender: Some(defender),
            graph_audience: GRAPH,
            defender_audience: DEFENDER,
        }
    }

    /// The first address that secrets and tokens are sent to without TLS, beyond this machine.
    pub(super) fn unencrypted(&self, proxy: Option<&ProxyConfig>) -> Option<&Url> {
        let mut addresses = [&self.login, &self.graph].into_iter().chain(&self.defender);
        addresses.find(|address| plain::is_readable(address, proxy))
    }

    /// It is none of Microsoft's.
    pub fn is_custom(&self) -> bool {
        self.word.is_none()
    }

    /// Whether an endpoint exists in the cloud.
    pub fn has(&self, source: &schema::Source) -> bool {
        self.word.is_none_or(|word| source.clouds.contains(&word)) && self.api(source.api).is_some()
    }

    /// Root and token scope of an API, where the cloud has it.
    pub fn api(&self, api: schema::Api) -> Option<(&Url, String)> {
        let (root, audience) = match api {
            schema::Api::Graph => (&self.graph, self.graph_audience),
            schema::Api::Defender => (self.defender.as_ref()?, self.defender_audience),
        };
        Some((root, format!("{audience}/.default")))
    }

    /// Token endpoint of a tenant.
    pub fn token_endpoint(&self, tenant: &str) -> Url {
        let mut url = self.login.clone();
        let path = format!("{}/{tenant}/oauth2/v2.0/token", self.login.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }
}
