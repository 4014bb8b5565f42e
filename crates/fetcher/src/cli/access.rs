//! A cluster that the command line names: its address and login, from options, the environment or the address itself.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use url::Url;

use crate::config;
use crate::config::{ElasticOutput, Output};

/// Variables with a login where no option names one, as Elastic Agent knows them.
const API_KEY: &str = "ELASTICSEARCH_API_KEY";
const USERNAME: &str = "ELASTICSEARCH_USERNAME";
const PASSWORD: &str = "ELASTICSEARCH_PASSWORD";

/// How to get into the cluster that `--elasticsearch` names.
#[derive(Debug, Args)]
pub(super) struct LoginArgs {
    /// File that holds the cluster's API key
    #[arg(long, value_name = "FILE", requires = "elasticsearch", conflicts_with_all = ["username", "password_file"])]
    api_key_file: Option<PathBuf>,
    /// User of the cluster
    #[arg(long, value_name = "NAME", requires = "elasticsearch")]
    username: Option<String>,
    /// File that holds the user's password
    #[arg(long, value_name = "FILE", requires = "elasticsearch")]
    password_file: Option<PathBuf>,
    /// PEM file of the certificate authority of the cluster
    #[arg(long, value_name = "FILE", requires = "elasticsearch")]
    ca_file: Option<PathBuf>,
    /// SHA-256 of a certificate in the cluster's chain, which is trusted then
    #[arg(long, value_name = "HEX", requires = "elasticsearch")]
    ca_fingerprint: Option<String>,
}

/// A cluster and how to get in.
pub(super) struct Access {
    host: Url,
    login: Login,
    ca_file: Option<PathBuf>,
    ca_fingerprint: Option<String>,
}

enum Login {
    None,
    ApiKey(String),
    Basic(String, String),
}

impl Access {
    /// Reads the options.
    pub(super) fn new(url: &Url, args: &LoginArgs) -> Result<Self, String> {
        let (host, login) = split(url)?;
        let login = match (&args.api_key_file, &args.username, &args.password_file) {
            (Some(file), _, _) => Login::ApiKey(secret(file)?),
            (None, user, file) if user.is_some() || file.is_some() => {
                let user = user.clone().or_else(|| config::variable(USERNAME));
                let user = user.ok_or("--password-file needs --username")?;
                let password = file.as_deref().map(secret).transpose()?.or_else(|| config::variable(PASSWORD));
                let password = password.ok_or(format!("--username needs --password-file, or {PASSWORD}"))?;
                Login::Basic(user, password)
            }
            _ => match login {
                Login::None => from_environment(),
                login => login,
            },
        };
        let (ca_file, ca_fingerprint) = (args.ca_file.clone(), args.ca_fingerprint.clone());
        Ok(Self { host, login, ca_file, ca_fingerprint })
    }

    /// The cluster as an output; what is wrong with the options is told in the configuration's words.
    pub(super) fn output(&self) -> Result<ElasticOutput, String> {
        let text = format!("{}state: ./state\noutput:\n{}", nobody(), self.section(None));
        let config = config::parse("options", &text, &|name| self.secret(name)).map_err(|error| error.to_string())?;
        match config.outputs.into_iter().next().map(|named| named.output) {
            Some(Output::Elasticsearch(output)) => Ok(*output),
            _ => Err("--elasticsearch names no cluster".to_owned()),
        }
    }

    /// The output's section of the configuration. Secrets are asked for by name, see [`Access::secret`].
    pub(super) fn section(&self, namespace: Option<&str>) -> String {
        let mut lines = vec!["elasticsearch:".to_owned(), format!("  hosts: [{}]", quoted(self.host.as_str()))];
        lines.extend(namespace.map(|namespace| format!("  namespace: {namespace}")));
        match &self.login {
            Login::None => {}
            Login::ApiKey(_) => lines.push(format!("  api_key: \"${{{API_KEY}}}\"")),
            Login::Basic(user, _) => {
                lines.push(format!("  username: {}", quoted(user)));
                lines.push(format!("  password: \"${{{PASSWORD}}}\""));
            }
        }
        if let Some(file) = &self.ca_file {
            lines.push(format!("  ca_file: {}", quoted(&file.to_string_lossy())));
        }
        if let Some(fingerprint) = &self.ca_fingerprint {
            lines.push(format!("  ca_trusted_fingerprint: {}", quoted(fingerprint)));
        }
        format!("  {}\n", lines.join("\n  "))
    }

    /// The value of a variable of the configuration.
    pub(super) fn secret(&self, name: &str) -> Option<String> {
        match (&self.login, name) {
            (Login::ApiKey(key), API_KEY) => Some(key.clone()),
            (Login::Basic(_, password), PASSWORD) => Some(password.clone()),
            _ => None,
        }
    }
}

/// A tenant that nobody has: what is asked of the cluster alone needs none, the configuration does.
fn nobody() -> String {
    let datasets: Vec<&str> = schema::catalog().iter().map(|dataset| dataset.definition.name).collect();
    format!(
        "tenants:\n  - id: 00000000-0000-0000-0000-000000000001\n    client_id: 00000000-0000-0000-0000-000000000002\n    \
         client_secret: unused\n    datasets: [{}]\n",
        datasets.join(", ")
    )
}

/// A text in YAML that is taken as it is.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace('$', "$$")).to_string()
}

fn from_environment() -> Login {
    match (config::variable(API_KEY), config::variable(USERNAME), config::variable(PASSWORD)) {
        (Some(key), _, _) => Login::ApiKey(key),
        (None, Some(user), Some(password)) => Login::Basic(user, password),
        _ => Login::None,
    }
}

fn secret(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() { Err(format!("{} is empty", file.display())) } else { Ok(text.to_owned()) }
}

/// The address without the login that may be in it.
fn split(url: &Url) -> Result<(Url, Login), String> {
    let mut host = url.clone();
    let Some(password) = url.password() else { return Ok((host, Login::None)) };
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let login = Login::Basic(decode(url.username()), decode(password));
    let cleared = host.set_password(None).and_then(|()| host.set_username(""));
    cleared.map_err(|()| "--elasticsearch is not an http address".to_owned())?;
    Ok((host, login))
}
