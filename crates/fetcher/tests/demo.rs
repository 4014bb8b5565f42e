//! `demo --elasticsearch` against a cluster that remembers what it was asked: a namespace of its own, the login that was
//! named, nothing of others shown, nothing of others removed.

use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde_json::{Value, json};

#[derive(Default)]
struct Cluster {
    /// Method, path and login of every request.
    asked: Mutex<Vec<(String, String, String)>>,
    streams: Mutex<BTreeSet<String>>,
    stored: Mutex<Vec<(String, Value)>>,
}

type SharedCluster = Arc<Cluster>;

async fn start() -> (SharedCluster, String) {
    let cluster = SharedCluster::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("an address");
    let app = Router::new()
        .fallback(answer)
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Arc::clone(&cluster));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (cluster, format!("http://{address}"))
}

async fn answer(
    State(cluster): State<SharedCluster>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let login = headers.get("authorization").map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default();
    let path = uri.path().to_owned();
    cluster.asked.lock().expect("a lock").push((method.to_string(), path.clone(), login));
    let mut streams = cluster.streams.lock().expect("a lock");
    let mut stored = cluster.stored.lock().expect("a lock");
    let json = |value: Value| {
        axum::response::Response::builder()
            .header("content-type", "application/json")
            .header("x-elastic-product", "Elasticsearch")
            .body(axum::body::Body::from(value.to_string()))
            .expect("an answer")
    };
    match (method.as_str(), path.as_str()) {
        ("POST", "/_bulk") => {
            let mut text = String::new();
            if headers.get("content-encoding").is_some() {
                flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).expect("gzip");
            } else {
                text = String::from_utf8(body.to_vec()).expect("text");
            }
            let items = text.lines().step_by(2).map(|line| {
                let action: Value = serde_json::from_str(line).expect("an action");
                let index = action["create"]["_index"].as_str().expect("an index");
                streams.insert(index.to_owned());
                json!({ "create": { "_index": index, "status": 201 } })
            });
            let items: Vec<_> = items.collect();
            json(json!({ "errors": false, "items": items }))
        }
        ("POST", path) if path.ends_with("/_search") => {
            let own = path.contains("incident-demo");
            let title = if own { "\u{1b}[31mown\u{9b}2J incident\nforged" } else { "another's incident" };
            let source = json!({ "@timestamp": "2026-01-01T00:00:00Z", "m365_defender": { "incident": {
                "last_update_datetime": "2026-01-01T00:00:00Z", "severity": "high", "display_name": title } } });
            json(json!({ "hits": { "hits": [{ "_source": source }] } }))
        }
        ("GET", path) if path.starts_with("/_data_stream/") => {
            let found: Vec<_> = streams.iter().map(|name| json!({ "name": name })).collect();
            json(json!({ "data_streams": found }))
        }
        ("GET", "/") => json(json!({ "cluster_name": "stub", "version": { "number": "9.1.0" } })),
        ("GET", "/_transform/_all") => {
            let found = stored.iter().filter_map(|(path, body)| {
                path.strip_prefix("/_transform/").map(|id| json!({ "id": id, "_meta": body["_meta"] }))
            });
            json(json!({ "transforms": found.collect::<Vec<_>>() }))
        }
        ("GET", path @ ("/_component_template" | "/_index_template")) => {
            let member = path.trim_start_matches("/_");
            let found = stored.iter().filter_map(|(known, body)| {
                let name = known.strip_prefix(path)?.strip_prefix('/')?;
                Some(json!({ "name": name, member: body }))
            });
            json(json!({ format!("{member}s"): found.collect::<Vec<_>>() }))
        }
        ("GET", path) if path.starts_with("/_ingest/pipeline/") && path.ends_with('*') => {
            let named = |(known, body): &(String, Value)| {
                Some((known.strip_prefix("/_ingest/pipeline/")?.to_owned(), body.clone()))
            };
            json(Value::Object(stored.iter().filter_map(named).collect()))
        }
        ("DELETE", path) => {
            if let Some(name) = path.strip_prefix("/_data_stream/") {
                streams.remove(name);
            }
            stored.retain(|(known, _)| known != path);
            json(json!({ "acknowledged": true }))
        }
        ("PUT", path) => {
            stored.push((path.to_owned(), serde_json::from_slice(&body).expect("JSON")));
            json(json!({ "acknowledged": true }))
        }
        ("GET", path) => match stored.iter().find(|(known, _)| known == path) {
            Some((_, artefact)) => {
                let name = path.rsplit('/').next().expect("a name");
                json(json!({
                    name: artefact,
                    "component_templates": [{ "component_template": artefact }],
                    "index_templates": [{ "index_template": artefact }],
                }))
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        _ => json(json!({})),
    }
}

async fn demo(arguments: Vec<String>, environment: Vec<(&'static str, &'static str)>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_m365-fetcher"));
    command.arg("demo").args(arguments).env_remove("M365_LOG");
    for name in ["ELASTICSEARCH_API_KEY", "ELASTICSEARCH_USERNAME", "ELASTICSEARCH_PASSWORD"] {
        command.env_remove(name);
    }
    command.envs(environment);
    tokio::task::spawn_blocking(move || command.output().expect("runs")).await.expect("ran")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_keeps_to_its_own_namespace_and_is_removed_without_a_trace() {
    let (cluster, url) = start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("demo").to_str().expect("a path").to_owned();
    let output = demo(words(&["--elasticsearch", &url, "--incidents", "3", "--out", &out]), Vec::new()).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("own") && !said.contains("another's"), "{said}");
    assert!(
        !said.contains(|c: char| c != '\n' && c.is_control()) && !said.lines().any(|line| line == "forged"),
        "{said:?}"
    );
    let streams = cluster.streams.lock().expect("a lock").clone();
    // The datasets, and the reports of health.
    assert_eq!(streams.len(), schema::catalog().len() + 1, "{streams:?}");
    assert!(streams.iter().all(|name| name.ends_with("-demo")), "{streams:?}");

    // Somebody else's data stream needs the templates.
    let other = "logs-m365_security.incident-default";
    cluster.streams.lock().expect("a lock").insert(other.to_owned());
    let remove = || demo(words(&["--elasticsearch", &url, "--remove"]), Vec::new());
    let said = text(&remove().await.stdout);
    assert_eq!(said.matches("removed data stream logs-m365_security.").count(), streams.len(), "{said}");
    assert!(said.contains("templates and pipelines stay"), "{said}");
    assert_eq!(*cluster.streams.lock().expect("a lock"), BTreeSet::from([other.to_owned()]));
    assert!(text(&remove().await.stdout).contains("nothing to remove"));
    let stored = cluster.stored.lock().expect("a lock").len();
    assert!(stored > 0);

    // So does a set-up.
    let own = || BTreeSet::from(["logs-m365_security.alert-demo".to_owned()]);
    *cluster.streams.lock().expect("a lock") = own();
    let transform = json!({ "_meta": { "managed_by": "m365-generator" } });
    cluster.stored.lock().expect("a lock").push(("/_transform/state".to_owned(), transform));
    let said = text(&remove().await.stdout);
    assert!(said.contains("a set-up put transform state there"), "{said}");
    assert_eq!(cluster.stored.lock().expect("a lock").pop().expect("a transform").0, "/_transform/state");
    assert_eq!(cluster.stored.lock().expect("a lock").len(), stored);

    // Alone, it goes with everything that it has put there; what was changed stays, with the pipelines that it calls.
    *cluster.streams.lock().expect("a lock") = own();
    cluster.stored.lock().expect("a lock")[0].1["_meta"]["version"] = json!("another");
    let output = remove().await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let stored = cluster.stored.lock().expect("a lock");
    let (path, body) = &stored[0];
    let pipeline = body["template"]["settings"]["index"]["default_pipeline"].as_str().expect("a pipeline");
    let called = format!("/_ingest/pipeline/{pipeline}");
    let left: BTreeSet<_> = stored.iter().map(|(path, _)| path.clone()).collect();
    let expected = BTreeSet::from([path.clone(), format!("{called}-raw"), called]);
    assert_eq!(left, expected, "{}", text(&output.stdout));
    assert_eq!(text(&output.stdout).matches(" stays: ").count(), left.len(), "{}", text(&output.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_login_comes_from_files_the_environment_or_the_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        path.to_str().expect("a path").to_owned()
    };
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let key = encode("id:key");
    let (key_file, password_file) = (file("key", &format!("\u{feff}{key}\n")), file("password", "pass word\n"));
    let basic = format!("Basic {}", encode("kim:pass word"));
    let leaked: &'static str = Box::leak(key.clone().into_boxed_str());
    let cases = [
        (vec!["--api-key-file", &key_file], vec![], "", format!("ApiKey {key}")),
        (vec!["--username", "kim", "--password-file", &password_file], vec![], "", basic.clone()),
        (vec!["--username", "kim"], vec![("ELASTICSEARCH_PASSWORD", "pass word")], "", basic.clone()),
        (vec![], vec![("ELASTICSEARCH_USERNAME", "kim"), ("ELASTICSEARCH_PASSWORD", "pass word")], "", basic.clone()),
        (vec![], vec![("ELASTICSEARCH_API_KEY", leaked)], "", format!("ApiKey {key}")),
        (vec![], vec![("ELASTICSEARCH_API_KEY", "unused")], "kim:pass%20word@", basic),
    ];
    for (options, environment, user, expected) in cases {
        let (cluster, url) = start().await;
        let url = url.replace("http://", &format!("http://{user}"));
        let mut arguments = words(&["--elasticsearch", &url, "--remove"]);
        arguments.extend(words(&options));
        let output = demo(arguments, environment).await;
        assert!(output.status.success(), "{options:?}: {}", text(&output.stderr));
        let asked = cluster.asked.lock().expect("a lock").clone();
        assert!(!asked.is_empty() && asked.iter().all(|(_, _, login)| *login == expected), "{options:?}: {asked:?}");
    }
    for (options, said) in [
        (vec!["--api-key-file", "/nowhere/key"], "/nowhere/key cannot be read"),
        (vec!["--username", "kim"], "--username needs --password-file, or ELASTICSEARCH_PASSWORD"),
        (vec!["--ca-file", "/nowhere/ca.pem"], "/nowhere/ca.pem is not a file"),
        (vec!["--ca-fingerprint", "abcd"], "is not a fingerprint"),
        (vec!["--api-key-file", &key_file, "--username", "kim"], "cannot be used with"),
    ] {
        let mut arguments = words(&["--elasticsearch", "http://127.0.0.1:1"]);
        arguments.extend(words(&options));
        let output = demo(arguments, Vec::new()).await;
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(text(&output.stderr).contains(said), "{options:?}: {}", text(&output.stderr));
    }
}
