//! `agent-input`: the component of Elastic Agent.

use std::path::PathBuf;

use clap::Args;

use super::End;
use super::signals::Start;
use crate::agent_input::{Settings, serve};

#[derive(Debug, Args)]
pub(super) struct AgentInputArgs {
    /// Setting of the agent; `path.data` is its folder for the component, others are passed over
    #[arg(short = 'E', value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

/// `start` received signals before the command line was read.
pub(super) fn agent_input(args: &AgentInputArgs, start: Option<Start>) -> anyhow::Result<End> {
    let Start { runtime, stop, .. } = start.map_or_else(Start::new, Ok)?;
    let data = args.settings.iter().rev().find_map(|setting| setting.strip_prefix("path.data="));
    let settings = Settings { data: data.map_or_else(|| PathBuf::from("."), PathBuf::from) };
    let end = runtime.block_on(async {
        let started = stop.run_until_cancelled(agent::StartUp::from_stdin()).await;
        match started {
            None => Ok(()),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(start_up)) => serve(&start_up, settings, stop).await.map_err(|error| error.to_string()),
        }
    });
    // A task that hangs (a name that is not resolved) is not waited for.
    runtime.shutdown_background();
    match end {
        Ok(()) => Ok(End::Done),
        Err(reason) => {
            // The agent reads lines of its own form.
            tracing::error!(reason, "the component ends");
            Ok(End::Failed)
        }
    }
}
