//! The commands. Documents and answers go to standard output, everything else to standard error, all through [`print`].

mod access;
mod agent;
mod agent_input;
mod backfill;
mod check;
#[cfg(feature = "demo")]
mod demo;
pub(crate) mod logs;
mod manual;
mod map;
mod print;
mod reload;
mod replay;
pub(crate) mod run;
mod setup;
mod signals;
mod state;
mod status;
pub(crate) mod told;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tokio::runtime::{Builder, Runtime};

use crate::config;

use crate::config::{Config, ConfigErrors};

const EXIT_CODES: &str = "\
Exit codes:
  0  done; with `run --once`: every source was collected and acknowledged, and nothing became a dead letter
  1  a source or the output failed, or a file could not be read or written; with `status`: something is degraded or
     failed; with `check` and `agent status`: something does not work; with `setup`: not everything is in place
  2  wrong command line or configuration
  3  with `status`: no process runs with this state directory

Environment:
  M365_LOG  what is logged, for example `debug`: also every request (default: `info`)
  NO_COLOR  no colours";

/// Collects Microsoft 365 security data and ships it to Elasticsearch
#[derive(Debug, Parser)]
#[command(name = "m365-fetcher", version = crate::version::WHOLE, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    /// Form of the log lines on standard error
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
    /// One JSON object per line, as Elastic Agent reads them
    #[value(skip)]
    Agent,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Collect the configured tenants until stopped
    Run(RunArgs),
    /// Install templates, pipelines, transforms and dashboards into a cluster and its Kibana; what is right already stays
    ///
    /// Everything is compared first. What is in the way is told before anything is changed; after a failure in the middle
    /// the same command puts what is missing.
    Setup(Box<setup::SetupArgs>),
    #[cfg(feature = "demo")]
    /// Collect an invented tenant, served on this machine, to see the whole way at work
    Demo(demo::DemoArgs),
    /// Map rows of a dataset: JSON on standard input, documents on standard output
    ///
    /// Rows come as NDJSON, pretty-printed, as lists or as pages (`{"value":[…]}`). Rejected rows and the drift report go to
    /// standard error; they do not stop the command, but its exit code is 1 then, or where nothing could be read.
    Map(MapArgs),
    #[cfg(feature = "demo")]
    /// Serve invented tenants: token endpoint, Graph and Defender API at one address
    Simulate(demo::SimulateArgs),
    /// Check tenants, permissions, licences, the way to the services and the output; say what to do about each failure
    Check(CheckArgs),
    /// Tell how the running process is doing: freshness, backlog, what was late, lost or throttled, and what to do
    Status(StatusArgs),
    /// Collect a span of the past, beside what is collected already; nothing is delivered twice
    ///
    /// Where a process collects with the same state, the span is handed over to it, and this command shows how far it is:
    /// interrupted, it stops nothing. Otherwise this command reads by itself; what is left when it is interrupted is
    /// remembered, and the same command goes on. The cursor of live collection stays where it is.
    Backfill(BackfillArgs),
    /// Send dead letters once more: rows are mapped again, refused documents are sent again, what arrives is removed
    ///
    /// Letters that fail again stay, with the new reason and the number of attempts; then the exit code is 1. A process
    /// that collects with the same configuration may go on meanwhile; where the output is files and it has them open, the
    /// documents go to a file of their own beside them. Ids make it harmless to interrupt and repeat this in a cluster; in
    /// files an interrupted replay leaves documents twice.
    Replay(ReplayArgs),
    /// Show or export what is remembered of the sources; import or forget it while no process uses it
    State(state::StateArgs),
    /// Put this program into an Elastic Agent as the component of its input, or say why the agent does not run it
    Agent(agent::AgentArgs),
    /// Serve an Elastic Agent, which starts this command itself and writes to its standard input
    AgentInput(agent_input::AgentInputArgs),
    /// Print the JSON Schema of the configuration file
    ConfigSchema,
    /// List the datasets with their endpoints and the permissions that they need
    List,
    /// Print a script that completes the command line
    Completions(manual::CompletionsArgs),
    /// Print the manual page, or write those of all commands
    Man(manual::ManArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// Configuration file (YAML). Default: `./m365-fetcher.yml`, else that of the system's configuration folder
    #[arg(long, short, value_name = "FILE", default_value_os_t = config::default_file(), hide_default_value = true)]
    config: PathBuf,
    /// End after one cycle of every source
    #[arg(long)]
    once: bool,
    /// Put templates and pipelines into the cluster first
    #[arg(long)]
    setup: bool,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Configuration file (YAML). Default: `./m365-fetcher.yml`, else that of the system's configuration folder
    #[arg(long, short, value_name = "FILE", default_value_os_t = config::default_file(), hide_default_value = true)]
    config: PathBuf,
    /// Only this tenant, beside this machine and the output
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct StatusArgs {
    /// Configuration file of the process; it names the state directory. Default: as for `run`
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// State directory of the process, instead of a configuration file. Default, where there is none: `./state`
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    state: Option<PathBuf>,
    /// Everything as one JSON object
    #[arg(long)]
    json: bool,
    /// Look again every 2 s until the process ends
    #[arg(long)]
    watch: bool,
    /// Show the sources without trouble too
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
struct BackfillArgs {
    /// Configuration file (YAML). Default: `./m365-fetcher.yml`, else that of the system's configuration folder
    #[arg(long, short, value_name = "FILE", default_value_os_t = config::default_file(), hide_default_value = true)]
    config: PathBuf,
    /// Start: `2026-03-01T12:00:00Z`, `2026-03-01`, or so long ago, as `7d`
    #[arg(long, value_name = "TIME")]
    from: String,
    /// End, exclusive. Default: now
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only this tenant
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Only this dataset
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// Configuration file (YAML); it names the dead letters and the output. Default: as for `run`
    #[arg(long, short, value_name = "FILE", default_value_os_t = config::default_file(), hide_default_value = true)]
    config: PathBuf,
    /// Only dead letters of this dataset
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Only dead letters with this reason, for example `refused`
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// Tell what would be sent and what would fail; nothing is sent, nothing changes
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct MapArgs {
    /// Name of the dataset, see `list`
    dataset: String,
    /// Keep the raw row as `event.original`
    #[arg(long)]
    preserve_original_event: bool,
}

/// The end of a command: its exit code and its last words.
enum End {
    Done,
    /// The error was told already.
    Failed,
    /// Command line or configuration.
    Usage(String),
    /// There is no process to ask.
    NotRunning(String),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let start = signals::Start::early();
    let sealed = common::platform::disable_core_dumps();
    let mut cli = Cli::parse();
    if matches!(cli.command, Command::AgentInput(_)) {
        cli.log_format = LogFormat::Agent;
    }
    logs::init(cli.log_format);
    if let Err(error) = sealed {
        tracing::warn!(%error, "a crash may leave the memory of this process, with its secrets, in a core dump");
    }
    let outcome = match cli.command {
        Command::Run(args) => run::run(&args, cli.log_format, start),
        Command::Setup(args) => setup::setup(&args),
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::demo(&args),
        Command::Map(args) => map::map(&args),
        #[cfg(feature = "demo")]
        Command::Simulate(args) => demo::simulate(&args),
        Command::Check(args) => check::check(&args),
        Command::Status(args) => status::status(&args),
        Command::Backfill(args) => backfill::backfill(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::State(args) => state::state(&args),
        Command::Agent(args) => agent::agent(&args),
        Command::AgentInput(args) => agent_input::agent_input(&args, start),
        Command::ConfigSchema => config_schema(),
        Command::List => list(),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
    };
    logs::flush(cli.log_format, true);
    match outcome {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::Failed) => ExitCode::from(1),
        Ok(End::Usage(message)) => {
            print::error(&message);
            ExitCode::from(2)
        }
        Ok(End::NotRunning(message)) => {
            let _ = print::err().message("", &message);
            ExitCode::from(3)
        }
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            print::error(&format_args!("{error:#}"));
            ExitCode::from(1)
        }
    }
}

/// The state directory that is meant: as named, as the configuration file says, or `./state` where there is none.
fn state_directory(state: Option<&Path>, file: Option<&Path>) -> Result<PathBuf, String> {
    let found = config::default_file();
    match (state, file) {
        (Some(state), _) => Ok(state.to_owned()),
        (None, None) if !found.is_file() => Ok(PathBuf::from("./state")),
        (None, file) => config::state_directory(file.unwrap_or(&found)).map_err(|error| error.to_string()),
    }
}

/// The configuration; secrets that stand in the file are told.
fn load(path: &Path) -> Result<Config, ConfigErrors> {
    let config = config::load(path)?;
    for key in &config.literal_secrets {
        tracing::warn!(
            file = %path.display(), key,
            "a secret stands in the configuration file; take it from the environment, ${{NAME}}, or from a file of its own"
        );
    }
    for key in &config.unencrypted {
        tracing::warn!(
            file = %path.display(), key,
            "what is sent there is not encrypted: an address is plain `http`, and everybody on the way can read it"
        );
    }
    Ok(config)
}

/// The reader of our output has closed it.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Two threads suffice: parsing and mapping on one, the output on the other.
fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().context("cannot start the runtime")
}

fn config_schema() -> anyhow::Result<End> {
    print::out().lines(&format!("{}\n", serde_json::to_string_pretty(&crate::config::json_schema())?))?;
    Ok(End::Done)
}

fn list() -> anyhow::Result<End> {
    let mut out = print::out();
    for dataset in schema::catalog() {
        let schema::Definition { name, title, source, .. } = dataset.definition;
        out.line(name)?;
        out.line(format_args!("  {title}"))?;
        let expand =
            source.list().and_then(schema::List::expand).map(|expand| format!("?$expand={expand}")).unwrap_or_default();
        out.line(format_args!("  endpoint    {:?} {}{expand}", source.api, source.path))?;
        let more = if source.also.is_empty() { String::new() } else { format!(" (or {})", source.also.join(", ")) };
        out.line(format_args!("  permission  {}{more}", source.permission))?;
        out.line(format_args!("  licence     {}", source.licence))?;
        out.line(format_args!("  polled      every {} s, first look-back {} h", source.interval, source.lookback))?;
    }
    Ok(End::Done)
}
