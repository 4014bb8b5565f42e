//! The running program: how it stops, and how it takes up a changed configuration.
// The test waits for a process of its own, without a runtime.
#![allow(clippy::disallowed_methods)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-fetcher");
/// Long enough for a loaded machine; what should be there is there at once.
const PATIENCE: Duration = Duration::from_secs(90);

/// A child that ends with the test.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An invented tenant in a process of its own, and its address.
fn simulate(incidents: u32) -> (Guarded, String) {
    let mut child = Command::new(PROGRAM)
        .args(["simulate", "--listen", "127.0.0.1:0", "--incidents", &incidents.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut greeting = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut greeting).expect("greets");
    let address = greeting.split("http://").nth(1).and_then(|rest| rest.split(';').next()).expect("address");
    (Guarded(child), address.trim().to_owned())
}

/// What a service does with a connection on which a request came.
#[derive(Clone, Copy)]
enum Manner {
    Hang,
    Say(&'static str),
    /// A page that never ends.
    Trickle,
}

/// A service with bad manners.
struct Service {
    address: SocketAddr,
    /// Something was asked since this was taken the last time.
    asked: Arc<AtomicBool>,
}

fn service(manner: Manner) -> Service {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
    let address = listener.local_addr().expect("address");
    let asked = Arc::<AtomicBool>::default();
    let hears = Arc::clone(&asked);
    std::thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let hears = Arc::clone(&hears);
            std::thread::spawn(move || {
                let mut connection = connection;
                while connection.read(&mut [0; 8 * 1024]).is_ok_and(|read| read > 0) {
                    hears.store(true, Ordering::Relaxed);
                    match manner {
                        Manner::Hang => {}
                        Manner::Say(answer) => {
                            let _ = connection.write_all(answer.as_bytes());
                        }
                        Manner::Trickle => {
                            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"value\":[";
                            let _ = connection.write_all(head.as_bytes());
                            while connection.write_all(b" ").is_ok() {
                                std::thread::sleep(Duration::from_millis(100));
                            }
                        }
                    }
                }
            });
        }
    });
    Service { address, asked }
}

struct Running {
    child: Guarded,
    folder: TempDir,
}

fn tenant(login: &str, api: &str, dataset: &str) -> String {
    format!(
        "  - id: 11111111-2222-3333-4444-555555555555\n    cloud: {{login: \"http://{login}\", graph: \"http://{api}\", \
         defender: \"http://{api}\"}}\n    client_id: 66666666-7777-8888-9999-000000000000\n    client_secret: \
         demo-secret\n    datasets: [{{name: {dataset}, lookback: 30d, interval: 1s}}]\n"
    )
}

impl Running {
    /// Collects these tenants; `output` is the configuration's, files if empty.
    fn start(tenants: &str, output: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let running = Self::spawn_in(&folder, tenants, output);
        Self { child: running, folder }
    }

