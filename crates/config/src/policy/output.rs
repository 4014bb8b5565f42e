//! An output unit. What it says in the words of Beats is put into the form of the configuration file, so that the file's
//! rules decide about addresses, credentials and proxies.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use super::source::{self, Source};
use super::{OutputUnit, preset, tls};
use crate::checks::Environment;
use crate::tree::Node;
use crate::value::Text;
use crate::{ConfigError, ConfigErrors, ElasticOutput, Output, ProxyConfig, http, output, wire};

/// Where the file has the output of a unit.
const SECTION: &str = "output";
/// Elasticsearch's port where an address names none, whatever its scheme.
const PORT: u16 = 9200;
/// Most requests at a time.
const MAX_CONCURRENCY: u32 = 64;

/// Reads the source of an output unit.
pub(super) fn read(source: &Value, variables: &dyn Fn(&str) -> Option<String>) -> Result<OutputUnit, ConfigErrors> {
    let environment = Environment { variables, folder: Path::new("") };
    let mut source = Source::of_output(source)?;
    check_type(&mut source)?;
    let hosts = hosts(&mut source)?;
    let proxy = proxy(&mut source, &hosts, environment)?;
    let (tls, fingerprint) = tls::take(&mut source)?;
    let mut output = checked(&mut source, &hosts, fingerprint, environment)?;
    if let Some(proxy) = proxy {
        output.proxy = Some(proxy);
        if let Some(reason) = output.exposure() {
            return Err(source.error("hosts", reason).into());
        }
    }
    output.tls = tls;
    output.headers = headers(&mut source)?;
    output.parameters = parameters(&mut source)?;
    if let Some(timeout) = source.take("timeout") {
        output.timeout = duration(&timeout)
            .ok_or_else(|| source.error("timeout", "is no time span; allowed: a number of seconds, or as `90s`"))?;
    }
    requests(&mut source, &mut output)?;
    if source.text("pipeline")?.is_some() {
        let message = "cannot be set: documents go through the pipeline of their data stream; take it away";
        return Err(source.error("pipeline", message).into());
    }
    Ok(OutputUnit { output, ignored: source.rest().collect() })
}

/// Documents go to Elasticsearch alone.
fn check_type(source: &mut Source) -> Result<(), ConfigError> {
    const CURE: &str = "this input sends to Elasticsearch alone: choose an Elasticsearch output for its integration, or for \
                        the agent policy";
    match source.text("type")?.as_deref() {
        Some("elasticsearch") => Ok(()),
        Some("remote_elasticsearch") => Err(source.error(
            "type",
            "is `remote_elasticsearch`, which Fleet Server turns into `elasticsearch` with a key of its own before it \
             reaches an agent; enrol the agent at a Fleet Server that does, or name the cluster as an Elasticsearch output",
        )),
        Some(other) => Err(source.error("type", format!("is `{other}`, and {CURE}"))),
        None => Err(source.error("type", format!("is missing; {CURE}"))),
    }
}

/// The addresses, as Beats read them: `host`, `host:port` or whole.
fn hosts(source: &mut Source) -> Result<Vec<Url>, ConfigError> {
    let scheme = source.text("protocol")?.unwrap_or_else(|| "http".to_owned());
    let path = source.text("path")?.unwrap_or_default();
    let written = source.list("hosts")?;
    if written.is_empty() {
        return Err(source.error("hosts", "is empty; allowed: addresses of the cluster, as `https://es.example:9200`"));
    }
    let mut hosts = Vec::new();
    for (place, host) in written.iter().enumerate() {
        let whole = if host.contains("://") { host.trim().to_owned() } else { format!("{scheme}://{}", host.trim()) };
        let url = Url::parse(&whole).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let error = || {
            let message = "is not an address; allowed: https://host[:port][/path], http://…, or host[:port]";
            source.error(&format!("hosts[{place}]"), message)
        };
        let mut url = url.ok_or_else(error)?;
        if !names_port(&whole) {
            url.set_port(Some(PORT)).map_err(|()| error())?;
        }
        if url.path() == "/" && !path.is_empty() {
            url.set_path(&path);
        }
        hosts.push(url);
    }
    Ok(hosts)
}

/// The address names a port, be it the usual one of its scheme, which [`Url`] leaves out.
fn names_port(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let after_host = host.rsplit(']').next().unwrap_or_default();
    after_host.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty())
}

/// A proxy of the agent's environment, where the output names none and wants one. One that it names is left in place.
fn proxy(source: &mut Source, hosts: &[Url], environment: Environment<'_>) -> Result<Option<ProxyConfig>, ConfigError> {
    if !source.section("proxy_headers")?.rest().collect::<Vec<_>>().is_empty() {
        return Err(source.error("proxy_headers", "cannot be sent to a proxy here; take them away"));
    }
    if source.flag("proxy_disable")? == Some(true) {
        source.take("proxy_url");
        return Ok(None);
    }
    let Some(url) = source.text("proxy_url")? else {
        if hosts.iter().all(|host| host.scheme() != "https") {
            return Ok(None);
        }
        let found = http::proxy_of(environment).map_err(|name| {
            source.error("proxy_url", format!("is empty, and environment variable {name} of the agent is no address"))
        })?;
        // As everywhere, the machine itself is asked directly.
        let own = ["localhost", ".localhost", "127.0.0.1", "::1"].map(str::to_owned);
        return Ok(
            found.map(|proxy| ProxyConfig { no_proxy: proxy.no_proxy.into_iter().chain(own).collect(), ..proxy })
        );
    };
    let keys = output::Keys { section: SECTION, environment };
    let text = Text::of(&url);
    output::check_proxy(Some(&text), &[], &keys).map_err(|error| ConfigError::new(None, "proxy_url", error.message))
}

