//! Secrets and tokens are marked, the real program runs in good and in bad situations, and everything that it leaves
//! behind is searched for the marks: as they are, in Base64, and as parts of addresses.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use simulator::{Endpoint, Fault, Simulator, Tenant};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// What is looked for. With characters that addresses and forms write differently.
const SECRET: &str = "canary~secret/7Qx+Zw==";
const TOKEN: &str = "canary-token-5Hd2";
const API_KEY: &str = "Y2FuYXJ5LWlkOmNhbmFyeS1hcGkta2V5LTkxSg==";
const PASSWORD: &str = "canary/password+3Kp";
const PROXY: &str = "canary-proxy-8Rt";
const MARKS: [&str; 5] = [SECRET, TOKEN, API_KEY, PASSWORD, PROXY];

/// All forms in which a mark may turn up.
fn forms() -> Vec<String> {
    let mut forms = Vec::new();
    for mark in MARKS {
        forms.push(mark.to_owned());
        forms.push(mark.replace('/', "\\/"));
        let encoded: String = url::form_urlencoded::byte_serialize(mark.as_bytes()).collect();
        forms.extend([encoded.to_lowercase(), encoded.replace("%7E", "~"), encoded]);
        // Within a longer text the Base64 of a mark begins at any of three places; its ends depend on the neighbours.
        for pad in ["", "x", "xx"] {
            for engine in [&STANDARD as &dyn Fn64, &URL_SAFE_NO_PAD] {
                let text = engine.code(&format!("{pad}{mark}"));
                forms.push(text[4..text.len() - 4].to_owned());
            }
        }
    }
    // The API key holds another text.
    forms.push("canary-api-key-91J".to_owned());
    forms.sort();
    forms.dedup();
    forms
}

trait Fn64 {
    fn code(&self, text: &str) -> String;
}

impl<E: Engine> Fn64 for E {
    fn code(&self, text: &str) -> String {
        self.encode(text)
    }
}

/// Everything that runs left behind, by name.
#[derive(Default)]
struct Artefacts(BTreeMap<String, Vec<u8>>);

impl Artefacts {
    fn keep(&mut self, name: impl Into<String>, bytes: &[u8]) {
        let name = name.into();
        assert!(self.0.insert(name.clone(), bytes.to_vec()).is_none(), "{name} twice");
    }

    fn keep_output(&mut self, name: &str, output: &Output) -> String {
        self.keep(format!("{name}: stdout"), &output.stdout);
        self.keep(format!("{name}: stderr"), &output.stderr);
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn keep_folder(&mut self, name: &str, folder: &Path) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = format!("{name}/{}", path.file_name().expect("a name").display());
            if path.is_dir() {
                self.keep_folder(&name, &path);
            } else if path.is_file() {
                self.keep(name, &fs::read(&path).expect("a file"));
            }
        }
    }

    fn search(&self) {
        let forms = forms();
        for (name, bytes) in &self.0 {
            for form in &forms {
                let found = memchr::memmem::find(bytes, form.as_bytes());
                if let Some(at) = found {
                    let around = &bytes[at.saturating_sub(200)..(at + 60).min(bytes.len())];
                    panic!("{form} in {name}: {}", String::from_utf8_lossy(around));
                }
            }
        }
    }
}

/// What the services were shown: the proof that the marks went out at all.
type Shown = Arc<Mutex<Vec<String>>>;

