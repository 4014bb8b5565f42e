//! From what is written to what the program works with: every rule of the configuration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use rustc_hash::FxHashMap;
use url::Url;

use super::cloud::{Cloud, NAMES};
use super::value::{Text, TextOr, parse_duration};
use super::{
    Config, ConfigError, DEFAULT_OVERLAP, DatasetConfig, Delivery, Reconcile, TenantConfig, credential, http, literal,
    output, wire,
};
use crate::ids;
use crate::state::DEFAULT_LEDGER;

/// Shortest and longest time that ids are remembered.
const MIN_LEDGER: Duration = Duration::from_hours(48);
const MAX_LEDGER: Duration = Duration::from_hours(400 * 24);
/// Longest overlap of two polls.
const MAX_OVERLAP: Duration = Duration::from_hours(24);

pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn check(document: wire::Document, environment: Environment<'_>) -> Result<Config, ConfigError> {
    let literal_secrets = literal::find(&document);
    let wire::Document { tenants, output: written, state, ledger, dead_letter, preserve_original_event, metrics, http } =
        document;
    if tenants.is_empty() {
        return Err(ConfigError::new(None, "tenants", "is empty, at least one tenant is needed"));
    }
    let places: Vec<(u64, u64)> = tenants.iter().map(|tenant| tenant.id.place()).collect();
    let mut tenants = tenants
        .into_iter()
        .enumerate()
        .map(|(place, tenant)| check_tenant(&format!("tenants[{place}]"), &tenant, environment))
        .collect::<Result<Vec<_>, _>>()?;
    one_place_each(&places, &tenants)?;
    let path = |key: &str, text: &Text| text.resolve(key, environment).map(PathBuf::from);
    let state = state_directory(state.as_ref(), environment)?;
    let dead_letter = dead_letter.map_or_else(|| Ok(state.join("dead-letter")), |text| path("dead_letter", &text))?;
    let store = crate::state::Options { ledger: check_ledger(ledger.as_ref(), environment)? };
    let (output, namespace) = output::check(written, environment)?;
    let metrics = metrics.map(|metrics| check_listen("metrics.listen", &metrics.listen, environment)).transpose()?;
    let http = http::check(http.as_ref(), environment)?;
    // Beyond the ledger a sweep could not tell what was delivered.
    let reconciled = tenants.iter_mut().flat_map(|tenant| &mut tenant.datasets).filter_map(|it| it.reconcile.as_mut());
    for reconcile in reconciled {
        reconcile.span = reconcile.span.min(store.ledger);
    }
    Ok(Config {
        tenants,
        outputs: vec![output::NamedOutput { namespace, ..output::NamedOutput::only(output) }],
        state,
        store,
        dead_letter,
        preserve_original_event,
        metrics,
        http,
        literal_secrets,
    })
}

/// The state directory.
pub(super) fn state_directory(text: Option<&Text>, environment: Environment<'_>) -> Result<PathBuf, ConfigError> {
    text.map_or_else(|| Ok(PathBuf::from("./state")), |text| text.resolve("state", environment).map(PathBuf::from))
}

/// A ledger that is shorter than the overlap would not know what a poll reads again.
fn check_ledger(text: Option<&Text>, environment: Environment<'_>) -> Result<Duration, ConfigError> {
    let Some(text) = text else { return Ok(DEFAULT_LEDGER) };
    let written = text.resolve("ledger", environment)?;
    let span = parse_duration(&written).filter(|span| (MIN_LEDGER..=MAX_LEDGER).contains(span));
    span.ok_or_else(|| text.error("ledger", format!("`{written}` is no such time span; allowed: `2d` to `400d`")))
}

