//! `agent install`, `status`, `remove` and `spec`: the program as a component of an Elastic Agent on this machine.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use installer::agent::{self, Agent};
use installer::component::Wanted;
use installer::diagnosis::{self, Severity};
use installer::plan::{self, Manners, Step};
use installer::systemd::Watch;

use super::{End, print};

#[derive(Debug, Args)]
pub(super) struct AgentArgs {
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// Put this program and its spec file into the agent, and back again after upgrades; done twice, it changes nothing
    Install(ChangeArgs),
    /// Say whether the agent can run the input `m365_security`, and why it calls it "not supported" where it does
    Status(PlaceArgs),
    /// Take spec file and program away again
    Remove(ChangeArgs),
    /// Print the spec file, for an image that holds the program
    Spec,
}

#[derive(Debug, Args)]
struct PlaceArgs {
    /// Folder of the agent, which holds `elastic-agent` and `data`. Default: every agent in the usual places
    #[arg(long, value_name = "DIR")]
    agent: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ChangeArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Tell what would be done; nothing changes
    #[arg(long)]
    dry_run: bool,
    /// Restart the agent where something changed: it reads spec files when it starts
    #[arg(long)]
    restart: bool,
    /// Leave systemd alone, whose unit puts the component back after an upgrade
    #[arg(long)]
    no_systemd: bool,
}

/// What is planned for an agent.
type Planner = fn(&Agent, &Wanted, &Manners) -> Result<Vec<Step>, installer::Error>;

pub(super) fn agent(args: &AgentArgs) -> anyhow::Result<End> {
    match &args.command {
        AgentCommand::Install(args) => change(args, plan::install, "the component is in place"),
        AgentCommand::Remove(args) => change(args, plan::remove, "there is nothing to remove"),
        AgentCommand::Status(args) => status(args),
        AgentCommand::Spec => {
            print::out().lines(options::SPEC)?;
            Ok(End::Done)
        }
    }
}

fn agents(place: &PlaceArgs) -> Result<Vec<Agent>, installer::Error> {
    match &place.agent {
        Some(folder) => {
            // Units of systemd need the whole path.
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
            agent::named(&folder).map(|agent| vec![agent])
        }
        None => agent::find(&agent::usual_places()),
    }
}

/// This program as it lies on the disk, whatever link it was started by.
fn wanted() -> anyhow::Result<Wanted> {
    let program = std::env::current_exe().and_then(|path| path.canonicalize());
    Ok(Wanted::of(program.context("cannot tell where this program lies")?))
}

fn change(args: &ChangeArgs, planner: Planner, nothing: &str) -> anyhow::Result<End> {
    let wanted = wanted()?;
    let watch = if args.no_systemd { None } else { Watch::of_system() };
    let manners = Manners { restart: args.restart, watch };
    let mut out = print::out();
    for agent in agents(&args.place)? {
        let steps = planner(&agent, &wanted, &manners)?;
        if steps.is_empty() {
            out.line(format_args!("{}: {nothing}", agent.top.display()))?;
        }
        for step in &steps {
            if args.dry_run {
                out.line(format_args!("would {step}"))?;
            } else {
                out.line(step)?;
                installer::perform::step(step)?;
            }
        }
        let changes_files = |step: &Step| !matches!(step, Step::Run { .. });
        if !args.restart && !args.dry_run && steps.iter().any(changes_files) {
            out.line(format_args!("{}: restart the agent, or run this with --restart", agent.top.display()))?;
        }
    }
    Ok(End::Done)
}

fn status(args: &PlaceArgs) -> anyhow::Result<End> {
    let (wanted, watch) = (wanted()?, Watch::of_system());
    let mut is_troubled = false;
    let mut out = print::out();
    for agent in agents(args)? {
        for finding in diagnosis::examine(&agent, &wanted, watch.as_ref())? {
            is_troubled |= finding.severity == Severity::Trouble;
            out.line(format_args!("{:<5}  {}", finding.severity, finding.text))?;
        }
    }
    Ok(if is_troubled { End::Failed } else { End::Done })
}
