//! The process itself, under the names that Prometheus' client libraries use. What the system does not tell is left out;
//! outside Linux that is all of it.

use std::fmt::{Display, Write};

use super::head;

/// Clock ticks per second in `/proc`: fixed for programs on Linux.
const TICKS: u64 = 100;

/// Writes the families.
pub(super) fn render(out: &mut String) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in parentheses that may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<u64>().ok());
    let seconds = |ticks: u64| format!("{}.{:02}", ticks / TICKS, ticks % TICKS);
    let cpu = field(14).zip(field(15)).map(|(user, system)| seconds(user + system));
    family(out, "process_cpu_seconds_total", "counter", "User and system time spent.", cpu);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix("kB")?.trim();
        value.parse::<u64>().ok()?.checked_mul(1024)
    };
    family(out, "process_resident_memory_bytes", "gauge", "Resident memory.", kib("VmRSS:"));
    family(out, "process_virtual_memory_bytes", "gauge", "Virtual memory.", kib("VmSize:"));
    // The look itself opens one.
    let open = std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1));
    family(out, "process_open_fds", "gauge", "Open file descriptors.", open);
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let most = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let most = most.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    family(out, "process_max_fds", "gauge", "Most file descriptors.", most);
    let boot = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok());
    let started = boot.zip(field(22)).map(|(boot, ticks)| seconds(boot * TICKS + ticks));
    family(out, "process_start_time_seconds", "gauge", "When the process started, in Unix time.", started);
}

fn family(out: &mut String, name: &str, kind: &str, help: &str, value: Option<impl Display>) {
    if let Some(value) = value {
        head(out, name, kind, help);
        // A `String` takes everything.
        let _ = writeln!(out, "{name} {value}");
    }
}
