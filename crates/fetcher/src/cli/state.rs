//! `state`: what is remembered of the sources, shown, exported, imported, forgotten.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{End, print, runtime};
use crate::control::{self, AskError, Shown};
use common::ids;
use common::terminal;
use state::EndpointKey;
use state::offline::{Offline, Summary};

#[derive(Debug, Args)]
pub(super) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// How far each source has come, and what is remembered of it
    Show(ShowArgs),
    /// Write everything that is remembered as JSON Lines
    Export(ExportArgs),
    /// Read an export into the state directory, all of it or nothing
    Import(ImportArgs),
    /// Forget sources: they start again at their look-back
    ///
    /// What is read again is known to Elasticsearch by its id as long as its backing index has not rolled over; after that,
    /// and in files, it is there twice.
    Reset(ResetArgs),
}

#[derive(Debug, Args)]
struct Place {
    /// Configuration file; it names the state directory. Default: as for `run`
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// State directory, instead of a configuration file. Default, where there is none: `./state`
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    state: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    place: Place,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ExportArgs {
    #[command(flatten)]
    place: Place,
    /// File to write, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ImportArgs {
    #[command(flatten)]
    place: Place,
    /// Replace what is known of a source already
    #[arg(long)]
    force: bool,
    /// Export to read, instead of standard input
    #[arg(value_name = "EXPORT")]
    input: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ResetArgs {
    #[command(flatten)]
    place: Place,
    /// Only this tenant
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Only this dataset
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn state(args: &StateArgs) -> anyhow::Result<End> {
    let place = match &args.command {
        StateCommand::Show(ShowArgs { place, .. })
        | StateCommand::Export(ExportArgs { place, .. })
        | StateCommand::Import(ImportArgs { place, .. })
        | StateCommand::Reset(ResetArgs { place, .. }) => place,
    };
    let folder = match super::state_directory(place.state.as_deref(), place.config.as_deref()) {
        Ok(folder) => folder,
        Err(message) => return Ok(End::Usage(message)),
    };
    match &args.command {
        StateCommand::Show(args) => show(&folder, args.json),
        StateCommand::Export(args) => export(&folder, args.output.as_deref()),
        StateCommand::Import(args) => import(&folder, args),
        StateCommand::Reset(args) => reset(&folder, args),
    }
}

fn show(folder: &Path, as_json: bool) -> anyhow::Result<End> {
    // The process that uses the state tells it.
    let Shown { sources, bytes } = match runtime()?.block_on(control::show(folder)) {
        Err(AskError::NotRunning(_)) => {
            let state = Offline::open(folder)?;
            Shown { sources: state.sources()?, bytes: state.size() }
        }
        told => told?,
    };
    let mut out = print::out();
    if as_json {
        out.json(&json!({ "bytes": bytes, "sources": sources }))?;
    } else {
        if !sources.is_empty() {
            out.lines(&table(&sources))?;
        }
        let ids: u64 = sources.iter().map(|source| source.ids).sum();
        let (count, kib) = (sources.len(), bytes / 1024);
        out.line(format_args!("{count} sources, {ids} ids, file of {kib} KiB in {}", folder.display()))?;
    }
    Ok(End::Done)
}

fn export(folder: &Path, output: Option<&Path>) -> anyhow::Result<End> {
    let sources = match output {
        None => copy(folder, &mut BufWriter::new(print::documents()))?,
        Some(path) => {
            let file = common::private::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            let mut out = BufWriter::new(file);
            let sources = copy(folder, &mut out)?;
            let synced = out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
            synced.with_context(|| format!("cannot write {}", path.display()))?;
            sources
        }
    };
    print::err().line(format_args!("{sources} sources exported"))?;
    Ok(End::Done)
}

/// A snapshot by the process that uses the state, or what the file holds.
fn copy(folder: &Path, out: &mut dyn Write) -> anyhow::Result<u64> {
    match runtime()?.block_on(control::export(folder, out)) {
        Err(AskError::NotRunning(_)) => Ok(Offline::open(folder)?.export(out)?),
        told => Ok(told?),
    }
}

fn import(folder: &Path, args: &ImportArgs) -> anyhow::Result<End> {
    let mut input: Box<dyn BufRead> = match &args.input {
        None => Box::new(io::stdin().lock()),
        Some(path) => {
            Box::new(BufReader::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?))
        }
    };
    let sources = Offline::open_or_create(folder)?.import(&mut input, args.force)?;
    print::err().line(format_args!("{sources} sources imported into {}", folder.display()))?;
    Ok(End::Done)
}

fn reset(folder: &Path, args: &ResetArgs) -> anyhow::Result<End> {
    let state = Offline::open(folder)?;
    let is_meant = |source: &Summary| {
        args.tenant.as_ref().is_none_or(|tenant| source.key.tenant == ids::canonical(tenant))
            && args.dataset.as_ref().is_none_or(|dataset| is_of(source, &dataset.trim().to_ascii_lowercase()))
    };
    let meant: Vec<Summary> = state.sources()?.into_iter().filter(is_meant).collect();
    if meant.is_empty() {
        return Ok(End::Usage(format!("no source of {} is meant; `state show` lists them", folder.display())));
    }
    if !args.yes {
        if !io::stdin().is_terminal() {
            return Ok(End::Usage(format!("{} sources would be forgotten; --yes confirms it", meant.len())));
        }
        let mut err = print::err();
        err.lines(&table(&meant))?;
        err.question(format_args!(
            "Forget {} sources, so that they start again at their look-back? [y/N]",
            meant.len()
        ))?;
        drop(err);
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            print::err().line("nothing was changed")?;
            return Ok(End::Failed);
        }
    }
    let datasets: Vec<_> = meant.into_iter().map(|source| (source.key, source.dataset)).collect();
    state.forget(&datasets)?;
    print::err().line(format_args!("{} sources forgotten", datasets.len()))?;
    Ok(End::Done)
}

/// Whether the source gives the dataset. Where nothing was collected yet, its endpoint tells.
fn is_of(source: &Summary, dataset: &str) -> bool {
    match &source.dataset {
        Some(known) => known == dataset,
        None => schema::dataset(dataset).is_some_and(|known| known.definition.source.name() == source.key.endpoint),
    }
}

/// Aligned columns.
fn table(sources: &[Summary]) -> String {
    const HEAD: [&str; 8] = ["CLOUD", "TENANT", "DATASET", "CURSOR", "LAST SUCCESS", "IDS", "RETRY", "TASKS"];
    let row = |source: &Summary| {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let EndpointKey { cloud, tenant, .. } = source.key.clone();
        let dataset = text(&source.dataset);
        let (cursor, success) = (text(&source.progress.cursor), text(&source.progress.last_success));
        let counts = [source.ids.to_string(), source.retry.to_string(), source.tasks.to_string()];
        let [ids, retry, tasks] = counts;
        [cloud, tenant, dataset, cursor, success, ids, retry, tasks].map(|cell| terminal::line(&cell).into_owned())
    };
    let rows: Vec<[String; 8]> = std::iter::once(HEAD.map(str::to_owned)).chain(sources.iter().map(row)).collect();
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
            if column < 5 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}
