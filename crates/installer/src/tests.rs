//! Laws of the installer, on trees of folders that lie as an agent's do.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::agent::{self, Agent};
use crate::component::{Wanted, program_name};
use crate::plan::{Manners, Step};
use crate::{perform, plan};

mod diagnosis;
mod finding;
#[cfg(unix)]
mod placing;
#[cfg(unix)]
mod upgrades;

/// A host with a program to install.
struct Host {
    folder: TempDir,
}

impl Host {
    fn new() -> Self {
        let host = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::write(host.path("m365-fetcher"), b"this program").expect("a file");
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn wanted(&self) -> Wanted {
        Wanted::of(self.path("m365-fetcher"))
    }

    /// An agent with these versions; the link leads to the last of them.
    #[cfg(unix)]
    fn agent(&self, name: &str, homes: &[&str]) -> PathBuf {
        let top = self.path(name);
        for home in homes {
            let folder = top.join("data").join(home);
            fs::create_dir_all(folder.join("components")).expect("folders");
            fs::write(folder.join("elastic-agent"), b"#!/bin/sh\necho \"$@\" >> \"$(dirname \"$0\")/calls\"\n")
                .expect("a file");
            set_mode(&folder.join("elastic-agent"), 0o750);
        }
        let last = homes.last().expect("a home");
        std::os::unix::fs::symlink(format!("data/{last}/elastic-agent"), top.join("elastic-agent")).expect("a link");
        top
    }

    /// Does what a plan says, and tells how many steps that were.
    fn install(&self, agent: &Agent, manners: &Manners) -> usize {
        perform(&plan::install(agent, &self.wanted(), manners).expect("a plan"))
    }
}

fn perform(steps: &[Step]) -> usize {
    for step in steps {
        perform::step(step).unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    steps.len()
}

fn look(top: &Path) -> Agent {
    agent::named(top).expect("an agent")
}

fn components(top: &Path, home: &str) -> PathBuf {
    top.join("data").join(home).join("components")
}

fn program(top: &Path, home: &str) -> PathBuf {
    components(top, home).join(program_name())
}

fn spec(top: &Path, home: &str) -> PathBuf {
    components(top, home).join(options::SPEC_FILE)
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().expect("a file").permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("rights");
}
