//! Commands.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use generator::{COMMAND, artefacts};

/// Writes fields/, pipelines/ and package/ from the catalog of datasets.
#[derive(Debug, Parser)]
#[command(name = "m365-generator", version)]
struct Cli {
    /// Root of the repository.
    #[arg(long, global = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../.."), hide_default_value = true)]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the generated files and removes stale ones.
    Generate {
        /// Only list what would change, and fail if anything would.
        #[arg(long, conflicts_with = "dry_run")]
        check: bool,
        /// Only list what would change.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs the command line.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Generate { check, dry_run } => generate(&cli.root, check, dry_run),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

fn generate(root: &Path, check: bool, dry_run: bool) -> Result<ExitCode> {
    let tree = artefacts(schema::catalog())?;
    let changes = tree.compare(root)?;
    for change in &changes {
        println!("{change}");
    }
    if check && !changes.is_empty() {
        eprintln!("error: generated files are not up to date\n\nhint: run `{COMMAND}`");
        return Ok(ExitCode::FAILURE);
    }
    if !check && !dry_run {
        tree.apply(root, &changes)?;
    }
    Ok(ExitCode::SUCCESS)
}
