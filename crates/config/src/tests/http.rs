//! Laws of the way to Microsoft in the configuration.

use super::*;

fn http(lines: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<HttpConfig, ConfigErrors> {
    parse("m365.yml", &format!("{GOOD}http: {lines}\n"), environment).map(|config| config.http)
}

#[test]
fn without_a_word_there_is_no_proxy_whatever_the_environment_says() {
    let says = |name: &str| {
        if name.contains("roxy") || name.contains("ROXY") { Some("http://192.0.2.1".into()) } else { environment(name) }
    };
    assert!(parse("m365.yml", GOOD, &says).expect("good").http.proxy.is_none());
    assert!(http("{timeout: 30s}", &says).expect("good").proxy.is_none());
}

#[test]
fn the_environment_is_taken_at_its_word() {
    let says = |name: &str| match name {
        "HTTPS_PROXY" => Some("https://contoso:canary@192.0.2.1:3128".to_owned()),
        "NO_PROXY" => Some("localhost, .corp.example,*.lab.example".to_owned()),
        name => environment(name),
    };
    let proxy = http("{proxy: environment}", &says).expect("good").proxy.expect("a proxy");
    assert_eq!(proxy.url.as_str(), "https://192.0.2.1:3128/");
    assert!(proxy.serves("graph.microsoft.com"));
    for host in ["localhost", "a.corp.example", "corp.example", "a.lab.example"] {
        assert!(!proxy.serves(host), "{host}");
    }
    assert!(!format!("{proxy:?}").contains("canary"));
    assert!(http("{proxy: environment}", &environment).expect("good").proxy.is_none());
    let wrong = |name: &str| if name == "HTTPS_PROXY" { Some("canary nonsense".to_owned()) } else { environment(name) };
    let error = http("{proxy: environment}", &wrong).expect_err("an error").to_string();
    assert!(error.ends_with("http.proxy: environment variable HTTPS_PROXY is not an address"), "{error}");
}

#[test]
fn a_proxy_is_checked_and_its_password_is_not_shown() {
    let good =
        http("{proxy: \"https://contoso:c%40nary@proxy.example:8080\", no_proxy: [.corp.example]}", &environment);
    let proxy = good.expect("good").proxy.expect("a proxy");
    let (user, password) = proxy.login.as_ref().expect("a login");
    assert_eq!((user.as_str(), password.expose_secret()), ("contoso", "c@nary"));
    for (lines, message) in [
        (
            "{proxy: \"socks9://canary@x\"}",
            "http.proxy: is not an address; allowed: http://[user:password@]host[:port] or https://…",
        ),
        ("{no_proxy: [x]}", "http.no_proxy: is of no use without proxy"),
        (
            "{proxy: environment, no_proxy: [x]}",
            "http.no_proxy: cannot stand beside `proxy: environment`, which has NO_PROXY",
        ),
        ("{ca_file: /nowhere.pem}", "http.ca_file: /nowhere.pem is not a file"),
        ("{timeout: soon}", "http.timeout: `soon` is not a time span; allowed: a number with s, m, h or d, as `5m`"),
    ] {
        let error = http(lines, &environment).expect_err("an error").to_string();
        assert!(error.ends_with(message) && !error.contains("canary"), "{error}");
    }
}

#[test]
fn a_tenant_has_one_place_in_the_file() {
    let (_, tenant) = GOOD.split_once("tenants:\n").expect("tenants");
    let (tenant, _) = tenant.split_once("output:").expect("output");
    let with = |other: &str| GOOD.replace("output:", &format!("{other}output:"));
    let error = |other: &str| parse("m365.yml", &with(other), &environment).expect("one is left").broken[0].text();
    assert_eq!(
        error(tenant),
        "m365.yml:7:9: tenants[1].id: is named with the same application in tenants[0] already; allowed: one entry with all its datasets"
    );
    let other = tenant.replace("66666666", "77777777");
    assert_eq!(
        error(&other),
        "m365.yml:7:9: tenants[1].id: is named with dataset `incident` in tenants[0] already; allowed: each dataset of a tenant once"
    );
    // Another application for other datasets, and the same ids in another cloud, are something else.
    for other in [
        other.replace("incident, {name: alert", "log, {name: evidence"),
        tenant.replace("    client_id", "    cloud: gcc-high\n    client_id"),
    ] {
        assert!(parse("m365.yml", &with(&other), &environment).is_ok_and(|config| config.broken.is_empty()), "{other}");
    }
}
