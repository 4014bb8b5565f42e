//! Where documents go: the outputs as the program works with them, and the rules of their configuration.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::checks::{Environment, check_url};
use super::secret::{self, Kind};
use super::value::{Text, TextOr, parse_size};
use super::{ConfigError, ElasticOutput, FileOutput, Login, Output, ProxyConfig, Secret, wire};
use output::dead_letters::{Limit, WhenFull};

/// Shortest body limit: a record's document must have a chance to fit.
const MIN_MAX_BODY: u64 = 1024;
/// A rotated file has room for some documents.
const MIN_FILE_SIZE: u64 = 1024;
/// Dead letters have room for a long row at least.
const MIN_DEAD_LETTERS: u64 = 1024 * 1024;
const MAX_CONCURRENCY: u32 = 64;

/// The dead letters' directory, if one is named, and how much they may take.
pub(super) fn check_dead_letter(
    written: Option<&wire::DeadLetter>,
    environment: Environment<'_>,
) -> Result<(Option<PathBuf>, Limit), ConfigError> {
    let mut limit = Limit::default();
    let keys = Keys { section: "dead_letter", environment };
    let path = match written {
        None => None,
        Some(TextOr::Text(path)) => Some(path.path("dead_letter", environment)?),
        Some(TextOr::Object(options)) => {
            if let Some(text) = &options.max_size {
                limit.bytes = keys.size("max_size", text, MIN_DEAD_LETTERS)?;
            }
            if let Some(text) = &options.when_full {
                limit.when_full = match keys.text("when_full", text)?.as_str() {
                    "stop" => WhenFull::Stop,
                    "drop_oldest" => WhenFull::DropOldest,
                    other => {
                        let message = format!("`{other}` is not known; allowed: stop, drop_oldest");
                        return Err(text.error(&keys.name("when_full"), message));
                    }
                };
            }
            options.path.as_ref().map(|path| path.path("dead_letter.path", environment)).transpose()?
        }
    };
    Ok((path, limit))
}

/// An output and the namespace of its data streams; `section` is its key.
pub(super) fn check(
    section: &str,
    output: &wire::Output,
    environment: Environment<'_>,
) -> Result<(Output, String), ConfigError> {
    let default = || "default".to_owned();
    match (&output.elasticsearch, &output.file, &output.stdout) {
        (Some(elastic), None, None) => check_elastic(&format!("{section}.elasticsearch"), elastic, environment),
        (None, Some(file), None) => {
            Ok((Output::File(check_file_output(&format!("{section}.file"), file, environment)?), default()))
        }
        (None, None, Some(_)) => Ok((Output::Stdout, default())),
        (None, None, None) => {
            Err(ConfigError::new(None, section, "names no output; allowed: one of elasticsearch, file, stdout"))
        }
        _ => Err(ConfigError::new(None, section, "names several outputs; allowed: one of elasticsearch, file, stdout")),
    }
}

fn check_file_output(
    section: &str,
    file: &wire::FileOutput,
    environment: Environment<'_>,
) -> Result<FileOutput, ConfigError> {
    let keys = Keys { section, environment };
    let mut output = FileOutput::new(file.directory.path(&keys.name("directory"), environment)?);
    output.ids = file.ids.unwrap_or(false);
    if let Some(text) = &file.rotate_size {
        output.rotate_size = keys.size("rotate_size", text, MIN_FILE_SIZE)?;
    }
    output.rotate_age = file.rotate_age.as_ref().map(|text| keys.duration("rotate_age", text)).transpose()?;
    output.keep = file.keep;
    if file.keep == Some(0) {
        return Err(file.directory.error(&keys.name("keep"), "is 0; allowed: 1 and more, or nothing to keep all"));
    }
    Ok(output)
}

