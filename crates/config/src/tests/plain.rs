//! Laws of addresses without TLS: secrets go there only where that was allowed by name.

use super::super::plain::{is_readable, is_this_machine};
use super::*;

fn url(address: &str) -> url::Url {
    url::Url::parse(address).expect("an address")
}

#[test]
fn this_machine_is_known_by_name_and_address() {
    for (host, is_it) in [
        ("localhost", true),
        ("LOCALHOST", true),
        ("localhost.", true),
        ("es.localhost", true),
        ("127.0.0.1", true),
        ("127.1.2.3", true),
        ("2130706433", true),
        ("[::1]", true),
        ("[::ffff:127.0.0.1]", true),
        ("127.0.0.1.evil.example", false),
        ("localhost.evil.example", false),
        ("notlocalhost", false),
        ("evil.example", false),
        ("192.0.2.1", false),
        ("10.0.0.1", false),
        ("0.0.0.0", false),
        ("[2001:db8::1]", false),
        ("127.0.0.1@evil.example", false),
        ("localhost:pw@evil.example", false),
    ] {
        assert_eq!(is_this_machine(&url(&format!("http://{host}:9200/"))), is_it, "{host}");
    }
}

#[test]
fn a_proxy_carries_requests_for_this_machine_elsewhere() {
    let proxy = |address: &str, no_proxy: &[&str]| ProxyConfig {
        url: url(address),
        login: None,
        no_proxy: no_proxy.iter().map(|rule| (*rule).to_owned()).collect(),
    };
    let far = proxy("http://proxy.example:3128", &[]);
    assert!(is_readable(&url("http://localhost:9200"), Some(&far)));
    assert!(!is_readable(&url("https://es.example"), Some(&far)));
    assert!(!is_readable(&url("http://localhost:9200"), Some(&proxy("http://proxy.example:3128", &["localhost"]))));
    assert!(!is_readable(&url("http://localhost:9200"), Some(&proxy("http://127.0.0.1:3128", &[]))));
    assert!(is_readable(&url("http://es.example"), Some(&proxy("http://127.0.0.1:3128", &[]))));
}

/// The configuration with another cloud, output and way.
fn with(cloud: &str, output: &str, more: &str) -> Result<Config, String> {
    let text = GOOD.replace("    client_id", &format!("    cloud: {cloud}\n    client_id"));
    let text = text.replace("file: {directory: \"${HOME}/documents\"}", output);
    parse("m365.yml", &format!("{text}{more}"), &environment).map_err(|error| error.to_string())
}

const FILES: &str = "file: {directory: d}";

#[test]
fn no_secret_goes_over_plain_http_to_another_machine_unless_that_is_allowed() {
    const HTTPS: &str = "https://gateway.example";
    const KEY: &str = ", api_key: \"canary:key\"";
    const BASIC: &str = ", username: u, password: canary";
    const PROXY: &str = ", proxy: \"http://u:canary@proxy.example:3128\"";
    let cloud = |login: &str, graph: &str, defender: &str, more: &str| {
        format!("{{login: \"{login}\", graph: \"{graph}\", defender: \"{defender}\"{more}}}")
    };
    let elastic =
        |host: &str, more: &str| format!("elasticsearch: {{hosts: [\"https://a.example\", \"{host}\"]{more}}}");
    let allowed = |more: &str| format!("{more}, allow_insecure_http: true");
    let far = "http://far.example";
    for (cloud, output, more, refused, told) in [
        (cloud(HTTPS, HTTPS, HTTPS, ""), FILES.to_owned(), "", None, vec![]),
        (
            cloud(far, HTTPS, HTTPS, ""),
            FILES.to_owned(),
            "",
            Some("tenants[0].cloud: http://far.example is not"),
            vec![],
        ),
        (cloud(HTTPS, far, HTTPS, ""), FILES.to_owned(), "", Some("tenants[0].cloud"), vec![]),
        (cloud(HTTPS, HTTPS, far, ""), FILES.to_owned(), "", Some("tenants[0].cloud"), vec![]),
        (
            cloud(HTTPS, HTTPS, far, ", allow_insecure_http: false"),
            FILES.to_owned(),
            "",
            Some("tenants[0].cloud"),
            vec![],
        ),
        (
            cloud(far, far, far, ", allow_insecure_http: true"),
            FILES.to_owned(),
            "",
            None,
            vec!["cloud of tenant 11111111-2222-3333-4444-555555555555"],
        ),
        (cloud("http://127.0.0.1:1", "http://[::1]:2", "http://localhost:3", ""), FILES.to_owned(), "", None, vec![]),
        // To this machine, but through another one.
        (
            cloud("http://127.0.0.1:1", HTTPS, HTTPS, ""),
            FILES.to_owned(),
            "http: {proxy: \"http://proxy.example\"}\n",
            Some("tenants[0].cloud"),
            vec![],
        ),
        ("global".to_owned(), elastic(far, KEY), "", Some("hosts: http://far.example is not"), vec![]),
        ("global".to_owned(), elastic(far, BASIC), "", Some("hosts"), vec![]),
        ("global".to_owned(), elastic(far, ""), "", None, vec!["hosts of output default"]),
        ("global".to_owned(), elastic(far, &allowed(KEY)), "", None, vec!["hosts of output default"]),
        ("global".to_owned(), elastic("http://127.0.0.1:9200", KEY), "", None, vec![]),
        ("global".to_owned(), elastic("http://127.0.0.1.evil.example", KEY), "", Some("hosts"), vec![]),
        ("global".to_owned(), elastic(HTTPS, PROXY), "", Some("http://proxy.example:3128 is not"), vec![]),
        ("global".to_owned(), elastic(HTTPS, &allowed(PROXY)), "", None, vec!["proxy of output default"]),
        (
            "global".to_owned(),
            FILES.to_owned(),
            "http: {proxy: \"http://u:canary@proxy.example:3128\"}\n",
            Some("http.proxy: http://proxy.example:3128 is not"),
            vec![],
        ),
        (
            "global".to_owned(),
            FILES.to_owned(),
            "http: {proxy: \"http://u:canary@proxy.example:3128\", allow_insecure_http: true}\n",
            None,
            vec!["http.proxy"],
        ),
        ("global".to_owned(), FILES.to_owned(), "http: {proxy: \"http://proxy.example:3128\"}\n", None, vec![]),
    ] {
        match (with(&cloud, &output, more), refused) {
            (Ok(config), None) => assert_eq!(config.unencrypted, told, "{cloud} {output} {more}"),
            (Err(said), Some(words)) => {
                assert!(said.contains(words) && said.contains("`allow_insecure_http: true`"), "{said}");
                assert!(said.starts_with("m365.yml:") && !said.contains("canary"), "{said}");
            }
            (outcome, _) => panic!("{cloud} {output} {more}: {:?}", outcome.map(|config| config.unencrypted)),
        }
    }
}

#[test]
fn what_is_made_without_a_file_is_checked_as_well() {
    let exposure = |host: &str, login: Login| ElasticOutput::new(vec![url(host)], login).exposure();
    let said = exposure("http://es.example", Login::Basic("u".into(), "canary".into())).expect("refused");
    assert!(said.contains("http://es.example is not encrypted") && !said.contains("canary"), "{said}");
    assert_eq!(exposure("http://es.example", Login::None), None);
    assert_eq!(exposure("http://localhost:9200", Login::ApiKey("canary".into())), None);
}