/// A cluster that is its own proxy, refuses one document of each request, and every request while `status` is another.
async fn cluster(shown: Shown, status: Arc<Mutex<u16>>) -> String {
    let handler = move |uri: Uri, headers: HeaderMap, body: Bytes| {
        // It gives back what it was given, as it was and decoded.
        let mut given = String::new();
        for name in ["authorization", "proxy-authorization"] {
            if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
                let plain = value.split_once(' ').and_then(|(_, code)| STANDARD.decode(code).ok()).unwrap_or_default();
                given.extend([name, ": ", value, " (", &String::from_utf8_lossy(&plain), "); "]);
                shown.lock().expect("a lock").push(value.to_owned());
            }
        }
        let status = StatusCode::from_u16(*status.lock().expect("a lock")).expect("a status");
        let answer = if status != StatusCode::OK {
            let reason = format!("refused: {given}");
            json!({ "error": { "type": "security_exception", "reason": reason }, "status": status.as_u16() })
        } else if uri.path() == "/_bulk" {
            let count = memchr::memchr_iter(b'\n', &body).count() / 2;
            let item = |place: usize| {
                let error = json!({ "type": "document_parsing_exception", "reason": format!("no: {given}") });
                match place {
                    0 => json!({ "create": { "status": 400, "error": error } }),
                    _ => json!({ "create": { "status": 201 } }),
                }
            };
            json!({ "errors": true, "items": (0..count).map(item).collect::<Vec<_>>() })
        } else if uri.path() == "/" {
            json!({ "cluster_name": "contoso", "version": { "number": "8.19.1" } })
        } else {
            json!({})
        };
        std::future::ready((status, [("content-type", "application/json")], answer.to_string()))
    };
    serve(Router::new().fallback(handler)).await
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

struct Scene {
    simulator: Simulator,
    graph: String,
    cluster: String,
    status: Arc<Mutex<u16>>,
    shown: Shown,
    folder: TempDir,
    artefacts: Artefacts,
}

impl Scene {
    async fn new() -> Self {
        let tenant =
            Tenant { client_secret: SECRET.into(), token_mark: TOKEN.into(), incidents: 20, ..Tenant::default() };
        let simulator = Simulator::new(tenant.ending_at(chrono::DateTime::from(std::time::UNIX_EPOCH) + age()));
        let graph = serve(simulator.router()).await;
        let (shown, status) = (Shown::default(), Arc::new(Mutex::new(200)));
        let cluster = cluster(Arc::clone(&shown), Arc::clone(&status)).await;
        let folder = tempfile::tempdir().expect("a folder");
        Self { simulator, graph, cluster, status, shown, folder, artefacts: Artefacts::default() }
    }

    /// A configuration with the state and the output of this name.
    fn config(&self, name: &str, output: &str, more: &str) -> PathBuf {
        let at = &self.graph;
        let text = format!(
            "tenants:\n  - id: 11111111-2222-3333-4444-555555555555\n    cloud: {{login: \"http://{at}\", graph: \
             \"http://{at}\", defender: \"http://{at}\"}}\n    client_id: 66666666-7777-8888-9999-000000000000\n    \
             client_secret: \"${{CANARY_SECRET}}\"\n    datasets: [{{name: alert, lookback: 7d}}, {{name: incident, \
             lookback: 7d}}]\noutput:\n  {output}\nstate: \"{left}/{name}\"\n{more}\n",
            left = self.left().display()
        );
        let path = self.folder.path().join(format!("{name}.yml"));
        fs::write(&path, text).expect("written");
        path
    }

    /// Where everything goes that is searched.
    fn left(&self) -> PathBuf {
        self.folder.path().join("left")
    }

    fn files(&self) -> String {
        format!("file: {{directory: \"{}/documents\"}}", self.left().display())
    }

    fn elastic(&self, login: &str) -> String {
        format!(
            "elasticsearch: {{hosts: [\"http://es.example.com:9200\"], {login}, gzip: false, allow_insecure_http: true, proxy: \
             \"http://collector:{PROXY}@{}\"}}",
            self.cluster
        )
    }

    fn run(&mut self, name: &str, args: &[&str], environment: &[(&str, &str)]) -> String {
        let output = program(args, environment).output().expect("the program");
        self.artefacts.keep_output(name, &output)
    }
}

/// Now, without reading the clock in a way that the workspace bans.
fn age() -> chrono::TimeDelta {
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    chrono::TimeDelta::from_std(now).expect("a span")
}

