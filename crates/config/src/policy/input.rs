//! An input unit: one tenant. Its options are put into the form of the configuration file, so that the file's rules decide;
//! what they find wrong is told under the option's own name.

use serde_json::{Map, Value, json};

use super::source::Source;
use super::stream::{self, Above, Draft};
use super::{Additions, BrokenStream, InputUnit, Stream, data_stream, processors};
use crate::checks::Environment;
use crate::tree::Node;
use crate::{ConfigError, ConfigErrors, HttpConfig, TenantConfig, http, tenant, wire};

/// Keys that Fleet and the agent write, and no option of ours.
const OTHERS: [&str; 10] = [
    "type",
    "name",
    "revision",
    "use_output",
    "meta",
    "package_policy_id",
    "policy",
    "enabled",
    "log_level",
    options::RUNTIME.0,
];
/// Where the file has the tenant of a unit.
const TENANT: &str = "tenants[0]";

/// Reads the source of an input unit.
pub(super) fn read(source: &Value, variables: &dyn Fn(&str) -> Option<String>) -> Result<InputUnit, ConfigErrors> {
    let environment = Environment { variables, folder: std::path::Path::new("") };
    let mut source = Source::of_input(source)?;
    let id = source.text("id")?.unwrap_or_default();
    let name = source.text("name")?.unwrap_or_else(|| id.clone());
    for key in OTHERS {
        drop(source.take(key));
    }
    let written = data_stream::take(&mut source)?;
    let mut additions = Additions::default();
    processors::read("processors", source.take("processors"), &mut additions)?;
    let streams = source.take("streams");
    let allow = source.flag("allow_insecure_http")?.unwrap_or(false);
    let http = http(&mut source, allow)?;
    let tenant = tenant(&mut source, allow)?;
    let state = source.text("state_path")?.map(Into::into);
    let above = Above { data_stream: &written, additions: &additions };
    let Written { mut drafts, mut broken, reports } = drafts(streams, &name, &above)?;
    let http: HttpConfig = http::check(Some(&http), environment).map_err(|error| renamed(error, &[]))?;
    let tenant = loop {
        let form = with_datasets(&tenant, &drafts);
        match check(&form, &http, environment) {
            Ok(tenant) => break tenant,
            Err(errors) => set_apart(errors, &mut drafts, &mut broken)?,
        }
    };
    let mut unknown: Vec<String> = source.rest().collect();
    for draft in drafts.iter().chain(&reports) {
        unknown.extend(draft.unknown.iter().map(|key| format!("{}: {key}", draft.stream.id)));
    }
    let streams: Vec<Stream> = drafts.into_iter().map(|draft| draft.stream).collect();
    let reports = reports.map(|draft| draft.stream);
    Ok(InputUnit { id, tenant, http, state, streams, reports, broken, unknown })
}

/// The streams of an input.
struct Written {
    drafts: Vec<Draft>,
    broken: Vec<BrokenStream>,
    /// The one of the collector's own reports.
    reports: Option<Draft>,
}

/// The streams that are right by themselves, and those that are not. Those that are switched off are neither.
fn drafts(written: Option<Value>, name: &str, above: &Above<'_>) -> Result<Written, ConfigErrors> {
    let error = |message: &str| ConfigErrors::from(ConfigError::new(None, "streams", message));
    let items = match written {
        Some(Value::Array(items)) => items,
        None => Vec::new(),
        Some(_) => return Err(error("is no list; allowed: a list of streams, one for each dataset")),
    };
    let (mut drafts, mut broken): (Vec<Draft>, Vec<BrokenStream>) = (Vec::new(), Vec::new());
    let mut reports = None;
    for (place, item) in items.iter().enumerate() {
        let mut source = Source::of_input(item)?;
        let (id, is_enabled) = stream::identify(&mut source, name, place)?;
        if !is_enabled {
            continue;
        }
        let is_taken =
            drafts.iter().map(|draft| &draft.stream.id).chain(broken.iter().map(|it| &it.id)).any(|it| *it == id);
        let read = if is_taken {
            Err(ConfigError::new(None, "id", "is the id of another stream of this input; allowed: one of its own"))
        } else {
            stream::read(id.clone(), source, above)
        };
        match read {
            Ok(draft) if draft.is_of_reports() && reports.is_none() => reports = Some(draft),
            Ok(draft) => drafts.push(draft),
            Err(error) => broken.push(BrokenStream { id, errors: error.into() }),
        }
    }
    if drafts.is_empty() && broken.is_empty() {
        return Err(error("are none, or all switched off; switch on the datasets that are to be collected"));
    }
    if drafts.is_empty() {
        return Err(all_broken(broken));
    }
    Ok(Written { drafts, broken, reports })
}

