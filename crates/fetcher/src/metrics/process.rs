//! The process itself, under the names that Prometheus' client libraries use. What the system does not tell is left out;
//! outside Linux that is all of it.

use std::fmt;

use super::families::Families;

/// Clock ticks per second in `/proc`: fixed for programs on Linux.
const TICKS: u64 = 100;

/// Writes the families.
pub(super) fn encode(families: &mut Families<'_>) -> fmt::Result {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in parentheses that may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<u64>().ok());
    #[expect(clippy::cast_precision_loss, reason = "exact for some million years")]
    let seconds = |ticks: u64| ticks as f64 / TICKS as f64;
    let cpu = field(14).zip(field(15)).map(|(user, system)| seconds(user + system));
    if let Some(cpu) = cpu {
        families.counter("process_cpu_seconds_total", "User and system time spent.", cpu)?;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix("kB")?.trim();
        value.parse::<u64>().ok()?.checked_mul(1024)
    };
    if let Some(value) = kib("VmRSS:") {
        families.gauge("process_resident_memory_bytes", "Resident memory.", value)?;
    }
    if let Some(value) = kib("VmSize:") {
        families.gauge("process_virtual_memory_bytes", "Virtual memory.", value)?;
    }
    // The look itself opens one.
    let open = std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1));
    if let Some(open) = open.and_then(|open| u64::try_from(open).ok()) {
        families.gauge("process_open_fds", "Open file descriptors.", open)?;
    }
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let most = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let most = most.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    if let Some(value) = most {
        families.gauge("process_max_fds", "Most file descriptors.", value)?;
    }
    let boot = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok());
    let started = boot.zip(field(22)).map(|(boot, ticks)| seconds(boot * TICKS + ticks));
    if let Some(started) = started {
        families.gauge("process_start_time_seconds", "When the process started, in Unix time.", started)?;
    }
    Ok(())
}
