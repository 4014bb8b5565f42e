//! What others on this machine may learn of the process: its memory holds secrets, so it leaves no core dump, and other
//! processes of the same user cannot look into it.

#[cfg(test)]
mod tests;

/// Turns core dumps off, by their size and, on Linux, altogether. A debugger then needs the rights of root.
#[cfg(unix)]
pub(super) fn seal() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(none?)
}

/// Core dumps are a matter of Unix.
#[cfg(not(unix))]
pub(super) fn seal() -> std::io::Result<()> {
    Ok(())
}
