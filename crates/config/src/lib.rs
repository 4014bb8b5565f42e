//! The configuration file: what it says ([`wire`]), checked once, and what the rest of the program works with.
//!
//! Only this crate reads the environment. Every error names the file, the line, the key and what is allowed.

// The place that the ban on reading the environment points to.
#![allow(clippy::disallowed_methods)]

mod checks;
mod credential;
mod http;
mod literal;
mod model;
mod output;
pub mod policy;
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
use std::path::{Path, PathBuf};

pub use self::model::{
    BrokenTenant, Config, ConfigError, ConfigErrors, DEFAULT_OVERLAP, DatasetConfig, Delivery, HealthReports,
    LateArrivalScanConfig, StreamDelivery, TenantConfig,
};
pub use ::common::http::ProxyConfig;
use ::common::http::plain;
pub use ::microsoft::{CertificateFiles, Cloud, CredentialKind, HttpConfig, ManagedIdentity};
pub use ::output::settings::{ElasticOutput, FileOutput, Login, NamedOutput, Output, Secret};

use self::checks::Environment;
pub use self::value::parse_duration;

/// Reads and checks a configuration file.
pub fn load(path: &Path) -> Result<Config, ConfigErrors> {
    load_with_text(path).map(|(config, _)| config)
}

/// Reads a configuration file; returns its text, too.
pub fn load_with_text(path: &Path) -> Result<(Config, String), ConfigErrors> {
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
        ConfigError::new(None, "", message).in_file(&path.display().to_string())
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

/// A configuration without its tenants, to be compared with another one. Holds secrets.
pub fn apart_from_tenants(text: &str) -> Option<serde_json::Value> {
    let options = serde_saphyr::options! { with_snippet: false };
    let mut document: serde_json::Value = serde_saphyr::from_str_with_options(text, options).ok()?;
    document.as_object_mut()?.remove("tenants");
    Some(document)
}

/// The configuration file's JSON Schema.
pub fn json_schema() -> schemars::Schema {
    schemars::schema_for!(wire::Document)
}

/// The log filter of the environment variable `M365_LOG`, for example `debug` or `info,collect=trace`.
pub fn log_filter() -> Option<String> {
    std::env::var("M365_LOG").ok().filter(|filter| !filter.is_empty())
}

/// An environment variable that a command takes where no option says it.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Standard error is a terminal whose owner did not turn colours off (`NO_COLOR`).
pub fn wants_colour() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
