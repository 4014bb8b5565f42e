//! The program as its user meets it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[path = "support/program.rs"]
mod program;

use program::{PROGRAM, run};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let help = text(&run(&["--help"], "").stdout);
    for word in [
        "run",
        "setup",
        "demo",
        "map",
        "simulate",
        "config-schema",
        "list",
        "completions",
        "man",
        "Exit codes",
        "M365_LOG",
    ] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn list_names_every_dataset_with_endpoint_and_permission() {
    let list = text(&run(&["list"], "").stdout);
    for dataset in schema::catalog() {
        let schema::Definition { name, source, .. } = dataset.definition;
        assert!(list.contains(name) && list.contains(source.path) && list.contains(source.permission), "{name}");
    }
}

#[test]
fn config_schema_is_json() {
    let schema: serde_json::Value = serde_json::from_slice(&run(&["config-schema"], "").stdout).expect("JSON");
    assert!(schema["properties"]["tenants"].is_object());
}

#[test]
fn a_wrong_configuration_ends_with_2_and_its_place() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("m365.yml");
    std::fs::write(&file, "tenants: []\noutput: {stdout: {}, pigeon: {}}\n").expect("writes");
    let output = run(&["run", "--config", file.to_str().expect("path")], "");
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("m365.yml:2:") && said.contains("pigeon") && said.contains("elasticsearch"), "{said}");
    assert_eq!(run(&["map", "incidents"], "").status.code(), Some(2));
    assert_eq!(run(&["run", "--config", "/nowhere/m365.yml"], "").status.code(), Some(2));
}

#[test]
fn map_goes_on_after_rejected_rows() {
    let row = r#"{"id":"7","tenantId":"t","lastUpdateDateTime":"2026-01-01T00:00:00Z","createdDateTime":"2026-01-01T00:00:00Z","newProperty":1}"#;
    let long = "x".repeat(5_000_000);
    let mut input = format!("{row}\nnonsense\n\n");
    let _ = writeln!(input, "{{\"id\":\"8\",\"t\":\"{long}\"}}\n{row}");
    let output = run(&["map", "incident"], &input);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "what was rejected is told by the exit code too: {said}");
    let documents = text(&output.stdout);
    assert_eq!(documents.lines().count(), 2, "{said}");
    assert!(documents.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert!(said.contains("line 2: rejected") && said.contains("line 4: rejected"), "{said}");
    assert!(said.contains("drift: unknown_column newProperty: 2"), "{said}");
    assert!(said.contains("2 documents, 2 rejected"), "{said}");
}

#[test]
fn map_reads_every_form_and_fails_where_nothing_could_be_read() {
    let row = r#"{"id":"7","tenantId":"t","lastUpdateDateTime":"2026-01-01T00:00:00Z","createdDateTime":"2026-01-01T00:00:00Z"}"#;
    let pretty = row.replace(',', ",\n  ").replace('{', "{\n  ");
    for (input, documents) in [
        (format!("{row}\n{row}\n"), 2),
        (format!("\u{feff}{pretty}\n{pretty}"), 2),
        (format!("[\n{pretty},\n{pretty}\n]"), 2),
        (format!("{{\"@odata.context\":\"x\",\"value\":[{pretty},{row}],\"@odata.nextLink\":\"y\"}}"), 2),
        (format!("{row}{row}{{\"value\":[{row}]}}"), 3),
        ("{\"value\":[]}".to_owned(), 0),
    ] {
        let output = run(&["map", "incident"], &input);
        assert_eq!(output.status.code(), Some(0), "{input}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout).lines().count(), documents, "{input}");
    }
    for (input, said) in
        [("", "nothing could be read"), (" \n", "nothing could be read"), ("nonsense", "line 1: rejected")]
    {
        let output = run(&["map", "incident"], input);
        assert_eq!(output.status.code(), Some(1), "{input}");
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
}

#[test]
fn every_shell_is_completed_and_every_command_has_a_manual_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell], "");
        let script = text(&output.stdout);
        assert!(output.status.success() && script.contains("m365-fetcher") && script.contains("backfill"), "{shell}");
    }
    let page = text(&run(&["man"], "").stdout);
    assert!(page.contains(".TH") && page.contains("Exit codes"), "{page}");
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("man1");
    assert!(run(&["man", "--out", path.to_str().expect("path")], "").status.success());
    for name in ["m365-fetcher.1", "m365-fetcher-run.1", "m365-fetcher-state-export.1"] {
        assert!(path.join(name).is_file(), "{name}");
    }
}

