//! `status`: how the running process is doing.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use super::{End, StatusArgs, print, runtime};
use crate::config;
use crate::control::{self, AskError, Status};
use crate::health::{Reason, ReasonSnapshot, SourceSnapshot, State};
use crate::terminal;

/// More sources than this are shown only where something is wrong.
const FEW: usize = 30;
/// Time between two looks of `--watch`.
const AGAIN: Duration = Duration::from_secs(2);
/// Longest error text in the table.
const ERROR: usize = 60;

pub(super) fn status(args: &StatusArgs) -> anyhow::Result<End> {
    let state = match state_directory(args) {
        Ok(state) => state,
        Err(message) => return Ok(End::Usage(message)),
    };
    runtime()?.block_on(async {
        loop {
            let status = match control::ask(&state).await {
                Ok(status) => status,
                Err(error @ AskError::NotRunning(_)) => return Ok(End::NotRunning(error.to_string())),
                Err(error) => return Err(error.into()),
            };
            let mut out = print::out();
            if args.json {
                out.json(&status)?;
            } else {
                if args.watch && std::io::stdout().is_terminal() {
                    out.clear()?;
                }
                out.lines(&render(&status, args.all))?;
            }
            out.flush()?;
            drop(out);
            if !args.watch {
                return Ok(if is_well(&status) { End::Done } else { End::Failed });
            }
            tokio::time::sleep(AGAIN).await;
        }
    })
}

fn state_directory(args: &StatusArgs) -> Result<PathBuf, String> {
    match (&args.state, &args.config) {
        (Some(state), _) => Ok(state.clone()),
        (None, Some(file)) => config::state_directory(file).map_err(|error| error.to_string()),
        (None, None) => Ok(PathBuf::from("./state")),
    }
}

fn is_well(status: &Status) -> bool {
    let good = |state| matches!(state, State::Healthy | State::Starting);
    status.head.outputs.iter().all(|output| good(output.state))
        && status.sources.iter().all(|source| good(source.state))
}

/// The whole answer for people.
fn render(status: &Status, all: bool) -> String {
    let mut out = String::new();
    let is_troubled = |source: &&SourceSnapshot| !matches!(source.state, State::Healthy | State::Starting);
    let only_troubled = !all && status.sources.len() > FEW;
    let shown: Vec<_> = status.sources.iter().filter(|source| !only_troubled || is_troubled(source)).collect();
    if !shown.is_empty() {
        out.push_str(&table(&shown));
        out.push('\n');
    }
    for source in shown.iter().filter(|source| !source.reasons.is_empty()) {
        let _ = writeln!(out, "{} {}", terminal::line(&source.tenant), source.dataset);
        reasons(&mut out, &source.reasons, Reason::advice);
    }
    for output in status.head.outputs.iter().filter(|output| !output.reasons.is_empty()) {
        let _ = writeln!(out, "output {}", terminal::line(&output.name));
        reasons(&mut out, &output.reasons, Reason::output_advice);
    }
    out.push_str(&summary(status));
    if only_troubled && shown.len() < status.sources.len() {
        out.push_str("Sources without trouble are not shown; --all shows them\n");
    }
    out
}

fn summary(status: &Status) -> String {
    let mut tenants: Vec<_> = status.sources.iter().map(|source| (&source.cloud, &source.tenant)).collect();
    tenants.dedup();
    let mut shares = String::new();
    for state in [State::Healthy, State::Starting, State::Degraded, State::Failed] {
        let count = status.sources.iter().filter(|source| source.state == state).count();
        if count > 0 {
            let _ = write!(shares, "{}{} {}", if shares.is_empty() { ": " } else { ", " }, count, state.name());
        }
    }
    let sum = |of: &dyn Fn(&SourceSnapshot) -> u64| status.sources.iter().map(of).sum::<u64>();
    let created = sum(&|source| source.documents.iter().map(|documents| documents.created).sum());
    format!(
        "{} {}, {} sources{shares}; output {}; {created} documents, {} late, {} lost since {}\n",
        tenants.len(),
        if tenants.len() == 1 { "tenant" } else { "tenants" },
        status.sources.len(),
        status.head.outputs[0].state.name(),
        sum(&|source| source.late),
        sum(&|source| source.lost),
        status.head.started,
    )
}

fn reasons(out: &mut String, reasons: &[ReasonSnapshot], advice: fn(Reason) -> &'static str) {
    for ReasonSnapshot { reason, text, since, count } in reasons {
        let times = if *count > 1 { format!(", {count} times") } else { String::new() };
        let text = text.split('\n').map(terminal::line).collect::<Vec<_>>().join("\n    ");
        let _ =
            writeln!(out, "  {} since {since}{times}\n    {text}\n    what to do: {}", reason.name(), advice(*reason));
    }
}

