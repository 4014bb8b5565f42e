//! What the system says of this process, for diagnostics.

use std::collections::BTreeMap;

/// A thread, and the milliseconds of the processor that it has had.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) name: String,
    pub(super) user: u64,
    pub(super) system: u64,
}

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

/// The threads of the process by their ids; none where the system is not asked.
pub(super) fn threads() -> BTreeMap<u32, Thread> {
    // Where this folder is not, there is nothing to tell.
    let Ok(entries) = std::fs::read_dir("/proc/self/task") else { return BTreeMap::new() };
    let thread = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        // A thread may have ended meanwhile.
        Some((id, parse(&std::fs::read_to_string(entry.path().join("stat")).ok()?)?))
    };
    entries.flatten().filter_map(thread).collect()
}

/// Reads `/proc/PID/stat` (`proc_pid_stat(5)`): the name stands in brackets and may hold some; times count hundredths.
fn parse(stat: &str) -> Option<Thread> {
    const TICK: u64 = 10;
    let (head, tail) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    // The third field of all is the first one here.
    let mut times = tail.split_ascii_whitespace().skip(11).map_while(|time| time.parse::<u64>().ok());
    Some(Thread { name, user: times.next()? * TICK, system: times.next()? * TICK })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_thread_is_read_whatever_its_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 205 0 0 0 31 12 0 0 20 0 9 0 34553 2256896 230";
        let thread = super::parse(stat).expect("a thread");
        assert_eq!((thread.name.as_str(), thread.user, thread.system), ("a) b (c", 310, 120));
        assert!(super::parse("nonsense").is_none());
    }
}
