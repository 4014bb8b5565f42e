//! `replay`: dead letters once more.

use super::{End, ReplayArgs, print, run, runtime};
use collect::replay::{Replay, Summary, replay as replay_letters};
use output::AnyOutput;

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
        let mut outputs = parts.outputs;
        for target in &mut outputs {
            if let AnyOutput::File(files) = &mut target.output {
                files.keep_apart();
            }
        }
        replay_letters(&config, outputs, &options).await
    })?;
    show(&summary, args.dry_run)?;
    Ok(if summary.failures() == 0 { End::Done } else { End::Failed })
}

fn show(summary: &Summary, dry_run: bool) -> std::io::Result<()> {
    let mut out = print::out();
    let verb = if dry_run { "would be sent" } else { "delivered and removed" };
    out.line(format_args!("{} dead letters {verb}", summary.delivered))?;
    if summary.skipped > 0 {
        out.line(format_args!("{} left out because of their reason", summary.skipped))?;
    }
    if summary.unreadable > 0 {
        out.line(format_args!("{} lines are no dead letters or too long to be mapped; they stay", summary.unreadable))?;
    }
    for ((dataset, reason), (count, detail)) in &summary.failed {
        out.line(format_args!("{count} of {dataset} stay: {reason}, for example: {detail}"))?;
    }
    Ok(())
}