fn check_elastic(
    section: &str,
    elastic: &wire::Elasticsearch,
    environment: Environment<'_>,
) -> Result<(Output, String), ConfigError> {
    let keys = Keys { section, environment };
    let hosts = elastic
        .hosts
        .iter()
        .enumerate()
        .map(|(place, host)| check_url(&keys.name(&format!("hosts[{place}]")), host, environment))
        .collect::<Result<Vec<Url>, _>>()?;
    let Some(first) = elastic.hosts.first() else {
        return Err(ConfigError::new(None, keys.name("hosts"), "is empty, at least one address is needed"));
    };
    let mut output = ElasticOutput::new(hosts, check_login(elastic, &keys)?);
    output.ca_file = elastic.ca_file.as_ref().map(|text| keys.file("ca_file", text)).transpose()?;
    output.ca_fingerprint =
        elastic.ca_trusted_fingerprint.as_ref().map(|text| check_fingerprint(text, &keys)).transpose()?;
    output.proxy = check_proxy(elastic.proxy.as_ref(), elastic.no_proxy.as_deref().unwrap_or_default(), &keys)?;
    output.allow_insecure_http = elastic.allow_insecure_http.unwrap_or(false);
    if let Some(reason) = output.exposure() {
        return Err(first.error(&keys.name("hosts"), reason));
    }
    output.gzip = match (elastic.gzip, elastic.gzip_level) {
        (Some(false), _) => None,
        (_, None) => Some(1),
        (_, Some(level @ 1..=9)) => Some(level),
        (_, Some(level)) => {
            return Err(first.error(&keys.name("gzip_level"), format!("is {level}; allowed: 1 to 9")));
        }
    };
    if let Some(text) = &elastic.timeout {
        output.timeout = keys.duration("timeout", text)?;
    }
    if let Some(number) = elastic.max_concurrency {
        if !(1..=MAX_CONCURRENCY).contains(&number) {
            let message = format!("is {number}; allowed: 1 to {MAX_CONCURRENCY}");
            return Err(first.error(&keys.name("max_concurrency"), message));
        }
        output.max_concurrency = number;
    }
    if let Some(text) = &elastic.max_content_length {
        let size = keys.size("max_content_length", text, MIN_MAX_BODY)?;
        output.max_body = Some(usize::try_from(size).unwrap_or(usize::MAX));
    }
    let namespace = match &elastic.namespace {
        None => "default".to_owned(),
        Some(text) => check_namespace(&keys.name("namespace"), text, environment)?,
    };
    Ok((Output::Elasticsearch(Box::new(output)), namespace))
}

/// Elastic's rules for the namespace of a data stream.
pub(super) fn check_namespace(key: &str, text: &Text, environment: Environment<'_>) -> Result<String, ConfigError> {
    let namespace = text.resolve(key, environment)?;
    let is_forbidden =
        |c: char| c.is_whitespace() || c.is_control() || c.is_uppercase() || "\\/*?\"<>|,#:-".contains(c);
    if namespace.is_empty() || namespace.len() > 100 || namespace.contains(is_forbidden) {
        let message =
            "is no namespace; allowed: at most 100 bytes, lower case, without `-`, blanks and any of \\/*?\"<>|,#:";
        return Err(text.error(key, message));
    }
    Ok(namespace)
}

fn check_login(elastic: &wire::Elasticsearch, keys: &Keys<'_>) -> Result<Login, ConfigError> {
    let wire::Elasticsearch { api_key, api_key_file, password, password_file, .. } = elastic;
    for (given, file, name) in [(api_key, api_key_file, "api_key"), (password, password_file, "password")] {
        if let (Some(_), Some(file)) = (given, file) {
            let message = format!("cannot stand beside {name}; allowed: one of them");
            return Err(file.error(&keys.name(&format!("{name}_file")), message));
        }
    }
    if let Some(file) = api_key_file {
        if let Some(text) = elastic.username.as_ref().or(password.as_ref()).or(password_file.as_ref()) {
            return Err(text.error(keys.section, "has api_key_file beside username or password; allowed: one way"));
        }
        let key = secret::of_file(Kind::Key, &keys.name("api_key_file"), file, keys.environment)?;
        secret::api_key(key.expose_secret()).map_err(|reason| file.error(&keys.name("api_key_file"), reason))?;
        return Ok(Login::ApiKey(Secret::File(file.path(&keys.name("api_key_file"), keys.environment)?)));
    }
    if let Some(file) = password_file {
        return match (&elastic.username, api_key) {
            (Some(name), None) => {
                secret::of_file(Kind::Password, &keys.name("password_file"), file, keys.environment)?;
                let path = file.path(&keys.name("password_file"), keys.environment)?;
                Ok(Login::Basic(user_name(name, keys)?, Secret::File(path)))
            }
            (None, None) => Err(file.error(keys.section, "needs username and password together")),
            (_, Some(key)) => Err(key.error(keys.section, "has api_key beside username or password; allowed: one way")),
        };
    }
    match (&elastic.api_key, &elastic.username, &elastic.password) {
        (None, None, None) => Ok(Login::None),
        (Some(key), None, None) => {
            let written = keys.secret(Kind::Key, "api_key", key)?;
            let sent = secret::api_key(written.expose_secret());
            Ok(Login::ApiKey(sent.map_err(|reason| key.error(&keys.name("api_key"), reason))?.into()))
        }
        (None, Some(text), Some(password)) => {
            let password = keys.secret(Kind::Password, "password", password)?;
            Ok(Login::Basic(user_name(text, keys)?, password.into()))
        }
        (Some(key), _, _) => Err(key.error(keys.section, "has api_key beside username or password; allowed: one way")),
        (None, Some(text), None) | (None, None, Some(text)) => {
            Err(text.error(keys.section, "needs username and password together"))
        }
    }
}

