//! The tenants of the configuration: each is checked by itself, and one that is wrong does not concern the others.

use std::collections::BTreeMap;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::checks::{Environment, check_id, check_url, note};
use super::value::{Text, TextOr};
use super::{
    BrokenTenant, Cloud, ConfigError, DEFAULT_OVERLAP, DatasetConfig, Delivery, LateArrivalScanConfig, NamedOutput,
    ProxyConfig, TenantConfig, credential, output, plain, wire,
};
use microsoft::NAMES;

/// Longest overlap of two polls.
const MAX_OVERLAP: Duration = Duration::from_hours(24);
/// Longest name, tag and label: what Elasticsearch indexes of a keyword.
const MAX_TEXT: usize = 1024;

/// The outputs by name, the default one first.
type Outputs = [(String, Result<NamedOutput, ConfigError>)];

/// The tenants that can be collected, and those that cannot.
pub(super) fn check_all(
    written: Vec<wire::WrittenTenant>,
    outputs: &Outputs,
    proxy: Option<&ProxyConfig>,
    environment: Environment<'_>,
) -> (Vec<TenantConfig>, Vec<BrokenTenant>) {
    let (mut tenants, mut broken) = (Vec::new(), Vec::new());
    let mut taken = Taken::default();
    for (number, wire::WrittenTenant { tenant, mut errors }) in written.into_iter().enumerate() {
        let key = format!("tenants[{number}]");
        let mut id = None;
        let mut cloud = "global".to_owned();
        let mut name = None;
        if let Some(tenant) = tenant {
            let malformed: Vec<String> = errors.iter().map(|error| error.key.clone()).collect();
            let mut found = Vec::new();
            let checked = check(&Given { key: &key, tenant: &tenant, outputs, proxy }, environment, &mut found);
            // A value that could not be read is not missing.
            let follows = |error: &ConfigError| {
                error.key == key
                    || error.key == format!("{key}.client_id")
                    || error.key == format!("{key}.datasets")
                    || malformed.iter().any(|known| known.starts_with(&error.key))
            };
            found.retain(|error| malformed.is_empty() || !follows(error));
            let Checked { id: known, cloud: of, delivery, rest } = checked;
            if let Some(cloud_of) = &of {
                cloud.clone_from(&cloud_of.name);
            }
            id = known;
            name = delivery.as_ref().and_then(|delivery| delivery.name.clone());
            if let (Some(id), Some(cloud), Some(delivery), Some((client_id, credential, datasets)), true) =
                (&id, of, delivery, rest, found.is_empty() && errors.is_empty())
            {
                let config =
                    TenantConfig { id: id.clone(), cloud, client_id, credential, datasets, delivery, http: None };
                match taken.take(number, tenant.id.place(), &config) {
                    Ok(()) => {
                        tenants.push(config);
                        continue;
                    }
                    Err(error) => found.push(error),
                }
            }
            errors.append(&mut found);
        }
        errors.sort_by_key(|error| error.place);
        broken.push(BrokenTenant { number, cloud, id: id.unwrap_or(key), name, errors });
    }
    (tenants, broken)
}

/// A tenant as it is written.
struct Given<'a> {
    key: &'a str,
    tenant: &'a wire::Tenant,
    outputs: &'a Outputs,
    /// The way to Microsoft.
    proxy: Option<&'a ProxyConfig>,
}

/// The right part of a tenant's configuration.
struct Checked {
    id: Option<String>,
    cloud: Option<Cloud>,
    delivery: Option<Delivery>,
    rest: Option<(String, super::CredentialKind, Vec<DatasetConfig>)>,
}

fn check(given: &Given<'_>, environment: Environment<'_>, errors: &mut Vec<ConfigError>) -> Checked {
    let Given { key, tenant, .. } = *given;
    let id = note(errors, check_id(&format!("{key}.id"), &tenant.id, environment));
    let cloud = note(errors, check_cloud(given, environment));
    let credential = note(errors, credential::check(key, tenant, environment));
    let delivery = check_delivery(given, environment, errors);
    if tenant.datasets.is_empty() {
        errors.push(tenant.id.error(&format!("{key}.datasets"), format!("is empty; allowed: {}", dataset_names())));
    }
    let mut datasets: Vec<DatasetConfig> = Vec::new();
    for (place, entry) in tenant.datasets.iter().enumerate() {
        let key = format!("{key}.datasets[{place}]");
        let listed = Listed { key: &key, entry, cloud: cloud.as_ref() };
        let checked = check_dataset(&listed, environment, errors);
        let Some((text, dataset)) = note(errors, checked) else { continue };
        let name = dataset.dataset.definition.name;
        if datasets.iter().any(|other| other.index == dataset.index) {
            errors.push(text.error(&key, format!("dataset `{name}` is named twice")));
        }
        if let Some(cloud) = cloud.as_ref().filter(|cloud| !cloud.has(&dataset.dataset.definition.source)) {
            errors.push(text.error(&key, format!("dataset `{name}` does not exist in cloud `{}`", cloud.name)));
        }
        datasets.push(dataset);
    }
    let rest = credential.map(|(client_id, credential)| (client_id, credential, datasets));
    Checked { id, cloud, delivery, rest }
}