fn check_tenant(key: &str, tenant: &wire::Tenant, environment: Environment<'_>) -> Result<TenantConfig, ConfigError> {
    let id = check_id(&format!("{key}.id"), &tenant.id, environment)?;
    let cloud = match &tenant.cloud {
        None => Cloud::named("global"),
        Some(TextOr::Text(name)) => {
            let key = format!("{key}.cloud");
            let word = name.resolve(&key, environment)?.trim().to_ascii_lowercase();
            let allowed = NAMES.join(", ");
            Some(Cloud::named(&word).ok_or_else(|| {
                name.error(&key, format!("unknown cloud `{word}`; allowed: {allowed}, or {{login, graph, defender}}"))
            })?)
        }
        Some(TextOr::Object(custom)) => {
            let url = |name: &str, text| check_url(&format!("{key}.cloud.{name}"), text, environment);
            Some(Cloud::custom(
                url("login", &custom.login)?,
                url("graph", &custom.graph)?,
                url("defender", &custom.defender)?,
            ))
        }
    };
    let cloud = cloud.ok_or_else(|| ConfigError::new(None, key, "has no usable cloud"))?;
    let (client_id, proof) = credential::check(key, tenant, environment)?;
    if tenant.datasets.is_empty() {
        return Err(tenant.id.error(&format!("{key}.datasets"), format!("is empty; allowed: {}", dataset_names())));
    }
    let mut datasets: Vec<DatasetConfig> = Vec::new();
    for (place, entry) in tenant.datasets.iter().enumerate() {
        let key = format!("{key}.datasets[{place}]");
        let (text, dataset) = check_dataset(&key, &cloud, entry, environment)?;
        let name = dataset.dataset.definition.name;
        if datasets.iter().any(|other| other.index == dataset.index) {
            return Err(text.error(&key, format!("dataset `{name}` is named twice")));
        }
        if !cloud.has(&dataset.dataset.definition.source) {
            return Err(text.error(&key, format!("dataset `{name}` does not exist in cloud `{}`", cloud.name)));
        }
        datasets.push(dataset);
    }
    Ok(TenantConfig { id, cloud, client_id, proof, datasets, delivery: Delivery::default() })
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

/// Refuses what would make two sources fight over one state, or two budgets over one quota.
fn one_place_each(places: &[(u64, u64)], tenants: &[TenantConfig]) -> Result<(), ConfigError> {
    let mut applications = FxHashMap::default();
    let mut datasets = FxHashMap::default();
    for (place, tenant) in tenants.iter().enumerate() {
        let error = |first: usize, what: &str, cure: &str| {
            let message = format!("is {what} in tenants[{first}] already; {cure}");
            Err(ConfigError::new(places.get(place).copied(), format!("tenants[{place}].id"), message))
        };
        let id = (tenant.cloud.name.as_str(), tenant.id.to_ascii_lowercase());
        if let Some(first) = applications.insert((id.clone(), tenant.client_id.to_ascii_lowercase()), place) {
            return error(first, "named with the same application", "allowed: one entry with all its datasets");
        }
        for dataset in &tenant.datasets {
            if let Some(first) = datasets.insert((id.clone(), dataset.index), place) {
                let name = dataset.dataset.definition.name;
                return error(first, &format!("named with dataset `{name}`"), "allowed: each dataset of a tenant once");
            }
        }
    }
    Ok(())
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

fn check_dataset<'a>(
    key: &str,
    cloud: &Cloud,
    entry: &'a wire::DatasetEntry,
    environment: Environment<'_>,
) -> Result<(&'a Text, DatasetConfig), ConfigError> {
    let (text, options) = match entry {
        TextOr::Text(name) => (name, None),
        TextOr::Object(options) => (&options.name, Some(options)),
    };
    let name = text.resolve(key, environment)?.trim().to_ascii_lowercase();
    let found = schema::catalog().iter().zip(0..).find(|(dataset, _)| dataset.definition.name == name);
    let Some((dataset, index)) = found else {
        return Err(text.error(key, format!("unknown dataset `{name}`; allowed: {}", dataset_names())));
    };
    let source = dataset.definition.source;
    let duration = |name: &str, text: Option<&Text>, default: u64| {
        text.map_or(Ok(Duration::from_secs(default)), |text| text.duration(&format!("{key}.{name}"), environment))
    };
    let option = |pick: fn(&wire::DatasetOptions) -> Option<&Text>| options.and_then(pick);
    let interval = duration("interval", option(|options| options.interval.as_ref()), source.interval.into())?;
    let lookback =
        duration("lookback", option(|options| options.lookback.as_ref()), u64::from(source.lookback) * 3600)?;
    let longest = Duration::from_secs(u64::from(source.max_lookback) * 3600);
    // What stands behind an own address is not known to forget.
    if let Some(written) = option(|options| options.lookback.as_ref())
        && lookback > longest
        && !cloud.is_custom()
    {
        let message =
            format!("is longer than the service keeps records; allowed: at most {}d", source.max_lookback / 24);
        return Err(written.error(&format!("{key}.lookback"), message));
    }
    let written = option(|options| options.overlap.as_ref());
    let overlap = duration("overlap", written, DEFAULT_OVERLAP.as_secs())?;
    if overlap > MAX_OVERLAP {
        // Its ids are held in memory and in the state.
        return Err(written
            .unwrap_or(text)
            .error(&format!("{key}.overlap"), "is longer than a day; allowed: at most 24h"));
    }
    let reconcile = match options.and_then(|options| options.reconcile.as_ref()).map(|written| &written.value) {
        None => Some(Reconcile::default()),
        Some(TextOr::Text(word)) => {
            let key = format!("{key}.reconcile");
            match word.resolve(&key, environment)?.as_str() {
                "off" => None,
                "on" => Some(Reconcile::default()),
                other => {
                    return Err(
                        word.error(&key, format!("`{other}` is not known; allowed: on, off, or {{every, span}}"))
                    );
                }
            }
        }
        Some(TextOr::Object(options)) => {
            let default = Reconcile::default();
            Some(Reconcile {
                every: duration("reconcile.every", options.every.as_ref(), default.every.as_secs())?,
                span: duration("reconcile.span", options.span.as_ref(), default.span.as_secs())?,
            })
        }
    };
    Ok((text, DatasetConfig { dataset, index, interval, lookback, overlap, reconcile }))
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

fn dataset_names() -> String {
    schema::catalog().iter().map(|dataset| dataset.definition.name).collect::<Vec<_>>().join(", ")
}
