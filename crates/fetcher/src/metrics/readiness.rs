//! Whether the process does its work: what `/readyz` says. Throttling, late records and a single broken tenant are no
//! reasons to restart or to be left out; outputs that all take nothing, or no source that works, are.

use std::fmt::Write;

use common::health::{Health, SourceSnapshot, State};
use common::terminal;

/// Sources that are named.
const NAMED: usize = 5;
/// Longest text of a line.
const LONGEST: usize = 200;

/// A short line for everything that is in the way; empty when the process is ready.
pub(super) fn obstacles(health: &Health) -> String {
    let mut out = String::new();
    let outputs: Vec<_> = health.outputs().iter().map(|output| output.snapshot()).collect();
    if outputs.iter().all(|output| !output.reasons.is_empty()) {
        for output in outputs.iter().take(NAMED) {
            let reason = &output.reasons[0];
            tell(&mut out, &format!("output {}: {}: {}", output.name, reason.reason.name(), reason.text));
        }
    }
    let sources: Vec<_> = health.sources().iter().map(|source| source.snapshot()).collect();
    let works = |source: &SourceSnapshot| {
        source.state != State::Failed && (source.pages > 0 || source.cycles > source.failures)
    };
    if sources.iter().any(works) {
        return out;
    }
    let troubled: Vec<_> = sources.iter().filter(|source| !source.reasons.is_empty()).collect();
    if troubled.is_empty() {
        tell(&mut out, "starting: no source has read anything yet");
    } else {
        tell(&mut out, &format!("sources: none of {} works", sources.len()));
    }
    for source in troubled.iter().take(NAMED) {
        let SourceSnapshot { tenant, dataset, reasons, .. } = source;
        tell(&mut out, &format!("{tenant} {dataset}: {}: {}", reasons[0].reason.name(), reasons[0].text));
    }
    out
}

fn tell(out: &mut String, text: &str) {
    let text = terminal::line(text.lines().next().unwrap_or_default());
    // A `String` takes everything.
    let _ = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => writeln!(out, "{}…", &text[..end]),
        None => writeln!(out, "{text}"),
    };
}