fn check_cloud(given: &Given<'_>, environment: Environment<'_>) -> Result<Cloud, ConfigError> {
    let Given { key, tenant, proxy, .. } = *given;
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
            let cloud = Cloud::custom(
                url("login", &custom.login)?,
                url("graph", &custom.graph)?,
                url("defender", &custom.defender)?,
            );
            let exposed = cloud.unencrypted(proxy).filter(|_| custom.allow_insecure_http != Some(true));
            if let Some(exposed) = exposed {
                let reason = plain::refusal("the credential and tokens", exposed);
                return Err(custom.login.error(&format!("{key}.cloud"), reason));
            }
            Some(cloud)
        }
    };
    cloud.ok_or_else(|| ConfigError::new(None, key, "has no usable cloud"))
}

/// How the tenant's documents are marked, and where they go.
fn check_delivery(given: &Given<'_>, environment: Environment<'_>, errors: &mut Vec<ConfigError>) -> Option<Delivery> {
    let Given { key, tenant, outputs, .. } = *given;
    let before = errors.len();
    let mut delivery = Delivery::default();
    let mut text = |name: &str, text: &Text| -> Option<String> {
        let key = format!("{key}.{name}");
        let resolved = note(errors, text.resolve(&key, environment))?;
        if resolved.trim().is_empty() || resolved.len() > MAX_TEXT || resolved.contains(char::is_control) {
            errors.push(text.error(&key, format!("cannot be used; allowed: a line of 1 to {MAX_TEXT} bytes")));
            return None;
        }
        Some(resolved)
    };
    delivery.name = tenant.name.as_ref().and_then(|name| text("name", name));
    for (place, tag) in tenant.tags.iter().flatten().enumerate() {
        delivery.tags.extend(text(&format!("tags[{place}]"), tag));
    }
    delivery.labels = tenant
        .labels
        .iter()
        .flatten()
        .filter_map(|(name, label)| Some((name.clone(), text(&format!("labels.{name}"), label)?)))
        .collect::<BTreeMap<_, _>>();
    for (name, label) in tenant.labels.iter().flatten() {
        let is_allowed = |c: char| c.is_alphanumeric() || "_-".contains(c);
        if name.is_empty() || name.len() > 100 || !name.chars().all(is_allowed) {
            let message = "is no name of a label; allowed: at most 100 letters, digits, `_`, `-`";
            errors.push(label.error(&format!("{key}.labels.{name}"), message));
        }
    }
    if let Some(text) = &tenant.namespace {
        delivery.namespace = note(errors, output::check_namespace(&format!("{key}.namespace"), text, environment));
    }
    let wanted = match &tenant.output {
        None => None,
        Some(text) => {
            let name = note(errors, text.resolve(&format!("{key}.output"), environment))?;
            if !outputs.iter().any(|(known, _)| *known == name) {
                let known: Vec<_> = outputs.iter().map(|(name, _)| name.as_str()).collect();
                let message = format!("unknown output `{name}`; allowed: {}", known.join(", "));
                errors.push(text.error(&format!("{key}.output"), message));
            }
            Some(name)
        }
    };
    let found = match &wanted {
        None => outputs.first(),
        Some(name) => outputs.iter().find(|(known, _)| known == name),
    };
    if let Some((_, Err(error))) = found {
        errors.push(error.clone());
    }
    // By its name: the first one may be broken.
    delivery.output = if outputs.len() > 1 { found.map(|(name, _)| name.clone()) } else { None };
    (errors.len() == before).then_some(delivery)
}

/// Finds entries that would make two sources fight over one state, or two budgets over one quota.
#[derive(Default)]
struct Taken {
    applications: FxHashMap<((String, String), String), usize>,
    datasets: FxHashMap<((String, String), u16), usize>,
}

