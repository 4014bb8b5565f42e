//! A cluster that keeps what is put, answers in Elasticsearch's own form, and refuses what Elasticsearch refuses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use url::Url;

pub(super) struct Cluster {
    kept: Mutex<Kept>,
}

/// What it holds and how it behaves.
pub(super) struct Kept {
    /// Bodies by path, as `/_component_template/name`.
    pub(super) stored: BTreeMap<String, Value>,
    /// State of every transform that was started.
    pub(super) started: BTreeMap<String, &'static str>,
    /// Answer to `_resolve/index`, and indices by name.
    pub(super) resolved: Value,
    pub(super) indices: BTreeMap<String, Value>,
    pub(super) lifecycles: BTreeMap<String, Value>,
    pub(super) about: Value,
    /// Status and body for the privileges.
    pub(super) privileges: (u16, Value),
    pub(super) has_transforms: bool,
    /// Method, part of the path, status and reason of what is refused.
    pub(super) refuses: Option<(&'static str, &'static str, u16, &'static str)>,
    /// Method and path of every change.
    pub(super) changes: Vec<String>,
}

impl Cluster {
    pub(super) async fn start() -> (Arc<Self>, Url) {
        let kept = Kept {
            stored: BTreeMap::new(),
            started: BTreeMap::new(),
            resolved: json!({ "indices": [], "aliases": [], "data_streams": [] }),
            indices: BTreeMap::new(),
            lifecycles: BTreeMap::new(),
            about: json!({ "cluster_name": "test", "version": { "number": "8.19.13", "build_flavor": "default" } }),
            privileges: (405, json!({ "error": "Incorrect HTTP method" })),
            has_transforms: true,
            refuses: None,
            changes: Vec::new(),
        };
        let cluster = Arc::new(Self { kept: Mutex::new(kept) });
        let url = serve(Router::new().fallback(answer).with_state(Arc::clone(&cluster))).await;
        (cluster, url)
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("a lock")
    }

    /// The changes since this was asked last.
    pub(super) fn changes(&self) -> Vec<String> {
        std::mem::take(&mut self.kept().changes)
    }
}

pub(super) async fn serve(app: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let url = Url::parse(&format!("http://{}", listener.local_addr().expect("an address"))).expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

pub(super) fn reply(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("content-type", "application/json")], body.to_string()).into_response()
}

fn error(status: u16, reason: &str) -> Response {
    reply(status, &json!({ "error": { "type": "illegal_argument_exception", "reason": reason }, "status": status }))
}

async fn answer(
    State(cluster): State<Arc<Cluster>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert_eq!(headers["authorization"], "ApiKey canary-key", "{method} {uri}");
    assert!(!headers.contains_key("kbn-xsrf"), "that is Kibana's");
    let mut kept = cluster.kept();
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    if let Some((refused, part, status, reason)) = kept.refuses
        && method == refused
        && path.contains(part)
    {
        return error(status, reason);
    }
    let body: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
    if method != Method::GET && !path.starts_with("/_security") {
        kept.changes.push(format!("{method} {path}"));
    }
    match (method.as_str(), path.as_str()) {
        ("GET", "/") => reply(200, &kept.about),
        ("POST", "/_security/user/_has_privileges") => {
            assert!(body["cluster"].as_array().expect("a list").contains(&json!("manage_index_templates")), "{body}");
            reply(kept.privileges.0, &kept.privileges.1)
        }
        ("GET", path) if path.starts_with("/_resolve/index/") => reply(200, &kept.resolved),
        (_, path) if path.starts_with("/_transform/") => transform(&mut kept, &method, (path, &query), body),
        (_, path) if path.starts_with("/_data_stream") => data_stream(&mut kept, &method, path, body),
        ("GET", "/_component_template") => reply(200, &list(&kept, "component_template")),
        ("GET", "/_index_template") => reply(200, &list(&kept, "index_template")),
        ("GET", path) if path.starts_with("/_ingest/pipeline/") => {
            let found = under(&kept, "/_ingest/pipeline/");
            reply(if found.is_empty() { 404 } else { 200 }, &Value::Object(found))
        }
        ("PUT", path) if path.starts_with("/_") => {
            kept.stored.insert(path.to_owned(), in_its_own_form(body));
            reply(200, &json!({ "acknowledged": true }))
        }
        ("DELETE", path) if path.starts_with("/_") => delete(&mut kept, path),
        (_, path) => index(&mut kept, &method, path, &body),
    }
}

