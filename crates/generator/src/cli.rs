//! Commands.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its terminal")]

mod preview;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use generator::{COMMAND, archive, artefacts, ecs, ids, names, package, reference, tree};

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
    /// Builds the package that Kibana installs, and beside it the saved objects for an import without Fleet: the same bytes for
    /// the same catalog.
    Zip {
        /// Folder of the archive.
        #[arg(long, default_value = "dist")]
        out: PathBuf,
        /// Oldest stack that the package is for.
        #[arg(long, value_enum, default_value_t = Stack::V8_19)]
        stack: Stack,
        /// Put the security rules into it. Kibana lets only those upload it who may manage rules.
        #[arg(long)]
        rules: bool,
    },
    /// Writes a page with all dashboards as they look over a cluster's data.
    Preview(Box<preview::PreviewArgs>),
    /// Writes the schema crate's list of ECS fields.
    Ecs {
        /// ECS in its flat form: a JSON object of fields by name.
        #[arg(long)]
        from: PathBuf,
    },
    /// Writes the facts that laws are held against, in tests/reference.
    Reference {
        /// Folder of the reference data.
        #[arg(long)]
        from: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Stack {
    /// Package specification 3.4.
    #[value(name = "8.19")]
    V8_19,
    /// Package specification 3.6.
    #[value(name = "9.4")]
    V9_4,
}

/// Runs the command line.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Generate { check, dry_run } => generate(&cli.root, check, dry_run),
        Command::Zip { out, stack, rules } => zip(&cli.root, &out, stack, rules),
        Command::Preview(args) => preview::preview(&args),
        Command::Ecs { from } => write_ecs(&cli.root, &from),
        Command::Reference { from } => write_reference(&cli.root, &from),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

fn generate(root: &Path, check: bool, dry_run: bool) -> Result<ExitCode> {
    let fixtures = package::read_fixtures(root, schema::catalog())?;
    let mut tree = artefacts(schema::catalog(), &fixtures)?;
    ids::add(schema::catalog(), &fixtures, &ids::read(root)?, &mut tree)?;
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

fn zip(root: &Path, out: &Path, stack: Stack, rules: bool) -> Result<ExitCode> {
    let fixtures = package::read_fixtures(root, schema::catalog())?;
    let target = match stack {
        Stack::V8_19 => package::Target::Stack819,
        Stack::V9_4 => package::Target::Stack94,
    };
    let files = package::built(schema::catalog(), &fixtures, package::Contents { target, rules })?;
    let path = out.join(format!("{}-{}.zip", names::PACKAGE, names::VERSION));
    tree::write(&path, &archive::zip(&files)?)?;
    println!("{}", path.display());
    let import = path.with_extension("ndjson");
    tree::write(&import, dashboards::saved_objects::ndjson(&dashboards::all()).as_bytes())?;
    println!("{}", import.display());
    Ok(ExitCode::SUCCESS)
}

fn write_ecs(root: &Path, from: &Path) -> Result<ExitCode> {
    let source = ecs::source(&tree::read(from)?)?;
    tree::write(&root.join(ecs::PATH), source.as_bytes())?;
    println!("{}", ecs::PATH);
    Ok(ExitCode::SUCCESS)
}

fn write_reference(root: &Path, from: &Path) -> Result<ExitCode> {
    for (path, text) in reference::extracts(schema::catalog(), |file| tree::read(&from.join(file)))? {
        tree::write(&root.join(&path), text.as_bytes())?;
        println!("{path}");
    }
    Ok(ExitCode::SUCCESS)
}
