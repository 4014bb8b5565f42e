//! `replay`: dead letters once more.

use std::io::Write;

use super::{End, ReplayArgs, run, runtime};
use crate::deadletter::{Replay, Summary, replay as replay_letters};

pub(super) fn replay(args: &ReplayArgs) -> anyhow::Result<End> {
    let config = match super::load(&args.config) {
        Ok(config) => config,
        Err(error) => return Ok(End::Usage(error.to_string())),
    };
    if let Some(name) = &args.dataset
        && schema::dataset(name).is_none()
    {
        let names: Vec<_> = schema::catalog().iter().map(|dataset| dataset.definition.name).collect();
        return Ok(End::Usage(format!("unknown dataset `{name}`; allowed: {}", names.join(", "))));
    }
    let options = Replay { dataset: args.dataset.clone(), reason: args.reason.clone(), dry_run: args.dry_run };
    let (stats, dead) = run::counters(&config);
    let summary = runtime()?.block_on(async {
        let parts = run::parts(&config, &stats, &dead, false).await?;
        let Some(target) = parts.outputs.into_iter().next() else { return Ok(Summary::default()) };
        replay_letters(&config, target.sink, &options).await
    })?;
    print(&summary, args.dry_run)?;
    Ok(if summary.failures() == 0 { End::Done } else { End::Failed })
}

fn print(summary: &Summary, dry_run: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let verb = if dry_run { "would be sent" } else { "delivered and removed" };
    writeln!(out, "{} dead letters {verb}", summary.delivered)?;
    if summary.skipped > 0 {
        writeln!(out, "{} left out because of their reason", summary.skipped)?;
    }
    if summary.unreadable > 0 {
        writeln!(out, "{} lines are no dead letters or too long to be mapped; they stay", summary.unreadable)?;
    }
    for ((dataset, reason), (count, detail)) in &summary.failed {
        writeln!(out, "{count} of {dataset} stay: {reason}, for example: {detail}")?;
    }
    Ok(())
}
