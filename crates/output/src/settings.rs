//! The outputs as they are configured.

use std::path::PathBuf;
use std::time::Duration;

use common::http::{ProxyConfig, plain};
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use url::Url;

/// `http.max_content_length` where the cluster does not say it: Elasticsearch's own default.
pub const DEFAULT_MAX_BODY: usize = 100 * 1024 * 1024;
const DEFAULT_FILE_SIZE: u64 = 256 * 1024 * 1024;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(90);
const DEFAULT_CONCURRENCY: u32 = 4;

/// An output and what the configuration calls it.
#[derive(Debug)]
pub struct NamedOutput {
    /// Its name.
    pub name: String,
    /// Where documents go.
    pub output: Output,
    /// Last part of the data streams' names where the tenant names no other.
    pub namespace: String,
}

impl NamedOutput {
    /// The only output, with the usual namespace.
    pub fn only(output: Output) -> Self {
        Self { name: common::health::DEFAULT_OUTPUT.to_owned(), output, namespace: "default".to_owned() }
    }
}

/// An output.
#[derive(Debug)]
pub enum Output {
    /// A cluster.
    Elasticsearch(Box<ElasticOutput>),
    /// NDJSON files.
    File(FileOutput),
    /// NDJSON on standard output.
    Stdout,
}

/// NDJSON files, one per data stream.
#[derive(Debug, Clone)]
pub struct FileOutput {
    /// Where they are.
    pub directory: PathBuf,
    /// Every document begins with its `_id`.
    pub ids: bool,
    /// A file of this many bytes is put aside and a new one begun.
    pub rotate_size: u64,
    /// A file of this age is put aside and a new one begun.
    pub rotate_age: Option<Duration>,
    /// Files put aside that are kept per data stream; the oldest beyond are deleted. `None` keeps all.
    pub keep: Option<usize>,
}

impl FileOutput {
    /// Files below a directory, with the defaults for the rest.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, ids: false, rotate_size: DEFAULT_FILE_SIZE, rotate_age: None, keep: None }
    }
}

/// A cluster.
#[derive(Debug, Clone)]
pub struct ElasticOutput {
    /// Nodes, used in turn.
    pub hosts: Vec<Url>,
    /// How the client proves who it is.
    pub login: Login,
    /// PEM file of a private certificate authority.
    pub ca_file: Option<PathBuf>,
    /// SHA-256 of a certificate in the servers' chains, which is trusted then.
    pub ca_fingerprint: Option<[u8; 32]>,
    /// Way to the nodes. Without one they are asked directly, whatever the environment says.
    pub proxy: Option<ProxyConfig>,
    /// Level of gzip for request bodies, 1 to 9; `None` sends them as they are.
    pub gzip: Option<u32>,
    /// Longest time for one request, its answer included.
    pub timeout: Duration,
    /// Most requests at the same time.
    pub max_concurrency: u32,
    /// Longest request body in bytes, before compression; `None` asks the cluster.
    pub max_body: Option<usize>,
    /// Most documents in one request; `None` for as many as fit.
    pub max_documents: Option<usize>,
    /// Which certificates are trusted, and which one is shown.
    pub tls: Tls,
    /// Headers of every request, beside those that it has anyway. They may be secret.
    pub headers: HeaderMap,
    /// Names and values that are appended to the address of every request.
    pub parameters: Vec<(String, String)>,
    /// Credentials may be sent to other machines without TLS.
    pub allow_insecure_http: bool,
}

impl ElasticOutput {
    /// A cluster with the defaults for everything else.
    pub fn new(hosts: Vec<Url>, login: Login) -> Self {
        Self {
            hosts,
            login,
            ca_file: None,
            ca_fingerprint: None,
            proxy: None,
            gzip: Some(1),
            timeout: DEFAULT_TIMEOUT,
            max_concurrency: DEFAULT_CONCURRENCY,
            max_body: None,
            max_documents: None,
            tls: Tls::default(),
            headers: HeaderMap::new(),
            parameters: Vec::new(),
            allow_insecure_http: false,
        }
    }

    /// The first address that documents are sent to without TLS, beyond this machine.
    pub fn unencrypted(&self) -> Option<&Url> {
        self.hosts.iter().find(|host| plain::is_readable(host, self.proxy.as_ref()))
    }

    /// Why its credentials may not be sent: others could read them on the way.
    pub fn exposure(&self) -> Option<String> {
        if self.allow_insecure_http {
            return None;
        }
        let login = self.unencrypted().filter(|_| !matches!(self.login, Login::None));
        let proxy = || self.proxy.as_ref().filter(|proxy| plain::shows_login(Some(proxy))).map(|proxy| &proxy.url);
        login
            .map(|host| plain::refusal("the credential", host))
            .or_else(|| proxy().map(|proxy| plain::refusal("its password", proxy)))
    }
}

/// Which certificates are trusted, and which one is shown: what a policy of Elastic Agent says below `ssl`.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// PEM texts of the authorities that are trusted instead of the public ones; none for the public ones.
    pub authorities: Vec<String>,
    /// What is checked of a node's certificate.
    pub verification: Verification,
    /// What the client shows where a node asks for it: certificate and key in PEM.
    pub identity: Option<Identity>,
    /// The versions of TLS that are spoken.
    pub versions: TlsVersions,
}

impl Tls {
    /// Nothing is said: the public authorities, all checks, no certificate.
    pub fn is_default(&self) -> bool {
        self.authorities.is_empty()
            && self.verification == Verification::Full
            && self.identity.is_none()
            && self.versions == TlsVersions::Both
    }
}

/// What is checked of a node's certificate: `ssl.verification_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// Chain, validity and host name.
    #[default]
    Full,
    /// Chain and validity, whatever host it was made for.
    Certificate,
    /// Nothing: whoever is on the way can take the node's place.
    None,
}

/// The versions of TLS that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsVersions {
    /// 1.2 and 1.3.
    #[default]
    Both,
    /// Only 1.2.
    Only12,
    /// Only 1.3.
    Only13,
}

/// A certificate that the client shows, with its key, both in PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate, and those that signed it.
    pub certificate: String,
    /// Its key, not encrypted.
    pub key: SecretString,
}

/// How the client proves who it is.
#[derive(Debug, Clone)]
pub enum Login {
    /// A cluster without security.
    None,
    /// Base64 of `id:key`, as Kibana shows it.
    ApiKey(Secret),
    /// User and password.
    Basic(String, Secret),
}

/// A secret, or the file that holds it.
#[derive(Debug, Clone)]
pub enum Secret {
    /// The secret itself.
    Given(SecretString),
    /// Its file, which somebody replaces from time to time.
    File(PathBuf),
}

impl<T: Into<SecretString>> From<T> for Secret {
    fn from(secret: T) -> Self {
        Self::Given(secret.into())
    }
}
