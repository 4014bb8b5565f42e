//! What leads elsewhere is refused, by whatever status and wherever it leads: nothing is sent there.

use axum::http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use url::Url;

use super::access::ship;
use super::*;
use crate::elasticsearch::Call;
use crate::elasticsearch::mock::{Cluster, output};
use crate::elasticsearch::setup;

/// All that a server may say instead of an answer of its own.
const STATUSES: [u16; 8] = [300, 301, 302, 303, 304, 305, 307, 308];

type Asked = Arc<Mutex<Vec<String>>>;

/// A server that answers everything with this status and target, and notes what it is asked.
async fn server(status: u16, location: Option<String>) -> (Url, Asked) {
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let handler = async move |method: axum::http::Method, uri: axum::http::Uri, given: HeaderMap| {
        noted.lock().expect("lock").push(format!("{method} {uri} {given:?}"));
        let mut headers = HeaderMap::new();
        if let Some(location) = location {
            headers.insert("location", location.parse().expect("header"));
        }
        (StatusCode::from_u16(status).expect("status"), headers, "{}")
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let root = Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("url");
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
    (root, asked)
}

#[tokio::test]
async fn no_redirect_is_followed_by_documents_or_set_up() {
    let (elsewhere, reached) = server(200, None).await;
    let target = format!("http://user:canary-password@{}/_bulk?key=canary-query", elsewhere.authority());
    for status in STATUSES {
        let (host, asked) = server(status, Some(target.clone())).await;
        let output = output(vec![host]);
        let client = Client::new(&output).expect("a client");
        for error in [
            ship(&output).await.expect_err("refused"),
            setup::install(&client).await.expect_err("refused"),
            client.node().await.expect("a client").send(Call::get("/")).await.expect_err("refused"),
        ] {
            let said = error.to_string();
            assert!(matches!(error, Error::Permanent(_)), "{status}: {said}");
            let named = format!("{status} ");
            let target = format!("redirected to http://{}, redirects are not followed", elsewhere.authority());
            assert!(said.contains(&named) && said.contains(&target) && said.contains("\nhint: "), "{said}");
            assert!(!said.contains("canary"), "{said}");
        }
        let asked = asked.lock().expect("lock");
        assert!(asked.iter().any(|request| request.starts_with("POST /_bulk")), "{asked:?}");
        assert!(asked.iter().any(|request| request.starts_with("PUT /_component_template")), "{asked:?}");
        assert!(!asked.iter().any(|request| request.starts_with("GET /_bulk")), "{asked:?}");
    }
    assert_eq!(*reached.lock().expect("lock"), [""; 0]);
}

#[tokio::test]
async fn the_target_of_a_redirect_is_named_whatever_it_is() {
    for (location, named) in [
        (Some("https://es.contoso.example:9243/_bulk"), "redirected to https://es.contoso.example:9243,"),
        (Some("//es.contoso.example/_bulk"), "redirected to http://es.contoso.example,"),
        // The same host, which would be asked for ever.
        (Some("/_bulk"), "redirected to http://127.0.0.1:"),
        (Some("https://127.0.0.1/_bulk"), "redirected to https://127.0.0.1,"),
        (Some("ftp://es.contoso.example/x"), "redirected to ftp://es.contoso.example,"),
        (Some("data:text/plain,canary"), "redirected to an address of the kind `data:`,"),
        (Some("http://["), "redirected to an address that cannot be read,"),
        (None, "redirected to nowhere (it names no Location),"),
    ] {
        let (host, _) = server(307, location.map(str::to_owned)).await;
        let said = ship(&output(vec![host])).await.expect_err("refused").to_string();
        assert!(said.contains(named) && !said.contains("canary"), "{location:?}: {said}");
    }
}

#[tokio::test]
async fn a_node_that_leads_elsewhere_is_left_out_while_another_serves() {
    let (cluster, good) = Cluster::start().await;
    let (elsewhere, reached) = server(200, None).await;
    let (bad, _) = server(308, Some(elsewhere.to_string())).await;
    for hosts in [vec![bad.clone(), good.clone()], vec![good.clone(), bad.clone()]] {
        ship(&output(hosts)).await.expect("delivered");
    }
    assert_eq!(cluster.documents().len(), 1);
    assert_eq!(*reached.lock().expect("lock"), [""; 0]);
}

#[tokio::test]
async fn a_fingerprint_is_not_looked_for_elsewhere() {
    let (elsewhere, reached) = server(200, None).await;
    let (host, asked) = server(301, Some(elsewhere.to_string())).await;
    let mut output = output(vec![host]);
    output.ca_fingerprint = Some([7; 32]);
    let said = ship(&output).await.expect_err("refused").to_string();
    assert!(said.contains("ca_trusted_fingerprint needs https"), "{said}");
    assert_eq!((asked.lock().expect("lock").len(), reached.lock().expect("lock").len()), (0, 0));
}