/// Settings come back as texts, and with defaults.
fn in_its_own_form(mut body: Value) -> Value {
    fn texts(value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(texts),
            Value::String(_) => {}
            other => *other = other.to_string().into(),
        }
    }
    if body["template"]["settings"].is_object() {
        texts(&mut body["template"]["settings"]);
    }
    if body["template"]["lifecycle"].is_object() {
        body["template"]["lifecycle"]["enabled"] = json!(true);
    }
    if body["data_stream"].is_object() {
        body["data_stream"] = json!({ "hidden": false, "allow_custom_routing": false });
    }
    body["created_date_millis"] = json!(1_700_000_000_000_u64);
    body
}

fn under(kept: &Kept, folder: &str) -> Map<String, Value> {
    let of = kept.stored.iter().filter_map(|(path, body)| Some((path.strip_prefix(folder)?.to_owned(), body.clone())));
    of.collect()
}

fn list(kept: &Kept, member: &str) -> Value {
    let entries = under(kept, &format!("/_{member}/")).into_iter();
    let entries: Vec<Value> = entries.map(|(name, body)| json!({ "name": name, member: body })).collect();
    json!({ format!("{member}s"): entries })
}

/// As Elasticsearch, it keeps what is in use.
fn delete(kept: &mut Kept, path: &str) -> Response {
    let name = path.rsplit('/').next().expect("a name").to_owned();
    let mut templates = under(kept, "/_index_template/").into_iter();
    let is_required = |list: &Value| list.as_array().is_some_and(|list| list.contains(&json!(name)));
    let user = templates.find(|(_, body)| {
        is_required(&body["composed_of"]) && !is_required(&body["ignore_missing_component_templates"])
    });
    if let (true, Some((user, _))) = (path.starts_with("/_component_template/"), user) {
        return error(
            400,
            &format!(
                "component templates [{name}] cannot be removed as they are still in use by index templates [{user}]"
            ),
        );
    }
    let is_default = |index: &Value| index["settings"]["index"]["default_pipeline"] == *name;
    if path.starts_with("/_ingest/") && kept.indices.values().any(is_default) {
        return error(
            400,
            &format!("pipeline [{name}] cannot be deleted because it is the default pipeline for 1 index(es)"),
        );
    }
    let is_there = kept.stored.remove(path).is_some();
    reply(if is_there { 200 } else { 404 }, &json!({ "acknowledged": is_there }))
}

