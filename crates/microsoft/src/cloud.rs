//! Microsoft's clouds: one word stands for all hosts and audiences.

use schema::{Api, CloudName};
use url::Url;

use common::http::{ProxyConfig, plain};

/// Hosts and audiences of a cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// The word in the configuration; for a custom cloud `custom-` and its login address.
    pub name: String,
    /// Root of the token endpoints.
    pub login: Url,
    /// Roots of the APIs that the cloud has.
    roots: Vec<(Api, Url)>,
    word: Option<CloudName>,
}

/// The words.
pub const NAMES: [&str; 5] = ["global", "gcc", "gcc-high", "dod", "china"];

impl Cloud {
    /// One of Microsoft's clouds by its word.
    pub fn named(name: &str) -> Option<Self> {
        const PUBLIC_LOGIN: &str = "https://login.microsoftonline.com";
        const US_LOGIN: &str = "https://login.microsoftonline.us";
        let word = CloudName::ALL.into_iter().find(|cloud| cloud.word() == name)?;
        let login = match word {
            CloudName::Global | CloudName::Gcc => PUBLIC_LOGIN,
            CloudName::GccHigh | CloudName::Dod => US_LOGIN,
            CloudName::China => "https://login.chinacloudapi.cn",
        };
        let root = |api: Api| Some((api, Url::parse(api.root(word)?).ok()?));
        Some(Self {
            name: name.to_owned(),
            word: Some(word),
            login: Url::parse(login).ok()?,
            roots: Api::ALL.into_iter().filter_map(root).collect(),
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
            roots: vec![(Api::Graph, graph), (Api::Defender, defender)],
        }
    }

    /// The first address that secrets and tokens are sent to without TLS, beyond this machine.
    pub fn unencrypted(&self, proxy: Option<&ProxyConfig>) -> Option<&Url> {
        let mut addresses = std::iter::once(&self.login).chain(self.roots.iter().map(|(_, root)| root));
        addresses.find(|address| plain::is_readable(address, proxy))
    }

    /// Whether its addresses are configured, not Microsoft's.
    pub fn is_custom(&self) -> bool {
        self.word.is_none()
    }

    /// Whether an endpoint exists in the cloud.
    pub fn has(&self, source: &schema::Source) -> bool {
        self.word.is_none_or(|word| source.clouds.contains(&word)) && self.api(source.api).is_some()
    }

    /// Root and token scope of an API, where the cloud has it.
    pub fn api(&self, api: Api) -> Option<(&Url, String)> {
        let (_, root) = self.roots.iter().find(|(known, _)| *known == api)?;
        // What stands before the global cloud passes its tokens on.
        let audience = api.audience(self.word.unwrap_or(CloudName::Global))?;
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