/// The simulator in a process of its own; ends with the test.
struct Simulator {
    child: Child,
    example: String,
}

impl Simulator {
    fn start(more: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["simulate", "--listen", "127.0.0.1:0", "--incidents", "20"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let example = lines.map(|line| line.expect("text")).take_while(|line| !line.is_empty());
        let example = example.collect::<Vec<_>>().join("\n");
        Self { child, example }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn run_collects_what_simulate_serves_and_shows_no_secret() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    let text_of = |file: &str| std::fs::read_to_string(path(file)).expect("reads");
    let secret = path("secret");
    std::fs::write(&secret, "demo-secret\n").expect("writes");
    let config = simulator
        .example
        .replace("client_secret: demo-secret", &format!("client_secret_file: {}", secret.display()))
        .replace("./documents", path("documents").to_str().expect("path"))
        .replace("./state", path("state").to_str().expect("path"));
    assert!(!config.contains("demo-secret"));
    std::fs::write(path("m365.yml"), config).expect("writes");
    let output = Command::new(PROGRAM)
        .args(["--log-format", "json", "run", "--once", "--config"])
        .arg(path("m365.yml"))
        .env("M365_LOG", "trace")
        .output()
        .expect("runs");
    let log = text(&output.stderr);
    assert!(output.status.success(), "{log}");
    for dataset in ["alert", "evidence", "incident", "log"] {
        let documents = text_of(&format!("documents/logs-m365_security.{dataset}-default.ndjson"));
        assert!(documents.lines().count() >= 20, "{dataset}");
    }
    assert!(log.contains("run ended"));
    // The secret is in its file and nowhere else; the token in nothing at all.
    std::fs::remove_file(&secret).expect("removes");
    assert!(!log.contains("demo-secret") && !log.contains("eyJ"), "a secret in the log");
    check_no_secret(folder.path());
}

fn check_no_secret(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            check_no_secret(&path);
        } else {
            let bytes = std::fs::read(&path).expect("reads");
            let content = String::from_utf8_lossy(&bytes);
            assert!(!content.contains("demo-secret") && !content.contains("Bearer "), "{}", path.display());
        }
    }
}

#[test]
fn several_simulated_tenants_are_collected_with_what_simulate_prints() {
    let simulator = Simulator::start(&["--tenants", "3"]);
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    let config = simulator
        .example
        .replace("./documents", path("documents").to_str().expect("path"))
        .replace("./state", path("state").to_str().expect("path"));
    for different in ["id: ", "client_id: ", "client_secret: "] {
        let mut values: Vec<_> = config.lines().filter_map(|line| line.split_once(different)).map(|(_, v)| v).collect();
        values.sort_unstable();
        values.dedup();
        assert!(values.len() >= 3, "{different}: {config}");
    }
    std::fs::write(path("m365.yml"), config).expect("writes");
    let output =
        Command::new(PROGRAM).args(["run", "--once", "--config"]).arg(path("m365.yml")).output().expect("runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let documents = path("documents/logs-m365_security.incident-default.ndjson");
    assert_eq!(std::fs::read_to_string(documents).expect("reads").lines().count(), 60);
}

#[test]
fn demo_prints_a_summary_and_replaces_the_last_one() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("demo");
    let arguments = ["demo", "--incidents", "10", "--out", out.to_str().expect("path")];
    let mut sizes = Vec::new();
    for _ in 0..2 {
        let output = run(&arguments, "");
        assert!(output.status.success(), "{}", text(&output.stderr));
        let summary = text(&output.stdout);
        for word in ["Documents", "Rejected rows: none", "Newest incidents", "Throughput", "Peak memory"] {
            assert!(summary.contains(word), "{word} in {summary}");
        }
        assert!(!summary.contains('\u{1b}'), "no colour in a pipe");
        let file = out.join("logs-m365_security.incident-default.ndjson");
        sizes.push(std::fs::read_to_string(file).expect("reads").lines().count());
    }
    assert_eq!(sizes, [10, 10]);
    std::fs::write(out.join("mine"), "").expect("writes");
    let remove = ["demo", "--remove", "--out", out.to_str().expect("path")];
    assert!(text(&run(&remove, "").stdout).starts_with("removed documents, state and dead letters"));
    let left: Vec<_> = std::fs::read_dir(&out).expect("folder").map(|left| left.expect("entry").file_name()).collect();
    assert_eq!(left, ["mine"]);
    std::fs::remove_file(out.join("mine")).expect("removes");
    assert!(text(&run(&remove, "").stdout).starts_with("removed folder"));
    assert!(text(&run(&remove, "").stdout).starts_with("nothing to remove"));
}