fn transform(kept: &mut Kept, method: &Method, (path, query): (&str, &str), body: Value) -> Response {
    if !kept.has_transforms {
        return error(400, &format!("no handler found for uri [{path}] and method [{method}]"));
    }
    let rest = path.strip_prefix("/_transform/").expect("a prefix");
    let (id, action) = rest.split_once('/').unwrap_or((rest, ""));
    let known = format!("/_transform/{id}");
    match (method.as_str(), action) {
        ("GET", action) => {
            let named = |name: &str| id == "_all" || id.split(',').any(|id| id == name);
            let found = under(kept, "/_transform/").into_iter().filter(|(name, _)| named(name));
            let found = found.map(|(name, body)| match action {
                "_stats" => json!({ "id": name, "state": kept.started.get(&name).unwrap_or(&"stopped") }),
                _ => body,
            });
            let found: Vec<Value> = found.collect();
            reply(200, &json!({ "count": found.len(), "transforms": found }))
        }
        ("PUT", "") => {
            assert_eq!(query, "defer_validation=true", "its sources may not be there");
            let mut body = body;
            body["id"] = id.into();
            body["version"] = "10.0.0".into();
            body["settings"]["deduce_mappings"] = json!(false);
            kept.stored.insert(known, body);
            reply(200, &json!({ "acknowledged": true }))
        }
        ("POST", "_update") => {
            assert!(body["latest"].is_null() && body["pivot"].is_null(), "Elasticsearch does not update them");
            let stored = kept.stored.get_mut(&known).expect("a transform");
            for (name, value) in body.as_object().expect("an object") {
                stored[name] = value.clone();
            }
            reply(200, stored)
        }
        ("POST", "_start") => {
            let is_running = kept.started.insert(id.to_owned(), "started") == Some("started");
            if is_running { error(409, "already started") } else { reply(200, &json!({ "acknowledged": true })) }
        }
        ("POST", "_stop") => {
            assert!(query.contains("force=true") && query.contains("wait_for_completion=true"), "{query}");
            kept.started.remove(id);
            reply(200, &json!({ "acknowledged": true }))
        }
        ("DELETE", "") => {
            assert!(query.contains("delete_dest_index=true"), "{query}");
            assert!(!kept.started.contains_key(id), "it was stopped before");
            let is_there = kept.stored.remove(&known).is_some();
            reply(if is_there { 200 } else { 404 }, &json!({ "acknowledged": is_there }))
        }
        _ => error(405, "no such action"),
    }
}

fn data_stream(kept: &mut Kept, method: &Method, path: &str, body: Value) -> Response {
    let rest = path.strip_prefix("/_data_stream/").expect("a name");
    match (method.as_str(), rest.strip_suffix("/_lifecycle")) {
        ("GET", None) => {
            let streams = kept.resolved["data_streams"].as_array().expect("a list").iter();
            let found: Vec<Value> = streams
                .map(|stream| {
                    let name = stream["name"].as_str().expect("a name");
                    json!({ "name": name, "lifecycle": kept.lifecycles.get(name).cloned().unwrap_or_default() })
                })
                .collect();
            reply(200, &json!({ "data_streams": found }))
        }
        ("PUT", Some(name)) => {
            kept.lifecycles.insert(name.to_owned(), body);
            reply(200, &json!({ "acknowledged": true }))
        }
        ("DELETE", Some(name)) => {
            kept.lifecycles.remove(name);
            reply(200, &json!({ "acknowledged": true }))
        }
        _ => error(405, "no such action"),
    }
}

/// What stands for an index: its mappings and settings, by the name of the index or of its data stream.
fn index(kept: &mut Kept, method: &Method, path: &str, body: &Value) -> Response {
    let (name, action) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let is_meant = |index: &str| index == name || index.starts_with(&format!(".ds-{name}-")) || name.contains('*');
    match (method.as_str(), action) {
        ("GET", _) => {
            let found = kept.indices.iter().filter(|(index, _)| is_meant(index));
            let found: Map<String, Value> = found.map(|(index, body)| (index.clone(), body.clone())).collect();
            reply(200, &Value::Object(found))
        }
        ("PUT", "_settings") => {
            for (_, index) in kept.indices.iter_mut().filter(|(index, _)| is_meant(index)) {
                if let Some(pipeline) = body.pointer("/index/default_pipeline") {
                    index["settings"]["index"]["default_pipeline"] = pipeline.clone();
                }
                if body.get("index.default_pipeline").is_some_and(Value::is_null) {
                    index["settings"]["index"]["default_pipeline"] = Value::Null;
                }
            }
            reply(200, &json!({ "acknowledged": true }))
        }
        ("PUT", "_mapping") => {
            for (_, index) in kept.indices.iter_mut().filter(|(index, _)| is_meant(index)) {
                index["mappings"]["properties"] = body["properties"].clone();
            }
            reply(200, &json!({ "acknowledged": true }))
        }
        ("POST", "_rollover") => reply(200, &json!({ "rolled_over": true })),
        _ => error(405, "no such action"),
    }
}