    fn spawn_in(folder: &TempDir, tenants: &str, output: &str) -> Guarded {
        write_config(folder.path(), tenants, output);
        let log = std::fs::File::create(folder.path().join("log")).expect("log");
        let child = Command::new(PROGRAM)
            .args(["--log-format", "json", "run", "--config"])
            .arg(folder.path().join("m365.yml"))
            .env_remove("M365_LOG")
            .stderr(log)
            .spawn()
            .expect("starts");
        Guarded(child)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn documents(&self, dataset: &str) -> Vec<String> {
        let path = self.folder.path().join(format!("documents/logs-m365_security.{dataset}-default.ndjson"));
        std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Records that were read off pages, as `status` tells it.
    fn fetched(&self) -> u64 {
        let (_, said) = told(self.folder.path(), &["status", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&said).unwrap_or_default();
        status["sources"].as_array().into_iter().flatten().filter_map(|source| source["fetched"].as_u64()).sum()
    }

    #[track_caller]
    fn wait_for(&self, what: &str, is_there: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_there(self) {
            assert!(start.elapsed() < PATIENCE, "{what}: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.0.id().to_string()]).status();
        assert!(sent.expect("sends").success());
    }

    /// How it ends, and after how long.
    fn end(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.0.try_wait().expect("asks") {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < PATIENCE, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn write_config(folder: &Path, tenants: &str, output: &str) {
    let files = format!("file: {{directory: {}}}", folder.join("documents").display());
    let output = if output.is_empty() { &files } else { output };
    let text = format!("tenants:\n{tenants}output:\n  {output}\nstate: {}\n", folder.join("state").display());
    // In one step, as an editor or a volume does it.
    let fresh: PathBuf = folder.join("m365.yml.new");
    std::fs::write(&fresh, text).expect("writes");
    std::fs::rename(fresh, folder.join("m365.yml")).expect("renames");
}

#[test]
fn a_run_that_is_stopped_ends_with_0_and_goes_on_where_it_was() {
    let (_simulator, address) = simulate(4000);
    let mut running = Running::start(&tenant(&address, &address, "incident"), "");
    running.wait_for("documents", |running| !running.documents("incident").is_empty());
    running.signal("TERM");
    let (status, waited) = running.end();
    let log = running.log();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    assert!(log.contains("run ended"), "{log}");
    let folder = std::mem::replace(&mut running.folder, tempfile::tempdir().expect("folder"));
    let first = std::fs::read_to_string(folder.path().join("documents/logs-m365_security.incident-default.ndjson"));
    assert!(first.expect("documents").lines().count() < 4000, "it was stopped on its way");
    running.child = Running::spawn_in(&folder, &tenant(&address, &address, "incident"), "");
    running.folder = folder;
    running.wait_for("all documents", |running| running.documents("incident").len() >= 4000);
    running.signal("INT");
    assert_eq!(running.end().0.code(), Some(0));
    let mut documents = running.documents("incident");
    assert_eq!(documents.len(), 4000);
    documents.sort();
    documents.dedup();
    assert_eq!(documents.len(), 4000, "none came twice");
}

#[test]
fn whatever_hangs_a_signal_ends_the_run_in_time() {
    let (_simulator, simulator) = simulate(20);
    let (hang, trickle) = (service(Manner::Hang), service(Manner::Trickle));
    let throttle =
        service(Manner::Say("HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n"));
    let at = |service: &Service| service.address.to_string();
    let elastic = format!("elasticsearch: {{hosts: [\"http://{}\"]}}", hang.address);
    for (what, tenants, output, service) in [
        ("token", tenant(&at(&hang), &simulator, "incident"), "", &hang),
        ("service", tenant(&simulator, &at(&hang), "incident"), "", &hang),
        ("page", tenant(&simulator, &at(&trickle), "incident"), "", &trickle),
        ("throttled", tenant(&simulator, &at(&throttle), "incident"), "", &throttle),
        ("output", tenant(&simulator, &simulator, "incident"), elastic.as_str(), &hang),
    ] {
        service.asked.store(false, Ordering::Relaxed);
        let mut running = Running::start(&tenants, output);
        running.wait_for(what, |running| {
            service.asked.load(Ordering::Relaxed) && (what != "output" || running.fetched() > 0)
        });
        running.signal("TERM");
        let (status, waited) = running.end();
        assert_eq!(status.code(), Some(0), "{what}: {}", running.log());
        assert!(waited < Duration::from_secs(10), "{what}: {waited:?}");
        assert_eq!(running.log().contains("did not take what was read in time"), what == "output", "{}", running.log());
    }
    let mut running = Running::start(&tenant(&simulator, &simulator, "incident"), &elastic);
    running.wait_for("records", |running| running.fetched() > 0);
    running.signal("TERM");
    running.wait_for("the first signal", |running| running.log().contains("a second signal ends at once"));
    running.signal("TERM");
    let (status, waited) = running.end();
    assert!(status.code() == Some(1) && waited < Duration::from_secs(3), "{status} {waited:?}");
}

/// A file that keeps its reader waiting: at that moment a signal comes.
#[test]
fn signals_are_received_before_the_configuration_is_read() {
    for ends_by_order in [true, false] {
        let (_simulator, address) = simulate(10);
        let folder = tempfile::tempdir().expect("folder");
        write_config(folder.path(), &tenant(&address, &address, "incident"), "");
        let pipe = folder.path().join("pipe.yml");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("makes").success());
        let log = std::fs::File::create(folder.path().join("log")).expect("log");
        let child = Command::new(PROGRAM).args(["run", "--once", "--config"]).arg(&pipe).stderr(log).spawn();
        let mut running = Running { child: Guarded(child.expect("starts")), folder };
        // It opens when the program reads it.
        let mut writer = std::fs::OpenOptions::new().write(true).open(&pipe).expect("opens");
        running.signal("HUP");
        if ends_by_order {
            running.signal("TERM");
            assert_eq!(running.end().0.code(), Some(0), "{}", running.log());
            continue;
        }
        let text = std::fs::read(running.folder.path().join("m365.yml")).expect("reads");
        writer.write_all(&text).expect("writes");
        drop(writer);
        assert_eq!(running.end().0.code(), Some(0), "{}", running.log());
        assert_eq!(running.documents("incident").len(), 10, "{}", running.log());
    }
}

#[test]
fn a_changed_configuration_is_taken_up_and_a_wrong_one_refused() {
    let (_first, one) = simulate(10);
    let (_second, two) = simulate(30);
    let (one, two) = (tenant(&one, &one, "incident"), tenant(&two, &two, "incident"));
    let mut running = Running::start(&one, "");
    let folder = running.folder.path().to_owned();
    running.wait_for("the first tenant", |running| running.documents("incident").len() == 10);
    write_config(&folder, "  - nonsense\n", "");
    running.wait_for("a refusal", |running| running.log().contains("is refused, the former one stays in use"));
    assert!(running.log().contains("m365.yml:2:"), "{}", running.log());
    write_config(&folder, &format!("{one}{two}"), "");
    running.wait_for("the second tenant", |running| running.documents("incident").len() == 40);
    write_config(&folder, &two, "stdout: {}");
    running.signal("HUP");
    running.wait_for("the removal", |running| running.log().contains("tenant is removed"));
    running.wait_for("a hint", |running| running.log().contains("restart it for the other changes"));
    assert!(!running.log().contains("start again"), "no tenant was disturbed: {}", running.log());
    running.signal("TERM");
    assert_eq!(running.end().0.code(), Some(0));
    assert_eq!(running.documents("incident").len(), 40);
}

/// Asks the running process, with its configuration.
fn told(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM)
        .arg(arguments[0])
        .arg("-c")
        .arg(folder.join("m365.yml"))
        .args(&arguments[1..])
        .env_remove("M365_LOG")
        .output()
        .expect("runs");
    (
        output.status.code(),
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
    )
}

#[test]
fn a_broken_tenant_stops_no_other_and_heals_when_its_secret_appears() {
    let (_first, one) = simulate(10);
    let (_second, two) = simulate(30);
    let folder = tempfile::tempdir().expect("folder");
    let secret = folder.path().join("secret");
    let broken = tenant(&two, &two, "incident")
        .replace("11111111", "22222222")
        .replace("client_secret: demo-secret", &format!("client_secret_file: {}", secret.display()));
    let tenants = format!("{}{broken}", tenant(&one, &one, "incident"));
    // Once: the other is collected, and the exit code says that something is missing.
    write_config(folder.path(), &tenants, "");
    let (code, said) = told(folder.path(), &["run", "--once"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("22222222-2222-3333-4444-555555555555") && said.contains("secret cannot be read"), "{said}");
    let (code, said) = told(folder.path(), &["check"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("client_secret_file: ") && said.contains("secret cannot be read"), "{said}");
    write_config(folder.path(), &broken, "");
    assert_eq!(told(folder.path(), &["run", "--once"]).0, Some(2), "nobody is left");

    let child = Running::spawn_in(&folder, &tenants, "");
    let mut running = Running { child, folder };
    running.wait_for("the other tenant", |running| running.documents("incident").len() == 10);
    let path = running.folder.path().to_owned();
    running.wait_for("the failed one", |_| {
        let (code, said) = told(&path, &["status"]);
        code == Some(1)
            && said.starts_with("degraded: 2 tenants, 1 ok, 0 degraded, 1 failed")
            && said.contains("22222222")
    });
    assert_eq!(running.log().matches("FAILED: tenant").count(), 1, "{}", running.log());
    // Its id is another one in the simulator, but the file is there: the mistake is over.
    std::fs::write(&secret, "demo-secret\n").expect("writes");
    running.wait_for("the end of the mistake", |running| running.log().contains("RECOVERED: source"));
    running.signal("TERM");
    assert_eq!(running.end().0.code(), Some(0), "{}", running.log());
}

#[test]
fn a_refused_reload_is_seen_in_status_until_it_is_mended() {
    let (_simulator, address) = simulate(10);
    let one = tenant(&address, &address, "incident");
    let mut running = Running::start(&one, "");
    let folder = running.folder.path().to_owned();
    running.wait_for("documents", |running| running.documents("incident").len() == 10);
    std::fs::write(folder.join("m365.yml"), "tenants: [\n").expect("writes");
    running.signal("HUP");
    // The configuration cannot be read: the state directory is named instead.
    let status = |arguments: &[&str]| {
        let state = folder.join("state");
        let output =
            Command::new(PROGRAM).args(["status", "--state"]).arg(state).args(arguments).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    running.wait_for("a refusal", |_| status(&[]).1.contains("config: reload refused at "));
    let (code, said) = status(&["--json"]);
    let json: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, &json["state"]), (Some(1), &"degraded".into()), "{said}");
    assert!(json["config"]["error"].as_str().is_some_and(|error| error.contains("m365.yml:")), "{said}");
    write_config(&folder, &one, "");
    running.wait_for("the end of it", |_| status(&[]).0 == Some(0));
    let log = running.log();
    assert!(log.contains("\"collecting\"") && log.contains("\"m365.commit\""), "{log}");
    running.signal("TERM");
    assert_eq!(running.end().0.code(), Some(0));
    assert!(running.log().contains("\"collected\""), "{}", running.log());
}
