//! `check`: prints what works and what does not.

use std::io::Write;

use serde_json::json;

use super::print::Printer;
use super::{CheckArgs, End, print, runtime};
use crate::check::{self, Finding, Outcome};

pub(super) fn check(args: &CheckArgs) -> anyhow::Result<End> {
    let config = match super::load(&args.config) {
        Ok(config) => config,
        Err(error) => return Ok(End::Usage(error.to_string())),
    };
    let only = args.tenant.as_deref().map(common::ids::canonical);
    let only = only.as_deref();
    let ids: Vec<_> =
        config.tenants.iter().map(|tenant| &tenant.id).chain(config.broken.iter().map(|tenant| &tenant.id)).collect();
    if let Some(only) = only.filter(|only| !ids.iter().any(|id| id == only)) {
        return Ok(End::Usage(format!("tenant {only} is not in {}", args.config.display())));
    }
    let findings = runtime()?.block_on(check::check(&config, only))?;
    let count = |outcome| findings.iter().filter(|finding| finding.outcome == outcome).count();
    let (ok, warnings, failed) = (count(Outcome::Ok), count(Outcome::Warning), count(Outcome::Failed));
    let mut out = print::out();
    if args.json {
        let report = json!({ "ok": ok, "warnings": warnings, "failed": failed, "findings": findings });
        out.json(&report)?;
    } else {
        show(&mut out, &findings)?;
        out.line("")?;
        out.line(format_args!("{ok} ok, {warnings} warnings, {failed} failed"))?;
    }
    Ok(if failed == 0 { End::Done } else { End::Failed })
}

fn show(out: &mut Printer<impl Write>, findings: &[Finding]) -> std::io::Result<()> {
    let mut heading = None;
    for finding in findings {
        let tenant = finding.tenant.as_deref();
        if heading != Some(tenant) {
            if heading.is_some() {
                out.line("")?;
            }
            match tenant {
                Some(tenant) => out.line(format_args!("tenant {tenant}"))?,
                None => out.line("this machine and the output")?,
            }
            heading = Some(tenant);
        }
        let Finding { dataset, item, outcome, text, cure, .. } = finding;
        let dataset = dataset.unwrap_or_default();
        let text = text.replace('\n', " ");
        out.line(format_args!("  {:<8} {:<11} {dataset:<10} {text}", outcome.name(), item.name()))?;
        if let Some(cure) = cure {
            out.line(format_args!("  {:<31} what to do: {}", "", cure.replace('\n', " ")))?;
        }
    }
    Ok(())
}
