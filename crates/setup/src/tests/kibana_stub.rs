//! A Kibana that checks method, path, headers and body of what it is asked, and keeps what is imported.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::{Value, json};
use url::Url;

use super::elasticsearch::{reply, serve};

pub(super) struct Kibana {
    kept: Mutex<Kept>,
}

pub(super) struct Kept {
    pub(super) version: &'static str,
    /// Saved objects by space, type and id.
    pub(super) objects: BTreeMap<(String, String, String), Value>,
    /// What a newer version makes of an object that it imports.
    pub(super) migrate: fn(&mut Value),
    pub(super) imports: u32,
    /// Status for everything but the status.
    pub(super) refuses: Option<u16>,
    /// Answer to an import in place of success.
    pub(super) import_errors: Option<Value>,
    /// The package as Fleet knows it, and the statuses of the next uploads.
    pub(super) package: Option<Value>,
    pub(super) uploads: Vec<u16>,
    pub(super) uploaded: Vec<Bytes>,
    /// It has the API that deletes saved objects.
    pub(super) deletes: bool,
}

type Shared = Arc<Kibana>;

impl Kibana {
    /// Served below a path, which may be empty.
    pub(super) async fn start(base: &str) -> (Shared, Url) {
        let kept = Kept {
            version: "8.19.13",
            objects: BTreeMap::new(),
            migrate: |_| {},
            imports: 0,
            refuses: None,
            import_errors: None,
            package: None,
            uploads: Vec::new(),
            uploaded: Vec::new(),
            deletes: true,
        };
        let kibana = Arc::new(Self { kept: Mutex::new(kept) });
        let objects = || {
            Router::new()
                .route("/_export", post(export))
                .route("/_import", post(import))
                .route("/{kind}/{id}", delete(remove))
        };
        let api = Router::new()
            .route("/api/status", get(status))
            .route("/api/spaces/space", get(spaces))
            .route("/api/spaces/space/{id}", get(space))
            .nest("/api/saved_objects", objects())
            .nest("/s/{space}/api/saved_objects", objects())
            .route("/api/fleet/epm/packages", post(upload))
            .route("/api/fleet/epm/packages/{name}", get(package))
            .route("/api/fleet/epm/packages/{name}/{version}", delete(uninstall))
            .fallback(async || reply(404, &json!({ "statusCode": 404, "error": "Not Found", "message": "Not Found" })))
            .with_state(Arc::clone(&kibana));
        let app = if base.is_empty() { api } else { Router::new().nest(base, api).fallback(moved) };
        let url = serve(app).await;
        let url = if base.is_empty() { url } else { url.join(base).expect("an address") };
        (kibana, url)
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("a lock")
    }
}

/// As a Kibana below a path answers everything else.
async fn moved() -> Response {
    (StatusCode::FOUND, [("location", "/kibana/app/home")]).into_response()
}

/// What every change must carry.
fn check(kibana: &Kibana, headers: &HeaderMap) -> Option<Response> {
    assert_eq!(headers["authorization"], "ApiKey canary-key");
    if !headers.contains_key("kbn-xsrf") {
        return Some(reply(400, &json!({ "statusCode": 400, "message": "Request must contain a kbn-xsrf header." })));
    }
    let status = kibana.kept().refuses?;
    Some(reply(status, &json!({ "statusCode": status, "message": "Unable to bulk_create dashboard, tag" })))
}

async fn status(State(kibana): State<Shared>) -> Response {
    reply(
        200,
        &json!({ "name": "kibana", "version": { "number": kibana.kept().version, "build_flavor": "traditional" } }),
    )
}

async fn spaces() -> Response {
    reply(200, &json!([{ "id": "default" }, { "id": "soc" }]))
}

async fn space(Path(id): Path<String>) -> Response {
    let is_there = ["default", "soc"].contains(&id.as_str());
    reply(if is_there { 200 } else { 404 }, &json!({ "id": id, "statusCode": 404, "message": "Not Found" }))
}

#[derive(Default, serde::Deserialize)]
struct Place {
    space: Option<String>,
    kind: Option<String>,
    id: Option<String>,
}

impl Place {
    fn space(&self) -> String {
        self.space.clone().unwrap_or_else(|| "default".to_owned())
    }
}

