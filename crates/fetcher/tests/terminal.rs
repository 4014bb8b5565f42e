//! What others wrote does not reach the terminal as they wrote it: planted control characters, in every command that
//! shows texts from outside.

#[path = "support/program.rs"]
mod program;

use std::path::Path;
use std::process::Output;

use program::run;
use state::{DatasetUpdate, Options, Progress, StateUpdate, Store};

/// Colours, title of the window, return, bell, delete, C1's CSI, override of the direction.
const PLANTED: &str = "\u{1b}[31m\u{1b}]0;x\u{7}\r\u{7f}\u{9b}2J\u{202e}";

/// Nothing of it is obeyed, and it was shown at all.
#[track_caller]
fn check(output: &Output, mark: &str) {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8(all).expect("text");
    assert!(!text.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
    assert!(text.contains(mark), "{text}");
}

/// YAML allows fewer characters than JSON to stand for themselves.
fn json(text: &str) -> String {
    let text = serde_json::to_string(text).expect("JSON");
    text.chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
        .collect()
}

fn config(folder: &Path, tenant: &str) -> String {
    let at = folder.display();
    let text = format!(
        "tenants:\n  - id: {}\n    client_id: 66666666-7777-8888-9999-000000000000\n    client_secret: x\n    cloud: {{login: \
         \"http://127.0.0.1:1\", graph: \"http://127.0.0.1:1\", defender: \"http://127.0.0.1:1\"}}\n    datasets: \
         [incident]\noutput:\n  file: {{directory: \"{at}/out\"}}\nstate: \"{at}/state\"\n",
        json(tenant)
    );
    let path = folder.join("m365.yml");
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("a path").to_owned()
}

#[test]
fn rows_and_their_names() {
    let name = json(&format!("{PLANTED}planted"));
    let row = format!(
        "{{\"id\":\"7\",\"tenantId\":\"t\",\"lastUpdateDateTime\":\"2026-01-01T00:00:00Z\",\"createdDateTime\":\
         \"2026-01-01T00:00:00Z\",{name}:1}}\n{{\"id\":{name}}}\n{PLANTED}"
    );
    check(&run(&["map", "incident"], &row), "planted");
}

#[test]
fn dead_letters() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "11111111-2222-3333-4444-555555555555");
    let letters = folder.path().join("state/dead-letter");
    std::fs::create_dir_all(&letters).expect("created");
    let planted = json(&format!("{PLANTED}planted\nnot a line"));
    let letter = format!(
        "{{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"dataset\":{planted},\"tenant\":{planted},\"reason\":{planted},\
         \"detail\":{planted},\"record\":{planted},\"row\":\"x\"}}\n"
    );
    std::fs::write(letters.join("incident.ndjson"), letter).expect("written");
    let output = run(&["replay", "--config", &config], "");
    check(&output, "planted");
    assert!(!String::from_utf8_lossy(&output.stdout).lines().any(|line| line.starts_with("not a line")), "{output:?}");
}

#[tokio::test]
async fn names_in_the_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), Options::default()).expect("opens");
    let progress = Some(Progress { cursor: Some(format!("{PLANTED}cursor")), ..Progress::default() });
    let update = StateUpdate::of("incident", DatasetUpdate { progress, delivered: Vec::new() });
    let endpoint = store.endpoint("global", &format!("{PLANTED}\nplanted"), "graph/v1.0/security/incidents");
    endpoint.commit(update).await.expect("commits");
    store.close().await.expect("closes");
    let path = folder.path().to_str().expect("a path");
    check(&run(&["state", "show", "--state", path], ""), "planted");
    let shown = run(&["state", "show", "--json", "--state", path], "");
    check(&shown, "planted");
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert!(shown["sources"][0]["tenant"].as_str().is_some_and(|tenant| tenant.starts_with("\u{1b}[31m")), "{shown}");
    check(
        &run(&["state", "reset", "--yes", "--dataset", &format!("{PLANTED}planted"), "--state", path], ""),
        "no source",
    );
}

#[test]
fn errors_and_logs() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "11111111-2222-3333-4444-555555555555");
    let text = std::fs::read_to_string(&config).expect("reads");
    std::fs::write(&config, format!("{}: 1\n{text}", json(&format!("{PLANTED}planted")))).expect("written");
    for command in ["check", "run", "backfill"] {
        let more: &[&str] = if command == "backfill" { &["--from", "1d"] } else { &[] };
        check(&run(&[&[command, "--config", &config], more].concat(), ""), "planted");
    }
    let path = format!("/nowhere/{}planted", PLANTED.replace('\r', ""));
    check(&run(&["run", "--config", &path], ""), "planted");
    check(&run(&["map", &format!("{PLANTED}planted")], ""), "planted");
}
