//! Finding a JDK that is new enough.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::environment;

/// A Java development kit.
#[derive(Debug, Clone)]
pub(super) struct Jdk {
    pub(super) home: PathBuf,
}

impl Jdk {
    pub(super) fn tool(&self, name: &str) -> PathBuf {
        self.home.join("bin").join(name)
    }
}

/// The first of `JAVA_HOME`, `java` on `PATH`, `/usr/lib/jvm/*` with a compiler and at least that version.
pub(super) fn find(least: u32) -> Result<Jdk> {
    let mut seen = Vec::new();
    for home in candidates() {
        match major(&home) {
            Some(major) if major >= least && home.join("bin/javac").is_file() => return Ok(Jdk { home }),
            Some(major) => seen.push(format!("{} is {major}", home.display())),
            None => {}
        }
    }
    seen.dedup();
    let found = if seen.is_empty() { "none found".to_owned() } else { seen.join(", ") };
    bail!(
        "no JDK {least} or newer (with javac) in JAVA_HOME, PATH, /usr/lib/jvm: {found}; \
         install one, or leave this part out with M365_SKIP=elasticsearch"
    )
}

fn candidates() -> Vec<PathBuf> {
    let mut homes: Vec<PathBuf> = environment::variable("JAVA_HOME").map(PathBuf::from).into_iter().collect();
    if let Some(java) = environment::on_path("java").and_then(|java| java.canonicalize().ok())
        && let Some(home) = java.ancestors().nth(2)
    {
        homes.push(home.to_path_buf());
    }
    let mut installed: Vec<PathBuf> =
        fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    installed.sort();
    homes.extend(installed);
    homes
}

/// The major version, from the `release` file that every JDK has.
fn major(home: &Path) -> Option<u32> {
    let release = fs::read_to_string(home.join("release")).ok()?;
    let line = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    let version = line.trim_matches('"');
    version.split(['.', '-', '+', '_']).next()?.parse().ok()
}