/// What the file's rules make of addresses and credential.
fn checked(
    source: &mut Source,
    hosts: &[Url],
    fingerprint: Option<String>,
    environment: Environment<'_>,
) -> Result<ElasticOutput, ConfigErrors> {
    let mut form = Map::new();
    form.insert("hosts".to_owned(), hosts.iter().map(Url::as_str).collect());
    for key in ["api_key", "username", "password"] {
        form.extend(source.text(key)?.map(|text| (key.to_owned(), text.into())));
    }
    form.extend(fingerprint.map(|text| ("ca_trusted_fingerprint".to_owned(), text.into())));
    form.extend(source.flag("allow_insecure_http")?.map(|allowed| ("allow_insecure_http".to_owned(), allowed.into())));
    let mut errors = Vec::new();
    let form = json!({ "elasticsearch": form });
    let read: Option<wire::Output> = wire::read_part(&mut Node::of(&form), SECTION, &mut errors);
    let Some(written) = read.filter(|_| errors.is_empty()) else {
        return Err(ConfigErrors(errors.into_iter().map(renamed).collect()));
    };
    match output::check(SECTION, &written, environment).map_err(renamed)?.0 {
        Output::Elasticsearch(output) => Ok(*output),
        _ => Err(source.error("type", "is no Elasticsearch").into()),
    }
}

fn renamed(error: ConfigError) -> ConfigError {
    let key = error.key.strip_prefix("output.elasticsearch").unwrap_or(&error.key).trim_start_matches('.');
    let key = if key == "ca_trusted_fingerprint" { "ssl.ca_trusted_fingerprint" } else { key };
    ConfigError { key: key.to_owned(), place: None, ..error }
}

fn headers(source: &mut Source) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(source, "headers")? {
        let error = || ConfigError::new(None, format!("headers.{name}"), "cannot be sent as a header");
        let key = HeaderName::try_from(&name).map_err(|_| error())?;
        let mut value = HeaderValue::try_from(&value).map_err(|_| error())?;
        value.set_sensitive(true);
        headers.append(key, value);
    }
    Ok(headers)
}

fn parameters(source: &mut Source) -> Result<Vec<(String, String)>, ConfigError> {
    pairs(source, "parameters")
}

/// Names and texts.
fn pairs(source: &mut Source, key: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let members = match source.take(key) {
        None => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(other) => {
            let message = format!("is {} where an object is expected", source::kind(&other));
            return Err(source.error(key, message));
        }
    };
    let text = |value: &Value| source::text(value).or_else(|| value.as_bool().map(|flag| flag.to_string()));
    members
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let text = text(value).ok_or_else(|| {
                let message = format!("is {} where a text is expected", source::kind(value));
                source.error(&format!("{key}.{name}"), message)
            })?;
            Ok((name.clone(), text))
        })
        .collect()
}

/// How many requests at a time, of how many documents, how much compressed. A preset stands in the place of all three.
fn requests(source: &mut Source, output: &mut ElasticOutput) -> Result<(), ConfigErrors> {
    let documents = source.number("bulk_max_size")?;
    let workers = source.number("worker")?.or(source.number("workers")?);
    let level = source.number("compression_level")?;
    let is_balanced = source.flag("loadbalance")?.unwrap_or(true);
    let word = source.text("preset")?;
    let found = word.map_or(Ok(None), |word| preset::find(&word)).map_err(|reason| source.error("preset", reason))?;
    let hosts = if is_balanced { u32::try_from(output.hosts.len()).unwrap_or(u32::MAX) } else { 1 };
    let at_a_time = |workers: u32| workers.saturating_mul(hosts).clamp(1, MAX_CONCURRENCY);
    if let Some(preset) = found {
        output.max_documents = Some(preset.documents);
        output.max_concurrency = at_a_time(preset.workers);
        output.gzip = Some(preset.compression);
        return Ok(());
    }
    // As in Beats, a number that is none means no bound.
    output.max_documents = documents.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
    if let Some(number) = workers {
        let number = u32::try_from(number).ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| source.error("worker", "is no number of requests; allowed: 1 and more"))?;
        output.max_concurrency = at_a_time(number);
    }
    if let Some(level) = level {
        let level = u32::try_from(level).ok().filter(|level| *level <= 9);
        let level = level.ok_or_else(|| source.error("compression_level", "is out of range; allowed: 0 to 9"))?;
        output.gzip = Some(level).filter(|level| *level > 0);
    }
    Ok(())
}

/// Seconds, or a time span as Go writes it: `90s`, `1m30s`, `500ms`.
fn duration(value: &Value) -> Option<Duration> {
    if let Some(seconds) = value.as_f64() {
        return Duration::try_from_secs_f64(seconds).ok().filter(|span| !span.is_zero());
    }
    let (mut rest, mut whole) = (value.as_str()?.trim(), Duration::ZERO);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        whole += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        rest = tail;
    }
    Some(whole).filter(|span| !span.is_zero())
}
