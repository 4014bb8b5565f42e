//! Laws of the way to Microsoft: where tokens go, what passes a proxy, and what an answer must be.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use common::http::{ProxyConfig, check_json, claims_challenge, send};

/// A server that notes what it is asked, and answers all the same.
async fn server(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
) -> (Url, Arc<Mutex<Vec<(Uri, HeaderMap)>>>) {
    let asked: Arc<Mutex<Vec<(Uri, HeaderMap)>>> = Arc::default();
    let noted = Arc::clone(&asked);
    let handler = async move |uri: Uri, given: HeaderMap| {
        noted.lock().expect("lock").push((uri, given));
        let mut answer = HeaderMap::new();
        for (name, value) in headers {
            answer.insert(*name, value.parse().expect("header"));
        }
        (StatusCode::from_u16(status).expect("status"), answer, body)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let root = Url::parse(&format!("http://{}/", listener.local_addr().expect("address"))).expect("address");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    (root, asked)
}

async fn ask(root: &Url) -> Response {
    send(client().expect("client").get(root.clone()).bearer_auth("canary")).await.expect("answer")
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

#[tokio::test]
async fn a_redirect_is_a_fault_and_nobody_follows_it() {
    let (evil, asked) = server(200, &[], r#"{"access_token":"evil","expires_in":3600}"#).await;
    let location = leak(format!("http://user:canary-password@{}/x?canary=1", evil.authority()));
    let headers: &'static [(&str, &str)] = Box::leak(Box::new([("location", location)]));
    let named = format!("redirected to {}", evil.as_str().trim_end_matches('/'));
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        let (root, _) = server(status, headers, r#"{"access_token":"evil","expires_in":3600}"#).await;
        let identity = crate::ManagedIdentity { endpoint: root.clone(), header: None, client_id: None };
        let token = async |kind| {
            let (endpoint, scope) = (root.clone(), "https://graph.microsoft.com/.default".to_owned());
            let credential = auth::Credential { endpoint, client_id: "x".to_owned(), kind, scope };
            auth::TokenSource::new(client().expect("client"), credential).token().await.expect_err("refused")
        };
        for error in [
            status_error("GET x", "P", ask(&root).await).await,
            token(crate::CredentialKind::Secret("canary".into())).await,
            token(crate::CredentialKind::ManagedIdentity(identity)).await,
        ] {
            let said = error.to_string();
            assert!(matches!(error, Error::Permanent(_)), "{said}");
            assert!(said.contains(&format!("{status} ")) && said.contains(&named), "{said}");
            assert!(said.contains("\nhint: ") && !said.contains("canary"), "{said}");
        }
    }
    assert!(asked.lock().expect("lock").is_empty());
}

#[tokio::test]
async fn both_ids_of_a_request_are_in_its_error() {
    let (root, asked) = server(500, &[("request-id", "theirs-17")], "{}").await;
    let error = status_error("GET x", "P", ask(&root).await).await.to_string();
    ask(&root).await;
    let asked = asked.lock().expect("lock");
    let sent = |place: usize| asked[place].1["client-request-id"].to_str().expect("text").to_owned();
    assert!(error.contains(&format!("(request-id theirs-17, client-request-id {})", sent(0))), "{error}");
    assert_ne!(sent(0), sent(1));
    let form = sent(0);
    assert!(form.len() == 36 && form.as_bytes()[14] == b'4' && b"89ab".contains(&form.as_bytes()[19]), "{form}");
}

#[tokio::test]
async fn a_page_of_a_portal_is_told_from_json() {
    for (kind, accepted) in [
        ("application/json;odata.metadata=minimal", true),
        ("application/problem+json", true),
        ("text/html; charset=utf-8", false),
        ("text/plain", false),
    ] {
        let headers: &'static [(&str, &str)] = Box::leak(Box::new([("content-type", kind)]));
        let (root, _) = server(200, headers, "{}").await;
        let outcome = check_json("GET x", &ask(&root).await);
        assert_eq!(outcome.is_ok(), accepted, "{kind}");
        if let Err(error) = outcome {
            assert!(
                matches!(error, Error::Transient(_)) && error.to_string().contains("check `http.proxy`"),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn requests_pass_the_proxy_with_its_password_and_without_it_where_it_is_not_wanted() {
    let (proxy, passed) = server(200, &[], "{}").await;
    let (direct, asked) = server(200, &[], "{}").await;
    let config = HttpConfig {
        proxy: Some(ProxyConfig {
            url: proxy,
            login: Some(("contoso".to_owned(), "canary p@ss".to_owned().into())),
            no_proxy: vec!["127.0.0.1".to_owned(), ".direct.example".to_owned()],
        }),
        ..HttpConfig::default()
    };
    let clients = Clients::new(&config).expect("clients");
    assert!(!format!("{config:?} {clients:?}").contains("canary"), "{clients:?}");
    for client in [&clients.kept, &clients.fresh] {
        client.get("http://graph.example/v1.0/x?y=1").bearer_auth("t").send().await.expect("answer");
        client.get(direct.clone()).send().await.expect("answer");
    }
    let passed = passed.lock().expect("lock");
    assert_eq!(passed.len(), 2);
    let (uri, headers) = &passed[0];
    assert_eq!((uri.path(), uri.query()), ("/v1.0/x", Some("y=1")));
    // Base64 of `contoso:canary p@ss`.
    assert_eq!(headers["proxy-authorization"], "Basic Y29udG9zbzpjYW5hcnkgcEBzcw==");
    let asked = asked.lock().expect("lock");
    assert!(asked.len() == 2 && !asked[0].1.contains_key("proxy-authorization"));
}

#[test]
fn an_authority_must_be_one() {
    let testdata = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/testdata/");
    let with = |file: &str| {
        Clients::new(&HttpConfig { ca_file: Some(format!("{testdata}{file}").into()), ..HttpConfig::default() })
    };
    assert!(with("certificate.pem").is_ok());
    for file in ["nowhere.pem", "key-pkcs8.pem"] {
        let said = with(file).expect_err("no authority").to_string();
        assert!(said.starts_with("http.ca_file ") && said.contains(file), "{said}");
    }
}

#[test]
fn claims_are_found_in_a_challenge() {
    let with = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("www-authenticate", value.parse().expect("header"));
        claims_challenge(&headers)
    };
    let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;
    let encoded = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNjA0MTA2NjUxIn19fQ==";
    let challenge = |encoded: &str| {
        format!(
            r#"Bearer realm="", authorization_uri="https://login.example", error="insufficient_claims", claims="{encoded}""#
        )
    };
    assert_eq!(with(&challenge(encoded)).as_deref(), Some(claims));
    assert_eq!(with(&challenge(encoded.trim_end_matches('='))).as_deref(), Some(claims));
    assert_eq!(with(&challenge("bm90IGpzb24=")), None);
    assert_eq!(with("Bearer realm=\"\""), None);
}