/// Takes the way to Microsoft.
fn http(source: &mut Source, allow: bool) -> Result<wire::Http, ConfigErrors> {
    let mut form = Map::new();
    form.extend(source.text("proxy_url")?.map(|text| ("proxy".to_owned(), text.into())));
    let direct = source.list("no_proxy")?;
    if !direct.is_empty() && form.contains_key("proxy") {
        form.insert("no_proxy".to_owned(), direct.into());
    }
    form.extend(source.text("ca_file")?.map(|text| ("ca_file".to_owned(), text.into())));
    form.insert("allow_insecure_http".to_owned(), allow.into());
    let mut errors = Vec::new();
    let form = wire::read_part(&mut Node::of(&form.into()), "http", &mut errors);
    form.filter(|_| errors.is_empty()).ok_or_else(|| ConfigErrors(renamed_all(errors, &[])))
}

/// Takes the tenant, in the form of the file, without its datasets.
fn tenant(source: &mut Source, allow: bool) -> Result<Map<String, Value>, ConfigErrors> {
    let mut form = Map::new();
    let Some(id) = source.text("tenant_id")? else {
        return Err(source
            .error("tenant_id", "is missing; allowed: the directory (tenant) id of the app registration")
            .into());
    };
    form.insert("id".to_owned(), id.into());
    form.extend(source.text("tenant_name")?.map(|name| ("name".to_owned(), name.into())));
    form.extend(cloud(source, allow)?.map(|cloud| ("cloud".to_owned(), cloud)));
    form.extend(credential(source)?);
    Ok(form)
}

/// The cloud's word, or own addresses.
fn cloud(source: &mut Source, allow: bool) -> Result<Option<Value>, ConfigError> {
    let word = source.text("cloud")?;
    let keys = ["login_url", "graph_url", "defender_url"];
    let mut addresses = Vec::new();
    for key in keys {
        addresses.push(source.text(key)?);
    }
    if addresses.iter().all(Option::is_none) {
        return Ok(word.map(Value::from));
    }
    if let Some(missing) = keys.iter().zip(&addresses).find_map(|(key, text)| text.is_none().then_some(key)) {
        let message = "is empty, and stands beside own addresses; allowed: all three addresses, or none of them";
        return Err(source.error(missing, message));
    }
    let mut addresses = addresses.into_iter();
    let mut next = || addresses.next().flatten();
    let (login, graph, defender) = (next(), next(), next());
    Ok(Some(json!({ "login": login, "graph": graph, "defender": defender, "allow_insecure_http": allow })))
}

