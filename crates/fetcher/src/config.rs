//! The configuration file: what it says ([`wire`]), checked once, and what the rest of the program works with.
//!
//! Only this module reads the environment. Every error names the file, the line, the key and what is allowed.

// The place that the ban on reading the environment points to.
#![allow(clippy::disallowed_methods)]

mod checks;
mod cloud;
mod credential;
mod http;
mod literal;
mod output;
pub(crate) mod plain;
#[cfg(any(test, fuzzing))]
pub mod probe;
mod secret;
mod tenant;
#[cfg(test)]
mod tests;
mod tree;
mod value;
mod wire;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schema::Dataset;

use self::checks::Environment;
pub use self::cloud::Cloud;
pub use self::credential::{CertificateFiles, ManagedIdentity, Proof};
pub use self::http::HttpConfig;
pub(crate) use self::output::DEFAULT_MAX_BODY;
pub use self::output::{ElasticOutput, FileOutput, Login, NamedOutput, Output, ProxyConfig, Secret};
pub(crate) use self::secret::{api_key_of, clean as clean_secret, password_of};
pub(crate) use self::value::parse_duration;

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// The tenants to collect from, at least one.
    pub tenants: Vec<TenantConfig>,
    /// Those that cannot be collected as they are configured.
    pub broken: Vec<BrokenTenant>,
    /// Where documents go: at least one, the default one first.
    pub outputs: Vec<NamedOutput>,
    /// Directory of the state.
    pub state: PathBuf,
    /// How the state is kept.
    pub store: crate::state::Options,
    /// Directory of the dead letters.
    pub dead_letter: PathBuf,
    /// How much they may take.
    pub dead_letter_limit: crate::deadletter::Limit,
    /// Keep the raw row as `event.original`.
    pub preserve_original_event: bool,
    /// Where metrics are served, if at all; a loopback address.
    pub metrics: Option<SocketAddr>,
    /// The way to Microsoft.
    pub http: HttpConfig,
    /// Keys of addresses that documents or secrets are sent to without TLS, beyond this machine.
    pub unencrypted: Vec<String>,
    /// Keys and lines of secrets that stand in the file itself.
    pub literal_secrets: Vec<String>,
}

/// One tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantConfig {
    /// Tenant id, a GUID or a domain name.
    pub id: String,
    /// Its cloud.
    pub cloud: Cloud,
    /// Application id; empty for a system-assigned managed identity.
    pub client_id: String,
    /// How the application proves who it is.
    pub proof: Proof,
    /// What to collect, at least one dataset.
    pub datasets: Vec<DatasetConfig>,
    /// How its documents are marked, and where they go.
    pub delivery: Delivery,
}

/// How the documents of a tenant are marked, and where they go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Name for people.
    pub name: Option<String>,
    /// Name of its output; the default one without.
    pub output: Option<String>,
    /// Last part of its data streams' names; the output's without.
    pub namespace: Option<String>,
    /// Tags of its documents.
    pub tags: Vec<String>,
    /// Labels of its documents.
    pub labels: BTreeMap<String, String>,
}

impl Delivery {
    /// What its documents carry.
    pub(crate) fn marks(&self) -> mapper::Marks {
        mapper::Marks::new(self.tags.clone(), &self.labels)
    }
}

impl Config {
    /// The output that a tenant's documents go to.
    pub fn output_of(&self, tenant: &TenantConfig) -> Option<&NamedOutput> {
        match &tenant.delivery.output {
            None => self.outputs.first(),
            Some(name) => self.outputs.iter().find(|output| output.name == *name),
        }
    }
}

/// A tenant that cannot be collected as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenTenant {
    /// Its place in the file, from 0.
    pub number: usize,
    /// Its cloud, as far as it is known.
    pub cloud: String,
    /// Its id, or its key in the file.
    pub id: String,
    /// Its name for people.
    pub name: Option<String>,
    /// What is wrong, at least one.
    pub errors: Vec<ConfigError>,
}

impl BrokenTenant {
    /// One that is rightly configured, but cannot be collected by this process.
    pub(crate) fn refused(tenant: &TenantConfig, why: &str) -> Self {
        Self {
            number: 0,
            cloud: tenant.cloud.name.clone(),
            id: tenant.id.clone(),
            name: tenant.delivery.name.clone(),
            errors: vec![ConfigError::new(None, "", why)],
        }
    }

    /// Its id cannot be read.
    pub(crate) fn is_nameless(&self) -> bool {
        self.id.starts_with("tenants[")
    }

    /// What is wrong, in one text.
    pub fn text(&self) -> String {
        ConfigErrors(self.errors.clone()).to_string()
    }
}

/// Overlap of two polls where none is configured.
pub(crate) const DEFAULT_OVERLAP: Duration = Duration::from_mins(2);

/// One dataset of a tenant.
#[derive(Debug, Clone, Copy)]
pub struct DatasetConfig {
    /// What the catalog says.
    pub dataset: &'static Dataset,
    /// Its place in the catalog.
    pub index: u16,
    /// Time between two polls.
    pub interval: Duration,
    /// How far the first poll looks back.
    pub lookback: Duration,
    /// How far each later poll goes back behind the newest record, for records that become visible late.
    pub overlap: Duration,
    /// How what is long behind is read again; `None` for not at all.
    pub reconcile: Option<Reconcile>,
}

/// How often, and how far back, a dataset is read again for records that became visible late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconcile {
    /// Time between two sweeps.
    pub every: Duration,
    /// How far back a sweep goes.
    pub span: Duration,
}

impl Default for Reconcile {
    fn default() -> Self {
        Self { every: Duration::from_hours(24), span: Duration::from_hours(7 * 24) }
    }
}

