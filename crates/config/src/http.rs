//! The way to Microsoft: proxy, private certificate authority, time limits.

use super::checks::Environment;
use super::output::{Keys, check_proxy, parse_proxy};
use super::{ConfigError, HttpConfig, ProxyConfig, plain, wire};
use microsoft::{DEFAULT_CONNECT, DEFAULT_TIMEOUT};

pub(super) fn check(written: Option<&wire::Http>, environment: Environment<'_>) -> Result<HttpConfig, ConfigError> {
    let Some(wire::Http { proxy: text, no_proxy, ca_file, connect_timeout, timeout, allow_insecure_http }) = written
    else {
        return Ok(HttpConfig::default());
    };
    let keys = Keys { section: "http", environment };
    let duration =
        |name, text: &Option<_>, default| text.as_ref().map_or(Ok(default), |text| keys.duration(name, text));
    let of_environment = match text {
        Some(text) => keys.text("proxy", text)? == "environment",
        None => false,
    };
    let proxy = match text {
        Some(text) if of_environment => {
            if let Some(rule) = no_proxy.iter().flatten().next() {
                return Err(rule.error("http.no_proxy", "cannot stand beside `proxy: environment`, which has NO_PROXY"));
            }
            proxy_of(environment).map_err(|variable| {
                text.error("http.proxy", format!("environment variable {variable} is not an address"))
            })?
        }
        proxy => check_proxy(proxy.as_ref(), no_proxy.as_deref().unwrap_or_default(), &keys)?,
    };
    let shown = proxy.as_ref().filter(|proxy| plain::shows_login(Some(proxy)) && *allow_insecure_http != Some(true));
    if let (Some(text), Some(shown)) = (text, shown) {
        return Err(text.error("http.proxy", plain::refusal("its password", &shown.url)));
    }
    Ok(HttpConfig {
        proxy,
        ca_file: ca_file.as_ref().map(|text| keys.file("ca_file", text)).transpose()?,
        connect_timeout: duration("connect_timeout", connect_timeout, DEFAULT_CONNECT)?,
        timeout: duration("timeout", timeout, DEFAULT_TIMEOUT)?,
    })
}

/// Reads `HTTPS_PROXY` and `NO_PROXY`, in either spelling. An error is the name of a variable that is no address.
pub(super) fn proxy_of(environment: Environment<'_>) -> Result<Option<ProxyConfig>, &'static str> {
    let either = |upper: &str| {
        environment
            .variable(&upper.to_ascii_lowercase())
            .or_else(|| environment.variable(upper))
            .filter(|value| !value.is_empty())
    };
    let Some(address) = either("HTTPS_PROXY") else { return Ok(None) };
    let (url, login) = parse_proxy(&address).ok_or("HTTPS_PROXY")?;
    let rules = either("NO_PROXY").unwrap_or_default();
    // There a name stands for all below it too.
    let no_proxy = rules.split(',').map(str::trim).filter(|rule| !rule.is_empty()).flat_map(|rule| {
        let name = rule.trim_start_matches("*.").trim_start_matches('.');
        [name.to_owned(), format!(".{name}")]
    });
    Ok(Some(ProxyConfig { url, login, no_proxy: no_proxy.collect() }))
}
