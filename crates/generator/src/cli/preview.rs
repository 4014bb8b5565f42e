//! `preview`: all dashboards over a cluster's data, as one page.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use generator::tree;
use output::elasticsearch::Client;
use output::settings::{ElasticOutput, Login, Secret};
use preview::Scope;
use secrecy::SecretString;
use url::Url;

/// Name of the page's file.
const PAGE: &str = "preview.html";

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// Address of the cluster.
    #[arg(long, value_name = "URL")]
    elasticsearch: Url,
    /// User of the cluster.
    #[arg(long, value_name = "NAME", env = "ELASTICSEARCH_USERNAME")]
    username: Option<String>,
    /// File that holds the user's password. Without it, the password is that of the environment.
    #[arg(long, value_name = "FILE", requires = "username")]
    password_file: Option<PathBuf>,
    #[arg(long, env = "ELASTICSEARCH_PASSWORD", hide = true, hide_env_values = true)]
    password: Option<SecretString>,
    /// File that holds the cluster's API key. Without it, the key is that of the environment.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["username", "password_file"])]
    api_key_file: Option<PathBuf>,
    #[arg(long, env = "ELASTICSEARCH_API_KEY", hide = true, hide_env_values = true)]
    api_key: Option<SecretString>,
    /// PEM file of the certificate authority of the cluster.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Folder of the page.
    #[arg(long, value_name = "DIR", default_value = "dist")]
    out: PathBuf,
}

impl PreviewArgs {
    fn output(&self) -> Result<ElasticOutput> {
        let given = |secret: &Option<SecretString>| secret.clone().map(Secret::Given);
        let file = |path: &Option<PathBuf>| path.clone().map(Secret::File);
        let login =
            match (file(&self.api_key_file), &self.username, file(&self.password_file).or(given(&self.password))) {
                (Some(key), ..) => Login::ApiKey(key),
                (None, Some(user), Some(password)) => Login::Basic(user.clone(), password),
                (None, Some(_), None) => {
                    bail!("--username needs --password-file, or the variable ELASTICSEARCH_PASSWORD")
                }
                (None, None, _) => given(&self.api_key).map_or(Login::None, Login::ApiKey),
            };
        let mut output = ElasticOutput::new(vec![self.elasticsearch.clone()], login);
        output.ca_file.clone_from(&self.ca_file);
        match output.exposure() {
            Some(exposure) => bail!("{exposure}"),
            None => Ok(output),
        }
    }
}

/// Writes the page and prints where it is. A panel that failed is named, and the command fails.
pub(super) fn preview(args: &PreviewArgs) -> Result<ExitCode> {
    let output = args.output()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    let finished = runtime.block_on(async {
        let client = Client::new(&output)?.node().await?;
        let now = common::clock::now().timestamp_millis();
        anyhow::Ok(
            preview::cluster(&client, Scope { source: shown(&args.elasticsearch).as_str(), now, namespace: None })
                .await?,
        )
    })?;
    let path = args.out.join(PAGE);
    tree::write(&path, finished.html.as_bytes())?;
    println!("{}", path.display());
    for failure in &finished.failures {
        eprintln!("failed: {failure}");
    }
    eprintln!(
        "{} searches of panels, {} failed; {} bytes",
        finished.layers,
        finished.failures.len(),
        finished.html.len()
    );
    Ok(if finished.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The address as the page shows it: without a login that may be in it.
fn shown(url: &Url) -> Url {
    let mut shown = url.clone();
    // An address without a host has no login either.
    let _ = shown.set_username("").and_then(|()| shown.set_password(None));
    shown
}