/// Everything that is wrong with a configuration, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(place, error)| {
            let gap = if place > 0 { "\n" } else { "" };
            write!(f, "{gap}{error}")
        })
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

/// One thing that is wrong with a configuration: file, line, key and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    file: String,
    /// Line and column, from 1.
    place: Option<(u64, u64)>,
    key: String,
    message: String,
}

impl PartialEq for DatasetConfig {
    fn eq(&self, other: &Self) -> bool {
        let Self { dataset: _, index, interval, lookback, overlap, reconcile } = *self;
        (index, interval, lookback, overlap, reconcile)
            == (other.index, other.interval, other.lookback, other.overlap, other.reconcile)
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            f.write_str(&self.file)?;
            if let Some((line, column)) = self.place {
                write!(f, ":{line}:{column}")?;
            }
            f.write_str(": ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Reads and checks a configuration file.
pub fn load(path: &Path) -> Result<Config, ConfigErrors> {
    load_with_text(path).map(|(config, _)| config)
}

/// The same, with the text of the file.
pub(crate) fn load_with_text(path: &Path) -> Result<(Config, String), ConfigErrors> {
    let text = read(path)?;
    let config = parse(&path.display().to_string(), &text, &|name| std::env::var(name).ok())?;
    Ok((config, text))
}

/// Only the state directory of a configuration file: for commands that ask a running process, which alone needs the
/// secrets.
pub fn state_directory(path: &Path) -> Result<PathBuf, ConfigErrors> {
    let file = path.display().to_string();
    let text = read(path)?;
    let wire::Written { document, errors, .. } = wire::read(&text);
    // Whatever else is wrong is for the process to tell.
    let Some(document) = document else {
        return Err(ConfigErrors(errors.into_iter().map(|error| error.in_file(&file)).collect()));
    };
    let environment = Environment { variables: &|name| std::env::var(name).ok(), folder: folder(path) };
    Ok(checks::state_directory(document.state.as_ref(), environment).map_err(|error| error.in_file(&file))?)
}

/// The folder from which a file's relative paths count.
fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| {
        let mut message = format!("cannot be read: {error}");
        if error.kind() == std::io::ErrorKind::NotFound && path == Path::new(FILE) {
            let places: Vec<_> = default_files().iter().map(|place| place.display().to_string()).collect();
            message = format!(
                "there is no configuration file; looked for {}\nhint: name it with --config, or begin with the example \
                 that comes with the program",
                places.join(" and ")
            );
        }
        ConfigError { file: path.display().to_string(), place: None, key: String::new(), message }
    })
}

/// The configuration file's usual name.
const FILE: &str = "m365-fetcher.yml";

/// Where the configuration file is looked for if none is named.
fn default_files() -> [PathBuf; 2] {
    let system = if cfg!(windows) {
        let data = std::env::var_os("ProgramData").unwrap_or_else(|| "C:\\ProgramData".into());
        PathBuf::from(data).join("m365-fetcher")
    } else {
        PathBuf::from("/etc/m365-fetcher")
    };
    [PathBuf::from(FILE), system.join(FILE)]
}

/// The configuration file if none is named: the first that is there.
pub fn default_file() -> PathBuf {
    let [local, system] = default_files();
    if !local.is_file() && system.is_file() { system } else { local }
}

/// Checks a configuration; `environment` resolves `${NAME}`.
pub fn parse(file: &str, text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigErrors> {
    let used = RefCell::new(Vec::new());
    let recording = |name: &str| {
        let value = environment(name)?;
        used.borrow_mut().push((name.to_owned(), value.clone()));
        Some(value)
    };
    let environment = Environment { variables: &recording, folder: folder(Path::new(file)) };
    let checked = checks::check(wire::read(text), environment);
    let used = used.take();
    let told = |error: ConfigError| error.in_file(file).with_names_of(&used);
    match checked {
        Ok(mut config) => {
            for tenant in &mut config.broken {
                tenant.errors = std::mem::take(&mut tenant.errors).into_iter().map(told).collect();
            }
            Ok(config)
        }
        Err(errors) => Err(ConfigErrors(errors.into_iter().map(told).collect())),
    }
}

/// What a configuration says apart from its tenants, to be compared with what another one says. Holds secrets.
pub(crate) fn apart_from_tenants(text: &str) -> Option<serde_json::Value> {
    let options = serde_saphyr::options! { with_snippet: false };
    let mut document: serde_json::Value = serde_saphyr::from_str_with_options(text, options).ok()?;
    document.as_object_mut()?.remove("tenants");
    Some(document)
}

/// The configuration file's JSON Schema.
pub fn json_schema() -> schemars::Schema {
    schemars::schema_for!(wire::Document)
}

/// The log filter of the environment variable `M365_LOG`, for example `debug` or `info,fetcher=trace`.
pub fn log_filter() -> Option<String> {
    std::env::var("M365_LOG").ok().filter(|filter| !filter.is_empty())
}

/// An environment variable that a command takes where no option says it.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Standard error is a terminal whose owner did not turn colours off (`NO_COLOR`).
pub fn wants_colour() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

impl ConfigError {
    fn new(place: Option<(u64, u64)>, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: String::new(), place, key: key.into(), message: message.into() }
    }

    /// What came from the environment is shown as its name: it may be a secret in a wrong place.
    fn with_names_of(mut self, used: &[(String, String)]) -> Self {
        // Shorter ones are parts of any text.
        for (name, value) in used.iter().filter(|(_, value)| value.len() >= 6) {
            self.message = self.message.replace(value, &format!("${{{name}}}"));
        }
        self
    }

    fn in_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.file);
        self
    }
}
