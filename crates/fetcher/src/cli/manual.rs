//! `completions` and `man`: what shells and people read about the command line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, End, print};

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write one page per command into this directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<End> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // clap panics where it cannot write, as into a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    print::own(&script)?;
    Ok(End::Done)
}

pub(super) fn man(args: &ManArgs) -> anyhow::Result<End> {
    let command = Cli::command().disable_help_subcommand(true);
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        print::own(&page)?;
        return Ok(End::Done);
    };
    let written = write(folder, command).with_context(|| format!("cannot write into {}", folder.display()))?;
    print::err().line(format_args!("{written} pages in {}", folder.display()))?;
    Ok(End::Done)
}

fn write(folder: &Path, command: clap::Command) -> std::io::Result<usize> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)?;
    Ok(fs::read_dir(folder)?.count())
}
