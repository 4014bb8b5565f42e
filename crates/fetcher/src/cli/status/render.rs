//! The answer for people, in 80 columns: all in all, then what is wrong, then the rest where it is asked for.

use std::fmt::Write as _;

use super::{Summary, is_well};
use crate::control::Status;
use common::health::{Reason, ReasonSnapshot, SourceSnapshot, State};
use common::terminal;

/// Width of a terminal.
const WIDTH: usize = 80;
/// Troubled sources that are shown without `--all`.
const TROUBLES: usize = 20;

pub(super) fn render(summary: &Summary, status: &Status, all: bool) -> String {
    let mut out = String::new();
    head(&mut out, summary, status);
    if let Some(config) = &status.head.config {
        if let (Some(refused), Some(error)) = (&config.refused, &config.error) {
            wrap(&mut out, "", "  ", &format!("config: reload refused at {refused} because {error}"));
        }
        if config.restart_needed {
            wrap(&mut out, "", "  ", "config: changes apart from `tenants` wait for a restart");
        }
    }
    for output in status.head.outputs.iter().filter(|output| !output.reasons.is_empty()) {
        let _ = writeln!(out, "\noutput {}: {}", output.name, output.state.name());
        reasons(&mut out, &output.reasons, Reason::output_advice);
    }
    for stream in status.head.outputs.iter().flat_map(|output| &output.refusing) {
        let text = stream.text.replace('\n', " ");
        out.push('\n');
        wrap(
            &mut out,
            "",
            "  ",
            &format!("data stream {} refuses documents since {}", stream.data_stream, stream.since),
        );
        wrap(&mut out, "  ", "  ", &text);
    }
    let letters = &status.head.dead_letters;
    if !letters.reasons.is_empty() {
        out.push_str("\ndead letters\n");
        reasons(&mut out, &letters.reasons, Reason::advice);
    }
    let troubled: Vec<_> = status.sources.iter().filter(|source| !source.reasons.is_empty()).collect();
    let shown = if all { troubled.len() } else { TROUBLES };
    for source in troubled.iter().take(shown) {
        out.push('\n');
        // A tenant that is wrongly configured has no datasets.
        let dataset = if source.dataset == "-" { String::new() } else { format!(" {}", source.dataset) };
        wrap(&mut out, "", "  ", &format!("{}{dataset}: {}", tenant(source), source.state.name()));
        reasons(&mut out, &source.reasons, Reason::advice);
    }
    if let Some(more) = troubled.len().checked_sub(shown).filter(|more| *more > 0) {
        let _ = writeln!(out, "\n{more} more with trouble; --all shows them");
    }
    if all {
        let same =
            |one: &SourceSnapshot, other: &SourceSnapshot| (&one.cloud, &one.tenant) == (&other.cloud, &other.tenant);
        for sources in status.sources.chunk_by(same) {
            out.push('\n');
            wrap(&mut out, "", "  ", &sources.first().map(tenant).unwrap_or_default());
            table(&mut out, sources);
        }
    }
    out
}

/// One to three lines.
fn head(out: &mut String, summary: &Summary, status: &Status) {
    let count = |wanted: &[State]| summary.tenants.iter().filter(|tenant| wanted.contains(&tenant.state)).count();
    let ok = count(&[State::Healthy, State::Starting]);
    let (degraded, failed) = (count(&[State::Degraded]), count(&[State::Failed]));
    let outputs = match &status.head.outputs[..] {
        [only] => format!("output {}", only.state.name()),
        several => {
            let well = several.iter().filter(|output| is_well(output.state)).count();
            format!("{well} of {} outputs ok", several.len())
        }
    };
    let tenants = summary.tenants.len();
    let word = if tenants == 1 { "tenant" } else { "tenants" };
    let state = summary.state.name();
    wrap(
        out,
        "",
        "  ",
        &format!("{state}: {tenants} {word}, {ok} ok, {degraded} degraded, {failed} failed; {outputs}"),
    );
    let sum = |of: &dyn Fn(&SourceSnapshot) -> u64| status.sources.iter().map(of).sum::<u64>();
    let created = sum(&|source| source.documents.iter().map(|documents| documents.created).sum());
    let newest = status.sources.iter().filter_map(|source| source.freshness_seconds).min();
    let newest = newest.map_or_else(|| "no record yet".to_owned(), |age| format!("newest {} old", span(age)));
    let backlog = status.sources.iter().filter_map(|source| source.backlog_seconds).max();
    let backlog = backlog.filter(|seconds| *seconds != 0).map_or_else(|| "none".to_owned(), span);
    let (late, lost) = (sum(&|source| source.late), sum(&|source| source.lost));
    let sources = status.sources.len();
    wrap(
        out,
        "",
        "  ",
        &format!("{sources} sources, {newest}, backlog {backlog}; {created} documents, {late} late, {lost} lost"),
    );
    let head = &status.head;
    wrap(out, "", "  ", &format!("process {} since {}, version {}", head.pid, head.started, head.version));
}

