//! The commands `agent …` as their user meets them, on a folder that lies as an agent's does.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[path = "support/program.rs"]
mod program;

use program::{PROGRAM, run};

const HOME: &str = "elastic-agent-9.5.2-1a2b3c";

fn agent(top: &Path) {
    let home = top.join("data").join(HOME);
    fs::create_dir_all(home.join("components")).expect("folders");
    fs::write(home.join("elastic-agent"), "#!/bin/sh\necho \"$@\" >> \"$(dirname \"$0\")/calls\"\n").expect("a file");
    fs::set_permissions(home.join("elastic-agent"), fs::Permissions::from_mode(0o750)).expect("rights");
    std::os::unix::fs::symlink(format!("data/{HOME}/elastic-agent"), top.join("elastic-agent")).expect("a link");
}

/// Exit code, standard output and standard error of `agent` with these words for an agent.
fn said(top: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let top = top.to_str().expect("a path");
    let output = run(&[&["agent"][..], words, &["--agent", top]].concat(), "");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn an_agent_gets_the_component_and_loses_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let top = folder.path();
    agent(top);
    let components = top.join("data").join(HOME).join("components");
    let count = || fs::read_dir(&components).expect("a folder").count();

    let (code, out, _) = said(top, &["status"]);
    assert!(code == Some(1) && out.contains("wrong  ") && out.contains("input not supported"), "{out}");
    let (code, out, _) = said(top, &["install", "--dry-run", "--restart", "--no-systemd"]);
    assert!(code == Some(0) && out.lines().all(|line| line.starts_with("would ")), "{out}");
    assert_eq!((out.lines().count(), count()), (3, 0), "{out}");

    let (code, out, err) = said(top, &["install", "--restart", "--no-systemd"]);
    assert_eq!((code, count()), (Some(0), 2), "{out}{err}");
    assert_eq!(fs::read_to_string(top.join("calls")).expect("calls"), "restart\n");
    assert_eq!(fs::read(components.join("m365-fetcher")).expect("the program"), fs::read(PROGRAM).expect("it"));
    let (code, out, _) = said(top, &["install", "--restart", "--no-systemd"]);
    assert!(code == Some(0) && out.ends_with("the component is in place\n"), "{out}");
    let (code, out, _) = said(top, &["status"]);
    assert!(code == Some(0) && out.contains("ok     ") && !out.contains("wrong"), "{out}");

    // What lies there runs, and is a build that knows its own place.
    let installed =
        std::process::Command::new(components.join("m365-fetcher")).arg("--version").output().expect("runs");
    assert!(installed.status.success());

    let (code, out, _) = said(top, &["remove", "--no-systemd"]);
    assert!(code == Some(0) && out.contains("restart the agent"), "{out}");
    assert_eq!(count(), 0);
    let (_, out, _) = said(top, &["remove", "--no-systemd"]);
    assert!(out.contains("there is nothing to remove"), "{out}");
}

#[test]
fn a_folder_without_an_agent_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for words in [&["install", "--no-systemd"][..], &["status"], &["remove", "--no-systemd"]] {
        let (code, out, err) = said(folder.path(), words);
        assert!(code == Some(1) && out.is_empty() && err.contains("is no Elastic Agent"), "{err}");
    }
}

#[test]
fn the_spec_file_is_printed_for_images() {
    let output = run(&["agent", "spec"], "");
    assert_eq!(String::from_utf8(output.stdout).expect("text"), options::SPEC);
}
