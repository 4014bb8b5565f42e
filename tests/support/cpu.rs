//! CPU time of a process group, from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};

/// `USER_HZ`, a constant of Linux' interface on every platform we build for.
const TICKS_PER_SECOND: u32 = 100;

/// User and system time that the group's living processes, and children they waited for, have used so far.
pub(super) fn of_group(group: u32) -> Result<Duration> {
    let mut ticks = 0;
    let mut processes = 0;
    for entry in fs::read_dir("/proc")?.flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in parentheses may contain anything; the fields behind it are numbers.
        let Some((_, fields)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = fields.split(' ').collect();
        if fields.get(2).and_then(|field| field.parse().ok()) != Some(group) {
            continue;
        }
        processes += 1;
        // utime, stime, cutime, cstime
        ticks += fields.iter().skip(11).take(4).filter_map(|field| field.parse::<u32>().ok()).sum::<u32>();
    }
    ensure!(processes > 0, "no process of group {group} is alive");
    Ok(Duration::from_secs(1) * ticks / TICKS_PER_SECOND)
}
