//! Finds out what works and what does not, before it matters: tenants, permissions, licences, the way there, the
//! output.
//!
//! Every finding names a cause and, where something is to be done, the cure. Nothing is written to the output, and no
//! secret or token is part of a finding.

mod output;
mod probe;
mod reach;
mod tenant;
#[cfg(test)]
mod tests;
mod token;

use std::path::Path;

use futures_util::{StreamExt, stream};
use serde::Serialize;

use crate::config::{BrokenTenant, Config};
use crate::control;
use common::error::Error;
use common::secrets;

/// Tenants that are checked at a time.
const TENANTS: usize = 8;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The item works.
    Ok,
    /// The item works, but somebody should look at it; or it cannot be said.
    Warning,
    /// The item does not work.
    Failed,
}

impl Outcome {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// Subjects of the check. The names are part of `check --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A tenant's configuration, with the files and variables that it names.
    Configuration,
    /// A host of the tenant's cloud: DNS, connection, TLS, proxy.
    Reach,
    /// This machine's clock against the service's.
    Clock,
    /// A token for an API.
    Token,
    /// The permission for a dataset, by the token's roles.
    Permission,
    /// Permissions that a collector does not need.
    Excess,
    /// One record of a dataset, asked for: licence and access.
    Probe,
    /// The state and dead-letter directories.
    State,
    /// The output is there.
    Output,
    /// The output's version.
    Version,
    /// The login at the output and its privileges.
    Privileges,
    /// Templates and pipelines.
    Templates,
    /// Write blocks, above all for want of disk space.
    Disk,
}

impl Item {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Configuration => "config",
            Self::Reach => "reach",
            Self::Clock => "clock",
            Self::Token => "token",
            Self::Permission => "permission",
            Self::Excess => "excess",
            Self::Probe => "probe",
            Self::State => "state",
            Self::Output => "output",
            Self::Version => "version",
            Self::Privileges => "privileges",
            Self::Templates => "templates",
            Self::Disk => "disk",
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Tenant, if it concerns one.
    pub tenant: Option<String>,
    /// Dataset, if it concerns one.
    pub dataset: Option<&'static str>,
    /// The subject.
    pub item: Item,
    /// How it ended.
    pub outcome: Outcome,
    /// The finding in words.
    pub text: String,
    /// The cure.
    pub cure: Option<String>,
}

impl Finding {
    fn new(item: Item, outcome: Outcome, text: impl Into<String>) -> Self {
        // Most of them repeat what a service says.
        let text = secrets::without(&text.into()).into_owned();
        Self { tenant: None, dataset: None, item, outcome, text, cure: None }
    }

    fn ok(item: Item, text: impl Into<String>) -> Self {
        Self::new(item, Outcome::Ok, text)
    }

    fn warning(item: Item, text: impl Into<String>) -> Self {
        Self::new(item, Outcome::Warning, text)
    }

    fn failed(item: Item, text: impl Into<String>) -> Self {
        Self::new(item, Outcome::Failed, text)
    }

    fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    fn of_dataset(mut self, dataset: &'static str) -> Self {
        self.dataset = Some(dataset);
        self
    }

    /// An error with its hint as the cure. What passes by itself is a warning no less failed: nothing works now.
    fn of_error(item: Item, error: &Error) -> Self {
        let text = error.to_string();
        match text.split_once("\nhint: ") {
            Some((text, hint)) => Self::failed(item, text).cure(hint),
            None => Self::failed(item, text),
        }
    }
}

/// Checks everything, or one tenant and the output with `only`. Findings are in the configuration's order.
pub async fn check(config: &Config, only: Option<&str>) -> Result<Vec<Finding>, Error> {
    let route = reach::Route { client: microsoft::Clients::new(&config.http)?.kept, proxy: config.http.proxy.clone() };
    let mut findings = directories(config).await;
    findings.extend(output::check(config).await);
    let broken = config.broken.iter().filter(|tenant| only.is_none_or(|only| only.eq_ignore_ascii_case(&tenant.id)));
    findings.extend(broken.flat_map(configuration));
    let wanted = config.tenants.iter().filter(|tenant| only.is_none_or(|only| only == tenant.id));
    let mut tenants = stream::iter(wanted.map(|tenant| tenant::check(tenant, &route))).buffered(TENANTS);
    while let Some(of_tenant) = tenants.next().await {
        findings.extend(of_tenant);
    }
    Ok(findings)
}

/// Mistakes in a tenant's configuration.
fn configuration(tenant: &BrokenTenant) -> impl Iterator<Item = Finding> {
    tenant.errors.iter().map(|error| Finding {
        tenant: Some(tenant.id.clone()),
        ..Finding::failed(Item::Configuration, error.to_string())
            .cure("mend it; until then this tenant is not collected, the others are")
    })
}

async fn directories(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<_> = [&config.state, &config.dead_letter]
        .into_iter()
        .map(|path| directory(Item::State, path, " (`state`, `dead_letter`)"))
        .collect();
    if let Ok(status) = control::ask(&config.state).await {
        let text = format!("process {} collects with {}", status.head.pid, config.state.display());
        findings.push(Finding::ok(Item::State, text));
    }
    findings
}

/// Whether a directory can be written; `keys` of the configuration name it.
fn directory(item: Item, path: &Path, keys: &str) -> Finding {
    let shown = path.display();
    match common::private::folder(path).and_then(|()| tempfile::tempfile_in(path)) {
        Ok(_) => Finding::ok(item, format!("{shown} can be written")),
        Err(error) => Finding::failed(item, format!("{shown} cannot be written: {error}"))
            .cure(format!("give the directory to the user that runs the collector, or name another one{keys}")),
    }
}