async fn export(State(kibana): State<Shared>, Path(place): Path<Place>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(refused) = check(&kibana, &headers) {
        return refused;
    }
    assert_eq!(headers["content-type"], "application/json");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let known = ["objects", "type", "includeReferencesDeep", "excludeExportDetails"];
    assert!(body.as_object().expect("an object").keys().all(|key| known.contains(&key.as_str())), "{body}");
    assert_eq!(body["excludeExportDetails"], true);
    let kept = kibana.kept();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    if let Some(kinds) = body["type"].as_array() {
        assert!(body["objects"].is_null(), "one of both");
        let of =
            kept.objects.iter().filter(|((space, kind, _), _)| *space == place.space() && kinds.contains(&json!(kind)));
        let lines: Vec<String> = of.map(|(_, object)| object.to_string()).collect();
        return (StatusCode::OK, [("content-type", "application/ndjson")], lines.join("\n")).into_response();
    }
    let wanted = body["objects"].as_array().expect("a list").iter();
    let wanted: Vec<_> = wanted.map(|object| (place.space(), text(&object["type"]), text(&object["id"]))).collect();
    assert!(!wanted.is_empty());
    let missing = wanted.iter().filter(|key| !kept.objects.contains_key(*key));
    let missing: Vec<Value> = missing
        .map(|(_, kind, id)| json!({ "type": kind, "id": id, "error": { "statusCode": 404, "error": "Not Found" } }))
        .collect();
    if !missing.is_empty() {
        let said = json!({ "statusCode": 400, "error": "Bad Request", "message": "Error fetching objects to export",
            "attributes": { "objects": missing } });
        return reply(400, &said);
    }
    let lines: Vec<String> = wanted.iter().map(|key| kept.objects[key].to_string()).collect();
    (StatusCode::OK, [("content-type", "application/ndjson")], lines.join("\n")).into_response()
}

async fn import(
    State(kibana): State<Shared>,
    Path(place): Path<Place>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Response {
    if let Some(refused) = check(&kibana, request.headers()) {
        return refused;
    }
    assert_eq!(query, BTreeMap::from([("overwrite".to_owned(), "true".to_owned())]));
    let mut form = Multipart::from_request(request, &()).await.expect("a form of parts");
    let field = form.next_field().await.expect("reads").expect("a part");
    assert_eq!(field.name(), Some("file"));
    assert!(field.file_name().is_some_and(|name| name.ends_with(".ndjson")), "Kibana goes by the ending");
    let text = field.text().await.expect("text");
    assert!(form.next_field().await.expect("reads").is_none(), "one part");
    let mut kept = kibana.kept();
    kept.imports += 1;
    if let Some(errors) = &kept.import_errors {
        return reply(200, &json!({ "success": false, "successCount": 0, "errors": errors }));
    }
    let time = format!("2026-01-01T00:00:{:02}.000Z", kept.imports);
    let mut count = 0;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut object: Value = serde_json::from_str(line).expect("one object per line");
        (kept.migrate)(&mut object);
        object["updated_at"] = time.as_str().into();
        object["managed"] = json!(false);
        let name = |name: &str| object[name].as_str().expect("a text").to_owned();
        let mut key = (place.space(), name("type"), name("id"));
        // Dashboards have one id over all spaces.
        let is_elsewhere =
            |(space, kind, id): &(String, String, String)| *space != key.0 && *kind == key.1 && *id == key.2;
        if key.1 == "dashboard" && kept.objects.keys().any(is_elsewhere) {
            object["originId"] = key.2.as_str().into();
            key.2.push_str("-copy");
            object["id"] = key.2.as_str().into();
        }
        kept.objects.insert(key, object);
        count += 1;
    }
    reply(200, &json!({ "success": true, "successCount": count, "warnings": [] }))
}

async fn remove(
    State(kibana): State<Shared>,
    Path(place): Path<Place>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = check(&kibana, &headers) {
        return refused;
    }
    assert_eq!(query.get("force").map(String::as_str), Some("true"));
    let mut kept = kibana.kept();
    if !kept.deletes {
        return reply(404, &json!({ "statusCode": 404, "error": "Not Found", "message": "Not Found" }));
    }
    let key = (place.space(), place.kind.unwrap_or_default(), place.id.unwrap_or_default());
    let is_there = kept.objects.remove(&key).is_some();
    reply(if is_there { 200 } else { 404 }, &json!({ "message": "Saved object not found" }))
}

async fn package(State(kibana): State<Shared>, Path(name): Path<String>) -> Response {
    match &kibana.kept().package {
        Some(item) => reply(200, &json!({ "item": item })),
        None => reply(404, &json!({ "statusCode": 404, "message": format!("[{name}] package not found in registry") })),
    }
}

async fn upload(State(kibana): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(refused) = check(&kibana, &headers) {
        return refused;
    }
    assert_eq!(headers["content-type"], "application/zip");
    assert_eq!(headers["elastic-api-version"], "2023-10-31");
    let mut kept = kibana.kept();
    kept.uploaded.push(body);
    let status = if kept.uploads.is_empty() { 200 } else { kept.uploads.remove(0) };
    if status == 200 {
        let installed = json!({ "version": "0.1.0", "install_source": "upload" });
        kept.package = Some(json!({ "name": "m365_security", "version": "0.1.0", "status": "installed",
            "installationInfo": installed }));
    }
    reply(status, &json!({ "items": [], "_meta": { "install_source": "upload" }, "message": "wait 10s" }))
}

async fn uninstall(
    State(kibana): State<Shared>,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = check(&kibana, &headers) {
        return refused;
    }
    assert_eq!((name.as_str(), version.as_str()), ("m365_security", "0.1.0"));
    kibana.kept().package = None;
    reply(200, &json!({ "items": [] }))
}
