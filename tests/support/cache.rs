//! The folder outside the checkout that keeps what is expensive to get.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::environment;

/// `M365_TEST_CACHE`, else the user's cache folder. Root gets one that an unprivileged server can read.
pub(super) fn folder() -> Result<PathBuf> {
    if let Some(folder) = environment::variable("M365_TEST_CACHE") {
        return std::path::absolute(folder).context("M365_TEST_CACHE is not a path");
    }
    if environment::is_root() {
        return Ok(PathBuf::from("/var/cache/m365-security"));
    }
    let base = environment::variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| environment::variable("HOME").map(|home| Path::new(&home).join(".cache")));
    Ok(base.context("no cache folder: set M365_TEST_CACHE, XDG_CACHE_HOME or HOME")?.join("m365-security"))
}

/// Keeps other processes out of the folder until the returned file is dropped.
pub(super) fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// Root starts the server as nobody: every folder above `path` must let others through.
pub(super) fn check_reachable(path: &Path, variable: &str) -> Result<()> {
    if !environment::is_root() {
        return Ok(());
    }
    for folder in path.ancestors().filter(|folder| folder.exists()) {
        if fs::metadata(folder)?.permissions().mode() & 0o001 == 0 {
            bail!(
                "{} is closed to other users, but root runs elasticsearch as nobody: set {variable}",
                folder.display()
            );
        }
    }
    Ok(())
}