impl Taken {
    /// Refuses what a tenant before has already.
    fn take(&mut self, number: usize, place: (u64, u64), tenant: &TenantConfig) -> Result<(), ConfigError> {
        let error = |first: usize, what: &str, cure: &str| {
            let message = format!("is {what} in tenants[{first}] already; {cure}");
            Err(ConfigError::new(Some(place), format!("tenants[{number}].id"), message))
        };
        let id = (tenant.cloud.name.clone(), tenant.id.to_ascii_lowercase());
        let application = (id.clone(), tenant.client_id.to_ascii_lowercase());
        if let Some(first) = self.applications.get(&application) {
            return error(*first, "named with the same application", "allowed: one entry with all its datasets");
        }
        for dataset in &tenant.datasets {
            if let Some(first) = self.datasets.get(&(id.clone(), dataset.index)) {
                let name = dataset.dataset.definition.name;
                return error(
                    *first,
                    &format!("named with dataset `{name}`"),
                    "allowed: each dataset of a tenant once",
                );
            }
        }
        self.applications.insert(application, number);
        self.datasets.extend(tenant.datasets.iter().map(|dataset| ((id.clone(), dataset.index), number)));
        Ok(())
    }
}

/// A dataset that stands in a tenant's list.
struct Listed<'a> {
    key: &'a str,
    entry: &'a wire::DatasetEntry,
    cloud: Option<&'a Cloud>,
}

fn check_dataset<'a>(
    listed: &Listed<'a>,
    environment: Environment<'_>,
    errors: &mut Vec<ConfigError>,
) -> Result<(&'a Text, DatasetConfig), ConfigError> {
    let Listed { key, entry, cloud } = *listed;
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
    let interval = duration("interval", option(|options| options.interval.as_ref()), source.interval.into());
    let interval = note(errors, interval).unwrap_or_default();
    let lookback = duration("lookback", option(|options| options.lookback.as_ref()), u64::from(source.lookback) * 3600);
    let lookback = note(errors, lookback).unwrap_or_default();
    let longest = Duration::from_secs(u64::from(source.max_lookback) * 3600);
    // Nothing is known of how long a service at an address of its own keeps records.
    if let Some(written) = option(|options| options.lookback.as_ref())
        && lookback > longest
        && cloud.is_some_and(|cloud| !cloud.is_custom())
    {
        let message =
            format!("is longer than the service keeps records; allowed: at most {}d", source.max_lookback / 24);
        errors.push(written.error(&format!("{key}.lookback"), message));
    }
    let written = option(|options| options.overlap.as_ref());
    let overlap = note(errors, duration("overlap", written, DEFAULT_OVERLAP.as_secs())).unwrap_or_default();
    if overlap > MAX_OVERLAP {
        // Its ids are held in memory and in the state.
        let message = "is longer than a day; allowed: at most 24h";
        errors.push(written.unwrap_or(text).error(&format!("{key}.overlap"), message));
    }
    let written = options.and_then(|options| options.late_arrival_scan.as_ref()).map(|written| &written.value);
    let late_arrival_scan = check_late_arrival_scan(key, written, environment)?;
    Ok((text, DatasetConfig { dataset, index, interval, lookback, overlap, late_arrival_scan }))
}

/// How late records are looked for: as by default, not at all, or with these spans.
fn check_late_arrival_scan(
    key: &str,
    written: Option<&TextOr<wire::LateArrivalScanOptions>>,
    environment: Environment<'_>,
) -> Result<Option<LateArrivalScanConfig>, ConfigError> {
    let default = LateArrivalScanConfig::default();
    let duration = |name: &str, text: Option<&Text>, default: Duration| {
        text.map_or(Ok(default), |text| text.duration(&format!("{key}.late_arrival_scan.{name}"), environment))
    };
    match written {
        None => Ok(Some(default)),
        Some(TextOr::Text(word)) => {
            let key = format!("{key}.late_arrival_scan");
            match word.resolve(&key, environment)?.as_str() {
                "off" => Ok(None),
                "on" => Ok(Some(default)),
                other => Err(word.error(&key, format!("`{other}` is not known; allowed: on, off, or {{every, span}}"))),
            }
        }
        Some(TextOr::Object(options)) => Ok(Some(LateArrivalScanConfig {
            every: duration("every", options.every.as_ref(), default.every)?,
            span: duration("span", options.span.as_ref(), default.span)?,
        })),
    }
}

fn dataset_names() -> String {
    schema::catalog().iter().map(|dataset| dataset.definition.name).collect::<Vec<_>>().join(", ")
}
