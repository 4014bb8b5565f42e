//! Elastic's own package validator, as the Go program in `tests/validator`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Part, cache, repository, tool};

/// What is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A package's source folder.
    Source,
    /// A finished zip with one top folder.
    Build,
}

/// What the validator said.
#[derive(Debug)]
pub struct Verdict {
    /// No error was found.
    pub accepted: bool,
    /// Errors and warnings, one a line.
    pub output: String,
}

/// Validates the package at `path`. Tests ask [`super::left_out`] for [`Part::Go`] first.
///
/// # Errors
/// When Go is missing or the validator does not compile; a refused package is a [`Verdict`].
pub fn validate(mode: Mode, path: &Path) -> Result<Verdict> {
    let go = tool::find("go", Part::Go)?;
    let path = std::path::absolute(path)?;
    let folder = cache::folder()?.join("validator");
    // Held during the run, too: another checkout may build another validator at the same place.
    let _lock = cache::lock(&folder)?;
    let program = folder.join("validator");
    let mut build = Command::new(go);
    build.args(["build", "-buildvcs=false", "-o"]).arg(&program).arg(".");
    tool::run(build.current_dir(repository().join("tests/validator")))
        .context("cannot compile the package validator (M365_SKIP=go leaves it out)")?;
    let mode = match mode {
        Mode::Source => "source",
        Mode::Build => "build",
    };
    let output = Command::new(&program).arg(mode).arg(path).output()?;
    Ok(Verdict { accepted: output.status.success(), output: tool::text(&output) })
}