#[test]
fn the_version_names_the_commit_and_its_day() {
    let said = text(&run(&["--version"], "").stdout);
    let rest = said.trim().strip_prefix(concat!("m365-fetcher ", env!("CARGO_PKG_VERSION"), " (commit "));
    let (commit, date) =
        rest.and_then(|rest| rest.strip_suffix(')')).and_then(|rest| rest.split_once(" of ")).expect("parts");
    let is_commit = commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_commit || commit == "unknown", "{said}");
    assert!(date.len() == 10 && date.starts_with("20") || date == "unknown", "{said}");
}

#[test]
fn the_configuration_is_found_and_its_paths_count_from_its_folder() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().expect("folder");
    let elsewhere = tempfile::tempdir().expect("folder");
    let run_in = |arguments: &[&str], place: &Path| {
        Command::new(PROGRAM).args(arguments).current_dir(place).env_remove("M365_LOG").output().expect("runs")
    };
    for command in ["run", "check", "replay"] {
        let none = run_in(&[command], elsewhere.path());
        let said = text(&none.stderr);
        assert_eq!(none.status.code(), Some(2), "{said}");
        assert!(said.contains("looked for m365-fetcher.yml and ") && said.contains("--config"), "{said}");
    }
    let config = folder.path().join("m365-fetcher.yml");
    std::fs::write(&config, &simulator.example).expect("writes");
    let from_afar = run_in(&["run", "--once", "-c", config.to_str().expect("path")], elsewhere.path());
    assert!(from_afar.status.success(), "{}", text(&from_afar.stderr));
    assert!(folder.path().join("state").is_dir() && folder.path().join("documents").is_dir());
    assert_eq!(std::fs::read_dir(elsewhere.path()).expect("folder").count(), 0);
    let here = run_in(&["run", "--once"], folder.path());
    let said = text(&here.stderr);
    assert!(here.status.success(), "{said}");
    // A healthy run says what it does and what it did.
    assert!(said.contains("collecting") && said.contains("tenants=1") && said.contains("collected"), "{said}");
    assert_eq!(run_in(&["state", "show"], folder.path()).status.code(), Some(0));
}

#[test]
fn a_set_up_that_is_asked_for_wrongly_is_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().expect("there");
    let here = folder.path().join("package.zip");
    std::fs::write(&here, "no zip").expect("there");
    let here = here.to_str().expect("there");
    let kibana = ["--kibana", "http://127.0.0.1:9"];
    let with = |more: &[&'static str]| [&kibana[..], more].concat();
    for (options, expected) in [
        (vec!["--space", "soc"], "--kibana"),
        (vec!["--fleet"], "--kibana"),
        (vec!["--retention", "soon"], "allowed: days or hours"),
        (vec!["--retention", "90d", "--remove"], "cannot be used with"),
        (vec!["--ca-file", "/nowhere/ca.pem"], "/nowhere/ca.pem is not a file"),
        (vec!["--ca-fingerprint", "abcd"], "is not a fingerprint"),
        (vec!["--api-key-file", "/nowhere/key"], "/nowhere/key cannot be read"),
        (with(&["--fleet", "/nowhere/package.zip"]), "/nowhere/package.zip cannot be read"),
        ([&kibana[..], &["--fleet", here]].concat(), "is no zip"),
    ] {
        let arguments = [&["setup", "--elasticsearch", "http://127.0.0.1:9"][..], &options].concat();
        let output = run(&arguments, "");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
        assert!(said.contains(expected), "{options:?}: {said}");
    }
    let output = run(&["setup"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--elasticsearch"));
}
