//! A cluster for tests: keeps documents by index and id, answers `create` as Elasticsearch does, and misbehaves on demand.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use url::Url;

use crate::settings::{ElasticOutput, Login};

/// What the cluster does with a request; `None` is what a healthy one does.
pub type Whole = Box<dyn FnMut(&Request) -> Option<BulkFault> + Send>;
/// Status, type and reason for an item that is not taken.
pub type Item = Box<dyn FnMut(&Document) -> Option<(u16, &'static str, &'static str)> + Send>;

/// What happens to a whole request.
#[derive(Clone)]
pub enum BulkFault {
    /// This answer; nothing is indexed.
    Status(u16, &'static str),
    /// Everything is indexed, the reply breaks off.
    ResetAfterAccept,
    /// Nothing is indexed, no answer ever.
    Hang,
    /// Waits until it is told to go on.
    Hold(Arc<tokio::sync::Notify>),
    /// Everything is indexed, and this is made of the items of the reply.
    Items(fn(&mut Vec<Value>)),
}

/// A bulk request.
pub struct Request {
    pub documents: Vec<Document>,
    /// Bytes before compression.
    pub size: usize,
}

#[derive(Clone)]
pub struct Document {
    pub index: String,
    pub id: String,
    pub source: String,
}

impl Request {
    /// Whether a document is for this dataset.
    pub fn concerns(&self, dataset: &str) -> bool {
        self.documents.iter().any(|document| document.dataset() == dataset)
    }
}

impl Document {
    pub fn dataset(&self) -> &str {
        let name = self.index.strip_prefix("logs-m365_security.").expect("a data stream of ours");
        name.split('-').next().expect("a dataset")
    }
}

#[derive(Default)]
pub struct Cluster {
    whole: Mutex<Option<Whole>>,
    item: Mutex<Option<Item>>,
    observe: Mutex<Option<Box<dyn Fn() -> String + Send>>>,
    documents: Mutex<BTreeMap<(String, String), String>>,
    requests: Mutex<Vec<usize>>,
    observed: Mutex<Vec<String>>,
    authorizations: Mutex<Vec<String>>,
    max_content_length: Mutex<Option<u64>>,
    /// Names of the index templates, where it tells them.
    templates: Mutex<Option<Vec<String>>>,
    queries: Mutex<Vec<String>>,
    headers: Mutex<Vec<HeaderMap>>,
}

impl Cluster {
    /// Starts it on loopback.
    pub async fn start() -> (Arc<Self>, Url) {
        let cluster = Arc::<Self>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let host = Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("url");
        let app = cluster.app();
        tokio::spawn(async move { axum::serve(listener, app).await });
        (cluster, host)
    }

    pub fn app(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/_bulk", post(bulk))
            .route("/_nodes/http", get(nodes))
            .route("/_index_template/{name}", get(templates))
            .route("/_ingest/pipeline/{name}", get(pipelines))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(self))
    }

    /// What happens to whole requests from now on.
    pub fn on_request(&self, whole: impl FnMut(&Request) -> Option<BulkFault> + Send + 'static) {
        *self.whole.lock().expect("lock") = Some(Box::new(whole));
    }

    /// What happens to items from now on.
    pub fn on_item(&self, item: impl FnMut(&Document) -> Option<(u16, &'static str, &'static str)> + Send + 'static) {
        *self.item.lock().expect("lock") = Some(Box::new(item));
    }

    /// What is written down at the beginning of every request.
    pub fn observe(&self, observe: impl Fn() -> String + Send + 'static) {
        *self.observe.lock().expect("lock") = Some(Box::new(observe));
    }

    pub fn set_max_content_length(&self, bytes: u64) {
        *self.max_content_length.lock().expect("lock") = Some(bytes);
    }

    /// Whether it has templates and pipelines; until then it does not tell.
    pub fn set_prepared(&self, is_prepared: bool) {
        let artefacts = super::setup::artefacts().into_iter();
        let names = artefacts.filter(|it| it.folder == "_index_template").map(|it| it.name);
        *self.templates.lock().expect("lock") = Some(if is_prepared { names.collect() } else { Vec::new() });
    }

    /// Queries of the bulk requests.
    pub fn queries(&self) -> Vec<String> {
        self.queries.lock().expect("lock").clone()
    }

    /// Headers of the bulk requests.
    pub fn headers(&self) -> Vec<HeaderMap> {
        self.headers.lock().expect("lock").clone()
    }

    /// Documents by index and id.
    pub fn documents(&self) -> MutexGuard<'_, BTreeMap<(String, String), String>> {
        self.documents.lock().expect("lock")
    }

    /// The documents of a dataset, sorted.
    pub fn of(&self, dataset: &str) -> Vec<String> {
        let index = format!("logs-m365_security.{dataset}-default");
        let documents = self.documents();
        let mut found: Vec<String> =
            documents.iter().filter(|((of, _), _)| *of == index).map(|(_, source)| source.clone()).collect();
        found.sort();
        found
    }

    /// Number of documents of every request so far.
    pub fn requests(&self) -> Vec<usize> {
        self.requests.lock().expect("lock").clone()
    }

    pub fn observed(&self) -> Vec<String> {
        self.observed.lock().expect("lock").clone()
    }

    pub fn authorizations(&self) -> Vec<String> {
        self.authorizations.lock().expect("lock").clone()
    }
}

