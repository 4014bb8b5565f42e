//! `check`: prints what works and what does not.

use std::io::Write;

use serde_json::json;

use super::{CheckArgs, End, runtime};
use crate::check::{self, Finding, Outcome};

pub(super) fn check(args: &CheckArgs) -> anyhow::Result<End> {
    let config = match super::load(&args.config) {
        Ok(config) => config,
        Err(error) => return Ok(End::Usage(error.to_string())),
    };
    let only = args.tenant.as_deref().map(crate::ids::canonical);
    let only = only.as_deref();
    if let Some(only) = only.filter(|only| !config.tenants.iter().any(|tenant| tenant.id == *only)) {
        return Ok(End::Usage(format!("tenant {only} is not in {}", args.config.display())));
    }
    let findings = runtime()?.block_on(check::check(&config, only))?;
    let count = |outcome| findings.iter().filter(|finding| finding.outcome == outcome).count();
    let (ok, warnings, failed) = (count(Outcome::Ok), count(Outcome::Warning), count(Outcome::Failed));
    let mut out = std::io::stdout().lock();
    if args.json {
        let report = json!({ "ok": ok, "warnings": warnings, "failed": failed, "findings": findings });
        writeln!(out, "{report}")?;
    } else {
        print(&mut out, &findings)?;
        writeln!(out, "\n{ok} ok, {warnings} warnings, {failed} failed")?;
    }
    Ok(if failed == 0 { End::Done } else { End::Failed })
}

fn print(out: &mut impl Write, findings: &[Finding]) -> std::io::Result<()> {
    let mut heading = None;
    for finding in findings {
        let tenant = finding.tenant.as_deref();
        if heading != Some(tenant) {
            let gap = if heading.is_some() { "\n" } else { "" };
            match tenant {
                Some(tenant) => writeln!(out, "{gap}tenant {tenant}")?,
                None => writeln!(out, "{gap}this machine and the output")?,
            }
            heading = Some(tenant);
        }
        let Finding { dataset, item, outcome, text, cure, .. } = finding;
        let dataset = dataset.unwrap_or_default();
        writeln!(out, "  {:<8} {:<11} {dataset:<10} {}", outcome.name(), item.name(), text.replace('\n', " "))?;
        if let Some(cure) = cure {
            writeln!(out, "  {:<31} what to do: {}", "", cure.replace('\n', " "))?;
        }
    }
    Ok(())
}
