//! Programs that the real parts need.

use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

use super::{Part, environment};

/// The program's path, or an error that says what to install and how to go without.
pub(super) fn find(tool: &str, part: Part) -> Result<PathBuf> {
    let name = part.name();
    environment::on_path(tool)
        .with_context(|| format!("{tool} is not on PATH: install it, or leave this part out with M365_SKIP={name}"))
}

/// Runs to the end; a failure carries what the program wrote.
pub(super) fn run(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        bail!("{program} failed ({})\n{}", output.status, text(&output));
    }
    Ok(output)
}

/// What a program wrote, both streams.
pub(super) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