/// An output that ships there.
pub fn output(hosts: Vec<Url>) -> ElasticOutput {
    ElasticOutput::new(hosts, Login::ApiKey("canary-key".into()))
}

async fn nodes(State(cluster): State<Arc<Cluster>>) -> Response {
    match *cluster.max_content_length.lock().expect("lock") {
        Some(bytes) => {
            let node = |bytes: u64| json!({"http": {"max_content_length_in_bytes": bytes}});
            let body = json!({"nodes": {"a": node(bytes), "b": node(bytes + 1)}});
            ([("content-type", "application/json")], body.to_string()).into_response()
        }
        None => StatusCode::FORBIDDEN.into_response(),
    }
}

async fn templates(State(cluster): State<Arc<Cluster>>) -> Response {
    let Some(names) = cluster.templates.lock().expect("lock").clone() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let entries: Vec<_> = names.iter().map(|name| json!({"name": name, "index_template": {}})).collect();
    ([("content-type", "application/json")], json!({"index_templates": entries}).to_string()).into_response()
}

async fn pipelines(State(cluster): State<Arc<Cluster>>) -> Response {
    let names = cluster.templates.lock().expect("lock").clone().unwrap_or_default();
    let status = if names.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let found: serde_json::Map<_, _> = names.iter().map(|name| (format!("{name}-9.9.9"), json!({}))).collect();
    (status, [("content-type", "application/json")], Value::from(found).to_string()).into_response()
}

fn read(headers: &HeaderMap, body: &[u8]) -> Request {
    let mut text = String::new();
    if headers.contains_key("content-encoding") {
        flate2::read::GzDecoder::new(body).read_to_string(&mut text).expect("gzip");
    } else {
        text = String::from_utf8(body.to_vec()).expect("text");
    }
    let mut lines = text.lines();
    let mut documents = Vec::new();
    while let (Some(action), Some(source)) = (lines.next(), lines.next()) {
        let action: Value = serde_json::from_str(action).expect("an action line");
        let name = |name: &str| action["create"][name].as_str().expect("create with index and id").to_owned();
        documents.push(Document { index: name("_index"), id: name("_id"), source: source.to_owned() });
    }
    Request { documents, size: text.len() }
}

async fn bulk(State(cluster): State<Arc<Cluster>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    cluster.queries.lock().expect("lock").push(uri.query().unwrap_or_default().to_owned());
    cluster.headers.lock().expect("lock").push(headers.clone());
    let request = read(&headers, &body);
    cluster.requests.lock().expect("lock").push(request.documents.len());
    let key = headers.get("authorization").map(|key| key.to_str().expect("text").to_owned());
    cluster.authorizations.lock().expect("lock").push(key.unwrap_or_default());
    if let Some(observe) = &*cluster.observe.lock().expect("lock") {
        cluster.observed.lock().expect("lock").push(observe());
    }
    let fault = cluster.whole.lock().expect("lock").as_mut().and_then(|whole| whole(&request));
    match &fault {
        Some(BulkFault::Status(status, said)) => {
            return (StatusCode::from_u16(*status).expect("status"), *said).into_response();
        }
        Some(BulkFault::Hang) => std::future::pending().await,
        Some(BulkFault::Hold(release)) => release.notified().await,
        Some(BulkFault::ResetAfterAccept | BulkFault::Items(_)) | None => {}
    }
    let mut items: Vec<Value> = request.documents.iter().map(|document| index(&cluster, document)).collect();
    if let Some(BulkFault::Items(change)) = &fault {
        change(&mut items);
    }
    let reply = json!({"errors": true, "items": items}).to_string();
    if matches!(fault, Some(BulkFault::ResetAfterAccept)) {
        let half = reply[..reply.len() / 2].to_owned();
        let pieces: [Result<String, std::io::Error>; 2] = [Ok(half), Err(std::io::Error::other("reset"))];
        return Body::from_stream(futures_util::stream::iter(pieces)).into_response();
    }
    ([("content-type", "application/json")], reply).into_response()
}

fn index(cluster: &Cluster, document: &Document) -> Value {
    let id = &document.id;
    let refused = cluster.item.lock().expect("lock").as_mut().and_then(|item| item(document));
    // What the cluster keeps in a failure store looks as if it were created, under an id that the cluster gave it.
    if let Some((status @ 200..=299, store, _)) = refused {
        return json!({"create": {"_id": format!("failure-{id}"), "status": status, "failure_store": store}});
    }
    if let Some((status, kind, reason)) = refused {
        return json!({"create": {"_id": id, "status": status, "error": {"type": kind, "reason": reason}}});
    }
    let key = (document.index.clone(), document.id.clone());
    let mut documents = cluster.documents();
    if documents.contains_key(&key) {
        return json!({"create": {"_id": id, "status": 409, "error": {"type": "version_conflict_engine_exception"}}});
    }
    documents.insert(key, document.source.clone());
    json!({"create": {"_id": id, "status": 201}})
}