/// A colon would end it where it is sent.
fn user_name(text: &Text, keys: &Keys<'_>) -> Result<String, ConfigError> {
    let name = keys.text("username", text)?.trim().to_owned();
    if name.is_empty() || name.contains(|c: char| c.is_control() || c == ':') {
        let message = "is not a user name; allowed: no colon, no control character";
        return Err(text.error(&keys.name("username"), message));
    }
    Ok(name)
}

/// 64 hexadecimal digits, with or without colons, as `openssl x509 -fingerprint` and Kibana show them.
fn check_fingerprint(text: &Text, keys: &Keys<'_>) -> Result<[u8; 32], ConfigError> {
    const KEY: &str = "ca_trusted_fingerprint";
    let written = keys.text(KEY, text)?;
    common::ids::parse_hex(&written.replace(':', "")).and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        text.error(&keys.name(KEY), "is not a fingerprint; allowed: SHA-256 of the certificate, 64 hexadecimal digits")
    })
}

/// The proxy of a section, from its keys `proxy` and `no_proxy`.
pub(super) fn check_proxy(
    proxy: Option<&Text>,
    no_proxy: &[Text],
    keys: &Keys<'_>,
) -> Result<Option<ProxyConfig>, ConfigError> {
    const KEY: &str = "proxy";
    let Some(text) = proxy else {
        return match no_proxy.first() {
            Some(rule) => Err(rule.error(&keys.name("no_proxy"), "is of no use without proxy")),
            None => Ok(None),
        };
    };
    // An address would lose line breaks and blanks without a word, and with them a part of the password.
    let written = keys.secret(Kind::Key, KEY, text)?;
    // The message must not repeat it: it may hold a password.
    let no_address =
        || text.error(&keys.name(KEY), "is not an address; allowed: http://[user:password@]host[:port] or https://…");
    let (url, login) = parse_proxy(written.expose_secret()).ok_or_else(no_address)?;
    let no_proxy = no_proxy.iter().map(|rule| keys.text("no_proxy", rule)).collect::<Result<_, _>>()?;
    Ok(Some(ProxyConfig { url, login, no_proxy }))
}

/// Address of a proxy, and the credential that was in it.
pub(super) fn parse_proxy(written: &str) -> Option<(Url, Option<(String, SecretString)>)> {
    let mut url = Url::parse(written).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().map(String::from).ok();
    let login = match (url.username(), url.password()) {
        ("", None) => None,
        (user, password) => Some((decode(user)?, decode(password.unwrap_or_default())?.into())),
    };
    let is_sendable = |(user, password): &(String, SecretString)| {
        !user.contains(|c: char| c == ':' || c.is_control()) && !password.expose_secret().contains(char::is_control)
    };
    if !login.as_ref().is_none_or(is_sendable) {
        return None;
    }
    url.set_username("").and_then(|()| url.set_password(None)).ok()?;
    Some((url, login))
}

/// The keys of one section.
pub(super) struct Keys<'a> {
    pub(super) section: &'a str,
    pub(super) environment: Environment<'a>,
}

impl Keys<'_> {
    fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.section)
    }

    pub(super) fn text(&self, key: &str, text: &Text) -> Result<String, ConfigError> {
        text.resolve(&self.name(key), self.environment)
    }

    fn secret(&self, kind: Kind, key: &str, text: &Text) -> Result<SecretString, ConfigError> {
        secret::of_text(kind, &self.name(key), text, self.environment)
    }

    pub(super) fn duration(&self, key: &str, text: &Text) -> Result<Duration, ConfigError> {
        text.duration(&self.name(key), self.environment)
    }

    fn size(&self, key: &str, text: &Text, least: u64) -> Result<u64, ConfigError> {
        let written = self.text(key, text)?;
        parse_size(&written).filter(|size| *size >= least).ok_or_else(|| {
            let message = format!(
                "`{written}` is not a size of at least {least} bytes; allowed: a number with b, kb, mb or gb, as `100mb`"
            );
            text.error(&self.name(key), message)
        })
    }

    pub(super) fn file(&self, key: &str, text: &Text) -> Result<PathBuf, ConfigError> {
        let path = text.path(&self.name(key), self.environment)?;
        if !path.is_file() {
            return Err(text.error(&self.name(key), format!("{} is not a file", path.display())));
        }
        Ok(path)
    }
}
