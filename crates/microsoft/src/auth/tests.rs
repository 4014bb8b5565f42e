//! Laws of the tokens: asked for once, renewed in time, and with the right credential.

mod answers;
mod assertion;
mod platform;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use tokio::net::TcpListener;

use super::*;
use crate::CertificateFiles;

const SCOPE: &str = "https://graph.microsoft.com/.default";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";

/// A token service on a free port that notes what it is asked.
struct Service {
    root: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Clone)]
struct Asked {
    headers: HeaderMap,
    query: String,
    body: String,
}

impl Service {
    /// Gives out `token-1`, `token-2` and so on, in what `answer` makes of them.
    async fn start(answer: impl Fn(&str) -> (StatusCode, String) + Clone + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let noted = Arc::clone(&asked);
        let handler = async move |uri: Uri, headers: HeaderMap, body: String| {
            let mut noted = noted.lock().expect("lock");
            noted.push(Asked { headers, query: uri.query().unwrap_or_default().to_owned(), body });
            answer(&format!("token-{}", noted.len()))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let root = Url::parse(&format!("http://{}/token", listener.local_addr().expect("address"))).expect("address");
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { root, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("lock").clone()
    }

    fn source(&self, kind: CredentialKind) -> TokenSource {
        source(self.root.clone(), kind)
    }
}

fn source(endpoint: Url, kind: CredentialKind) -> TokenSource {
    let credential = Credential { endpoint, client_id: CLIENT.to_owned(), kind, scope: SCOPE.to_owned() };
    TokenSource::new(crate::client().expect("client"), credential)
}

fn answer_for(seconds: u32) -> impl Fn(&str) -> (StatusCode, String) + Clone {
    move |token| (StatusCode::OK, format!(r#"{{"access_token":"{token}","expires_in":{seconds}}}"#))
}

fn testdata(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/auth/testdata").join(name)
}

fn certificate_files() -> CertificateFiles {
    CertificateFiles { certificate: testdata("certificate.pem"), key: Some(testdata("key-pkcs8.pem")), password: None }
}

async fn token(source: &TokenSource) -> String {
    source.token().await.expect("token").expose_secret().to_owned()
}

/// Moves tokio's clock; it stands only while it is moved, because the sockets need the real one.
async fn later(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_early() {
    for (lifetime, kept, renewed) in [(3600, 3290, 15), (400, 190, 15)] {
        let service = Service::start(answer_for(lifetime)).await;
        let source = service.source(CredentialKind::Secret("x".into()));
        assert_eq!(token(&source).await, "token-1");
        later(kept).await;
        assert_eq!(token(&source).await, "token-1", "{lifetime}");
        later(renewed).await;
        assert_eq!(token(&source).await, "token-2", "{lifetime}");
    }
}

#[tokio::test]
async fn many_ask_for_one_token_and_one_request_is_made() {
    let service = Service::start(answer_for(3600)).await;
    let source = service.source(CredentialKind::Secret("x".into()));
    let tokens = futures_util::future::join_all((0..50).map(|_| token(&source))).await;
    assert!(tokens.iter().all(|token| token == "token-1"));
    // All of them are refused, and all of them say so: again one request.
    let refused = source.token().await.expect("token");
    let renew = async || {
        source.discard(&refused).await;
        token(&source).await
    };
    let tokens = futures_util::future::join_all((0..50).map(|_| renew())).await;
    assert!(tokens.iter().all(|token| token == "token-2"));
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn a_secret_is_sent_as_one() {
    let service = Service::start(answer_for(3600)).await;
    token(&service.source(CredentialKind::Secret("a&b".into()))).await;
    let body = &service.asked()[0].body;
    assert_eq!(
        *body,
        format!(
            "client_id={CLIENT}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&grant_type=client_credentials&client_secret=a%26b"
        )
    );
}

#[tokio::test]
async fn a_challenge_is_answered_with_its_claims_once() {
    let service = Service::start(answer_for(3600)).await;
    let source = service.source(CredentialKind::Secret("x".into()));
    let refused = source.token().await.expect("token");
    source.renew(&refused, Some(r#"{"access_token":{}}"#.to_owned())).await;
    let next = source.token().await.expect("token");
    source.renew(&next, None).await;
    token(&source).await;
    let bodies: Vec<bool> =
        service.asked().iter().map(|asked| asked.body.contains("&claims=%7B%22access_token")).collect();
    assert_eq!(bodies, [false, true, false]);
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_again_at_once() {
    let service = Service::start(|_| {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid","error_codes":[7000215]}"#;
        (StatusCode::UNAUTHORIZED, body.to_owned())
    })
    .await;
    let source = service.source(CredentialKind::Secret("x".into()));
    for _ in 0..5 {
        let error = source.token().await.expect_err("refused").to_string();
        assert!(error.contains("AADSTS7000215") && error.contains("\nhint: "), "{error}");
    }
    assert_eq!(service.asked().len(), 1);
    later(30).await;
    source.token().await.expect_err("refused");
    assert_eq!(service.asked().len(), 2);
}
