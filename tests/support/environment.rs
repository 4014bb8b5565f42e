//! The only place of the test support that reads the process's surroundings.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// An environment variable; an empty one counts as not set.
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment in the test support")]
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The items of a comma-separated environment variable, in lower case.
pub fn words(name: &str) -> Vec<String> {
    let text = variable(name).map(|value| value.to_string_lossy().to_lowercase()).unwrap_or_default();
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A path from the environment.
pub fn path(name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from)
}

/// A number from the environment; text that is none counts as not set.
pub fn number(name: &str) -> Option<u64> {
    variable(name)?.to_str()?.trim().parse().ok()
}

/// True when this process is root, who may not run Elasticsearch.
pub(super) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The first executable of that name on `PATH`.
pub(super) fn on_path(tool: &str) -> Option<PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|file| file.is_file())
}