/// The credential that is chosen. What belongs to another one is left alone; without a choice everything is taken, and the
/// rules of the file tell two kinds apart.
fn credential(source: &mut Source) -> Result<Vec<(String, Value)>, ConfigError> {
    const SECRET: [&str; 2] = ["client_secret", "client_secret_file"];
    const CERTIFICATE: [&str; 3] =
        ["client_certificate_file", "client_certificate_key_file", "client_certificate_password"];
    const TOKEN: [&str; 1] = ["federated_token_file"];
    let mut given = Vec::new();
    for key in ["client_id"].iter().chain(&SECRET).chain(&CERTIFICATE).chain(&TOKEN) {
        given.extend(source.text(key)?.map(|text| (*key, Value::from(text))));
    }
    let identity = source.text("managed_identity_client_id")?;
    let choice = source.text("credential")?;
    let (keys, needed): (&[&str], &[&str]) = match choice.as_deref() {
        None => return Ok(given.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        Some("client_secret") => (&SECRET, &SECRET),
        Some("client_certificate") => (&CERTIFICATE, &CERTIFICATE[..1]),
        Some("federated_token") => (&TOKEN, &TOKEN),
        Some("managed_identity") => {
            let identity = identity.map(|id| json!({ "client_id": id }));
            return Ok(vec![("managed_identity".to_owned(), identity.unwrap_or_else(|| json!({})))]);
        }
        Some(_) => {
            let message = "is not known; allowed: client_secret, client_certificate, federated_token, managed_identity";
            return Err(source.error("credential", message));
        }
    };
    if !given.iter().any(|(key, _)| needed.contains(key)) {
        return Err(source.error(needed[0], "is empty; enter it, or choose another credential"));
    }
    let is_kept = |key: &str| key == "client_id" || keys.contains(&key);
    Ok(given.into_iter().filter(|(key, _)| is_kept(key)).map(|(key, value)| (key.to_owned(), value)).collect())
}

/// The tenant with a dataset for each stream.
fn with_datasets(tenant: &Map<String, Value>, drafts: &[Draft]) -> Value {
    let mut form = tenant.clone();
    let datasets = drafts.iter().map(|draft| Value::Object(draft.dataset.clone())).collect();
    form.insert("datasets".to_owned(), datasets);
    form.into()
}

/// The file's rules.
fn check(form: &Value, http: &HttpConfig, environment: Environment<'_>) -> Result<TenantConfig, Vec<ConfigError>> {
    let mut errors = Vec::new();
    let tenant = wire::read_part(&mut Node::of(form), TENANT, &mut errors);
    let written = wire::WrittenTenant { tenant, errors };
    let (tenants, broken) = tenant::check_all(vec![written], &[], http.proxy.as_ref(), environment);
    let errors: Vec<ConfigError> = broken.into_iter().flat_map(|tenant| tenant.errors).collect();
    match tenants.into_iter().next() {
        Some(tenant) if errors.is_empty() => Ok(tenant),
        _ => Err(errors),
    }
}

/// Streams that are at fault are taken out, as long as others are left and nothing else is wrong.
fn set_apart(
    errors: Vec<ConfigError>,
    drafts: &mut Vec<Draft>,
    broken: &mut Vec<BrokenStream>,
) -> Result<(), ConfigErrors> {
    let place =
        |error: &ConfigError| dataset_of(&error.key).map(|(place, _)| place).filter(|place| *place < drafts.len());
    if errors.is_empty() || errors.iter().any(|error| place(error).is_none()) {
        return Err(ConfigErrors(renamed_all(errors, drafts)));
    }
    let mut at_fault: Vec<(usize, Vec<ConfigError>)> = Vec::new();
    for error in errors {
        let place = place(&error).unwrap_or_default();
        let error = renamed(error, &[]);
        match at_fault.iter_mut().find(|(known, _)| *known == place) {
            Some((_, errors)) => errors.push(error),
            None => at_fault.push((place, vec![error])),
        }
    }
    at_fault.sort_unstable_by_key(|(place, _)| std::cmp::Reverse(*place));
    for (place, errors) in at_fault {
        let id = drafts.remove(place).stream.id;
        broken.push(BrokenStream { id, errors: ConfigErrors(errors) });
    }
    if drafts.is_empty() { Err(all_broken(std::mem::take(broken))) } else { Ok(()) }
}

/// No stream is left: what is wrong with each of them.
fn all_broken(broken: Vec<BrokenStream>) -> ConfigErrors {
    let named = |stream: BrokenStream| {
        let BrokenStream { id, errors } = stream;
        errors.0.into_iter().map(move |error| ConfigError { key: format!("stream {id}: {}", error.key), ..error })
    };
    ConfigErrors(broken.into_iter().flat_map(named).collect())
}

/// The dataset's place and its key, of a key of the file.
fn dataset_of(key: &str) -> Option<(usize, &str)> {
    let rest = key.strip_prefix(TENANT)?.strip_prefix(".datasets[")?;
    let (place, rest) = rest.split_once(']')?;
    Some((place.parse().ok()?, rest.trim_start_matches('.')))
}

fn renamed_all(errors: Vec<ConfigError>, drafts: &[Draft]) -> Vec<ConfigError> {
    errors.into_iter().map(|error| renamed(error, drafts)).collect()
}

/// The error under the option's own name; `drafts` name the streams.
fn renamed(error: ConfigError, drafts: &[Draft]) -> ConfigError {
    let key = if let Some((place, option)) = dataset_of(&error.key) {
        let option = if option.is_empty() { "data_stream.dataset" } else { option };
        let stream = drafts.get(place).map(|draft| format!("stream {}: ", draft.stream.id)).unwrap_or_default();
        format!("{stream}{}", options::label(option))
    } else {
        options::label(option_of(&error.key))
    };
    ConfigError { key, place: None, ..error }
}

/// The option that a key of the file stands for.
fn option_of(key: &str) -> &str {
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    match (section, name) {
        ("http", "proxy") => "proxy_url",
        (TENANT, "id") => "tenant_id",
        (TENANT, "name") => "tenant_name",
        (TENANT, "cloud.login") => "login_url",
        (TENANT, "cloud.graph") => "graph_url",
        (TENANT, "cloud.defender") => "defender_url",
        (TENANT, "managed_identity" | "") => "credential",
        (TENANT, "managed_identity.client_id") => "managed_identity_client_id",
        (TENANT | "http", name) => name,
        _ => key,
    }
}
