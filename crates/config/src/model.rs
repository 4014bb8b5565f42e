//! A checked configuration, as the rest of the program works with it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use common::health::Broken;
use microsoft::{Cloud, CredentialKind, HttpConfig};
use output::settings::NamedOutput;
use schema::Dataset;
use serde_json::{Map, Value};

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// The tenants to collect from, at least one.
    pub tenants: Vec<TenantConfig>,
    /// Tenants that cannot be collected as they are configured.
    pub broken: Vec<BrokenTenant>,
    /// Where documents go: at least one, the default one first.
    pub outputs: Vec<NamedOutput>,
    /// Directory of the state.
    pub state: PathBuf,
    /// How the state is kept.
    pub store: state::Options,
    /// Directory of the dead letters.
    pub dead_letter: PathBuf,
    /// How much they may take.
    pub dead_letter_limit: output::dead_letters::Limit,
    /// Keep the raw row as `event.original`.
    pub preserve_original_event: bool,
    /// Where metrics are served, if at all; a loopback address.
    pub metrics: Option<SocketAddr>,
    /// What the collector reports of itself.
    pub health: HealthReports,
    /// The way to Microsoft.
    pub http: HttpConfig,
    /// Keys of addresses that documents or secrets are sent to without TLS, beyond this machine.
    pub unencrypted: Vec<String>,
    /// Keys and lines of secrets that stand in the file itself.
    pub literal_secrets: Vec<String>,
}

/// What the collector reports of itself, in the data stream `health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthReports {
    /// Whether reports are written; `None` is where the output is a cluster.
    pub documents: Option<bool>,
    /// Time between two reports of a source.
    pub interval: Duration,
}

impl Default for HealthReports {
    fn default() -> Self {
        Self { documents: None, interval: Duration::from_mins(1) }
    }
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
    pub credential: CredentialKind,
    /// Its datasets, at least one.
    pub datasets: Vec<DatasetConfig>,
    /// How its documents are marked, and where they go.
    pub delivery: Delivery,
    /// Its own way to Microsoft; that of the configuration without.
    pub http: Option<HttpConfig>,
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
    /// What is different for single datasets, by their places in the catalog. The place behind it is that of the
    /// collector's own reports.
    pub streams: BTreeMap<u16, StreamDelivery>,
    /// Whether the collector reports on its sources; `None` is as for all tenants.
    pub reports: Option<bool>,
}

/// How the documents of one dataset of a tenant are marked, and where they go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamDelivery {
    /// Name of its data stream.
    pub data_stream: String,
    /// Keep the raw row as `event.original`.
    pub preserve_original_event: bool,
    /// Tags of its documents, behind those of the tenant.
    pub tags: Vec<String>,
    /// Fields of its documents, nested, in the place of what a document holds there.
    pub fields: Map<String, Value>,
}

impl Delivery {
    /// Tags, labels and fields of the documents of a dataset.
    pub fn marks(&self, dataset: u16) -> mapper::Marks {
        let mut tags = self.tags.clone();
        let Some(stream) = self.streams.get(&dataset) else { return mapper::Marks::new(tags, &self.labels) };
        tags.extend(stream.tags.iter().filter(|tag| !self.tags.contains(tag)).cloned());
        mapper::Marks::new(tags, &self.labels).with_fields(&stream.fields)
    }

    /// Whether the raw rows of a dataset are kept; `usual` says so where nothing else does.
    pub fn preserves_original(&self, dataset: u16, usual: bool) -> bool {
        self.streams.get(&dataset).map_or(usual, |stream| stream.preserve_original_event)
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
    /// Its mistakes, at least one.
    pub errors: Vec<ConfigError>,
}

impl BrokenTenant {
    /// One that is rightly configured, but cannot be collected by this process.
    pub fn refused(tenant: &TenantConfig, why: &str) -> Self {
        Self {
            number: 0,
            cloud: tenant.cloud.name.clone(),
            id: tenant.id.clone(),
            name: tenant.delivery.name.clone(),
            errors: vec![ConfigError::new(None, "", why)],
        }
    }

    /// Its id cannot be read.
    pub fn is_nameless(&self) -> bool {
        self.id.starts_with("tenants[")
    }

    /// As health tells it.
    pub fn told(&self) -> Broken<'_> {
        Broken { cloud: &self.cloud, id: &self.id, name: self.name.as_deref(), why: self.text() }
    }

    /// All mistakes in one text.
    pub fn text(&self) -> String {
        ConfigErrors(self.errors.clone()).to_string()
    }
}

/// Overlap of two polls where none is configured.
pub const DEFAULT_OVERLAP: Duration = Duration::from_mins(2);

/// One dataset of a tenant.
#[derive(Debug, Clone, Copy)]
pub struct DatasetConfig {
    /// Its entry in the catalog.
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
    pub late_arrival_scan: Option<LateArrivalScanConfig>,
}

/// How often, and how far back, a dataset is read again for records that became visible late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateArrivalScanConfig {
    /// Time between two late-arrival scans.
    pub every: Duration,
    /// How far back a scan goes.
    pub span: Duration,
}

impl Default for LateArrivalScanConfig {
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
    /// The file.
    pub file: String,
    /// Line and column, from 1.
    pub place: Option<(u64, u64)>,
    /// The key.
    pub key: String,
    /// The mistake and the allowed values.
    pub message: String,
}

impl PartialEq for DatasetConfig {
    fn eq(&self, other: &Self) -> bool {
        let Self { dataset: _, index, interval, lookback, overlap, late_arrival_scan } = *self;
        (index, interval, lookback, overlap, late_arrival_scan)
            == (other.index, other.interval, other.lookback, other.overlap, other.late_arrival_scan)
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

impl ConfigError {
    /// Something is wrong at this place.
    pub fn new(place: Option<(u64, u64)>, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: String::new(), place, key: key.into(), message: message.into() }
    }

    /// Shows the names of variables in the place of their values, which may be secrets in a wrong place.
    #[must_use]
    pub fn with_names_of(mut self, used: &[(String, String)]) -> Self {
        // Shorter ones are parts of any text.
        for (name, value) in used.iter().filter(|(_, value)| value.len() >= 6) {
            self.message = self.message.replace(value, &format!("${{{name}}}"));
        }
        self
    }

    /// The same, in this file.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.file);
        self
    }
}
