//! A way to the cluster that can be shut, that refuses what a policy's key may not do, and that says anything in the
//! cluster's place.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the gate does with requests.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// All of them pass.
    Open,
    /// None is answered, until the gate does something else.
    Silent,
    /// The cluster knows no templates.
    Bare,
    /// The connection breaks.
    Broken,
    /// This status and body are the answer to bulk requests.
    Says(u16, Value),
    /// This status is the answer to bulk requests of more bytes.
    Longest(usize),
    /// Only what a key that Fleet makes may do: `create` into data streams of that namespace, and `GET /`.
    Fleet(String),
    /// A bulk request passes, and its answer comes so much later.
    Late(Duration),
}

/// Of a request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) request: String,
    pub(super) authorization: Option<String>,
    pub(super) status: u16,
}

#[derive(Clone)]
struct Shared {
    server: String,
    client: reqwest::Client,
    way: Arc<Mutex<Way>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    arrived: Arc<AtomicUsize>,
}

/// The gate.
pub(super) struct Gate {
    address: SocketAddr,
    shared: Shared,
}

impl Gate {
    #[expect(clippy::disallowed_methods, reason = "a test that asks its own server")]
    pub(super) async fn new(server: &str, way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let shared = Shared {
            server: server.to_owned(),
            client,
            way: Arc::new(Mutex::new(way)),
            asked: Arc::default(),
            arrived: Arc::default(),
        };
        let router = Router::new().fallback(pass).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The cluster behind it as an output of a policy, in requests that it can look into.
    pub(super) fn output(&self) -> Value {
        json!({"type": "elasticsearch", "hosts": [self.url()], "bulk_max_size": 50, "compression_level": 0})
    }

    /// From now on it does this.
    pub(super) fn set(&self, way: Way) {
        *self.shared.way.lock().unwrap() = way;
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Bulk requests that the cluster has got so far, answered or not.
    pub(super) fn arrived(&self) -> usize {
        self.shared.arrived.load(Ordering::Relaxed)
    }

    /// Bulk requests so far.
    pub(super) fn bulks(&self) -> usize {
        self.asked().iter().filter(|asked| asked.request.contains("/_bulk")).count()
    }
}

async fn pass(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let request = format!("{method} {}", uri.path());
    let is_bulk = uri.path().ends_with("/_bulk");
    let mut way = shared.way.lock().unwrap().clone();
    while matches!(way, Way::Silent) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        way = shared.way.lock().unwrap().clone();
    }
    let response = match way {
        Way::Broken => {
            let broken = tokio_stream::once(Err::<Bytes, _>(std::io::Error::other("broken")));
            Body::from_stream(broken).into_response()
        }
        Way::Bare if uri.path().starts_with("/_index_template") => {
            said(404, &json!({"status": 404, "error": {"type": "resource_not_found_exception"}}))
        }
        Way::Says(status, body) if is_bulk => said(status, &body),
        Way::Longest(length) if is_bulk && body.len() > length => said(413, &json!({})),
        Way::Fleet(namespace) => match refusal(&request, &body, &namespace) {
            Some(body) => said(403, &body),
            None => forward(&shared, method, &uri, &headers, body).await,
        },
        Way::Late(time) if is_bulk => {
            let response = forward(&shared, method, &uri, &headers, body).await;
            shared.arrived.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(time).await;
            response
        }
        _ => forward(&shared, method, &uri, &headers, body).await,
    };
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    shared.asked.lock().unwrap().push(Asked { request, authorization, status: response.status().as_u16() });
    response
}

fn said(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    let headers = [("content-type", "application/json"), ("x-elastic-product", "Elasticsearch")];
    (status, headers, body.to_string()).into_response()
}

/// What a key that Fleet makes is told, unless it may do that.
fn refusal(request: &str, body: &Bytes, namespace: &str) -> Option<Value> {
    let may = match request {
        "GET /" => true,
        // Compressed ones cannot be looked into.
        "POST /_bulk" => actions(body).is_some_and(|actions| {
            actions.iter().all(|action| {
                let index = action["create"]["_index"].as_str().unwrap_or_default();
                index.starts_with("logs-m365_security.") && index.ends_with(&format!("-{namespace}"))
            })
        }),
        _ => false,
    };
    (!may).then(|| {
        json!({"status": 403, "error": {"type": "security_exception",
               "reason": format!("action is unauthorized for API key id [gate]: {request}")}})
    })
}

/// The actions of a bulk request; each has a document behind it.
fn actions(body: &Bytes) -> Option<Vec<Value>> {
    let text = std::str::from_utf8(body).ok()?;
    text.lines().step_by(2).map(|line| serde_json::from_str(line).ok()).collect()
}

async fn forward(shared: &Shared, method: Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response {
    let mut headers = headers.clone();
    headers.remove(header::HOST);
    headers.remove(header::CONTENT_LENGTH);
    if uri.path().ends_with("/_bulk") {
        // The cluster has no security, and refuses credentials.
        headers.remove(header::AUTHORIZATION);
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let url = format!("{}{path}", shared.server);
    let answer = shared.client.request(method, url).headers(headers).body(body).send().await;
    let Ok(answer) = answer else { return said(502, &json!({})) };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    (status, headers, answer.bytes().await.unwrap_or_default()).into_response()
}