fn program(args: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_m365-fetcher"));
    command.args(args).env("CANARY_SECRET", SECRET).env("CANARY_KEY", API_KEY).env("CANARY_PASSWORD", PASSWORD);
    command.env("M365_LOG", "trace").envs(environment.iter().copied()).env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_artefact_holds_a_secret() {
    let mut scene = Scene::new().await;
    let key = scene.elastic("api_key: \"${CANARY_KEY}\"");
    let basic = scene.elastic("username: collector, password: \"${CANARY_PASSWORD}\"");

    // What works, whole, in both forms of logs.
    let good = scene.config("good", &scene.files(), "");
    let told = scene.run("good run", &["run", "--once", "--config", text(&good)], &[]);
    assert!(told.contains("run ended"), "{told}");
    let refusing = scene.config("refusing", &key, "");
    scene.run("json run", &["--log-format", "json", "run", "--once", "--config", text(&refusing)], &[]);
    let password = scene.config("password", &basic, "");
    scene.run("password run", &["run", "--once", "--config", text(&password)], &[]);
    scene.run("check", &["check", "--config", text(&password)], &[]);
    scene.run("check json", &["check", "--json", "--config", text(&good)], &[]);
    living(&mut scene, &basic).await;
    let state = scene.left().join("refusing");
    for (name, args) in [
        ("state show", vec!["state", "show", "--config", text(&refusing)]),
        ("state export", vec!["state", "export", "--config", text(&refusing)]),
        ("replay, dry", vec!["replay", "--dry-run", "--config", text(&refusing)]),
        ("replay", vec!["replay", "--config", text(&refusing)]),
        ("status of none", vec!["status", "--state", text(&state)]),
        ("list", vec!["list"]),
    ] {
        scene.run(name, &args, &[]);
    }
    for name in ["state show", "state export", "list"] {
        assert!(!scene.artefacts.0[&format!("{name}: stdout")].is_empty(), "{name} said nothing");
    }

    // What does not.
    let wrong = [("CANARY_SECRET", "canary~secret/7Qx+Zw==-and-more")];
    let told = scene.run("wrong secret", &["run", "--once", "--config", text(&good)], &wrong);
    assert!(told.contains("AADSTS7000215"), "{told}");
    scene.run("wrong secret, check", &["check", "--config", text(&good)], &wrong);
    for (status, at) in [(401, Endpoint::ALERTS), (403, Endpoint::ALERTS), (400, Endpoint::Token)] {
        let body = match at {
            Endpoint::Token => {
                // It gives the request back.
                let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
                let said = format!("AADSTS7000222: {SECRET} client_secret={form} {}", STANDARD.encode(SECRET));
                json!({ "error": SECRET, "error_description": said, "error_codes": [7_000_222] }).to_string()
            }
            _ => json!({ "error": { "code": "Forbidden", "message": format!("no: {SECRET}") } }).to_string(),
        };
        scene.simulator.faults().always(at, Fault::status(status, body));
        let name = format!("{status} of {at:?}");
        scene.run(&name, &["run", "--once", "--config", text(&good)], &[]);
        scene.run(&format!("{name}, check"), &["check", "--config", text(&good)], &[]);
        scene.simulator.faults().clear();
    }
    for status in [401, 403] {
        *scene.status.lock().expect("a lock") = status;
        let name = format!("output {status}");
        // The output may be waited for: a moment is enough to see it refuse.
        let again = scene.config(&name.replace(' ', "-"), &key, "");
        ended_soon(&mut scene, &name, &again);
        scene.run(&format!("{name}, check"), &["check", "--config", text(&again)], &[]);
    }
    *scene.status.lock().expect("a lock") = 200;
    for (place, broken) in [
        format!("elasticsearch: {{hosts: [\"http://collector:{PROXY}@host\"]}}"),
        format!("elasticsearch: {{hosts: [], api_key: \"{API_KEY} {PASSWORD}\"}}"),
        format!("elasticsearch: [{PASSWORD}]"),
        format!("file: {{directory: [\"{SECRET}\""),
    ]
    .iter()
    .enumerate()
    {
        let config = scene.config(&format!("broken-{place}"), broken, "");
        for command in ["run", "check", "status"] {
            scene.run(&format!("broken {place}, {command}"), &[command, "--config", text(&config)], &[]);
        }
    }

    let left = scene.left();
    scene.artefacts.keep_folder("left", &left);
    assert!(scene.artefacts.0.keys().any(|name| name.contains("dead-letter")), "{:?}", scene.artefacts.0.keys());
    let shown = scene.shown.lock().expect("a lock").join("\n");
    for mark in [
        API_KEY.to_owned(),
        STANDARD.encode(format!("collector:{PASSWORD}")),
        STANDARD.encode(format!("collector:{PROXY}")),
    ] {
        assert!(shown.contains(&mark), "the services were never shown {mark}:\n{shown}");
    }
    scene.artefacts.search();
}

/// A process that goes on: its status, its metrics, its end.
async fn living(scene: &mut Scene, output: &str) {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let config = scene.config("living", output, &format!("metrics: {{listen: \"127.0.0.1:{port}\"}}"));
    let mut command = program(&["run", "--config", text(&config)], &[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    let deadline = Duration::from_mins(1);
    let started = now();
    let status = loop {
        let output = program(&["status", "--json", "--config", text(&config)], &[]).output().expect("the program");
        // It is up, and its sources have something to tell.
        if output.status.code() != Some(3) && String::from_utf8_lossy(&output.stdout).contains("\"healthy\"") {
            break output;
        }
        assert!(started.elapsed() < deadline, "no status: {output:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    scene.artefacts.keep_output("status json", &status);
    scene.run("status", &["status", "--config", text(&config)], &[]);
    let metrics = microsoft::client().expect("a client").get(format!("http://127.0.0.1:{port}/metrics"));
    let metrics = metrics.send().await.expect("an answer").text().await.expect("metrics");
    assert!(metrics.contains("m365_documents_total"), "{metrics}");
    scene.artefacts.keep("metrics", metrics.as_bytes());
    terminate(child.id());
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success(), "{output:?}");
    scene.artefacts.keep_output("living run", &output);
}

/// Runs until it ends by itself, or is told to after some seconds.
fn ended_soon(scene: &mut Scene, name: &str, config: &Path) {
    let mut command = program(&["run", "--once", "--config", text(config)], &[]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    let stderr = child.stderr.take().expect("stderr");
    let reader = std::thread::spawn(move || std::io::read_to_string(stderr).expect("text"));
    let started = now();
    while child.try_wait().expect("a child").is_none() && started.elapsed() < Duration::from_secs(5) {
        std::thread::park_timeout(Duration::from_millis(50));
    }
    terminate(child.id());
    child.wait().expect("ended");
    let told = reader.join().expect("read");
    assert!(told.contains("DEGRADED") || told.contains("ERROR"), "{name}: {told}");
    scene.artefacts.keep(format!("{name}: stderr"), told.as_bytes());
}

#[expect(clippy::disallowed_methods, reason = "a test that waits for a process waits in real time")]
fn now() -> Instant {
    Instant::now()
}

fn terminate(pid: u32) {
    // It may have ended by itself.
    let _ = Command::new("kill").args(["-TERM", &pid.to_string()]).stderr(Stdio::null()).status();
}

#[test]
fn the_search_finds_every_form() {
    for mark in MARKS {
        for hidden in [
            mark.to_owned(),
            STANDARD.encode(format!("collector:{mark}")),
            URL_SAFE_NO_PAD.encode(format!("a{mark}b")),
            format!("client_secret={}", url::form_urlencoded::byte_serialize(mark.as_bytes()).collect::<String>()),
        ] {
            let mut artefacts = Artefacts::default();
            artefacts.keep("a log", format!("before {hidden} after").as_bytes());
            let found = std::panic::catch_unwind(|| artefacts.search());
            assert!(found.is_err(), "{hidden}");
        }
    }
}