/// Aligned columns.
fn table(sources: &[&SourceSnapshot]) -> String {
    const HEAD: [&str; 10] =
        ["TENANT", "DATASET", "STATE", "FRESHNESS", "BACKLOG", "LATE", "LOST", "DUPLICATES", "THROTTLED", "LAST ERROR"];
    let rows: Vec<[String; 10]> =
        std::iter::once(HEAD.map(str::to_owned)).chain(sources.iter().map(|source| row(source))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<_> = (0..HEAD.len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn row(source: &SourceSnapshot) -> [String; 10] {
    let span = |seconds: Option<i64>| seconds.map_or_else(|| "-".to_owned(), span);
    let backlog = match (source.backlog_seconds, source.eta_seconds) {
        (Some(0), _) => "none".to_owned(),
        (backlog, Some(eta)) => format!("{}, {} left", span(backlog), span(Some(eta))),
        (backlog, None) => span(backlog),
    };
    let throttled = match source.throttled {
        0 => "0".to_owned(),
        count => format!("{count} ({})", span(i64::try_from(source.throttled_seconds).ok())),
    };
    let duplicates: u64 = source.documents.iter().map(|documents| documents.duplicates).sum();
    let error = source.last_error.as_deref().unwrap_or("-").lines().next().unwrap_or_default();
    let error = match error.char_indices().nth(ERROR) {
        Some((end, _)) => format!("{}…", &error[..end]),
        None => error.to_owned(),
    };
    [
        source.tenant.clone(),
        source.dataset.clone(),
        source.state.name().to_owned(),
        span(source.freshness_seconds),
        backlog,
        source.late.to_string(),
        source.lost.to_string(),
        duplicates.to_string(),
        throttled,
        error,
    ]
    .map(|cell| terminal::line(&cell).into_owned())
}

/// A time span in its largest unit, with one more where that matters.
fn span(seconds: i64) -> String {
    match seconds {
        ..0 => format!("-{}", span(seconds.saturating_neg())),
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::Fault;
    use crate::health::{Health, Key};

    fn status(health: &Health) -> Status {
        let crate::health::Snapshot { at, outputs, sources } = health.snapshot();
        let head = control::Head { version: "1".to_owned(), pid: 7, started: at.clone(), at, outputs };
        Status { head, sources }
    }

    fn source(health: &Health, tenant: &str) -> Arc<crate::health::SourceHealth> {
        let key = Key { cloud: "global".into(), tenant: tenant.into(), datasets: "incident".into() };
        let source = health.source(&key, Duration::from_mins(1));
        source.cycle_ended(&Ok(()));
        source
    }

    #[tokio::test]
    async fn the_table_is_aligned_and_reasons_say_what_to_do() {
        let health = Health::default();
        source(&health, "contoso").throttled(Some(Duration::from_mins(5)));
        source(&health, "a-much-longer-tenant.example").degrade(Reason::Permission, "403: Forbidden\nhint: grant it");
        let text = render(&status(&health), false);
        let lines: Vec<_> = text.lines().collect();
        let state = lines[0].find("STATE").expect("a head");
        assert_eq!([&lines[1][state..state + 7], &lines[2][state..state + 7]], ["failed ", "healthy"], "{text}");
        assert!(lines[2].contains("1 (5 min)"), "{text}");
        assert!(text.contains("  permission since ") && text.contains("    what to do: "), "{text}");
        assert!(text.contains("2 tenants, 2 sources: 1 healthy, 1 failed; output starting"), "{text}");
    }

    #[tokio::test]
    async fn of_many_sources_only_the_troubled_are_shown() {
        let health = Health::default();
        for tenant in 0..1000 {
            source(&health, &format!("tenant-{tenant}"));
        }
        assert!(is_well(&status(&health)));
        source(&health, "tenant-500").cycle_ended(&Err(Fault::Auth("AADSTS7000215".to_owned())));
        let status = status(&health);
        assert!(!is_well(&status));
        let text = render(&status, false);
        assert!(text.contains("tenant-500") && !text.contains("tenant-501"), "{text}");
        assert!(text.contains("1000 tenants, 1000 sources: 999 healthy, 1 failed"), "{text}");
        assert!(text.lines().count() < 12, "{text}");
        assert!(render(&status, true).contains("tenant-501"));
    }

    #[test]
    fn spans_are_short() {
        let shown = [0, 119, 120, 7199, 7260, 172_800, 180_000, -70].map(span);
        assert_eq!(shown, ["0 s", "119 s", "2 min", "119 min", "2 h 1 min", "2 d 0 h", "2 d 2 h", "-70 s"]);
    }
}
