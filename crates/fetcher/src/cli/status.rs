//! `status`: how the running process is doing.

mod render;
#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::time::Duration;

use serde::Serialize;

use self::render::render;
use super::{End, StatusArgs, print, runtime};
use crate::control::{self, AskError, Status};
use common::health::{SourceSnapshot, State};

/// Time between two looks of `--watch`.
const AGAIN: Duration = Duration::from_secs(2);

pub(super) fn status(args: &StatusArgs) -> anyhow::Result<End> {
    let state = match super::state_directory(args.state.as_deref(), args.config.as_deref()) {
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
            let summary = Summary::of(&status);
            if args.json {
                out.json(&Whole { summary: &summary, status: &status })?;
            } else {
                if args.watch && std::io::stdout().is_terminal() {
                    out.clear()?;
                }
                out.lines(&render(&summary, &status, args.all))?;
            }
            out.flush()?;
            drop(out);
            if !args.watch {
                return Ok(if is_well(summary.state) { End::Done } else { End::Failed });
            }
            tokio::time::sleep(AGAIN).await;
        }
    })
}

fn is_well(state: State) -> bool {
    matches!(state, State::Healthy | State::Starting)
}

/// The object that `--json` prints.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    #[serde(flatten)]
    status: &'a Status,
}

/// All in all.
#[derive(Debug, Serialize)]
struct Summary {
    /// The worst of everything.
    state: State,
    tenants: Vec<TenantSummary>,
}

/// A tenant: the worst of its sources.
#[derive(Debug, Serialize)]
struct TenantSummary {
    cloud: String,
    tenant: String,
    name: Option<String>,
    state: State,
}

impl Summary {
    fn of(status: &Status) -> Self {
        let same =
            |one: &SourceSnapshot, other: &SourceSnapshot| (&one.cloud, &one.tenant) == (&other.cloud, &other.tenant);
        let tenants: Vec<_> = status
            .sources
            .chunk_by(same)
            .filter_map(|sources| {
                let worst = sources.iter().max_by_key(|source| source.state)?;
                let (cloud, tenant) = (worst.cloud.clone(), worst.tenant.clone());
                Some(TenantSummary { cloud, tenant, name: worst.name.clone(), state: worst.state })
            })
            .collect();
        let of_tenants = tenants.iter().map(|tenant| tenant.state);
        let mut state = of_tenants.chain(status.head.outputs.iter().map(|output| output.state)).max();
        if status.head.config.as_ref().is_some_and(|config| config.error.is_some()) {
            state = state.max(Some(State::Degraded));
        }
        if !status.head.dead_letters.reasons.is_empty() {
            state = state.max(Some(State::Degraded));
        }
        // One tenant of several that fails is no failure of all.
        if state == Some(State::Failed) && tenants.iter().any(|tenant| is_well(tenant.state)) {
            state = Some(State::Degraded);
        }
        Self { state: state.unwrap_or(State::Starting), tenants }
    }
}
