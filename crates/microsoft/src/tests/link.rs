//! Laws of links: the token goes to the configured root, whatever a link says.

use schema::Api;
use url::Url;

use super::super::link::Service;
use common::error::Error;

const INCIDENTS: &str = "/v1.0/security/incidents";

fn follow(root: &str, link: &str) -> Result<Url, Error> {
    let root = Url::parse(root).expect("address");
    let mut page = root.clone();
    page.set_path(&format!("{}{INCIDENTS}", root.path().trim_end_matches('/')));
    page.set_query(Some("$top=50"));
    Service { root: &root, api: Api::Graph, path: INCIDENTS }.validate_next_link(&page, link)
}

#[test]
fn a_link_of_the_same_api_is_followed_at_the_configured_root() {
    const GRAPH: &str = "https://graph.microsoft.com";
    const GATEWAY: &str = "https://gw.example/graph";
    const PLAIN: &str = "http://127.0.0.1:8080/";
    for (root, link, expected) in [
        (
            GRAPH,
            "https://graph.microsoft.com/v1.0/security/incidents?$skiptoken=x",
            "https://graph.microsoft.com/v1.0/security/incidents?$skiptoken=x",
        ),
        (GRAPH, "https://GRAPH.microsoft.com:443/v1.0/x", "https://graph.microsoft.com/v1.0/x"),
        (GRAPH, "http://graph.microsoft.com/v1.0/x?a=%24b", "https://graph.microsoft.com/v1.0/x?a=%24b"),
        (GRAPH, "https://graph.microsoft.com:8443/v1.0/x", "https://graph.microsoft.com/v1.0/x"),
        (GRAPH, "/v1.0/security/incidents?$skip=5", "https://graph.microsoft.com/v1.0/security/incidents?$skip=5"),
        (PLAIN, "https://graph.microsoft.com/v1.0/x?y=1", "http://127.0.0.1:8080/v1.0/x?y=1"),
        (PLAIN, "https://graph.microsoft.us/v1.0/x", "http://127.0.0.1:8080/v1.0/x"),
        (PLAIN, "graph.microsoft.com/v1.0/x", "http://127.0.0.1:8080/v1.0/x"),
        (PLAIN, "//127.0.0.1/v1.0/x", "http://127.0.0.1:8080/v1.0/x"),
        (PLAIN, "https://127.0.0.1/v1.0/x", "http://127.0.0.1:8080/v1.0/x"),
        (PLAIN, "?$skiptoken=z", "http://127.0.0.1:8080/v1.0/security/incidents?$skiptoken=z"),
        (PLAIN, "incidents?$skiptoken=z", "http://127.0.0.1:8080/v1.0/security/incidents?$skiptoken=z"),
        (PLAIN, "security/incidents?$skiptoken=z", "http://127.0.0.1:8080/v1.0/security/incidents?$skiptoken=z"),
        (PLAIN, " v1.0/security/incidents?$skiptoken=z ", "http://127.0.0.1:8080/v1.0/security/incidents?$skiptoken=z"),
        (GATEWAY, "https://graph.microsoft.com/v1.0/x?y", "https://gw.example/graph/v1.0/x?y"),
        (GATEWAY, "https://gw.example/graph/v1.0/x?y", "https://gw.example/graph/v1.0/x?y"),
        (GATEWAY, "http://gw.example:81/graph/v1.0/x", "https://gw.example/graph/v1.0/x"),
        (GATEWAY, "https://gw.example/v1.0/x?y", "https://gw.example/graph/v1.0/x?y"),
        (GATEWAY, "/v1.0/x?y", "https://gw.example/graph/v1.0/x?y"),
        (GATEWAY, "/graph/v1.0/x?y", "https://gw.example/graph/v1.0/x?y"),
        (GATEWAY, "security/incidents?y", "https://gw.example/graph/v1.0/security/incidents?y"),
        (GATEWAY, "v1.0/security/incidents?y", "https://gw.example/graph/v1.0/security/incidents?y"),
        (GATEWAY, "?y", "https://gw.example/graph/v1.0/security/incidents?y"),
    ] {
        match follow(root, link) {
            Ok(found) => assert_eq!(found.as_str(), expected, "{root} {link}"),
            Err(error) => panic!("{root} {link}: {error}"),
        }
    }
    let root = Url::parse("http://127.0.0.1:1/").expect("address");
    let defender = Service { root: &root, api: Api::Defender, path: "/api/incidents" };
    for host in ["api.security.microsoft.com", "api-eu.security.microsoft.com", "api-gov.security.microsoft.us"] {
        let found =
            defender.validate_next_link(&root, &format!("https://{host}/api/incidents?$skip=100")).expect("followed");
        assert_eq!(found.as_str(), "http://127.0.0.1:1/api/incidents?$skip=100");
    }
    assert!(defender.validate_next_link(&root, "https://graph.microsoft.com/v1.0/x").is_err());
    assert!(defender.validate_next_link(&root, "https://evilsecurity.microsoft.com.example/api/incidents").is_err());
}

#[test]
fn every_other_link_is_refused_by_name() {
    for root in ["https://graph.microsoft.com", "https://gw.example/graph"] {
        for link in [
            "https://evil.example/v1.0/security/incidents",
            "https://graph.microsoft.com@evil.example/v1.0/x",
            "https://graph.microsoft.com:pw@evil.example/v1.0/x",
            "https://user@graph.microsoft.com/v1.0/x",
            "https://:password@graph.microsoft.com/v1.0/x",
            "https://graph.microsoft.com.evil.example/v1.0/x",
            "https://graph.microsoft.com./v1.0/x",
            "https://evilgraph.microsoft.com/v1.0/x",
            "ftp://graph.microsoft.com/v1.0/x",
            "//evil.example/v1.0/x",
            "\\\\evil.example\\v1.0\\x",
            "evil.example/../../../../x",
            "javascript:alert(1)",
            "https://",
            "https://graph.microsoft.com/other/v1.0/x",
            "https://gw.example/v1.0/../admin",
            "https://gw.example/graphs/v1.0/x",
            "/graph/../secrets",
        ] {
            match follow(root, link) {
                Err(error) => assert!(matches!(error, Error::Permanent(_)), "{error}"),
                // At the root itself any path is the service's own.
                Ok(url) => assert!(
                    root.ends_with("microsoft.com") && url.as_str().starts_with("https://graph.microsoft.com/"),
                    "{root} {link}: {url}"
                ),
            }
        }
    }
    assert!(follow("https://graph.microsoft.com", "https://graph.microsoft.us/v1.0/x").is_err(), "another cloud");
    let said =
        follow("https://gw.example/graph", "https://evil.example/v1.0/x?secret=1").expect_err("refused").to_string();
    assert!(said.contains("https://evil.example/v1.0/x,") && said.contains("(https://gw.example/graph)"), "{said}");
    assert!(said.contains("`cloud`") && !said.contains("secret"), "{said}");
}
