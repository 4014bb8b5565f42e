//! What the system says of this process, for diagnostics.

/// Memory of the process, in the system's words.
#[cfg(target_os = "linux")]
pub(super) fn memory() -> String {
    let part = |path: &str| std::fs::read_to_string(path).unwrap_or_else(|error| format!("{path}: {error}\n"));
    format!("{}\n{}", part("/proc/self/status"), part("/proc/self/smaps_rollup"))
}

/// Memory of the process, in the system's words.
#[cfg(not(target_os = "linux"))]
pub(super) fn memory() -> String {
    "this system is not asked for the memory of the process\n".to_owned()
}
