//! From what is written to what the program works with: every rule of the configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::value::{Text, parse_duration};
use super::{
    BrokenTenant, Config, ConfigError, HealthReports, HttpConfig, NamedOutput, Output, TenantConfig, http, literal,
    output, plain, tenant, wire,
};
use common::health::DEFAULT_OUTPUT;
use common::ids;
use state::DEFAULT_RETENTION;

/// Shortest and longest time that ids are remembered.
const MIN_DEDUP_INDEX: Duration = Duration::from_hours(48);
/// Time spans between two reports of health: shorter ones would cost more than they tell.
const HEALTH_INTERVALS: std::ops::RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_hours(1);
const MAX_DEDUP_INDEX: Duration = Duration::from_hours(400 * 24);

/// Variables and the folder that the texts of the file refer to.
#[derive(Clone, Copy)]
pub(super) struct Environment<'a> {
    /// The environment's variables.
    pub(super) variables: &'a dyn Fn(&str) -> Option<String>,
    /// The file's folder, from which relative paths count.
    pub(super) folder: &'a Path,
}

impl Environment<'_> {
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name)
    }

    pub(super) fn path(&self, written: &str) -> PathBuf {
        let written = Path::new(written);
        if self.folder.as_os_str().is_empty() {
            return written.to_owned();
        }
        self.folder.join(written.strip_prefix(".").unwrap_or(written))
    }
}

/// Notes an error, so that what follows is looked at too.
pub(super) fn note<T>(errors: &mut Vec<ConfigError>, checked: Result<T, ConfigError>) -> Option<T> {
    checked.map_err(|error| errors.push(error)).ok()
}

// Long, because every part of the document is named once, in one place.
/// Checks what is written. What is wrong with a tenant, or with the output that it names, concerns that tenant alone, as
/// long as another one is left; anything else concerns all.
pub(super) fn check(written: wire::Written, environment: Environment<'_>) -> Result<Config, Vec<ConfigError>> {
    let wire::Written { document, tenants: written, mut errors } = written;
    let Some(document) = document else { return Err(all(errors, &[], written)) };
    if written.is_empty() && errors.iter().all(|error| error.key != "tenants") {
        errors.push(ConfigError::new(None, "tenants", "is empty, at least one tenant is needed"));
    }
    let given = written.iter().enumerate().filter_map(|(place, it)| Some((place, it.tenant.as_ref()?)));
    let literal_secrets = literal::find(&document, given);
    let outputs = check_outputs(&document, environment, &mut errors);
    let wire::Document { state, dedup_index, dead_letter, preserve_original_event, metrics, health, http, .. } =
        document;
    let state = note(&mut errors, state_directory(state.as_ref(), environment));
    let dead_letter = note(&mut errors, output::check_dead_letter(dead_letter.as_ref(), environment));
    let dedup_index = note(&mut errors, check_dedup_index(dedup_index.as_ref(), environment));
    let metrics = metrics.map(|metrics| check_listen("metrics.listen", &metrics.listen, environment)).transpose();
    let metrics = note(&mut errors, metrics);
    let health = note(&mut errors, check_health(health.as_ref(), environment));
    let http = note(&mut errors, http::check(http.as_ref(), environment));
    let (mut tenants, mut broken) = {
        let proxy = http.as_ref().and_then(|http| http.proxy.as_ref());
        tenant::check_all(written, &outputs, proxy, environment)
    };
    let mut good = Vec::new();
    for (_, checked) in outputs {
        match checked {
            Ok(output) => good.push(output),
            Err(error) if broken.iter().any(|tenant| tenant.errors.contains(&error)) => {}
            // No tenant tells it.
            Err(error) => errors.push(error),
        }
    }
    let (
        Some(state),
        Some((dead_letter, dead_letter_limit)),
        Some(dedup_index),
        Some(metrics),
        Some(health),
        Some(http),
        true,
    ) = (state, dead_letter, dedup_index, metrics, health, http, errors.is_empty() && !tenants.is_empty())
    else {
        return Err(all(errors, &broken, Vec::new()));
    };
    // Beyond the dedup index a late-arrival scan could not tell what was delivered.
    let scanned =
        tenants.iter_mut().flat_map(|tenant| &mut tenant.datasets).filter_map(|it| it.late_arrival_scan.as_mut());
    for scan in scanned {
        scan.span = scan.span.min(dedup_index);
    }
    broken.sort_by_key(|tenant| tenant.number);
    let unencrypted = unencrypted(&tenants, &good, &http);
    Ok(Config {
        tenants,
        broken,
        outputs: good,
        dead_letter: dead_letter.unwrap_or_else(|| state.join("dead-letter")),
        state,
        store: state::Options { retention: dedup_index },
        dead_letter_limit,
        preserve_original_event,
        metrics,
        health,
        http,
        unencrypted,
        literal_secrets,
    })
}

/// Keys of addresses that are reached without TLS, because that was allowed or because no secret goes there.
fn unencrypted(tenants: &[TenantConfig], outputs: &[NamedOutput], http: &HttpConfig) -> Vec<String> {
    let proxy = http.proxy.as_ref();
    let clouds = tenants.iter().filter(|tenant| tenant.cloud.unencrypted(proxy).is_some());
    let mut found: Vec<String> = clouds.map(|tenant| format!("cloud of tenant {}", tenant.id)).collect();
    if plain::shows_login(proxy) {
        found.push("http.proxy".to_owned());
    }
    found.extend(outputs.iter().filter_map(|NamedOutput { name, output, .. }| match output {
        Output::Elasticsearch(elastic) if elastic.unencrypted().is_some() => Some(format!("hosts of output {name}")),
        Output::Elasticsearch(elastic) if plain::shows_login(elastic.proxy.as_ref()) => {
            Some(format!("proxy of output {name}"))
        }
        _ => None,
    }));
    found
}