/// Id and name of a source's tenant.
fn tenant(source: &SourceSnapshot) -> String {
    match &source.name {
        Some(name) => format!("{} ({name})", source.tenant),
        None => source.tenant.clone(),
    }
}

fn reasons(out: &mut String, reasons: &[ReasonSnapshot], advice: fn(Reason) -> &'static str) {
    for ReasonSnapshot { reason, text, since, count } in reasons {
        let times = if *count > 1 { format!(", {count} times") } else { String::new() };
        let _ = writeln!(out, "  {} since {since}{times}", reason.name());
        for line in text.lines() {
            wrap(out, "    ", "      ", line);
        }
        wrap(out, "    ", "      ", &format!("what to do: {}", advice(*reason)));
    }
}

/// A line of words, and further ones where it is too long. What a terminal would obey is shown as an escape.
fn wrap(out: &mut String, first: &str, further: &str, text: &str) {
    let text = text.replace('\n', " ");
    let text = terminal::line(&text);
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let mut word = word;
        loop {
            let gap = usize::from(!is_empty);
            let room = WIDTH.saturating_sub(line.chars().count() + gap);
            if word.chars().count() <= room {
                if !is_empty {
                    line.push(' ');
                }
                line.push_str(word);
                is_empty = false;
                break;
            }
            if is_empty {
                // A word that is longer than a line.
                let cut = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
                line.push_str(&word[..cut]);
                word = &word[cut..];
            }
            out.push_str(&line);
            out.push('\n');
            further.clone_into(&mut line);
            is_empty = true;
        }
    }
    out.push_str(&line);
    out.push('\n');
}

/// Aligned columns.
fn table(out: &mut String, sources: &[SourceSnapshot]) {
    const HEAD: [&str; 7] = ["DATASET", "STATE", "NEWEST", "BACKLOG", "LATE", "LOST", "DUPLICATES"];
    let rows: Vec<[String; 7]> = std::iter::once(HEAD.map(str::to_owned)).chain(sources.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<_> = (0..HEAD.len()).map(width).collect();
    for (place, row) in rows.iter().enumerate() {
        let mut line = "  ".to_owned();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
        let Some(source) = place.checked_sub(1).and_then(|place| sources.get(place)) else { continue };
        if let Some(left) = source.eta_seconds {
            let _ = writeln!(out, "    the backlog is read in {}", span(left));
        }
        if source.throttled > 0 {
            let pause = i64::try_from(source.throttled_seconds).unwrap_or(i64::MAX);
            let _ = writeln!(out, "    throttled {} times, {} of pause", source.throttled, span(pause));
        }
    }
}

fn row(source: &SourceSnapshot) -> [String; 7] {
    let age = |seconds: Option<i64>| seconds.map_or_else(|| "-".to_owned(), span);
    let backlog = if source.backlog_seconds == Some(0) { "none".to_owned() } else { age(source.backlog_seconds) };
    let duplicates: u64 = source.documents.iter().map(|documents| documents.duplicates).sum();
    [
        source.dataset.clone(),
        source.state.name().to_owned(),
        age(source.freshness_seconds),
        backlog,
        short(source.late),
        short(source.lost),
        short(duplicates),
    ]
}

/// A number in few digits.
fn short(number: u64) -> String {
    match number {
        0..100_000 => number.to_string(),
        100_000..10_000_000 => format!("{}k", number / 1000),
        _ => format!("{}M", number / 1_000_000),
    }
}

/// A time span in its largest unit, with one more where that matters.
pub(super) fn span(seconds: i64) -> String {
    match seconds {
        ..0 => format!("-{}", span(seconds.saturating_neg())),
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}