/// Everything that is wrong, in the order of the file.
fn all(mut errors: Vec<ConfigError>, broken: &[BrokenTenant], written: Vec<wire::WrittenTenant>) -> Vec<ConfigError> {
    errors.extend(broken.iter().flat_map(|tenant| tenant.errors.iter().cloned()));
    errors.extend(written.into_iter().flat_map(|tenant| tenant.errors));
    errors.sort_by_key(|error| error.place);
    errors.dedup();
    errors
}

/// The outputs by name, the default one first.
fn check_outputs(
    document: &wire::Document,
    environment: Environment<'_>,
    errors: &mut Vec<ConfigError>,
) -> Vec<(String, Result<NamedOutput, ConfigError>)> {
    let names = document.outputs.iter().flat_map(|outputs| &outputs.0).map(|(name, _)| Some(name));
    let names = document.output.iter().map(|_| None).chain(names);
    let mut outputs: Vec<(String, Result<NamedOutput, ConfigError>)> = Vec::new();
    for (name, (section, output)) in names.zip(document.outputs()) {
        let name = match name {
            None => DEFAULT_OUTPUT.to_owned(),
            Some(text) => match note(errors, check_name(&section, text, environment)) {
                Some(name) if outputs.iter().any(|(known, _)| *known == name) => {
                    errors.push(text.error(&section, format!("output `{name}` is named twice")));
                    continue;
                }
                Some(name) => name,
                None => continue,
            },
        };
        let checked = output::check(&section, output, environment);
        let checked = checked.map(|(output, namespace)| NamedOutput { name: name.clone(), output, namespace });
        outputs.push((name, checked));
    }
    if outputs.is_empty() && errors.iter().all(|error| !error.key.starts_with("output")) {
        let message = "is missing; allowed: one of elasticsearch, file, stdout below `output`, or several by name below \
                       `outputs`";
        errors.push(ConfigError::new(None, "output", message));
    }
    outputs
}

/// A name that can be part of a metric's label and of an error.
fn check_name(key: &str, text: &Text, environment: Environment<'_>) -> Result<String, ConfigError> {
    let name = text.resolve(key, environment)?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 100 || !name.chars().all(is_allowed) {
        return Err(text.error(key, "is no name of an output; allowed: at most 100 letters, digits, `-`, `_`, `.`"));
    }
    Ok(name)
}

/// The state directory.
pub(super) fn state_directory(text: Option<&Text>, environment: Environment<'_>) -> Result<PathBuf, ConfigError> {
    text.map_or_else(|| Ok(environment.path("./state")), |text| text.path("state", environment))
}

/// A dedup index that is shorter than the overlap would not know what a poll reads again.
fn check_dedup_index(text: Option<&Text>, environment: Environment<'_>) -> Result<Duration, ConfigError> {
    let Some(text) = text else { return Ok(DEFAULT_RETENTION) };
    let written = text.resolve("dedup_index", environment)?;
    let span = parse_duration(&written).filter(|span| (MIN_DEDUP_INDEX..=MAX_DEDUP_INDEX).contains(span));
    span.ok_or_else(|| text.error("dedup_index", format!("`{written}` is no such time span; allowed: `2d` to `400d`")))
}

fn check_health(
    written: Option<&wire::HealthReports>,
    environment: Environment<'_>,
) -> Result<HealthReports, ConfigError> {
    let mut reports = HealthReports::default();
    let Some(wire::HealthReports { documents, interval }) = written else { return Ok(reports) };
    reports.documents = *documents;
    if let Some(text) = interval {
        let key = "health.interval";
        let written = text.resolve(key, environment)?;
        let span = parse_duration(&written).filter(|span| HEALTH_INTERVALS.contains(span));
        let error = || text.error(key, format!("`{written}` is no such time span; allowed: `10s` to `1h`"));
        reports.interval = span.ok_or_else(error)?;
    }
    Ok(reports)
}

/// An address of this machine that others cannot reach: metrics name tenants and know no login.
fn check_listen(key: &str, text: &Text, environment: Environment<'_>) -> Result<SocketAddr, ConfigError> {
    let written = text.resolve(key, environment)?;
    let address: SocketAddr = written
        .parse()
        .map_err(|_| text.error(key, format!("`{written}` is no address and port; allowed: as `127.0.0.1:9464`")))?;
    if !address.ip().is_loopback() {
        return Err(text.error(
            key,
            format!(
                "{address} can be reached from other machines, but metrics name tenants and ask for no login; allowed: \
                 127.0.0.1 or [::1], behind a proxy that does if need be"
            ),
        ));
    }
    Ok(address)
}

/// A GUID or a domain name, in its one spelling: it becomes part of addresses and of the state's keys.
pub(super) fn check_id(key: &str, text: &Text, environment: Environment<'_>) -> Result<String, ConfigError> {
    let id = ids::canonical(&text.resolve(key, environment)?);
    let is_name = id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    if !is_name || !id.chars().any(char::is_alphanumeric) || id.starts_with('.') {
        return Err(text.error(key, "is not an id; allowed: a GUID (or, for a tenant, its domain name)"));
    }
    if matches!(id.as_str(), "common" | "organizations" | "consumers") {
        return Err(text.error(key, format!("`{id}` does not work without a user; use the tenant's own id")));
    }
    Ok(id)
}

pub(super) fn check_url(key: &str, text: &Text, environment: Environment<'_>) -> Result<Url, ConfigError> {
    let written = text.resolve(key, environment)?;
    let url = Url::parse(&written).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url =
        url.ok_or_else(|| text.error(key, "is not an address; allowed: https://host[:port][/path] or http://…"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(text.error(key, "holds a credential; use the keys for that"));
    }
    Ok(url)
}
